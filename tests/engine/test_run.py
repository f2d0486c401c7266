"""The engine: facts by name, what a failed read does, crashes, folding, ranking, fingerprints."""

import dataclasses
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from jhubdoctor.engine.declare import Check, NotApplicable, Rung, check, fact
from jhubdoctor.engine.look import Look
from jhubdoctor.engine.registry import PackError, Registry
from jhubdoctor.engine.result import CheckStatus, Report
from jhubdoctor.facts import cluster as cluster_facts
from jhubdoctor.facts import hub as hub_facts
from jhubdoctor.model.finding import Finding, Fix, Ref, Severity
from jhubdoctor.model.hub import Hub, Scope
from jhubdoctor.model.kube.nodes import Node
from jhubdoctor.model.kube.pods import Pod
from jhubdoctor.testing import Example, judged


def a_finding(*names: str, says: str = "it is broken", **more: Any) -> Finding:
    refs = tuple(Ref("Pod", n, "jhub", stable=f"Pod/{n}") for n in names)
    return Finding(on=refs, says=says, evidence=(("pod.status", "phase: Failed"),), fix=Fix("Mend it."), **more)


@fact("nodes")
def some_nodes(look: Look) -> list[Node]:
    return look.list("nodes")


@fact("pods")
def some_pods(look: Look, hub: Hub) -> list[Pod]:
    return look.list("pods", hub.namespace)


@fact()
def names(some_pods: list[Pod]) -> list[str]:
    return sorted(p.name for p in some_pods)


BASE = [hub_facts.hubs, cluster_facts.server_version]


def diagnose(checks: list[Check], text: str = "", *facts: Any) -> Report:
    registry = Registry(checks, [*BASE, some_nodes, some_pods, names, *facts])
    reader = Example(text).reader()
    return judged(registry, list(registry.checks.values()), reader, Scope(default_namespace="jhub"))


def test_facts_are_given_by_name_also_through_others() -> None:
    @check(severity=Severity.INFO)
    def sees_pods(names: list[str]) -> Iterator[Finding]:
        """Sees pods."""
        yield a_finding(*names)

    [found] = diagnose([sees_pods]).findings

    assert "hub-7d9c" in {r.name for r in found.finding.on}


@pytest.mark.parametrize("state", ["forbidden", "absent", "timeout", "malformed"])
def test_a_failed_read_makes_exactly_those_unknown_that_needed_it(state: str) -> None:
    @check(severity=Severity.ERROR)
    def needs_nodes(some_nodes: list[Node]) -> Iterator[Finding]:
        """Needs nodes."""
        yield from ()

    @check(severity=Severity.ERROR)
    def needs_pods(names: list[str]) -> Iterator[Finding]:
        """Needs pods."""
        yield from ()

    report = diagnose([needs_nodes, needs_pods], f"kind: Missing\nread: nodes\nstate: {state}\ndetail: because")
    status = {r.check.id: r.status for r in report.results}

    assert status == {"needs-nodes": CheckStatus.UNKNOWN, "needs-pods": CheckStatus.OK}
    assert report.exit_code == 3
    assert report.verdict == "unknown"
    unknown = next(r for r in report.results if r.status is CheckStatus.UNKNOWN)
    assert "nodes" in unknown.reason
    assert "because" in unknown.reason
    assert (unknown.gaps[0].rule is not None) == (state == "forbidden")


def test_accepted_unknowns_do_not_fail_the_run() -> None:
    @check(severity=Severity.ERROR)
    def needs_nodes(some_nodes: list[Node]) -> Iterator[Finding]:
        """Needs nodes."""
        yield from ()

    report = diagnose([needs_nodes], "kind: Missing\nread: nodes")

    assert replace(report, accept_unknown=True).exit_code == 0


def test_an_optional_fact_is_none_and_said_to_be_unseen() -> None:
    seen: list[Any] = []

    @check(severity=Severity.ERROR)
    def would_like_nodes(names: list[str], some_nodes: list[Node] | None) -> Iterator[Finding]:
        """Would like nodes."""
        seen.append(some_nodes)
        yield from ()

    [result] = diagnose([would_like_nodes], "kind: Missing\nread: nodes").results

    assert seen == [None]
    assert result.status is CheckStatus.OK
    assert "not seen: nodes" in result.reason


def test_what_was_read_in_part_is_used_and_is_never_a_pass() -> None:
    broken_node = "kind: Node\nmetadata: {name: odd}\nspec: {taints: 7}"

    @check(severity=Severity.ERROR)
    def counts_nodes(some_nodes: list[Node]) -> Iterator[Finding]:
        """Counts nodes."""
        if len(some_nodes) > 5:
            yield a_finding("x")

    [result] = diagnose([counts_nodes], broken_node).results

    assert result.status is CheckStatus.UNKNOWN
    assert "left out" in result.reason


ODD_NODE = "kind: Node\nmetadata: {name: odd}\nspec: {taints: 7}"


def test_of_what_was_read_in_part_nothing_is_said_not_to_be_there() -> None:
    @fact()
    def gpu_node(some_nodes: list[Node]) -> Node:
        """The node with a GPU."""
        for n in some_nodes:
            if "gpu" in n.labels:
                return n
        raise NotApplicable("there is no such node")

    @check(severity=Severity.ERROR)
    def needs_it(gpu_node: Node) -> Iterator[Finding]:
        """Needs it."""
        yield from ()

    @check(severity=Severity.ERROR)
    def could_do_without(gpu_node: Node | None) -> Iterator[Finding]:
        """Could do without."""
        yield from ()

    @check(severity=Severity.ERROR)
    def says_so_itself(some_nodes: list[Node]) -> Iterator[Finding]:
        """Says so itself."""
        if some_nodes:
            raise NotApplicable("none has a GPU")
        yield from ()

    checks = [needs_it, could_do_without, says_so_itself]
    whole = {r.check.id: r.status for r in diagnose(checks, "", gpu_node).results}
    part = {r.check.id: r.status for r in diagnose(checks, ODD_NODE, gpu_node).results}

    assert whole == {
        "needs-it": CheckStatus.NOT_APPLICABLE,
        "could-do-without": CheckStatus.OK,
        "says-so-itself": CheckStatus.NOT_APPLICABLE,
    }
    assert set(part.values()) == {CheckStatus.UNKNOWN}


def test_a_check_of_what_is_not_there_says_nothing_where_a_part_was_not_seen() -> None:
    @check(severity=Severity.ERROR, complete=("some_nodes",))
    def misses_a_node(some_nodes: list[Node], names: list[str]) -> Iterator[Finding]:
        """Misses a node."""
        if not any("gpu" in n.labels for n in some_nodes):
            yield a_finding(*names)

    [before], [after] = diagnose([misses_a_node]).results, diagnose([misses_a_node], ODD_NODE).results

    assert before.status is CheckStatus.FOUND
    assert after.status is CheckStatus.UNKNOWN
    assert "nodes: malformed" in after.reason


def test_what_a_check_must_see_whole_it_looks_at() -> None:
    @check(severity=Severity.ERROR, complete=("some_pods",))
    def looks_at_it_through_another(names: list[str]) -> Iterator[Finding]:
        """Looks at it through another."""
        yield from ()

    @check(severity=Severity.ERROR, complete=("some_nodes",))
    def does_not(names: list[str]) -> Iterator[Finding]:
        """Does not."""
        yield from ()

    Registry([looks_at_it_through_another], [*BASE, some_nodes, some_pods, names])
    with pytest.raises(PackError, match="must see 'some_nodes' whole"):
        Registry([does_not], [*BASE, some_nodes, some_pods, names])


def test_where_not_all_could_be_looked_through_there_may_be_another_hub() -> None:
    @check(severity=Severity.ERROR)
    def is_fine(names: list[str]) -> Iterator[Finding]:
        """Is fine."""
        yield from ()

    report = diagnose([is_fine], "kind: Deployment\nmetadata: {name: odd, labels: {component: hub}}\nspec: 7")

    assert [(r.hub is None, r.status) for r in report.results] == [(True, CheckStatus.UNKNOWN), (False, CheckStatus.OK)]
    assert report.exit_code == 3


def test_a_row_of_coverage_says_who_can_do_without_it() -> None:
    @fact("nodes", optional=("pods",))
    def spares_pods(look: Look, hub: Hub) -> int:
        """Spares pods."""
        return len(look.list("nodes")) + len(look.list("pods", hub.namespace, labels="component=hub"))

    @check(severity=Severity.ERROR)
    def needs_both(spares_pods: int, names: list[str]) -> Iterator[Finding]:
        """Needs both."""
        yield from ()

    @check(severity=Severity.ERROR)
    def would_like_nodes(names: list[str], some_nodes: list[Node] | None) -> Iterator[Finding]:
        """Would like nodes."""
        yield from ()

    report = diagnose([needs_both, would_like_nodes], "", spares_pods)
    rows = {
        str(row.query): (row.needed_by, tuple(r.check.id for r in report.results if row.query in r.rests_on))
        for row in report.coverage
    }

    both = ("needs-both", "would-like-nodes")
    assert rows["pods in jhub"] == (both, both)
    assert rows["pods in jhub with component=hub"] == (("needs-both",), ())
    assert rows["nodes"] == (both, ("needs-both",))


def test_a_crash_is_the_result_of_the_check_that_crashed() -> None:
    @check(severity=Severity.ERROR)
    def crashes(names: list[str]) -> Iterator[Finding]:
        """Crashes."""
        if names:
            raise RuntimeError(f"secret text of the cluster: {names[0]}")
        yield a_finding("x")

    @check(severity=Severity.ERROR)
    def is_fine(names: list[str]) -> Iterator[Finding]:
        """Is fine."""
        yield from ()

    report = diagnose([crashes, is_fine])
    status = {r.check.id: r for r in report.results}

    assert status["crashes"].status is CheckStatus.BROKEN
    assert "RuntimeError at" in status["crashes"].reason
    assert "secret text" not in status["crashes"].reason
    assert status["is-fine"].status is CheckStatus.OK
    assert report.exit_code == 3


def test_a_crash_of_a_fact_breaks_the_checks_that_need_it_even_where_it_is_optional() -> None:
    @fact()
    def bad() -> int:
        raise KeyError("x")

    @check(severity=Severity.ERROR)
    def needs_bad(bad: int | None) -> Iterator[Finding]:
        """Needs bad."""
        yield from ()

    [result] = diagnose([needs_bad], "", bad).results

    assert result.status is CheckStatus.BROKEN


def test_not_applicable_is_certain_and_outweighs_what_could_not_be_read() -> None:
    @fact()
    def switched_off() -> int:
        raise NotApplicable("it is off")

    @check(severity=Severity.ERROR)
    def looks_at_both(switched_off: int, some_nodes: list[Node]) -> Iterator[Finding]:
        """Looks at both."""
        yield from ()

    report = diagnose([looks_at_both], "kind: Missing\nread: nodes", switched_off)

    assert [(r.status, r.reason) for r in report.results] == [(CheckStatus.NOT_APPLICABLE, "it is off")]
    assert report.exit_code == 0


def test_reading_something_undeclared_is_a_bug_and_shows_as_one() -> None:
    @fact("nodes")
    def sly(look: Look) -> list[Any]:
        return look.list("secrets")

    @check(severity=Severity.ERROR)
    def uses_sly(sly: list[Any]) -> Iterator[Finding]:
        """Uses sly."""
        yield from ()

    [result] = diagnose([uses_sly], "", sly).results

    assert result.status is CheckStatus.BROKEN
    assert "UndeclaredReadError" in result.reason


# --- folding ---------------------------------------------------------------------------------------------------------


def folding(*checks: Check) -> dict[str, str | None]:
    report = diagnose(list(checks))
    ids = {f.fingerprint: f.check.id for f in report.findings}
    return {f.check.id: ids.get(f.explained_by or "") for f in report.findings}


def causes(
    *names: str, at: Rung | None = None, stops: Rung | None = Rung.PLACED, on: tuple[str, ...] = ("root",), **more: Any
) -> Check:
    @check(severity=Severity.WARNING, at=at, stops=stops, **more)
    def the_cause(hub: Hub) -> Iterator[Finding]:
        """The cause."""
        yield a_finding(*on, affects=tuple(Ref("Pod", n, "jhub") for n in names))

    return the_cause


@check(severity=Severity.ERROR, at=Rung.UP, symptom=True)
def the_symptom(hub: Hub) -> Iterator[Finding]:
    """The symptom."""
    yield a_finding("ada", "grace")


FOLDED: dict[str, str | None] = {"the-cause": None, "the-symptom": "the-cause"}
APART = {"the-cause": None, "the-symptom": None}


def test_a_symptom_whose_objects_are_all_affected_is_folded_under_its_cause_and_ranked_after_it() -> None:
    cause = causes("ada", "grace", "mary")

    assert folding(the_symptom, cause) == FOLDED
    assert [f.check.id for f in diagnose([the_symptom, cause]).findings] == ["the-cause", "the-symptom"]


def test_a_symptom_on_an_object_that_the_cause_does_not_touch_stands_for_itself() -> None:
    assert folding(the_symptom, causes("ada")) == APART


@pytest.mark.parametrize(
    ("at", "folded"), [(Rung.STARTED, FOLDED), (Rung.UP, APART), (Rung.REACHED, APART), (None, APART)]
)
def test_what_a_cause_is_about_explains_what_fails_there_further_up(
    at: Rung | None, folded: dict[str, str | None]
) -> None:
    assert folding(the_symptom, causes(on=("ada", "grace"), at=at)) == folded


@pytest.mark.parametrize(
    ("stops", "folded"), [(Rung.GIVEN, FOLDED), (Rung.UP, FOLDED), (Rung.REACHED, APART), (None, APART)]
)
def test_what_a_cause_affects_explains_what_fails_from_there_on(
    stops: Rung | None, folded: dict[str, str | None]
) -> None:
    assert folding(the_symptom, causes("ada", "grace", stops=stops)) == folded


def test_several_causes_explain_what_each_of_them_explains_in_part() -> None:
    @check(severity=Severity.ERROR, at=Rung.PULLED)
    def another_cause(hub: Hub) -> Iterator[Finding]:
        """Another cause."""
        yield a_finding("grace")

    assert folding(the_symptom, causes("ada"), another_cause)["the-symptom"] == "another-cause"


def test_what_is_no_symptom_is_not_folded_however_far_up_it_fails() -> None:
    @check(severity=Severity.ERROR, at=Rung.TOLD)
    def the_symptom(hub: Hub) -> Iterator[Finding]:
        """What says why by itself."""
        yield a_finding("ada", "grace")

    assert folding(the_symptom, causes("ada", "grace", on=("ada", "grace"), at=Rung.GIVEN)) == APART


def test_a_name_explains_what_no_rung_tells() -> None:
    assert folding(the_symptom, causes("ada", "grace", stops=None, explains=("the-symptom",))) == FOLDED
    assert folding(the_symptom, causes("ada", stops=None, explains=("the-symptom",))) == APART


@pytest.mark.parametrize("at", Rung)
@pytest.mark.parametrize("stops", Rung)
def test_what_is_neither_symptom_nor_cause_folds_never(at: Rung, stops: Rung) -> None:
    @check(severity=Severity.ERROR)
    def plain(hub: Hub) -> Iterator[Finding]:
        """Neither."""
        yield a_finding("ada", affects=(Ref("Pod", "grace", "jhub"),))

    found = folding(plain, the_symptom, causes("ada", "grace", on=("ada",), at=at, stops=stops))

    assert found["plain"] is None
    assert "plain" not in found.values()


def test_a_symptom_says_at_which_rung_it_fails() -> None:
    with pytest.raises(ValueError, match=r"A symptom says at which rung it fails: add at=Rung\."):
        check(severity=Severity.ERROR, symptom=True)


def test_advice_is_no_reason_for_something_that_is_broken() -> None:
    @check(severity=Severity.INFO, at=Rung.GIVEN)
    def the_advice(hub: Hub) -> Iterator[Finding]:
        """The advice."""
        yield a_finding("ada", "grace")

    assert folding(the_advice, the_symptom) == {"the-symptom": None, "the-advice": None}


def test_what_explains_an_error_stands_before_what_does_not() -> None:
    @check(severity=Severity.WARNING)
    def a_warning(hub: Hub) -> Iterator[Finding]:
        """A warning."""
        yield a_finding("x")

    @check(severity=Severity.ERROR)
    def an_error(hub: Hub) -> Iterator[Finding]:
        """An error."""
        yield a_finding("y")

    cause = causes("ada", "grace")
    found = [f.check.id for f in diagnose([a_warning, an_error, cause, the_symptom]).findings]

    assert found == ["an-error", "the-cause", "a-warning", "the-symptom"]


def test_chains_of_causes_end_at_the_root() -> None:
    @check(severity=Severity.ERROR, at=Rung.GIVEN)
    def the_root(hub: Hub) -> Iterator[Finding]:
        """The root."""
        yield a_finding("root")

    cause = causes("ada", "grace", at=Rung.ALLOWED, symptom=True)

    assert folding(the_root, cause, the_symptom) == {
        "the-root": None,
        "the-cause": "the-root",
        "the-symptom": "the-root",
    }


def test_two_that_explain_each_other_do_not_both_disappear() -> None:
    @check(severity=Severity.ERROR, explains=("other-side",))
    def one_side(hub: Hub) -> Iterator[Finding]:
        """One side."""
        yield a_finding("x")

    @check(severity=Severity.WARNING, explains=("one-side",))
    def other_side(hub: Hub) -> Iterator[Finding]:
        """Other side."""
        yield a_finding("x")

    assert folding(one_side, other_side) == {"one-side": None, "other-side": "one-side"}


def test_what_concerns_everybody_comes_before_what_concerns_some_and_of_these_the_more_of_them_first() -> None:
    @check(severity=Severity.ERROR)
    def a_few(hub: Hub) -> Iterator[Finding]:
        """A few users."""
        yield a_finding("ada")

    @check(severity=Severity.ERROR)
    def the_hub(hub: Hub) -> Iterator[Finding]:
        """The hub's Deployment."""
        yield Finding((hub.ref,), "the hub is down", (("a", "b"),), Fix("c"))

    @check(severity=Severity.ERROR)
    def x_claim_of_the_hub(hub: Hub) -> Iterator[Finding]:
        """A claim, for which a pod of the hub's Deployment cannot start."""
        pod = Ref("Pod", "hub-1", "jhub", stable="Deployment/hub")
        yield Finding(
            (Ref("PersistentVolumeClaim", "db", "jhub"),), "no volume", (("a", "b"),), Fix("c"), affects=(pod,)
        )

    @check(severity=Severity.ERROR)
    def many(hub: Hub) -> Iterator[Finding]:
        """Many users."""
        yield a_finding("bea", "cid", "dan", "eve")

    @check(severity=Severity.ERROR)
    def nobody(hub: Hub) -> Iterator[Finding]:
        """A puller."""
        yield Finding((Ref("DaemonSet", "hook-image-puller", "jhub"),), "it hangs", (("a", "b"),), Fix("c"))

    @check(severity=Severity.WARNING)
    def a_warning(hub: Hub) -> Iterator[Finding]:
        """A warning for all."""
        yield Finding((hub.ref,), "it will break", (("a", "b"),), Fix("c"))

    found = [f.check.id for f in diagnose([a_few, a_warning, many, nobody, the_hub, x_claim_of_the_hub]).findings]

    assert found == ["the-hub", "x-claim-of-the-hub", "many", "a-few", "nobody", "a-warning"]


def test_what_says_why_comes_before_what_cannot_however_many_that_concerns() -> None:
    @check(severity=Severity.ERROR)
    def left_no_trace(hub: Hub) -> Iterator[Finding]:
        """Starts of an hour ago."""
        yield dataclasses.replace(a_finding("bea", "cid", "dan"), unexplained=True)

    @check(severity=Severity.ERROR)
    def pull_failed(hub: Hub) -> Iterator[Finding]:
        """An image."""
        yield a_finding("ada")

    @check(severity=Severity.WARNING)
    def a_warning(hub: Hub) -> Iterator[Finding]:
        """A warning for all."""
        yield Finding((hub.ref,), "it will break", (("a", "b"),), Fix("c"))

    found = [f.check.id for f in diagnose([left_no_trace, a_warning, pull_failed]).findings]

    assert found == ["pull-failed", "left-no-trace", "a-warning"]


def test_what_a_cause_explains_counts_for_it() -> None:
    @check(severity=Severity.ERROR, at=Rung.REACHED, symptom=True)
    def hub_away(hub: Hub) -> Iterator[Finding]:
        """The hub is away."""
        yield Finding((hub.ref,), "the hub is away", (("a", "b"),), Fix("c"))

    @check(severity=Severity.ERROR)
    def many(hub: Hub) -> Iterator[Finding]:
        """Many users."""
        yield a_finding("bea", "cid", "dan", "eve")

    @check(severity=Severity.ERROR, stops=Rung.PLACED)
    def zone_of_a_node(hub: Hub) -> Iterator[Finding]:
        """A node that is gone, with the hub on it."""
        yield Finding((Ref("Node", "core-1"),), "it is gone", (("a", "b"),), Fix("c"), affects=(hub.ref,))

    found = [f.check.id for f in diagnose([many, zone_of_a_node, hub_away]).findings]

    assert found == ["zone-of-a-node", "many", "hub-away"]


def test_errors_come_before_warnings_and_those_that_explain_more_before_those_that_explain_less() -> None:
    @check(severity=Severity.ERROR)
    def alone(hub: Hub) -> Iterator[Finding]:
        """Alone."""
        yield a_finding("zoe")

    @check(severity=Severity.ERROR, at=Rung.GIVEN)
    def zealous(hub: Hub) -> Iterator[Finding]:
        """Zealous."""
        yield a_finding("ada", "grace")

    order = [f.check.id for f in diagnose([alone, zealous, the_symptom, causes("x")]).findings]

    assert order == ["zealous", "alone", "the-cause", "the-symptom"]


# --- fingerprints ----------------------------------------------------------------------------------------------------


def of_pod(pod: str, says: str) -> str:
    ref = Ref("Pod", pod, "jhub", stable="Deployment/hub")

    @check(severity=Severity.ERROR)
    def fires(hub: Hub) -> Iterator[Finding]:
        """Fires."""
        yield Finding(on=(ref,), says=says, evidence=(("x", "y"),), fix=Fix("z"), cause="oom")

    [found] = diagnose([fires]).findings
    return found.fingerprint


def test_a_fingerprint_outlives_the_pod_and_the_words() -> None:
    assert of_pod("hub-1", "the hub died") == of_pod("hub-2", "the hub was stopped")


# --- scope -----------------------------------------------------------------------------------------------------------

SECOND = """
kind: Deployment
metadata: {name: hub, namespace: class, labels: {component: hub, release: class, chart: jupyterhub-3.3.8}}
spec: {template: {spec: {containers: [{name: hub, image: "quay.io/jupyterhub/k8s-hub:3.3.8"}]}}}
"""


@check(severity=Severity.INFO)
def names_its_hub(hub: Hub) -> Iterator[Finding]:
    """Names its hub."""
    yield a_finding(hub.label)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(default_namespace="jhub"), ["jhub/jhub"]),
        (Scope(default_namespace="nowhere"), ["class/class", "jhub/jhub"]),
        (Scope(all_namespaces=True), ["class/class", "jhub/jhub"]),
        (Scope(namespace="class"), ["class/class"]),
        (Scope(all_namespaces=True, release="class"), ["class/class"]),
        (Scope(namespace="nowhere"), []),
    ],
)
def test_hubs_are_looked_for_where_the_command_line_says(scope: Scope, expected: list[str]) -> None:
    registry = Registry([names_its_hub], BASE)

    reader = Example(SECOND).reader()
    reader.namespace = scope.default_namespace
    report = judged(registry, [names_its_hub], reader, scope)

    assert [h.label for h in report.hubs] == expected


@pytest.mark.parametrize(
    ("labels", "image", "found"),
    [
        ("{component: hub, chart: jupyterhub-1.2.0}", "x", True),
        ("{app.kubernetes.io/component: hub, helm.sh/chart: jupyterhub-5.0.0}", "x", True),
        ("{component: hub}", "registry.example.org/mirror/jupyterhub/k8s-hub:2.0.0", True),
        ("{component: hub}", "quay.io/jupyterhub/k8s-hub-slim@sha256:00", True),
        ("{component: hub}", "selenium/hub:4", False),
    ],
)
def test_a_hub_is_known_by_what_it_is_not_by_its_name(labels: str, image: str, found: bool) -> None:
    text = f"""
kind: Empty
---
kind: Version
gitVersion: v1.33.0
---
kind: Deployment
metadata: {{name: anything, labels: {labels}}}
spec: {{template: {{spec: {{containers: [{{name: hub, image: "{image}"}}]}}}}}}
"""
    report = judged(
        Registry([names_its_hub], BASE), [names_its_hub], Example(text).reader(), Scope(all_namespaces=True)
    )

    assert bool(report.hubs) is found


def test_a_jupyterhub_that_is_not_z2jh_is_said_to_be_one() -> None:
    text = """
kind: Empty
---
kind: Deployment
metadata: {name: b-hub, labels: {app.kubernetes.io/component: hub, app.kubernetes.io/instance: b}}
spec:
  template:
    metadata: {labels: {hub.jupyter.org/network-access-proxy-api: "true"}}
    spec: {containers: [{name: hub, image: "docker.io/bitnami/jupyterhub:5"}]}
"""
    report = judged(
        Registry([names_its_hub], BASE), [names_its_hub], Example(text).reader(), Scope(all_namespaces=True)
    )

    assert [h.z2jh for h in report.hubs] == [False]


def test_an_install_that_stopped_in_its_hooks_is_a_hub() -> None:
    text = """
kind: Empty
---
kind: DaemonSet
metadata:
  name: hook-image-puller
  labels: {component: hook-image-puller, chart: jupyterhub-4.4.0, hub.jupyter.org/deletable: "true"}
"""
    report = judged(Registry([names_its_hub], BASE), [names_its_hub], Example(text).reader(), Scope(namespace="jhub"))

    assert [(h.label, h.chart, h.deployment) for h in report.hubs] == [("jhub/jhub", "4.4.0", None)]


# --- the registry ----------------------------------------------------------------------------------------------------


def test_two_checks_of_one_id_are_refused() -> None:
    other = causes("x")

    with pytest.raises(PackError, match="the-cause"):
        Registry([causes("y"), other], BASE)


def test_a_parameter_that_is_no_fact_is_refused_with_the_closest() -> None:
    @check(severity=Severity.INFO)
    def mistyped(some_node: list[Node]) -> Iterator[Finding]:
        """Mistyped."""
        yield from ()

    with pytest.raises(PackError, match="some_node") as e:
        Registry([mistyped], [*BASE, some_nodes])
    assert "some_nodes" in e.value.next_step


def test_required_reads_leave_out_what_is_optional_or_spared() -> None:
    @check(severity=Severity.INFO)
    def would_like_nodes(names: list[str], some_nodes: list[Node] | None) -> Iterator[Finding]:
        """Would like nodes."""
        yield from ()

    registry = Registry([would_like_nodes], [*BASE, some_nodes, some_pods, names])

    assert set(registry.reads([would_like_nodes])) == {
        "daemonsets", "deployments", "jobs", "namespaces", "nodes", "pods", "services",
    }  # fmt: skip
    assert set(registry.reads([would_like_nodes], required=True)) == {"deployments", "pods"}


def test_no_fact_gives_none_which_would_say_that_nobody_could_look() -> None:
    with pytest.raises(ValueError, match="the fact biggest may be None"):

        @fact("nodes")
        def biggest(look: Look) -> Node | None:
            return next(iter(look.list("nodes")), None)


@pytest.mark.parametrize(
    ("missing", "found", "status"),
    [
        ("", [], CheckStatus.OK),
        ("kind: Missing\nread: nodes", [], CheckStatus.UNKNOWN),
        ("kind: Missing\nread: nodes", ["x"], CheckStatus.FOUND),
    ],
)
@pytest.mark.parametrize("through_a_fact", [False, True])
def test_a_finding_may_do_without_what_ok_may_not(
    missing: str, found: list[str], status: CheckStatus, through_a_fact: bool
) -> None:
    @fact(passes_only_with=("some_nodes",))
    def node_names(some_nodes: list[Node] | None) -> list[str]:
        return [n.name for n in some_nodes or ()]

    @check(severity=Severity.ERROR, passes_only_with=("some_nodes",))
    def of_nodes(hub: Hub, some_nodes: list[Node] | None) -> Iterator[Finding]:
        """Of nodes."""
        yield from (a_finding(x) for x in found)

    @check(severity=Severity.ERROR)
    def of_names(hub: Hub, node_names: list[str]) -> Iterator[Finding]:
        """Of names."""
        yield from (a_finding(x) for x in found)

    of = of_names if through_a_fact else of_nodes
    [result] = diagnose([of], missing, node_names).results
    registry = Registry([of], [*BASE, some_nodes, node_names])

    assert result.status is status
    assert [g.query.read for g in result.gaps] == (["nodes"] if missing else [])
    assert "nodes" not in registry.reads([of], required=True)
    assert "nodes" in registry.reads([of], required=True, optional=True)


def test_what_a_check_passes_with_is_an_optional_parameter() -> None:
    with pytest.raises(ValueError, match="passes only with 'some_nodes'"):

        @check(severity=Severity.ERROR, passes_only_with=("some_nodes",))
        def needs_nodes(some_nodes: list[Node]) -> Iterator[Finding]:
            """Needs nodes."""
            yield from ()
