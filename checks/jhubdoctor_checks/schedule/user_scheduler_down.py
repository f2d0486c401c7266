"""Pods that wait for a scheduler that does not work, or is not there."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Deployment, Events, Finding, Hub, Lease, Pod, PodLog, Rung, Severity, Spawns, check
from jhubdoctor_checks.facts.hub_graph import served_by
from jhubdoctor_checks.schedule._scheduler import (
    complaint,
    lost_ready_at,
    mesh_of,
    signs,
    states,
    timed_out,
    untouched,
    waiting_for,
    waiting_words,
)
from jhubdoctor_checks.schedule._user_scheduler_down import nobody, repair

_DEFAULT = "default-scheduler"
# A rollout may take a moment.
STARTING = 180


@check(
    severity=Severity.ERROR, at=Rung.UP, stops=Rung.BOUND, symptom=True, complete=("deployments", "user_scheduler_pods")
)
def user_scheduler_down(
    hub: Hub,
    deployments: list[Deployment],
    user_scheduler: Deployment | None,
    user_scheduler_pods: list[Pod],
    user_pods: list[Pod],
    placeholder_pods: list[Pod],
    events: Events,
    leases: list[Lease] | None,
    user_scheduler_logs: list[PodLog] | None,
    spawns: Spawns | None,
    now: datetime,
) -> Iterator[Finding]:
    """No user's pod is placed, because the scheduler that it asks for does not work or does not exist."""
    waiting = [*user_pods, *placeholder_pods]
    idle = [p for p in waiting if untouched(p, events, now)]
    d = user_scheduler
    if d is not None and d.spec.replicas:
        members = waiting_for(hub, waiting, d)
        down = d.status.ready_replicas == 0 and (now - lost_ready_at(d)).total_seconds() >= STARTING
        stuck = [p for p in idle if served_by(hub, p.spec.scheduler_name, d)]
        if down or stuck:
            ends = "is not ready" if down else "is ready, but has not looked at any pod that waits"
            lost = timed_out(hub, spawns, events, now)
            message = complaint(user_scheduler_logs)
            # a sidecar alone proves nothing: schedulers run beside one, unless it keeps them from the API server
            sidecar, keeps_out = mesh_of(user_scheduler_pods) if "dial tcp" in message else ("", "")
            yield Finding(
                on=(d.ref,),
                says=f"the user-scheduler {ends}: {waiting_words(len(members), len(lost))}",
                evidence=(
                    ("deployment", f"status.readyReplicas: {d.status.ready_replicas} of {d.spec.replicas}"),
                    *(("pod.status", s) for s in states(d, user_scheduler_pods)[:4]),
                    *signs(stuck, leases, d, now),
                    ("user-scheduler log", message) if message else None,
                    ("pod.spec", f"the container {sidecar} of a service mesh") if sidecar else None,
                ),
                fix=repair(hub, d, keeps_out, down=down),
                cause="not-ready" if down else "not-scheduling",
                affects=tuple(dict.fromkeys((*(p.ref for p in (*user_scheduler_pods, *members)), *lost))),
            )
    served = [x for x in deployments if x.component == "user-scheduler" and x.spec.replicas]
    for name in sorted({p.spec.scheduler_name for p in idle} - {"", _DEFAULT}):
        left = sorted((p for p in idle if p.spec.scheduler_name == name), key=lambda p: p.name)
        if not any(served_by(hub, name, s) for s in served):
            yield nobody(hub, name, left, d)
