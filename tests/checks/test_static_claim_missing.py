"""A claim that was not looked at is not missing."""

from jhubdoctor.api import Look
from jhubdoctor.engine.look import Coverage
from jhubdoctor.model.hub import Hub
from jhubdoctor.model.kube.pods import Pod, PodSpec, PodStatus
from jhubdoctor.model.values import Values
from jhubdoctor.sources.reads import Query
from jhubdoctor.testing import Example
from jhubdoctor_checks.facts.storage import known_claims

CLAIM = {"kind": "PersistentVolumeClaim", "metadata": {"name": "homes"}, "status": {"phase": "Bound"}}
STATIC = Values({"singleuser": {"storage": {"type": "static", "static": {"pvcName": "homes"}}}})


def known(values: Values | None, *pods: Pod) -> list[str]:
    """The claims that are known where a survey of very many has brought none of them."""
    look = Look(Example([CLAIM]).reader(), ["persistentvolumeclaims"], Coverage())
    found = known_claims.function(look, Hub("jhub", "jhub"), [], list(pods), values)
    return [c.name for c in found]


def test_the_static_claim_is_asked_for_by_name() -> None:
    assert known(STATIC) == ["homes"]
    assert known(None) == []


def test_so_are_the_claims_of_pods_that_are_not_well() -> None:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": name}} for name in ("homes", "gone")]
    [waiting] = (
        Example(
            [
                {
                    "kind": "Pod",
                    "metadata": {"name": "jupyter-ada", "labels": {"component": "singleuser-server"}},
                    "spec": {"volumes": volumes},
                    "status": {"phase": "Pending"},
                }
            ]
        )
        .reader()
        .answer(Query("pods", "jhub", labels="component=singleuser-server"))
        .items
    )

    assert known(None, waiting) == ["homes"]
    assert known(None, Pod(spec=PodSpec(), status=PodStatus(phase="Running"))) == []
