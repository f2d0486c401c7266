"""A user-scheduler of which no pod leads."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    Deployment,
    Events,
    Finding,
    Fix,
    Hub,
    Lease,
    NotApplicable,
    Pod,
    PodLog,
    Rung,
    Severity,
    Spawns,
    check,
)
from jhubdoctor_checks.schedule._scheduler import (
    LEASE_STALE,
    complaint,
    lease_of,
    silence,
    timed_out,
    unwritten,
    waiting_for,
)


# Where it stops a scheduler that is ready, that pods wait for it is the consequence.
# the same rung: that nobody holds the lease is why a scheduler that runs is down
@check(severity=Severity.ERROR, at=Rung.UP, stops=Rung.BOUND, symptom=True, explains=("user-scheduler-down",))
def user_scheduler_lease_stale(
    hub: Hub,
    user_scheduler: Deployment,
    user_scheduler_pods: list[Pod],
    leases: list[Lease],
    user_scheduler_logs: list[PodLog] | None,
    user_pods: list[Pod] | None,
    placeholder_pods: list[Pod] | None,
    events: Events | None,
    spawns: Spawns | None,
    now: datetime,
) -> Iterator[Finding]:
    """The user-scheduler runs, but none of its pods holds the lease, so nobody schedules."""
    d = user_scheduler
    ready = [p for p in user_scheduler_pods if p.ready and (now - p.created).total_seconds() > LEASE_STALE]
    if hub.at_least("3.0.0") is not True:
        # a Lease of that name would be a leftover
        raise NotApplicable("charts before 3.0 keep this lock in Endpoints")
    if unwritten(spawns):
        raise NotApplicable("the API server takes no writes from anybody, so the lease tells nothing of this scheduler")
    lease = lease_of(leases, d)
    late = silence(lease, now) if lease is not None else None
    if not ready or lease is None or late is None or late <= LEASE_STALE:
        return
    yield Finding(
        on=(d.ref,),
        says=f"no pod of the user-scheduler leads: its lease was last renewed {int(late // 60)} minutes ago",
        evidence=(
            ("lease", f"{lease.name}: held by {lease.spec.holder_identity or 'nobody'}", lease.spec.renew_time),
            ("pod.status", f"{len(ready)} pods are ready"),
            ("user-scheduler log", message) if (message := complaint(user_scheduler_logs)) else None,
        ),
        fix=Fix(
            "Restart it; if the lease stays old, its log tells what keeps it from the API server.",
            commands=(
                hub.kubectl(f"logs deployment/{d.name} --tail=50"),
                hub.kubectl(f"rollout restart deployment/{d.name}"),
            ),
            caution="Users' servers keep running.",
        ),
        affects=tuple(
            dict.fromkeys(
                (
                    *(p.ref for p in user_scheduler_pods),
                    *(p.ref for p in waiting_for(hub, [*(user_pods or ()), *(placeholder_pods or ())], d)),
                    *(timed_out(hub, spawns, events, now) if events else ()),
                )
            )
        ),
    )
