"""Plans: each step leads to what works, each ends where it shall or says why not, and `run` names the same way."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jhubdoctor.engine.result import Report
from jhubdoctor.model.hub import Hub
from jhubdoctor.model.values import Values
from jhubdoctor.privacy.releases import outline
from jhubdoctor.privacy.values import allowed
from jhubdoctor.testing import Example, judged, registry
from jhubdoctor.upgrade.judge import UpgradeResult, preflight
from jhubdoctor.upgrade.plan import Given, Plan, Target
from jhubdoctor_checks.data import apis, charts
from tests.engine.test_folds import CLUSTERS
from tests.upgrade.test_upgrade import seen

# --- what a release makes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chart", "minor", "made"),
    [
        ("0.9.1", 18, "extensions/v1beta1"),
        ("0.9.1", 22, None),
        ("0.10.6", 18, "networking.k8s.io/v1beta1"),
        ("0.10.6", 22, None),
        ("0.11.1", 18, "networking.k8s.io/v1beta1"),
        ("0.11.1", 19, "networking.k8s.io/v1"),
        ("1.2.0", 30, "networking.k8s.io/v1"),
        ("4.4.0", 37, "networking.k8s.io/v1"),
    ],
)
def test_the_ingress_of_a_release_is_of_the_version_that_its_templates_choose(
    chart: str, minor: int, made: str | None
) -> None:
    row = charts.find(chart)
    assert row is not None
    api = row.api_on("Ingress", minor)

    assert (api.api_version if api is not None else None) == made
    assert bool(row.breaks_on(minor, kinds=["Ingress"], scheduler=False)) is (made is None)


BARE: dict[str, Any] = {
    "hub": {"pdb": {"enabled": False}},
    "scheduling": {"userScheduler": {"enabled": False}, "userPlaceholder": {"enabled": False}},
}
INGRESS = {**BARE, "ingress": {"enabled": True, "hosts": ["hub.example.org"]}}


def planned(chart: str, running: int, target: Target, values: dict[str, Any]) -> Plan:
    start = Given(Values(allowed(values)), outline(values), "values.yaml")
    return preflight().plan(start, Hub("jhub", "jhub", chart), running, target)


def way(plan: Plan) -> list[str]:
    return [f"{s.kind} {s.end}" for s in plan.steps]


@pytest.mark.parametrize(
    ("chart", "running", "target", "without", "with_ingress"),
    [
        # nothing else of these keeps the cluster from going on
        ("0.9.1", 20, Target(22), ["kubernetes 1.22"], ["chart 0.10.6", "chart 0.11.1", "kubernetes 1.22"]),
        ("0.10.6", 20, Target(22), ["kubernetes 1.22"], ["chart 0.11.1", "kubernetes 1.22"]),
        # what was rendered before the new version came is rendered once more
        ("0.11.1", 18, Target(22), ["kubernetes 1.22"], ["kubernetes 1.21", "chart 0.11.1", "kubernetes 1.22"]),
        ("0.9.1", 22, Target(None, "0.10.6"), ["chart 0.10.6"], []),
    ],
)
def test_an_ingress_takes_the_chart_along_before_its_version_is_gone(
    chart: str, running: int, target: Target, without: list[str], with_ingress: list[str]
) -> None:
    plan = planned(chart, running, target, INGRESS)

    assert way(planned(chart, running, target, BARE)) == without
    assert way(plan) == with_ingress
    assert bool(plan.blocked) is not bool(with_ingress)


# --- every plan ------------------------------------------------------------------------------------------------------

CHARTS = [c.version for c in charts.table()]
TOO_OLD, TOO_NEW = "0.7.0", "9.0.0"
MINORS = st.integers(apis.FIRST, apis.LAST)
SWITCHES = ("scheduling.userScheduler.enabled", "scheduling.podPriority.enabled", "ingress.enabled", "hub.pdb.enabled")


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from([TOO_OLD, *CHARTS]),
    MINORS,
    st.none() | MINORS,
    st.just("") | st.sampled_from(CHARTS),
    st.fixed_dictionaries({s: st.booleans() for s in SWITCHES}),
)
def test_no_step_leads_to_what_is_broken_and_each_plan_ends_or_says_why(
    start: str, running: int, goal: int | None, end: str, switches: dict[str, bool]
) -> None:
    values = {
        "hub": {"pdb": {"enabled": switches["hub.pdb.enabled"]}},
        "ingress": {"enabled": switches["ingress.enabled"]},
        "scheduling": {
            "userScheduler": {"enabled": switches["scheduling.userScheduler.enabled"]},
            "podPriority": {"enabled": switches["scheduling.podPriority.enabled"]},
            "userPlaceholder": {"enabled": False},
        },
    }
    kinds = {
        "PodDisruptionBudget": switches["hub.pdb.enabled"] or switches["scheduling.userScheduler.enabled"],
        "PriorityClass": switches["scheduling.podPriority.enabled"],
        "Ingress": switches["ingress.enabled"],
    }

    def broken(version: str, minor: int) -> str:
        chart = charts.find(version)
        assert chart is not None
        makes = [kind for kind, made in kinds.items() if made]
        return chart.breaks_on(minor, kinds=makes, scheduler=switches["scheduling.userScheduler.enabled"])

    target = Target(goal, end)
    plan = planned(start, running, target, values)
    assert plan.blocked or start != TOO_OLD
    if plan.blocked:
        assert not plan.steps
        assert all(plan.blocked)
        return
    chart, minor = start, running
    rendered = minor
    for step in plan.steps:
        if step.kind == "chart":
            assert step.start == chart
            chart, rendered = step.end, minor
            assert not broken(chart, minor), f"{way(plan)}: {broken(chart, minor)}"
        else:
            assert step.start == f"1.{minor}"
            for passed in range(minor + 1, int(step.end.partition(".")[2]) + 1):
                assert not broken(chart, passed), f"{way(plan)}: {broken(chart, passed)}"
                minor = passed
            if chart != start or rendered != running:
                # Helm must be able to read what was rendered by a step before
                row = charts.find(chart)
                assert row is not None
                for kind, made in kinds.items():
                    api = row.api_on(kind, rendered) if made else None
                    assert api is None or api.served_in(minor), f"{way(plan)}: the release holds {api}"
    assert minor == (running if goal is None else goal)
    assert end in ("", chart)
    assert not broken(chart, minor)


def test_what_is_newer_than_all_that_is_known_is_said() -> None:
    plan = planned(TOO_NEW, 33, Target(36), {})

    assert way(plan) == ["kubernetes 1.36"]
    assert any("9.0.0 is newer than what is known" in n for n in plan.notices)


def test_where_nobody_knows_the_cluster_a_chart_that_does_not_fit_its_goal_is_said() -> None:
    nothing = Given(Values(), outline({}), "values.yaml")
    plan = preflight().plan(nothing, Hub("jhub", "jhub", "0.11.1"), None, Target(25))

    assert not plan.steps
    assert any("does not work on Kubernetes 1.25" in why for why in plan.blocked)


PARENT = """
kind: Version
gitVersion: v1.20.15
---
kind: Deployment
metadata: {name: hub, labels: {component: hub, chart: jupyterhub-1.2.0, helm.sh/chart: null}}
---
kind: Release
name: jhub
version: 1
status: deployed
modified: -100d
chart: {name: binderhub, version: 0.2.0}
config: {jupyterhub: {hub: {}}}
objects:
  - {apiVersion: apps/v1, kind: Deployment, name: hub}
  - {apiVersion: policy/v1, kind: PodDisruptionBudget, name: hub}
  - {apiVersion: networking.k8s.io/v1beta1, kind: Ingress, name: binderhub}
"""


def test_what_charts_beside_the_hubs_make_is_named_and_not_planned_with() -> None:
    [gone] = seen(Example(PARENT).reader(), Target(22, "2.0.0")).plans
    [kept] = seen(Example(PARENT).reader(), Target(21, "2.0.0")).plans

    assert way(gone) == ["chart 2.0.0", "kubernetes 1.22"]
    assert [n for n in gone.notices if "networking.k8s.io/v1beta1 Ingress that is not of the hub's chart" in n]
    assert not [n for n in kept.notices if "Ingress" in n]


# --- run and upgrade -------------------------------------------------------------------------------------------------


def releases(text: str) -> list[str]:
    """The releases of the chart that a fix names, in their order."""
    sentence = text.partition("ove the chart to")[2].partition(". ")[0].rstrip(".")
    return re.findall(r"\d+\.\d+\.\d+", sentence.partition(", which")[0])


def steps(text: str) -> list[str]:
    """The steps of the plan that a fix names."""
    return text.partition("in this order: ")[2].rstrip(".").lower().split(", ")


@cache
def today(name: str) -> Report:
    checks = [c for c in registry().select() if c.area == "api"]
    return judged(registry(), checks, Example(CLUSTERS[name]).reader())


def outcome(name: str, target: Target) -> UpgradeResult:
    return seen(Example(CLUSTERS[name]).reader(), target)


# of a chart that is old, or a cluster that is another than the base's, there is something to say
AGED = [name for name, text in CLUSTERS.items() if re.search("gitVersion|jupyterhub-[0-4]", text)]


@pytest.mark.parametrize("name", AGED)
def test_run_names_the_way_of_upgrade(name: str) -> None:
    for f in today(name).findings:
        if f.hub is None or not (named := releases(f.fix.text)):
            continue
        plans = {p.hub: p for p in outcome(name, Target(None, named[-1])).plans}
        plan = plans[f.hub.label]

        assert [s.end for s in plan.steps if s.kind == "chart" and s.start != s.end] == named, f.check.id
        lost = "mapkubeapis" in str(plan.steps[0])
        assert ("mapkubeapis" in f.fix.text) is lost or f.check.id == "chart-known-bad", f.check.id


TARGETS = [Target(minor, chart) for minor in (22, 25, apis.LAST) for chart in ("", charts.newest().version)]


@pytest.mark.parametrize("name", AGED)
def test_findings_of_an_upgrade_name_the_way_of_its_plan(name: str) -> None:
    for told in (outcome(name, target) for target in (*TARGETS, Target(None, charts.newest().version))):
        assert told.report is not None
        plans = {p.hub: p for p in told.plans}
        for f in told.report.findings:
            if f.hub is None:
                continue
            plan = plans[f.hub.label]
            if "in this order" in f.fix.text:
                assert steps(f.fix.text) == way(plan), f.check.id
            elif "No way leads there" in f.fix.text:
                assert [why for why in plan.blocked if why in f.fix.text], f.check.id
            elif plan.start["chart"] and plan.start["kubernetes"]:
                assert not releases(f.fix.text), f.check.id
