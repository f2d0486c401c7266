"""What an upgrade of the chart or of the cluster takes: steps, rejected values, breaking changes.

The engine finds this module by the pack's name and calls `plan`, `problems_of` and reads `CHECKS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from packaging.version import Version

from jhubdoctor.api import Change, Given, Hub, Plan, Problem, Severity, Step, Target, chart_version, nested
from jhubdoctor_checks import problems
from jhubdoctor_checks.data import KNOWS, advisories, apis, changes, charts, keys, schemas
from jhubdoctor_checks.refused import refusals

CHECKS = (
    "user-scheduler-removed-api",
    "removed-api-in-release",
    "removed-api-requested",
    "removed-api-by-client",
    "deprecated-api-in-use",
    "scheduler-config-removed",
    "chart-kubernetes-skew",
    "helm-upgrade-blocked",
    "cluster-newer-than-data",
)
"""The checks whose evidence is judged against the target."""

KNOWN_CHARTS = tuple(c.version for c in charts.table())
"""The releases of the chart that can be a target."""


def plan(given: Given, hub: Hub | None, running: int | None, target: Target) -> Plan:
    """The plan for one hub, or for values alone."""
    start = hub.version if hub is not None else chart_version(given.chart) if given.chart else None
    end = charts.find(target.chart) if target.chart else None
    notices: list[str] = []
    steps, blocked = _steps(start, end, running, target, hub, notices)
    concerned = [c for s in steps for c in s.changes]
    if start is None and end is not None:
        # nobody knows from where: whatever these values hold that some step breaks
        found = tuple(_changes(given, None, end.parsed))
        steps = [Step("chart", "", end.version, changes=found), *(s for s in steps if s.kind != "chart")]
        concerned = list(found)
    else:
        steps = [_with_changes(s, given) for s in steps]
        concerned = [c for s in steps for c in s.changes]
    told = {path for c in concerned if c.refused for path in c.touches}
    wrong = [p for p in problems_of(given, end) if p.path not in told]
    if given.supplied and given.outline is None and end is not None:
        notices.append("These values have more keys than any real file: they were not held against the chart's schema.")
    if not given.supplied:
        notices.append(
            "These are effective values, which hold the chart's defaults: give your own with -f to judge all keys."
        )
    if target.kubernetes is not None and target.kubernetes > apis.LAST:
        notices.append(f"Kubernetes 1.{target.kubernetes} is newer than what is known here ({KNOWS['kubernetes']}).")
    return Plan(
        hub=hub.label if hub is not None else "",
        start={"chart": hub.chart if hub is not None else given.chart, "kubernetes": _minor(running)},
        target={"chart": target.chart, "kubernetes": _minor(target.kubernetes)},
        steps=tuple(steps),
        problems=tuple(wrong),
        blocked=tuple(blocked),
        notices=tuple(notices),
        values=given.source,
    )


def _minor(minor: int | None) -> str:
    return f"1.{minor}" if minor is not None else ""


# --- steps -----------------------------------------------------------------------------------------------------------


def _steps(
    start: Version | None,
    end: charts.Chart | None,
    running: int | None,
    target: Target,
    hub: Hub | None,
    notices: list[str],
) -> tuple[list[Step], list[str]]:
    """The order: the chart goes one major at a time, each as soon as the cluster is new enough for it."""
    steps: list[Step] = []
    blocked: list[str] = []
    chart = charts.release_of(start) if start is not None else None
    minor = running
    goal = target.kubernetes if target.kubernetes is not None else running
    way = _way(chart, end)
    if chart is not None and end is not None and start is not None and end.parsed < start:
        blocked.append(f"chart {end.version} is older than {start}: JupyterHub's database cannot go back")
        way = []
    for following in way:
        if minor is not None and minor < following.least_kubernetes:
            least = following.least_kubernetes
            if goal is None or goal < least:
                blocked.append(
                    f"chart {following.version} asks for Kubernetes 1.{least}, and the cluster stays at 1.{goal}"
                )
                return steps, blocked
            steps += _cluster(minor, least, chart, f"chart {following.version} asks for it", blocked)
            minor = least
        elif minor is not None and (why := following.breaks_on(minor)) and following is not way[-1]:
            # a release in between that this cluster is too new for is passed over
            notices.append(f"Chart {following.version} is passed over: {why}.")
            continue
        if minor is not None and following is way[-1] and (why := following.breaks_on(minor)):
            blocked.append(f"chart {following.version} does not work on Kubernetes 1.{minor}: {why}")
        came_from = chart.version if chart is not None else ""
        commands = hub.by_hand(following.version) if hub is not None else ()
        steps.append(Step("chart", came_from, following.version, _why(chart, following), commands=commands))
        chart = following
    if goal is not None and minor is not None and goal > minor:
        steps += _cluster(minor, goal, chart, "", blocked)
    if goal is not None and minor is not None and goal < minor:
        blocked.append(f"Kubernetes cannot go back from 1.{minor} to 1.{goal}")
    if target.kubernetes is not None and end is not None and chart is None:
        why = end.breaks_on(target.kubernetes)
        if why:
            blocked.append(f"chart {end.version} does not work on Kubernetes 1.{target.kubernetes}: {why}")
    return steps, blocked


def _way(chart: charts.Chart | None, end: charts.Chart | None) -> list[charts.Chart]:
    """The releases to go through: the last of each major version in between, then the one that is wanted."""
    if end is None or chart is None or end.parsed <= chart.parsed:
        return []
    majors = {c.major: c for c in charts.table() if chart.parsed < c.parsed <= end.parsed and c.major != chart.major}
    way = [charts.newest_of_major(c) for m, c in sorted(majors.items()) if m != end.major]
    return [*way, end]


def _why(chart: charts.Chart | None, following: charts.Chart) -> str:
    if chart is None or chart.major == following.major:
        return ""
    hub = f"JupyterHub {chart.jupyterhub} to {following.jupyterhub}"
    return f"{hub}, KubeSpawner {chart.kubespawner} to {following.kubespawner}"


def _cluster(minor: int, goal: int, chart: charts.Chart | None, why: str, blocked: list[str]) -> Iterator[Step]:
    """Steps of the cluster, which goes one minor at a time; the release is rendered again where that matters."""
    at = minor
    if chart is not None:
        broken = next((m for m in range(minor + 1, goal + 1) if chart.breaks_on(m)), None)
        if broken is not None:
            blocked.append(
                f"chart {chart.version} does not work from Kubernetes 1.{broken} on: {chart.breaks_on(broken)}"
            )
        # what the chart made in a version that ends on the way, and would make in another by now
        old = chart.budget_on(minor)
        if old is not None and old.removed is not None and goal >= old.removed and len(chart.budget) > 1:
            between = old.removed - 1
            yield Step("kubernetes", f"1.{at}", f"1.{between}", f"the last that serves {old}")
            text = f"the same chart once more, so that the release no longer holds {old}"
            yield Step("chart", chart.version, chart.version, text)
            at = between
    yield Step("kubernetes", f"1.{at}", f"1.{goal}", why or "one minor at a time")


def _with_changes(step: Step, given: Given) -> Step:
    if step.kind != "chart" or step.start == step.end:
        return step
    start = chart_version(step.start) if step.start else None
    found = tuple(_changes(given, start, Version(step.end)))
    return Step(step.kind, step.start, step.end, step.why, found, step.commands)


def _changes(given: Given, start: Version | None, end: Version) -> Iterator[Change]:
    """Breaking changes after `start` and up to `end` that concern these values, or every hub where `start` is known."""
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for c in sorted(changes.CHANGES, key=lambda c: Version(c.since)):
        if Version(c.since) > end or (start is not None and Version(c.since) <= start):
            continue
        if c.until and Version(c.until) <= end:
            continue
        touched = tuple(c.touches(given)) if c.touches is not None else ()
        key = (c.says, touched)
        if (touched or (c.touches is None and start is not None)) and key not in seen:
            seen.add(key)
            placed = tuple(f"{given.root}.{t}" if given.root else t for t in touched)
            yield Change(c.since, c.says, c.action, placed, c.severity, c.source, c.refused)


# --- values ----------------------------------------------------------------------------------------------------------


def problems_of(given: Given, chart: charts.Chart | None) -> list[Problem]:
    """What of these values a release does not take, or does not work with."""
    if chart is None:
        return []
    found: list[Problem] = []
    for p in (*_moved(given, chart.parsed), *_rules(given, chart.parsed), *refusals(given, chart.parsed)):
        same = [f for f in found if f.severity is Severity.ERROR and f.path == p.path]
        # what has moved is not judged any further
        if not same and not any(p.path.startswith(f"{f.path}.") and f.path in _MOVED for f in found):
            found.append(p)
    found += _target(chart)
    return [_placed(given.root, p) for p in sorted(found, key=lambda p: (p.severity.rank, p.path, p.says))]


_MOVED = {m.path for m in keys.MOVED}


def _placed(root: str, problem: Problem) -> Problem:
    """A problem under the key where the hub's values lie."""
    if not root or not problem.path:
        return problem
    values = nested(root, problem.values) if problem.values else {}
    return replace(problem, path=f"{root}.{problem.path}", values=values)


def _moved(given: Given, version: Version) -> Iterator[Problem]:
    if version < schemas.FIRST:
        return
    for m in keys.MOVED:
        if m.since <= version and given.sets(m.path):
            says = f"{m.path} is not accepted since chart {m.since}"
            yield Problem(m.path, says, f"Use {m.instead}.", source=m.source)


def _rules(given: Given, version: Version) -> Iterator[Problem]:
    """What the schema does not say and the chart or the hub stops at."""
    values = given.values
    yield from problems.amounts(values)
    if claim := problems.static_claim(values):
        yield claim
    if database := problems.database_url(values):
        # the hub reads the existing Secret over the values: the address may stand there, which a file does not show
        unseen = bool(values.get("hub.existingSecret")) and given.supplied
        yield replace(database, severity=Severity.WARNING) if unseen else database
    strategy = values.get("hub.deploymentStrategy.type")
    if strategy == "RollingUpdate" and values.get("hub.db.type", "sqlite-pvc") == "sqlite-pvc":
        yield Problem(
            "hub.deploymentStrategy.type",
            "the hub's database is a file on a volume, and RollingUpdate would open it twice",
            "Take it out, so that it is Recreate.",
            Severity.WARNING,
            source="values.yaml of the chart",
        )
    replicas = values.integer("scheduling.userPlaceholder.replicas")
    if replicas and not values.enabled("scheduling.podPriority.enabled"):
        yield Problem(
            "scheduling.userPlaceholder.replicas",
            "user placeholders without pod priority never make room for a user",
            "Set scheduling.podPriority.enabled to true.",
            Severity.WARNING,
            {"scheduling": {"podPriority": {"enabled": True}}},
            "templates/NOTES.txt of the chart",
        )
    if version >= Version(problems.FATAL_SINCE):
        yield from problems.sections(values)


def _target(chart: charts.Chart) -> Iterator[Problem]:
    """What is known against the target itself."""
    found = [a for a in advisories.ADVISORIES if a.concerns(chart.parsed) and a.fixed and not a.rare]
    if found:
        better = charts.newest_of_major(chart)
        yield Problem(
            "",
            f"chart {chart.version} itself has known faults: {', '.join(a.id for a in found)}",
            f"Go to {better.version} instead." if better is not chart else "A later major version is free of them.",
            Severity.WARNING,
            source=found[0].url,
        )
