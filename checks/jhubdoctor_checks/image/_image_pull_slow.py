"""Pulls that take so long that servers do not start in time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from jhubdoctor.api import Fix, Hub, Pod, Ref, Spawn, Spawns, Values
from jhubdoctor_checks.facts.image import Pull, shared

# The part of the limit from which on a pull is what takes the time.
MARGIN = 0.5
# The hub's clock and the kubelet's differ a little.
SLACK = timedelta(seconds=60)


@dataclass(frozen=True)
class Slow:
    """One pull that took too long.

    Attributes:
        pull: the pull.
        ref: the pod that it was for.
        waited: how long it took, at least.
        failed: the start that failed for it, None where none did.
    """

    pull: Pull
    ref: Ref
    waited: float
    failed: Spawn | None = None


def slow_pulls(
    hub: Hub, pulls: list[Pull], spawns: Spawns, user_pods: list[Pod], limit: int, now: datetime
) -> Iterator[Slow]:
    """The pulls that took a large part of the limit: those for which starts failed, then those of pods that wait."""
    alive = {p.name: p for p in user_pods}
    reported = set()
    for s in spawns.unresolved(now):
        pod = alive.get(s.pod)
        if s.kind != "start-timeout" or s.at is None or (pod and pod.ready):
            continue
        for pull in pulls:
            waited = (s.at - pull.began).total_seconds()
            # where the pull began late, something else took the time
            if pull.pod == s.pod and _spans(pull, s.started, s.at) and waited >= limit * MARGIN:
                reported.add(s.pod)
                yield Slow(pull, shared(hub.pod_ref(s.pod)), waited, s)
    for pull in pulls:
        pod = alive.get(pull.pod)
        if pod is None or pod.terminating or pod.name in reported or pull.began + SLACK < pod.created:
            continue
        waited = pull.took if pull.took is not None else (now - pull.began).total_seconds()
        running = any(s.state.running for s in pod.status.container_statuses)
        if waited >= limit * MARGIN and not (running and pull.took is None):
            yield Slow(pull, shared(pod.ref), waited)


def _spans(pull: Pull, started: datetime | None, failed: datetime) -> bool:
    """Whether a pull began within a start and was not over when that failed."""
    if started is not None and pull.began < started - SLACK:
        return False
    over = pull.began + timedelta(seconds=pull.took) if pull.took is not None else None
    return pull.began < failed and (over is None or over > failed - SLACK)


def more_time(hub: Hub, longest: float, limit: int, values: Values | None) -> Fix:
    """A limit in which the longest pull ends, and images that are there before users come."""
    enough = max(-(-int(longest * 1.5 + 60) // 60) * 60, limit * 2)
    patch: dict[str, Any] = {"singleuser": {"startTimeout": enough}}
    text = f"Give a start {enough} seconds"
    if values is not None and not values.enabled("prePuller.continuous.enabled", default=True):
        patch["prePuller"] = {"continuous": {"enabled": True}}
        text += ", and let the continuous puller bring images to new nodes before users come"
    return Fix(
        f"{text}, as shown; or make the image smaller: then nobody waits that long.",
        patch,
        (hub.helm_upgrade,),
        "The upgrade restarts the hub.",
    )
