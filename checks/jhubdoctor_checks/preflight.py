"""What an upgrade of the chart or of the cluster takes: steps, rejected values, breaking changes.

The engine finds this module by the pack's name and calls `plan`, `problems_of` and reads `CHECKS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from packaging.version import Version

from jhubdoctor.api import Change, Given, Hub, Plan, Problem, Severity, Step, Target, chart_version, merged, nested
from jhubdoctor_checks import problems, way
from jhubdoctor_checks.api._move import HELM_4, RESTARTS, RESTARTS_SERVERS, mapkubeapis
from jhubdoctor_checks.data import KNOWS, advisories, apis, changes, charts, keys, schemas
from jhubdoctor_checks.refused import beyond, refusals, stops

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
    theirs, given = given, _with_parent(given, start)
    steps, blocked = _steps(start, end, running, target, hub, given, notices)
    # where no chart was named, the way may still need another
    end = end or next((charts.find(s.end) for s in reversed(steps) if s.kind == "chart" and s.start != s.end), None)
    if start is None and end is not None and not blocked:
        # nobody knows from where: whatever these values hold that some step breaks
        found = tuple(_changes(given, None, end.parsed))
        steps = [Step("chart", "", end.version, changes=found), *(s for s in steps if s.kind != "chart")]
        concerned = list(found)
    else:
        steps = [_with_changes(s, given, end) for s in steps]
        concerned = [c for s in steps for c in s.changes]
    told = {path for c in concerned if c.refused for path in c.touches}
    wrong = [p for p in problems_of(given, end) if p.path not in told]
    if given is not theirs:
        alone = {(p.path, p.says) for p in problems_of(theirs, end)}
        by_parent = f"It comes of what chart {theirs.parent} sets itself: "
        wrong = [p if (p.path, p.says) in alone else replace(p, fix=by_parent + p.fix) for p in wrong]
    if given.supplied and given.outline is None and end is not None:
        notices.append("These values have more keys than any real file: they were not held against the chart's schema.")
    if not given.supplied:
        notices.append(
            "These are effective values, which hold the chart's defaults: give your own with -f to judge all keys."
        )
    if given.root:
        others = f", and not {', '.join(given.beside)} beside it" if given.beside else ""
        notices.append(f"Of a chart that holds others only the hub's was judged ({given.root}){others}.")
        notices.append(_of_parent(theirs, start))
    if target.kubernetes is not None and target.kubernetes > apis.LAST:
        notices.append(f"Kubernetes 1.{target.kubernetes} is newer than what is known here ({KNOWS['kubernetes']}).")
    return Plan(
        hub=hub.label if hub is not None else "",
        start={"chart": hub.chart if hub is not None else given.chart, "kubernetes": _minor(running)},
        target={"chart": end.version if end is not None else "", "kubernetes": _minor(target.kubernetes)},
        steps=tuple(steps),
        problems=tuple(wrong),
        blocked=tuple(blocked),
        notices=tuple(notices),
        schema=end is not None and end.parsed >= schemas.FIRST and given.outline is not None,
        values=given.source,
    )


# --- what a chart above the hub's sets -------------------------------------------------------------------------------


def _seen(given: Given, start: Version | None) -> bool:
    """Whether it can be told what a chart above the hub's sets: what it has, less what the hub's own release has."""
    return given.above is not None and start is not None and start >= schemas.FIRST


def _with_parent(given: Given, start: Version | None) -> Given:
    """The values with those that a chart above the hub's sets under them, as Helm lays them."""
    if given.above is None or given.outline is None or start is None or not _seen(given, start):
        return given
    own = beyond(given.above, schemas.defaults(start))
    values = merged(_those(given.above_values, own), given.values.data)
    return replace(given, outline=merged(own, given.outline), values=replace(given.values, data=values))


def _those(values: Mapping[str, Any], outline: Mapping[str, Any]) -> dict[str, Any]:
    """Of values those of which there is an outline."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        rule = outline.get(key)
        if isinstance(rule, Mapping) and isinstance(value, Mapping):
            found[key] = _those(value, rule)
        elif key in outline:
            found[key] = value
    return found


def _of_parent(given: Given, start: Version | None) -> str:
    if _seen(given, start):
        same = f"but for what chart {start} has so too, which looks no different"
        return f"What chart {given.parent} sets for it itself counts as the release holds it, {same}."
    return "What the charts above it set for it themselves was not seen: give their own values.yaml with a -f before."


def _minor(minor: int | None) -> str:
    return f"1.{minor}" if minor is not None else ""


# --- steps -----------------------------------------------------------------------------------------------------------


def _steps(
    start: Version | None,
    end: charts.Chart | None,
    running: int | None,
    target: Target,
    hub: Hub | None,
    given: Given,
    notices: list[str],
) -> tuple[list[Step], list[str]]:
    """The steps in their order, or why there is no way; never steps that lead to what does not work."""
    made = way.made(given.values, given.objects or ())
    chart = charts.release_of(start) if start is not None else None
    goal = target.kubernetes if target.kubernetes is not None else running
    if start is not None and chart is None:
        oldest = charts.table()[0].version
        return [], [
            f"chart {start} is older than all that is known here ({oldest} and later), and so is the way from it"
        ]
    if start is not None and start > charts.newest().parsed:
        notices.append(f"Chart {start} is newer than what is known here ({KNOWS['chart']}).")
    if chart is None or running is None or goal is None:
        return _half(start, end, running, target, made)
    at = way.begin(chart, running, made)
    if end is not None and start is not None and chart.parsed <= end.parsed < start:
        return [], [f"chart {end.version} is older than {start}: JupyterHub's database cannot go back"]
    moves = way.find(at, goal, end, made)
    if moves is None:
        return [], [way.why_not(at, goal, end, made)]
    if given.root:
        notices += (
            f"The release holds a {a} that is not of the hub's chart: see to it before Kubernetes 1.{a.removed}."
            for a in sorted(at.held - made.own(chart, at.held), key=str)
            if not a.served_in(goal)
        )
    return list(_told(moves, hub, given, made, notices)), []


def _half(
    start: Version | None, end: charts.Chart | None, running: int | None, target: Target, made: way.Made
) -> tuple[list[Step], list[str]]:
    """The steps where nobody knows the chart, or the cluster: of that half nothing is said."""
    goal, chart = target.kubernetes, charts.release_of(start) if start is not None else None
    last = end or chart
    if last is not None and goal is not None and (why := made.breaks(last, goal)):
        unknown = "; where the cluster stands is not known, so no way is told" if end is None else ""
        return [], [f"chart {last.version} does not work on Kubernetes 1.{goal}: {why}{unknown}"]
    if goal is not None and running is not None and goal < running:
        return [], [f"Kubernetes cannot go back from 1.{running} to 1.{goal}"]
    if chart is not None and end is not None and end.parsed < chart.parsed:
        return [], [f"chart {end.version} is older than {chart.version}: JupyterHub's database cannot go back"]
    steps: list[Step] = []
    for following in way.line(chart, end)[1:] if chart is not None and end is not None else ():
        steps.append(
            Step("chart", chart.version if chart is not None else "", following.version, _why(chart, following))
        )
        chart = following
    if goal is not None and running is not None and goal > running:
        steps.append(Step("kubernetes", f"1.{running}", f"1.{goal}", "one minor at a time"))
    return steps, []


def _told(moves: list[way.Move], hub: Hub | None, given: Given, made: way.Made, notices: list[str]) -> Iterator[Step]:
    """Moves as steps: minors of Kubernetes that follow each other are one."""
    began: way.State | None = None
    for i, move in enumerate(moves):
        following = moves[i + 1] if i + 1 < len(moves) else None
        if not move.by_helm:
            began = began or move.start
            if following is None or following.by_helm:
                why = _waits_for(move.end, following)
                yield Step("kubernetes", f"1.{began.minor}", f"1.{move.end.minor}", why, check=_check(hub))
                began = None
            continue
        old, new = move.start.chart, move.end.chart
        if move.again:
            gone = next((a for a in move.start.held if a not in move.end.held), None)
            why = f"the same chart once more, so that the release no longer holds {gone}"
        else:
            why = _why(old, new)
            passed = way.line(old, new)[1:-1]
            notices += [f"Chart {c.version} is passed over: {made.breaks(c, move.start.minor)}." for c in passed]
        before, commands = _by_helm(move, hub, given)
        restarts = RESTARTS_SERVERS if old.major != new.major else RESTARTS
        yield Step("chart", old.version, new.version, why, (), commands, before, restarts, _check(hub))


def _waits_for(at: way.State, following: way.Move | None) -> str:
    """Why the cluster goes just so far before the next step."""
    if following is None:
        return "one minor at a time"
    if following.again:
        gone = min(following.start.held, key=lambda a: a.removed or 0)
        return f"the last that serves {gone}, one minor at a time"
    if following.end.chart.least_kubernetes == at.minor:
        return f"chart {following.end.chart.version} asks for it, one minor at a time"
    return "one minor at a time"


def _check(hub: Hub | None) -> tuple[str, ...]:
    return (f"jhubdoctor run --namespace {hub.namespace}",) if hub is not None else ()


def _by_helm(move: way.Move, hub: Hub | None, given: Given) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What has to be so before an upgrade of the release, and its commands in their order."""
    before: list[str] = []
    commands: list[str] = []
    new = move.end.chart
    if hub is None:
        return (), ()
    if move.start.lost:
        lost = ", ".join(sorted(str(a) for a in move.start.held if not a.served_in(move.start.minor)))
        before.append(
            f"The stored release holds {lost}, which this cluster no longer serves: Helm stops at it until helm "
            f"mapkubeapis has rewritten it. {HELM_4}"
        )
        commands += mapkubeapis(hub) if hub.release and not hub.manager else ()
    if move.start.chart.major != new.major:
        database = given.values.get("hub.db.type", "sqlite-pvc")
        if database == "sqlite-pvc":
            before.append("Back up the hub's database.")
            commands += _saved(hub)
        elif database != "sqlite-memory":
            before.append("Back up the hub's database, with the tools of its own server.")
    if hub.manager:
        before.append(f"Set the chart's version to {new.version} in {hub.manager}.")
    elif hub.values_root:
        before.append(f"Your own chart has to bring chart {new.version} of the hub. {hub.in_parent(moves=True)}")
    elif not hub.by_helm:
        before.append(f"Move the chart to {new.version}. {hub.done_elsewhere}")
    commands += hub.by_hand(new.version)
    return tuple(before), tuple(commands)


def _saved(hub: Hub) -> tuple[str, ...]:
    """The commands that copy the hub's database while it runs.

    Source: https://www.sqlite.org/backup.html, by way of Python's sqlite3. The hub has its file where it starts.
    """
    copy = "import sqlite3 as s; s.connect('jupyterhub.sqlite').backup(s.connect('/tmp/saved.sqlite'))"
    pod = f"exec deployment/{hub.ref.name} --container hub"
    return (
        hub.kubectl(f'{pod} -- python3 -c "{copy}"'),
        hub.kubectl(f"{pod} -- cat /tmp/saved.sqlite > jupyterhub.sqlite"),
    )


def _why(chart: charts.Chart | None, following: charts.Chart) -> str:
    if chart is None or chart.major == following.major:
        return ""
    hub = f"JupyterHub {chart.jupyterhub} to {following.jupyterhub}"
    return f"{hub}, KubeSpawner {chart.kubespawner} to {following.kubespawner}"


def _with_changes(step: Step, given: Given, end: charts.Chart | None) -> Step:
    if step.kind != "chart" or step.start == step.end:
        return step
    start = chart_version(step.start) if step.start else None
    found = tuple(_changes(given, start, Version(step.end)))
    between = () if end is None or step.end == end.version else tuple(_between(given, Version(step.end), end.parsed))
    return replace(step, changes=(*found, *between))


def _between(given: Given, version: Version, end: Version) -> Iterator[Change]:
    """What a release on the way refuses, and the one at the end does not."""
    later = {p.path for p in _fatal(given, end)}
    for p in _fatal(given, version):
        if p.path not in later and p.path not in _MOVED:
            since = schemas.since(version, p.path)
            action = f"Leave it out until the chart is at {since} or later." if since is not None else p.fix
            path = f"{given.root}.{p.path}".strip(".") if given.root else p.path
            yield Change(str(version), p.says, action, (path,), Severity.ERROR, p.source, refused=True)


def _fatal(given: Given, version: Version) -> list[Problem]:
    """At what of these values Helm stops, with a release: at its schema, or at its templates."""
    return [p for p in (*refusals(given, version), *stops(given, version)) if p.severity is Severity.ERROR]


def _changes(given: Given, start: Version | None, end: Version) -> Iterator[Change]:
    """Breaking changes after `start` and up to `end` that concern these values, or every hub where `start` is known."""
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for c in sorted(changes.CHANGES, key=lambda c: Version(c.since)):
        if Version(c.since) > end or (start is not None and Version(c.since) <= start):
            continue
        if (c.until and Version(c.until) <= end) or (c.unless and given.values.get(c.unless) is not None):
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
    version = chart.parsed
    told = (*_moved(given, version), *_rules(given, version), *refusals(given, version), *stops(given, version))
    for p in told:
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
        # null as well: the chart looks whether there is such a key
        if m.since <= version and given.has(m.path):
            says = f"{m.path} is not accepted since chart {m.release}"
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
