"""The way of an upgrade: releases of the chart and minors of Kubernetes in turns, so that every state on it works."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from jhubdoctor.api import Listed, Values
from jhubdoctor_checks.data import apis, charts


@dataclass(frozen=True)
class Made:
    """What a release makes with its values, of that which ties a chart to some Kubernetes.

    Attributes:
        kinds: those of `renders` of a chart.
        scheduler: whether it runs the chart's kube-scheduler.
        held: what of its manifest some Kubernetes serves no more; None where nobody could see the manifest.
    """

    kinds: frozenset[str] = charts.ALWAYS
    scheduler: bool = True
    held: frozenset[apis.Api] | None = None

    def breaks(self, chart: charts.Chart, minor: int) -> str:
        """Why a chart does not work on a Kubernetes with these values; empty where nothing is known against it."""
        return chart.breaks_on(minor, kinds=self.kinds, scheduler=self.scheduler)

    def holds(self, chart: charts.Chart, minor: int) -> frozenset[apis.Api]:
        """What a manifest holds that was rendered on this minor, or before, and that some Kubernetes serves no more."""
        found = (chart.api_on(kind, minor) or apis.find(chart.renders[kind][-1], kind) for kind in self.kinds)
        return frozenset(a for a in found if a is not None and a.removed is not None)

    def own(self, chart: charts.Chart, held: frozenset[apis.Api]) -> frozenset[apis.Api]:
        """What of it comes of the hub's chart. The rest is of charts beside it, or of somebody's own."""
        return frozenset(a for a in held if a.kind in self.kinds and a.api_version in chart.renders[a.kind])


_BUDGETS = ("hub.pdb", "proxy.pdb", "proxy.chp.pdb", "proxy.traefik.pdb", "scheduling.userPlaceholder")
_SWITCHED = {"PriorityClass": "scheduling.podPriority.enabled", "Ingress": "ingress.enabled"}
"""What is off by default, in every release."""


def made(values: Values | None, objects: Iterable[Listed] = ()) -> Made:
    """What a release makes: as its manifest says, or as these values ask for where nobody could see that.

    What neither says is taken to be made.

    Source: templates/*/pdb.yaml and templates/ingress.yaml of the chart, at each tag.
    """
    listed = tuple(objects)
    values = values if values is not None else Values()
    rows = [apis.find(o.api_version, o.kind) for o in listed]
    held = frozenset(a for a in rows if a is not None and a.removed is not None) if listed else None
    kinds = {kind for kind, switch in _SWITCHED.items() if values.enabled(switch)}
    if any(o.kind == "Ingress" and o.name == "jupyterhub" for o in listed):
        # a chart above the hub's may have switched it on
        kinds.add("Ingress")
    if any(o.kind == "Deployment" for o in listed):
        scheduler = any(o.kind == "Deployment" and o.name.endswith("user-scheduler") for o in listed)
        budget = any(o.kind == "PodDisruptionBudget" for o in listed)
    else:
        scheduler = values.enabled("scheduling.userScheduler.enabled", default=True)
        own = scheduler and values.enabled("scheduling.userScheduler.pdb.enabled", default=True)
        # effective values say it of all that their release has
        budget = own or any(values.enabled(f"{b}.enabled", default="proxy" not in b) for b in _BUDGETS)
    return Made(frozenset(kinds | (charts.ALWAYS if budget else set())), scheduler, held)


@dataclass(frozen=True)
class State:
    """A chart on a Kubernetes, with what the stored release holds that will not be served for ever."""

    chart: charts.Chart
    minor: int
    held: frozenset[apis.Api]

    @property
    def lost(self) -> bool:
        """Whether Helm can no longer read the stored release: each upgrade stops at once."""
        return any(not a.served_in(self.minor) for a in self.held)


@dataclass(frozen=True)
class Move:
    """One move; `chart` where Helm makes it, `again` where it renders the same release once more."""

    start: State
    end: State

    @property
    def by_helm(self) -> bool:
        """Whether it is an upgrade of the release, not of the cluster."""
        return self.start.minor == self.end.minor

    @property
    def again(self) -> bool:
        """Whether the same chart is rendered once more."""
        return self.by_helm and self.start.chart is self.end.chart


def begin(chart: charts.Chart, minor: int, made: Made) -> State:
    """The state as it is."""
    return State(chart, minor, made.holds(chart, minor) if made.held is None else made.held)


def find(start: State, goal: int, end: charts.Chart | None, made: Made) -> list[Move] | None:
    """The moves to a Kubernetes, and to a release of the chart or any that works there; None where no way leads there.

    Each major version is gone through where the cluster bears it. The chart goes as early as it can, a release is
    rendered once more as late as it can, and without a chart to go to the chart goes no further than it must.
    """
    through = line(start.chart, end)
    order = count()
    best: dict[State, float] = {start: 0.0}
    came: dict[State, State] = {}
    heap = [(0.0, next(order), start)]
    while heap:
        cost, _, at = heapq.heappop(heap)
        if cost > best[at]:
            continue
        # where it stands may be broken; where it ends may not
        if at.minor == goal and (end is None or at.chart is end) and not made.breaks(at.chart, goal) and not at.lost:
            return list(_back(at, came))
        for to, price in _moves(at, through, goal, made):
            if cost + price < best.get(to, float("inf")):
                best[to] = cost + price
                came[to] = at
                heapq.heappush(heap, (cost + price, next(order), to))
    return None


def _back(at: State, came: dict[State, State]) -> Iterator[Move]:
    if at in came:
        yield from _back(came[at], came)
        yield Move(came[at], at)


def line(chart: charts.Chart, end: charts.Chart | None) -> list[charts.Chart]:
    """The releases to go through: where it stands, the last of each later major version, and the one that is wanted."""
    later = [c for c in charts.table() if c.parsed > chart.parsed and (end is None or c.parsed <= end.parsed)]
    majors = sorted({c.major for c in later if end is None or c.major != end.major} - {chart.major})
    last = [charts.newest_of_major(next(c for c in later if c.major == m)) for m in majors]
    if end is None and charts.newest_of_major(chart).parsed > chart.parsed:
        last.insert(0, charts.newest_of_major(chart))
    return [chart, *last, *([end] if end is not None and end.parsed > chart.parsed else [])]


def _moves(at: State, through: list[charts.Chart], goal: int, made: Made) -> Iterator[tuple[State, float]]:
    here = next((i for i, c in enumerate(through) if c is at.chart), 0)
    for i in range(here + 1, len(through)):
        if not made.breaks(through[i], at.minor):
            skipped = len({c.major for c in through[here + 1 : i]} - {at.chart.major, through[i].major})
            yield State(through[i], at.minor, made.holds(through[i], at.minor)), 10 + 30 * skipped + at.minor / 100
    before, again = made.own(at.chart, at.held), made.holds(at.chart, at.minor)
    if again != before and not made.breaks(at.chart, at.minor):
        yield State(at.chart, at.minor, at.held - before | again), 5 - at.minor / 100
    ahead = State(at.chart, at.minor + 1, at.held)
    if at.minor < goal and not ahead.lost and not made.breaks(at.chart, ahead.minor):
        yield ahead, 1


def why_not(start: State, goal: int, end: charts.Chart | None, made: Made) -> str:
    """Why no way leads there, one sentence without its final full stop."""
    chart, minor = start.chart, start.minor
    if goal < minor:
        return f"Kubernetes cannot go back from 1.{minor} to 1.{goal}"
    if end is not None and end.parsed < chart.parsed:
        return f"chart {end.version} is older than {chart.version}: JupyterHub's database cannot go back"
    if end is not None and goal < end.least_kubernetes:
        stays = "stays at" if goal == minor else "goes to"
        return f"chart {end.version} asks for Kubernetes 1.{end.least_kubernetes}, and the cluster {stays} 1.{goal}"
    if end is not None and (why := made.breaks(end, goal)):
        return f"chart {end.version} does not work on Kubernetes 1.{goal}: {why}"
    if end is None and not any(not made.breaks(c, goal) for c in line(chart, None)):
        return f"no release of the chart from {chart.version} on works on Kubernetes 1.{goal}"
    last = minor
    while last < goal and not made.breaks(chart, last + 1):
        last += 1
    why = made.breaks(chart, last + 1)
    if last == goal:
        ends = min(start.held, key=lambda a: a.removed or 0)
        last, why = (ends.removed or goal) - 1, f"its stored release holds a {ends}"
    return f"chart {chart.version} gets no further than Kubernetes 1.{last} ({why}), and no later release works there"


def named(moves: Iterable[Move]) -> list[str]:
    """Moves as steps of a plan, each by what it goes to: minors of Kubernetes that follow each other are one."""
    found: list[str] = []
    for move in moves:
        if not move.by_helm and found and found[-1].startswith("Kubernetes"):
            found.pop()
        found.append(f"chart {move.end.chart.version}" if move.by_helm else f"Kubernetes 1.{move.end.minor}")
    return found
