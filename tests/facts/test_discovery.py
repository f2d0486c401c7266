"""Which hubs are found: with and without the chart's labels, and when the hub's own Deployment is gone."""

import pytest

from jhubdoctor.api import Scope
from jhubdoctor.engine.run import evaluate
from jhubdoctor.testing import Example, registry

GONE = "{kind: Deployment, metadata: {name: hub}, $delete: true}\n---\n"
ALL_GONE = GONE + "".join(
    f"{{kind: Deployment, metadata: {{name: {name}}}, $delete: true}}\n---\n" for name in ("proxy", "user-scheduler")
)
CHART = "helm.sh/chart: jupyterhub-4.4.0, chart: jupyterhub-4.4.0"


def found(text: str, scope: Scope) -> tuple[list[str], str, int]:
    """The labels of the hubs, why there is none, and how many lists that took."""
    facts = evaluate(registry(), ["hubs"], Example(text).reader(), scope)
    outcome = facts.of("hubs", None)
    return [h.label for h in outcome.value or ()], outcome.absent, len(facts.queries["hubs", None])


SCOPES = pytest.mark.parametrize(
    "scope", [Scope("jhub"), Scope(all_namespaces=True), Scope(), Scope(default_namespace="jhub")]
)


@SCOPES
def test_a_hub_without_its_deployment_is_known_by_its_proxy(scope: Scope) -> None:
    assert found(GONE, scope)[0] == ["jhub/jhub"]


@SCOPES
def test_a_hub_without_any_deployment_is_known_by_its_services(scope: Scope) -> None:
    services = f"kind: Service\nmetadata: {{name: proxy-public, labels: {{component: proxy-public, {CHART}}}}}\n"

    assert found(ALL_GONE + services, scope)[0] == ["jhub/jhub"]


@SCOPES
def test_what_an_uninstall_leaves_is_no_hub(scope: Scope) -> None:
    services = "---\n".join(
        f"{{kind: Service, metadata: {{name: {name}}}, $delete: true}}\n"
        for name in ("hub", "proxy-api", "proxy-public")
    )

    assert found(ALL_GONE + services, scope)[0] == []


@SCOPES
def test_a_parent_chart_took_the_labels(scope: Scope) -> None:
    labels = "{app: null, release: null, component: null, chart: null, app.kubernetes.io/instance: jhub}"
    text = "---\n".join(
        f"{{kind: Deployment, metadata: {{name: {name}, labels: {labels}}}}}\n"
        for name in ("hub", "proxy", "user-scheduler")
    )

    assert found(text, scope)[0] == ["jhub/jhub"]


@pytest.mark.parametrize(
    ("labels", "version"),
    [
        ("app: lab, chart: lab-4.3.0, helm.sh/chart: lab-4.3.0", "4.3.0"),
        ("app: my-lab, chart: my-lab-4.0.0-beta.1, helm.sh/chart: null", "4.0.0-beta.1"),
        # a parent's own labels: that is its version
        ("app: null, chart: null, helm.sh/chart: basehub-0.1.0", ""),
        ("app: jupyterhub, chart: basehub-0.1.0, helm.sh/chart: null", ""),
    ],
)
def test_an_alias_is_in_the_label_in_the_place_of_the_charts_name(labels: str, version: str) -> None:
    text = f"{{kind: Deployment, metadata: {{name: hub, labels: {{{labels}}}}}}}"
    facts = evaluate(registry(), ["hubs"], Example(text).reader(), Scope("jhub"))

    assert [h.chart for h in facts.of("hubs", None).value] == [version]


def test_a_hub_costs_no_more_than_before() -> None:
    assert found("", Scope(all_namespaces=True))[2] == 2
    assert found("", Scope("jhub"))[2] == 3


def test_what_looks_like_a_hub_is_named_with_the_reason() -> None:
    text = (
        "kind: Empty\n---\nkind: Deployment\n"
        "metadata: {name: switch, namespace: net, labels: {component: hub, app: x}}\n"
        "spec: {template: {spec: {containers: [{name: a, image: example.org/switch}]}}}\n"
    )

    hubs, why, _ = found(text, Scope())

    assert hubs == []
    assert why.startswith("net/switch has the label component=hub, but no chart label")


def test_another_release_than_the_one_that_was_asked_for_is_named() -> None:
    assert found("", Scope("jhub", release="hub2"))[:2] == ([], "there is jhub/jhub")
