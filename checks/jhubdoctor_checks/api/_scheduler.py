"""What shows that a kube-scheduler is too old for its cluster, and what helps."""

from collections.abc import Iterator

from jhubdoctor.api import Events, Finding, Fix, Hub, Ref
from jhubdoctor_checks.api._move import fitting, made, upgrade_fix
from jhubdoctor_checks.data import apis, charts, scheduler
from jhubdoctor_checks.facts.api import Listing, SchedulerCalls, Surface
from jhubdoctor_checks.facts.scheduler_setup import Missing, shipped_minor

_STOP_GAP = (
    "Until then scheduling.userScheduler.enabled: false hands users to the cluster's own scheduler; servers that are "
    "pending by then must be stopped and started again, since a pod never changes its scheduler. Do not just raise the "
    "tag of the image: rights and configuration go with it."
)


def unscheduled(pod: str, kind: str, events: Events | None) -> bool:
    """Whether a failed spawn may be the scheduler's fault: nothing says that its pod was ever placed."""
    return bool(pod) and kind == "start-timeout" and not (events and events.about("Pod", pod, "Scheduled"))


def evidence(calls: SchedulerCalls, surface: Surface) -> Iterator[tuple[str, str]]:
    """What it lists that the server does not serve, by its log and by its image."""
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


def newer(hub: Hub, calls: SchedulerCalls, surface: Surface) -> Fix:
    """A kube-scheduler that fits: the chart's own, or that of a chart that fits."""
    chart = charts.release_of(hub.version) if hub.version is not None else None
    own = chart.scheduler_minor(surface.minor) if chart is not None and surface.minor is not None else None
    fits = chart is not None and surface.minor is not None and not made(hub).breaks(chart, surface.minor)
    if chart is not None and own is not None and calls.minor is not None and own > calls.minor and fits:
        return Fix(
            f"Take scheduling.userScheduler.image out of the values: chart {chart.version} itself ships kube-scheduler "
            f"1.{own}, which fits {surface}. Servers that are pending then go on by themselves.",
            commands=(hub.helm_upgrade,),
        )
    blocked = surface.planned or (hub.installed is not None and hub.installed.blocked)
    return upgrade_fix(hub, surface, "" if blocked else _STOP_GAP)


def not_yet(minor: int, surface: Surface) -> list[apis.Api]:
    """What a kube-scheduler of this minor lists and the server does not serve yet."""
    return [
        a
        for a in scheduler.lists(minor)
        if surface.too_early(a.api_version, a.kind) and surface.serves(a.api_version, a.kind) is False
    ]


def own_image(hub: Hub, surface: Surface) -> Fix:
    """Back to the kube-scheduler that the chart ships."""
    shipped = shipped_minor(hub, surface)
    own = f"the chart's own, 1.{shipped}" if shipped is not None else "the chart's own"
    return Fix(
        f"Take scheduling.userScheduler.image out of the values, so that the kube-scheduler is {own}.",
        commands=(hub.helm_upgrade,),
    )


def shipped_by_better(surface: Surface) -> int | None:
    """The minor of the kube-scheduler that the chart ships which fits best."""
    better = fitting(surface)
    return better.scheduler_minor(surface.minor) if better is not None and surface.minor is not None else None


def without_rights(
    hub: Hub, surface: Surface, on: Ref, image: tuple[str, str], missing: Missing, suffer: tuple[Ref, ...]
) -> Finding:
    """It may not list what its release needs."""
    names = ", ".join(f"{resource}.{group}" if group else resource for group, resource in missing.rights)
    if missing.seen == "log":
        seen = ("user-scheduler log", f'"is forbidden": it cannot list {names}')
    else:
        seen = ("clusterrole", f"{missing.seen} does not allow to list {names}")
    return Finding(
        on=(on,),
        says=f"the user-scheduler may not list {names}, which it waits for, so it schedules nobody",
        evidence=(image, seen),
        fix=own_image(hub, surface),
        cause="rights",
        affects=suffer,
    )
