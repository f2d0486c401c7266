"""Images whose pull takes longer than a server may take to start."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from jhubdoctor import Evidence, Finding, Fix, Hub, Pod, Ref, Severity, Spawn, Spawns, Values, check
from jhubdoctor_checks.facts.image import Pull, shared

# The chart's default of singleuser.startTimeout, where the values cannot be read.
DEFAULT = 300
# The part of the limit from which on a pull is what takes the time.
MARGIN = 0.5
# The hub's clock and the kubelet's differ a little.
SLACK = timedelta(seconds=60)


@dataclass(frozen=True)
class Slow:
    """One pull that took too long: for which pod, how long at least, and whether the start failed for it."""

    pull: Pull
    ref: Ref
    waited: float
    failed: Spawn | None = None


@check(severity=Severity.ERROR, explains=("spawn-timeout", "spawn-timeline"))
def image_pull_slow(
    hub: Hub, pulls: list[Pull], spawns: Spawns, user_pods: list[Pod], values: Values | None, now: datetime
) -> Iterator[Finding]:
    """An image takes longer to pull than a server may take to start."""
    limit = (values.integer("singleuser.startTimeout") if values is not None else None) or DEFAULT
    alive = {p.name: p for p in user_pods}
    slow: dict[str, list[Slow]] = {}
    for s in spawns.unresolved(now):
        pod = alive.get(s.pod)
        if s.kind == "start-timeout" and s.at is not None and not (pod and pod.ready):
            for pull in pulls:
                waited = (s.at - pull.began).total_seconds()
                # where the pull began late, something else took the time
                if pull.pod == s.pod and _spans(pull, s.started, s.at) and waited >= limit * MARGIN:
                    slow.setdefault(pull.image, []).append(Slow(pull, shared(hub.pod_ref(s.pod)), waited, s))
    told = {x.ref.name for group in slow.values() for x in group}
    for pull in pulls:
        pod = alive.get(pull.pod)
        if pod is None or pod.terminating or pod.name in told or pull.began + SLACK < pod.created:
            continue
        waited = pull.took if pull.took is not None else (now - pull.began).total_seconds()
        running = any(s.state.running for s in pod.status.container_statuses)
        if waited >= limit * MARGIN and not (running and pull.took is None):
            slow.setdefault(pull.image, []).append(Slow(pull, shared(pod.ref), waited))
    for image, found in sorted(slow.items()):
        yield _finding(hub, image, found, pulls, limit, values)


def _spans(pull: Pull, started: datetime | None, failed: datetime) -> bool:
    """Whether a pull began within a start and was not over when that failed."""
    if started is not None and pull.began < started - SLACK:
        return False
    over = pull.began + timedelta(seconds=pull.took) if pull.took is not None else None
    return pull.began < failed and (over is None or over > failed - SLACK)


def _finding(hub: Hub, image: str, found: list[Slow], pulls: list[Pull], limit: int, values: Values | None) -> Finding:
    found.sort(key=lambda x: (-x.waited, x.ref.name))
    worst = found[0]
    failed = [x.failed for x in found if x.failed]
    limit = next((s.limit for s in failed if s.limit), limit)
    whole = max((p.took for p in pulls if p.image == image and p.took is not None), default=None)
    nodes = sorted({x.pull.node for x in found if x.pull.node})
    if failed:
        says = f"{image} was still being pulled when the {limit} seconds for the start of a server were over"
    else:
        part = "longer to pull than" if worst.waited >= limit else "most of"
        says = f"{image} takes {part} the {limit} seconds for the start of a server"
        says += " that the chart gives by default" if values is None else ""
    known = worst.pull.took is not None
    return Finding(
        on=tuple(dict.fromkeys(x.ref for x in found)),
        says=says,
        evidence=(
            Evidence(
                "event",
                f"{worst.ref.name}: {'pulled in' if known else 'still pulling after'} {int(worst.waited)} seconds"
                f"{' on ' + ', '.join(nodes[:3]) if nodes else ''}",
                worst.pull.began,
            ),
            *(
                Evidence("hub log", f"{s.pod}: gave up after {s.limit or limit} seconds", s.at)
                for s in sorted(failed, key=lambda s: s.pod)[:3]
            ),
            *((Evidence("event", f"the longest pull of it took {int(whole)} seconds"),) if whole and not known else ()),
        ),
        fix=_fix(hub, max(whole or 0, worst.waited), limit, values),
        # without the values nobody knows whether it has more time than by default
        severity=None if failed else Severity.INFO if values is None else Severity.WARNING,
        cause=image,
    )


def _fix(hub: Hub, longest: float, limit: int, values: Values | None) -> Fix:
    enough = max(-(-int(longest * 1.5 + 60) // 60) * 60, limit * 2)
    patch: dict[str, Any] = {"singleuser": {"startTimeout": enough}}
    text = f"Give a start {enough} seconds"
    if values is not None and not values.enabled("prePuller.continuous.enabled", default=True):
        patch["prePuller"] = {"continuous": {"enabled": True}}
        text += ", and let the continuous puller bring images to new nodes before users come"
    return Fix(f"{text}; or make the image smaller.", patch, (hub.helm_upgrade,), "The upgrade restarts the hub.")
