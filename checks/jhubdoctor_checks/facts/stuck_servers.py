"""Pods of users' servers that do not become ready."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from jhubdoctor.api import Events, Evidence, Hub, Pod, clean, fact
from jhubdoctor_checks.facts.starts import START_TIMEOUT, Starts

# The first minutes of a pod: these reasons say that it is being made.
_BEING_MADE = {"", "ContainerCreating", "PodInitializing"}
_PATIENCE = timedelta(minutes=2)
_RECENT = timedelta(minutes=10)


@dataclass(frozen=True)
class Stuck:
    """A pod of a user's server that does not become ready.

    Attributes:
        pod: it.
        minutes: for how long.
        late: whether the hub would have given up on it.
        evidence: what shows it.
    """

    pod: Pod
    minutes: int
    late: bool
    evidence: tuple[Evidence, ...]


@fact(passes_only_with=("events",))
def stuck_servers(
    hub: Hub, user_pods: list[Pod], events: Events | None, starts: Starts | None, now: datetime
) -> list[Stuck]:
    """Pods of the hub's namespace that are not ready longer than a start may take, or for minutes and something fails.

    Oldest first. Those in namespaces of users are told by themselves: of these not all events are read.
    """
    here = (p for p in user_pods if p.namespace == hub.namespace)
    return stuck(here, events, starts.limit if starts is not None else START_TIMEOUT, now)


def stuck(pods: Iterable[Pod], events: Events | None, limit: int, now: datetime) -> list[Stuck]:
    """Those of these pods, where a start may take `limit` seconds."""
    found = []
    for pod in pods:
        if pod.ready or pod.terminating or pod.finished:
            continue
        since = pod.unready_since
        waited = now - max(since, pod.created)
        late = waited > timedelta(seconds=limit + 60)
        signs = list(_signs(pod, now, events))
        if late or (waited > _PATIENCE and signs):
            state = Evidence("pod.status", f"{pod.name}: {pod.phase or 'no phase'}, not Ready", since)
            found.append(Stuck(pod, int(waited.total_seconds() // 60), late, (state, *signs[:1])))
    return sorted(found, key=lambda s: (-s.minutes, s.pod.name))


def _signs(pod: Pod, now: datetime, events: Events | None) -> Iterator[Evidence]:
    """What says that it is more than slow."""
    about = events.about("Pod", pod.name) if events is not None else []
    scaling = any(e.reason == "TriggeredScaleUp" for e in about)
    for s in pod.statuses():
        waiting = s.state.waiting
        if waiting is not None and waiting.reason not in _BEING_MADE:
            yield Evidence("pod.status", f"{s.name} waits: {waiting.reason}")
        end = s.state.terminated
        if end is not None and end.exit_code:
            yield Evidence("pod.status", f"{s.name} ended with exit code {end.exit_code}", end.finished_at)
    for e in about:
        if e.type == "Warning" and now - e.at <= _RECENT and not (scaling and e.reason == "FailedScheduling"):
            yield Evidence("event", f"{e.reason}: {clean(e.message, 300)}", e.at)
    placed = pod.condition("PodScheduled")
    # without events nobody can see whether a node is coming
    if placed is not None and placed.status == "False" and not scaling and events is not None:
        yield Evidence("pod.status", f"PodScheduled: {placed.reason}: {clean(placed.message, 300)}")
