"""What stops with the controller-manager and with the scheduler, and who waits for them."""

from __future__ import annotations

from datetime import datetime

from jhubdoctor.api import Hub, Lease, Pod, Ref
from jhubdoctor_checks.facts.around import Around
from jhubdoctor_checks.facts.control_plane import DEFAULT_SCHEDULER, SCHEDULER
from jhubdoctor_checks.facts.workloads import wanted


def stopped(lease: Lease) -> str:
    """What does not happen any more."""
    if lease.name == SCHEDULER:
        return "no pod is placed on a node that asks for no scheduler of its own"
    return "no pod is made anew, no claim gets its volume, and no Service learns of new pods"


def waiting(hub: Hub, lease: Lease, around: Around, now: datetime) -> tuple[Ref, ...]:
    """Who waits for it: pods without a node; or what has fewer pods than it should, and claims without a volume."""
    pods, claims = around.pods, around.claims
    if lease.name == SCHEDULER:
        return tuple(p.ref for p in pods if p.phase == "Pending" and not p.node and _asks_default(p))
    short = [w for w in around.workloads if wanted(w) > sum(p.owner == f"{w.KIND}/{w.name}" for p in pods)]
    unbound = {c.name for c in claims if c.status.phase != "Bound"}
    there = {p.name for p in pods}
    return (
        *((hub.release_ref,) if short else ()),
        *(w.ref for w in short),
        *(c.ref for c in claims if c.name in unbound),
        *(p.ref for p in pods if p.phase == "Pending" and unbound & set(p.spec.claims)),
        *(hub.pod_ref(name) for name in around.not_made(now) if unbound and name not in there),
    )


def _asks_default(pod: Pod) -> bool:
    return pod.spec.scheduler_name in {"", DEFAULT_SCHEDULER}
