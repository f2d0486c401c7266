"""Several hubs in one namespace: what is said of one is never about what is the other's."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from jhubdoctor.engine.declare import check
from jhubdoctor.engine.registry import Registry
from jhubdoctor.facts.namespace import Events
from jhubdoctor.model.finding import Evidence, Finding, Fix, Severity
from jhubdoctor.model.hub import Hub, Scope
from jhubdoctor.model.kube.storage import PersistentVolumeClaim
from jhubdoctor.testing import Example, judged, registry

PLAIN = {"component": "hub", "app": "jupyterhub", "release": "two", "chart": "jupyterhub-4.4.0"}


@check(severity=Severity.INFO)
def seen(hub: Hub, claims: list[PersistentVolumeClaim], events: Events) -> Iterable[Finding]:
    """All claims and events that a hub's checks get to see."""
    names = sorted([c.name for c in claims if c.name.startswith("claim-")] + [e.about[1] for e in events.items])
    yield Finding((hub.ref,), " ".join(names) or "nothing", (Evidence("a", "b"),), Fix("c"))


def second(name: str = "two-hub", labels: Mapping[str, str] = PLAIN) -> dict[str, Any]:
    pod = {"containers": [{"name": "hub", "image": "quay.io/jupyterhub/k8s-hub:4.4.0"}]}
    template = {"metadata": {"labels": dict(labels)}, "spec": pod}
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {"replicas": 1, "template": template},
    }


def claim(user: str, release: str | None) -> dict[str, Any]:
    labels = {"component": "singleuser-storage"} | ({"release": release} if release else {})
    return {"kind": "PersistentVolumeClaim", "metadata": {"name": f"claim-{user}", "labels": labels}}


def server(user: str, release: str) -> dict[str, Any]:
    volume = {"name": "home", "persistentVolumeClaim": {"claimName": f"claim-{user}"}}
    labels = {"component": "singleuser-server", "release": release}
    return {"kind": "Pod", "metadata": {"name": f"jupyter-{user}", "labels": labels}, "spec": {"volumes": [volume]}}


def event(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"kind": "Event", "involvedObject": {"kind": kind, "name": name}, "reason": "Failed", **more}


def of_each(*documents: dict[str, Any], scope: Scope | None = None) -> dict[str, str]:
    """What the checks of each hub see, by release."""
    facts = registry().facts.values()
    report = judged(
        Registry([seen], facts), [seen], Example(documents).reader(), scope or Scope(default_namespace="jhub")
    )
    return {f.hub.release: f.finding.says for f in report.findings if f.hub}


def test_a_claim_is_its_labels_release_s() -> None:
    assert of_each(second(), claim("ada", "jhub"), claim("bob", "two")) == {"jhub": "claim-ada", "two": "claim-bob"}


def test_a_claim_that_both_use_concerns_both() -> None:
    found = of_each(second(), claim("ada", "jhub"), server("ada", "jhub"), server("ada-2", "two"), claim("bob", "jhub"))
    shared = of_each(second(), claim("ada", "jhub"), {**server("x", "two"), **_mounts("claim-ada")})

    assert found == {"jhub": "claim-ada claim-bob", "two": "nothing"}
    assert shared == {"jhub": "claim-ada", "two": "claim-ada"}


def _mounts(name: str) -> dict[str, Any]:
    return {"spec": {"volumes": [{"name": "home", "persistentVolumeClaim": {"claimName": name}}]}}


def test_a_claim_without_a_label_is_that_hub_s_whose_server_mounts_it() -> None:
    assert of_each(second(), claim("ada", None), server("ada", "two")) == {"jhub": "nothing", "two": "claim-ada"}


@pytest.mark.parametrize("release", [None, "former"])
def test_what_is_provably_nobody_s_is_looked_at_for_each(release: str | None) -> None:
    assert of_each(second(), claim("ada", release)) == {"jhub": "claim-ada", "two": "claim-ada"}


def test_one_hub_has_all_claims_also_those_of_a_former_release_name() -> None:
    assert of_each(claim("ada", "former"), claim("bob", "jhub")) == {"jhub": "claim-ada claim-bob"}


def test_a_neighbour_that_was_not_asked_for_is_one_all_the_same() -> None:
    asked = Scope(default_namespace="jhub", release="two")

    assert of_each(second(), claim("ada", "jhub"), claim("bob", "two"), scope=asked) == {"two": "claim-bob"}


def test_the_modern_labels_tell_as_well() -> None:
    labels = {"app.kubernetes.io/component": "hub", "app.kubernetes.io/instance": "two", "release": ""}
    found = of_each(second(labels={**labels, "helm.sh/chart": "jupyterhub-4.4.0"}), claim("bob", "two"))

    assert found["jhub"] == "nothing"


@pytest.mark.parametrize(
    ("given", "of"),
    [
        # a pod that is gone: told by its name, which the chart makes
        (event("Pod", "two-hub-5d4-x2"), "two"),
        (event("Pod", "hub-5d4-x2"), "jhub"),
        (event("Pod", "two-hook-image-puller-abcde"), "two"),
        (event("Pod", "hook-image-puller-abcde"), "jhub"),
        (event("ReplicaSet", "two-proxy-77bb"), "two"),
        (event("DaemonSet", "continuous-image-puller"), "jhub"),
        (event("PersistentVolumeClaim", "two-hub-db-dir"), "two"),
        # a user's pod that is gone: told by the claim of the same name, or by the scheduler that placed it
        (event("Pod", "jupyter-bob"), "two"),
        (event("PersistentVolumeClaim", "claim-bob"), "two"),
        (event("Pod", "jupyter-ada"), "jhub"),
        (event("Pod", "jupyter-eve", reportingComponent="two-user-scheduler"), "two"),
        (event("Pod", "jupyter-eve", reportingComponent="jhub-user-scheduler"), "jhub"),
    ],
)
def test_events_are_told_to_the_hub_that_they_are_about(given: dict[str, Any], of: str) -> None:
    found = of_each(second(), claim("ada", "jhub"), claim("bob", "two"), given)
    name = given["involvedObject"]["name"]

    assert {r for r, names in found.items() if name in names.split()} == {of}


@pytest.mark.parametrize("given", [event("Pod", "jupyter-eve"), event("Node", "user-1"), event("Job", "backup")])
def test_events_that_prove_nothing_are_told_to_both(given: dict[str, Any]) -> None:
    name = given["involvedObject"]["name"]

    assert all(name in names.split() for names in of_each(second(), given).values())


def test_names_that_begin_alike_are_told_apart_by_the_longer_one() -> None:
    labels = {**PLAIN, "release": "hub"}
    found = of_each(second("hub-hub", labels), event("Pod", "hub-hub-5d4-x2"), event("Pod", "hub-5d4-x2"))

    assert found == {"jhub": "hub-5d4-x2", "hub": "hub-hub-5d4-x2"}
