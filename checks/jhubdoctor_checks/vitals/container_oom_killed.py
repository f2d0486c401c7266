"""Containers beside the hub's own that were stopped for memory."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    Deployment,
    Evidence,
    Finding,
    Fix,
    Hub,
    Rung,
    Severity,
    check,
    grouped,
    human_bytes,
    nested,
)
from jhubdoctor_checks.facts.containers import Watched
from jhubdoctor_checks.facts.dependents import Dependents
from jhubdoctor_checks.vitals._containers import (
    DAY,
    HOUR,
    WAY_IN,
    cut,
    limit_of,
    needs,
    resources_of,
    shown,
    why,
    workload,
)

# What the hub's log and the Deployment say of these may have other causes at the same rung, or further up.
EXPLAINS = ("proxy-unreachable", "user-scheduler-down", "volume-mount-failed")
_MEBI = 2**20


@check(severity=Severity.ERROR, at=Rung.STARTED, explains=EXPLAINS)
def container_oom_killed(
    hub: Hub, now: datetime, watched: list[Watched], dependents: Dependents, deployments: list[Deployment] | None
) -> Iterator[Finding]:
    """The proxy, or what else runs beside the hub, was stopped because it used more memory than it may."""
    found = [w for w in watched if w.pod.component != "hub" and _killed(w, now)]
    for (_, name), members in grouped(found, lambda w: (w.pod.owner, w.status.name)):
        first = max(members, key=lambda w: (not w.status.ready, w.status.restart_count, w.pod.name))
        limit = limit_of(first)
        yield Finding(
            on=tuple(w.pod.container_ref(name) for w in members),
            says=f"container {name} of {workload(first.pod)} was stopped for memory: {why(first)}",
            evidence=(
                *shown(first),
                Evidence("pod.spec", f"{name}: resources.limits.memory: {human_bytes(limit) if limit else 'not set'}"),
                *needs(dependents, members),
            ),
            fix=_fix(hub, first, limit),
            severity=_severity(members, now),
            cause=f"{workload(first.pod)} {name}",
            affects=cut(dependents, members, deployments, now),
        )


def _killed(w: Watched, now: datetime) -> bool:
    end = w.end
    if end is None or end.reason != "OOMKilled":
        return False
    return not w.status.ready or end.finished_at is None or now - end.finished_at <= DAY


def _severity(members: list[Watched], now: datetime) -> Severity:
    """An error while one does not run, and where the way in was cut within the hour."""
    ends = [w.end.finished_at for w in members if w.end and w.end.finished_at and w.pod.component in WAY_IN]
    cut_off = any(now - at <= HOUR for at in ends)
    return Severity.ERROR if cut_off or not all(w.status.ready for w in members) else Severity.WARNING


def _fix(hub: Hub, w: Watched, limit: int) -> Fix:
    where = resources_of(w) if hub.z2jh else ""
    more = human_bytes(max(2 * limit, 256 * _MEBI))
    describe = hub.kubectl(f"describe pod {w.pod.name}")
    if not where:
        return Fix(f"Give {workload(w.pod)} more memory where it is defined.", commands=(describe,))
    restarts = "This restarts it, and the hub; connections of users are cut for a moment."
    if limit:
        text = f"Raise its memory limit to {more} ({where}.limits.memory)."
        return hub.values_fix(text, nested(f"{where}.limits.memory", more), describe, caution=restarts)
    text = f"The node ran out of memory: request what it needs ({where}.requests.memory), so that others go first."
    return hub.values_fix(text, nested(f"{where}.requests.memory", more), describe, caution=restarts)
