"""A kube-scheduler that is too old for the cluster: it waits for a list that it will never get."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Deployment, Events, Finding, Hub, Pod, Rung, Severity, Spawns, check
from jhubdoctor_checks.api._move import breaks
from jhubdoctor_checks.api._scheduler import evidence, newer, unscheduled
from jhubdoctor_checks.facts.api import SchedulerCalls, Surface


# a fact of versions, which fails at no rung: it says of the same scheduler less exactly what this says
@check(severity=Severity.ERROR, at=Rung.GIVEN, stops=Rung.BOUND, explains=("chart-kubernetes-skew",))
def user_scheduler_removed_api(
    hub: Hub,
    user_scheduler: Deployment,
    user_scheduler_calls: SchedulerCalls,
    surface: Surface,
    now: datetime,
    user_scheduler_pods: list[Pod] | None,
    pending_user_pods: list[Pod] | None,
    placeholder_pods: list[Pod] | None,
    spawns: Spawns | None,
    events: Events | None,
) -> Iterator[Finding]:
    """The user-scheduler lists an API that the cluster does not serve any more, and schedules nobody."""
    calls = user_scheduler_calls
    if not calls.refused:
        return
    waiting = [p for p in pending_user_pods or [] if p.spec.scheduler_name not in {"", "default-scheduler"}]
    held = [p for p in placeholder_pods or [] if p.phase == "Pending" and not p.node]
    lost = spawns.unresolved(now) if spawns else []
    failed = [hub.pod_ref(s.pod) for s in lost if unscheduled(s.pod, s.kind, events)]
    suffer = [p.ref for p in (*(user_scheduler_pods or ()), *waiting, *held)]
    names = ", ".join(map(str, calls.refused))
    if surface.planned:
        says = f"the user-scheduler lists {names}, which {surface} does not serve: no user would be scheduled there"
    else:
        says = f"the user-scheduler lists {names}, which this cluster does not serve, so it schedules nobody"
    yield Finding(
        on=(user_scheduler.ref,),
        says=says,
        evidence=(*evidence(calls, surface), ("pod.status", _affected(waiting)) if waiting else None),
        fix=newer(hub, calls, surface),
        cause=" ".join(f"{r.api_version}/{r.kind}" for r in calls.refused),
        severity=breaks(hub, surface) if surface.planned else None,
        affects=() if surface.planned else tuple({r.key: r for r in (*suffer, *failed)}.values()),
    )


def _affected(waiting: list[Pod]) -> str:
    return f"{len(waiting)} user pod{'s' if len(waiting) > 1 else ''} Pending without a node"
