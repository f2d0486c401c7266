"""A kube-scheduler that is too old for the cluster: it waits for a list that it will never get."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor import Deployment, Events, Finding, Fix, Hub, Pod, Severity, Spawns, check
from jhubdoctor_checks.api._move import breaks, renders, upgrade_fix
from jhubdoctor_checks.data import apis, charts
from jhubdoctor_checks.facts.api import Listing, SchedulerCalls, Surface

_STOP_GAP = (
    "Until then scheduling.userScheduler.enabled: false hands users to the cluster's own scheduler; servers that are "
    "pending by then must be stopped and started again, since a pod never changes its scheduler. Do not just raise the "
    "tag of the image: rights and configuration go with it."
)


_EXPLAINS = ("user-scheduler-down", "spawn-timeout", "placeholders-pending", "chart-kubernetes-skew")


@check(severity=Severity.ERROR, explains=_EXPLAINS)
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
    failed = [hub.pod_ref(s.pod) for s in lost if _unscheduled(s.pod, s.kind, events)]
    suffer = [p.ref for p in (*(user_scheduler_pods or ()), *waiting, *held)]
    names = ", ".join(map(str, calls.refused))
    if surface.planned:
        says = f"the user-scheduler lists {names}, which {surface} does not serve: no user would be scheduled there"
    else:
        says = f"the user-scheduler lists {names}, which this cluster does not serve, so it schedules nobody"
    yield Finding(
        on=(user_scheduler.ref,),
        says=says,
        evidence=(*_evidence(calls, surface), *((("pod.status", _told(waiting)),) if waiting else ())),
        fix=_fix(hub, calls, surface),
        cause=" ".join(f"{r.api_version}/{r.kind}" for r in calls.refused),
        severity=breaks(surface) if surface.planned else None,
        affects=() if surface.planned else tuple({r.key: r for r in (*suffer, *failed)}.values()),
    )


def _unscheduled(pod: str, kind: str, events: Events | None) -> bool:
    """Whether a failed spawn may be the scheduler's fault: nothing says that its pod was ever placed."""
    return bool(pod) and kind == "start-timeout" and not (events and events.about("Pod", pod, "Scheduled"))


def _told(waiting: list[Pod]) -> str:
    return f"{len(waiting)} user pod{'s' if len(waiting) > 1 else ''} Pending without a node"


def _evidence(calls: SchedulerCalls, surface: Surface) -> Iterator[tuple[str, str]]:
    for r in calls.refused:
        if r.lines:
            what = f"failed to list *{r.api_version.rpartition('/')[2]}.{r.kind}: the server could not find"
            yield "user-scheduler log", f"{what} the requested resource ({r.lines} line{'s' if r.lines > 1 else ''})"
        if r.by_image:
            yield "deployment", f"image {calls.image}: kube-scheduler 1.{calls.minor} lists {r}"
        yield "server", _history(r, surface)
    if not calls.logs:
        yield "note", "its log could not be read; image and server version prove it"


def _history(r: Listing, surface: Surface) -> str:
    api = apis.find(r.api_version, r.kind)
    if api is None or api.removed is None:
        return f"{surface} does not serve {r}"
    instead = f", replaced by {api.replacement}" if api.replacement else ""
    return f"{surface}; {r} was removed in 1.{api.removed}{instead}"


def _fix(hub: Hub, calls: SchedulerCalls, surface: Surface) -> Fix:
    mine = charts.release_of(hub.version) if hub.version is not None else None
    own = mine.scheduler_minor(surface.minor) if mine is not None and surface.minor is not None else None
    fits = mine is not None and surface.minor is not None and not mine.breaks_on(surface.minor)
    if mine is not None and own is not None and calls.minor is not None and own > calls.minor and fits:
        return Fix(
            f"Take scheduling.userScheduler.image out of the values: chart {mine.version} itself ships kube-scheduler "
            f"1.{own}, which fits {surface}. Servers that are pending then go on by themselves.",
            commands=(hub.helm_upgrade,),
        )
    if renders(hub, surface):
        return upgrade_fix(hub, surface, "" if surface.planned else _STOP_GAP)
    return upgrade_fix(hub, surface, repair=not surface.planned)
