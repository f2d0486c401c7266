"""What stops with the controller-manager and with the scheduler, and who waits for them."""

from __future__ import annotations

from datetime import datetime

from jhubdoctor.api import (
    DaemonSet,
    Deployment,
    Hub,
    Lease,
    PersistentVolumeClaim,
    Pod,
    Ref,
    Spawns,
    StatefulSet,
)
from jhubdoctor_checks.facts.control_plane import DEFAULT_SCHEDULER, SCHEDULER

Workload = Deployment | StatefulSet | DaemonSet


def stopped(lease: Lease) -> str:
    """What does not happen any more."""
    if lease.name == SCHEDULER:
        return "no pod is placed on a node that asks for no scheduler of its own"
    return "no pod is made anew, no claim gets its volume, and no Service learns of new pods"


def waiting(
    hub: Hub,
    lease: Lease,
    workloads: list[Workload],
    pods: list[Pod],
    claims: list[PersistentVolumeClaim],
    spawns: Spawns | None,
    now: datetime,
) -> tuple[Ref, ...]:
    """Who waits for it: pods without a node; or what has fewer pods than it should, and claims without a volume."""
    if lease.name == SCHEDULER:
        return tuple(p.ref for p in pods if p.phase == "Pending" and not p.node and _asks_default(p))
    short = [w for w in workloads if _wanted(w) > sum(p.owner == f"{w.KIND}/{w.name}" for p in pods)]
    unbound = {c.name for c in claims if c.status.phase != "Bound"}
    gone = [s.pod for s in (spawns.unresolved(now, hours=1) if spawns is not None else ()) if s.pod]
    there = {p.name for p in pods}
    return (
        *((hub.release_ref,) if short else ()),
        *(w.ref for w in short),
        *(c.ref for c in claims if c.name in unbound),
        *(p.ref for p in pods if p.phase == "Pending" and unbound & set(p.spec.claims)),
        *(hub.pod_ref(name) for name in dict.fromkeys(gone) if unbound and name not in there),
    )


def _asks_default(pod: Pod) -> bool:
    return pod.spec.scheduler_name in {"", DEFAULT_SCHEDULER}


def _wanted(workload: Workload) -> int:
    if isinstance(workload, DaemonSet):
        return workload.status.desired_number_scheduled
    return workload.spec.replicas
