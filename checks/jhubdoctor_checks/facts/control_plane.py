"""Who makes pods and places them: the controller-manager and the scheduler of the cluster, by their leases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from jhubdoctor.api import Events, Lease, Look, Pod, fact

STALE = timedelta(minutes=3)
"""A lease runs out after fifteen seconds; so long nobody has taken it."""
FRESH = timedelta(minutes=2)
NAMESPACE = "kube-system"
CONTROLLERS, SCHEDULER = "kube-controller-manager", "kube-scheduler"
DEFAULT_SCHEDULER = "default-scheduler"
# what of the pods only the controller-manager makes
_MADE = frozenset({"ReplicaSet", "DaemonSet", "StatefulSet", "Job"})


@dataclass(frozen=True)
class Silent:
    """Leases that nobody renews.

    Attributes:
        leases: of the controller-manager, of the scheduler.
        others: a lease that is renewed meanwhile: the API server takes what is written.
    """

    leases: tuple[Lease, ...] = ()
    others: Lease | None = None


@fact("leases")
def control_plane_leases(look: Look) -> list[Lease]:
    """The Leases of kube-system: of the control plane, where it shows itself, and of others."""
    return look.list("leases", NAMESPACE)


@fact()
def silent_control_plane(
    control_plane_leases: list[Lease],
    leases: list[Lease] | None,
    pods: list[Pod] | None,
    user_pods: list[Pod] | None,
    events: Events | None,
    now: datetime,
) -> Silent:
    """The controller-manager and the scheduler, where nobody holds the lease and nothing shows that one works.

    While all leases are old the API server takes no writes, or what is read was written down long ago: then it is none
    of these two.
    """
    every = [x for x in (*control_plane_leases, *(leases or ())) if x.spec.renew_time is not None]
    others = [x for x in every if now - (x.spec.renew_time or now) <= FRESH]
    if not others:
        return Silent()
    old = [
        x
        for x in control_plane_leases
        if x.name in {CONTROLLERS, SCHEDULER}
        and (at := x.spec.renew_time) is not None
        and now - at > STALE
        and not _works(x.name, at + FRESH, [*(pods or ()), *(user_pods or ())], events)
    ]
    return Silent(tuple(sorted(old, key=lambda x: x.name)), others[0])


def _works(name: str, since: datetime, pods: list[Pod], events: Events | None) -> bool:
    """Whether something shows that it worked since: one that needs no lease, as a single one may be told."""
    if name == SCHEDULER:
        placed = [p.condition("PodScheduled") for p in pods if p.spec.scheduler_name in {"", DEFAULT_SCHEDULER}]
        decisions = events.of("Scheduled", "FailedScheduling") if events is not None else []
        return any(c is not None and c.last_transition_time and c.last_transition_time > since for c in placed) or any(
            DEFAULT_SCHEDULER in {e.reporting_component, e.source.component} and e.at > since for e in decisions
        )
    made = [p for p in pods if any(o.kind in _MADE for o in p.metadata.owner_references)]
    return any(p.created > since for p in made)
