"""The way of an upgrade: releases of the chart and minors of Kubernetes in turns, so that every state on it works."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from jhubdoctor.api import Values
from jhubdoctor_checks.data import apis, charts


@dataclass(frozen=True)
class Made:
    """What a release makes with its values, of that which ties a chart to some Kubernetes.

    Attributes:
        budget: whether it makes a PodDisruptionBudget.
        scheduler: whether it runs the chart's kube-scheduler.
        priority: whether it makes PriorityClasses.
        held: what of its manifest some Kubernetes serves no more; None where nobody could see the manifest.
    """

    budget: bool = True
    scheduler: bool = True
    priority: bool = False
    held: frozenset[apis.Api] | None = None

    def breaks(self, chart: charts.Chart, minor: int) -> str:
        """Why a chart does not work on a Kubernetes with these values; empty where nothing is known against it."""
        return chart.breaks_on(minor, budget=self.budget, scheduler=self.scheduler, priority=self.priority)

    def holds(self, chart: charts.Chart, minor: int) -> frozenset[apis.Api]:
        """What a manifest holds that was rendered on this minor, and that some Kubernetes serves no more."""
        made = chart.budget_on(minor) if self.budget else None
        return frozenset([made] if made is not None and made.removed is not None else [])


_BUDGETS = ("hub.pdb", "proxy.pdb", "proxy.chp.pdb", "proxy.traefik.pdb", "scheduling.userPlaceholder")


def asked(values: Values | None, held: frozenset[apis.Api] | None = None) -> Made:
    """What a release makes whose values are these; what they do not say is taken to be made.

    Source: templates/*/pdb.yaml of the chart, at each tag.
    """
    if values is None:
        return Made(held=held)
    scheduler = values.enabled("scheduling.userScheduler.enabled", default=True)
    own = scheduler and values.enabled("scheduling.userScheduler.pdb.enabled", default=True)
    # effective values say it of all that their release has
    others = any(values.enabled(f"{b}.enabled", default="proxy" not in b) for b in _BUDGETS)
    return Made(own or others, scheduler, values.enabled("scheduling.podPriority.enabled"), held)


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
    again = made.holds(at.chart, at.minor)
    # with one version alone a chart makes the same again
    if len(at.chart.budget) > 1 and again != at.held and not made.breaks(at.chart, at.minor):
        yield State(at.chart, at.minor, again), 5 - at.minor / 100
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
    why = made.breaks(chart, last + 1) or "its stored release holds what is not served from there on"
    return f"chart {chart.version} gets no further than Kubernetes 1.{last} ({why}), and no later release works there"
