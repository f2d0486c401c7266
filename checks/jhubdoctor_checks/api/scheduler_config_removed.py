"""A configuration of the user-scheduler that its own kube-scheduler does not read any more."""

from collections.abc import Iterator

from jhubdoctor.api import Deployment, Finding, Fix, Hub, Pod, Rung, Severity, check
from jhubdoctor_checks.data import charts, scheduler
from jhubdoctor_checks.facts.api import Surface
from jhubdoctor_checks.facts.scheduler_setup import SchedulerSetup, image_minor


@check(severity=Severity.ERROR, at=Rung.GIVEN, stops=Rung.BOUND)
def scheduler_config_removed(
    hub: Hub,
    user_scheduler: Deployment,
    scheduler_setup: SchedulerSetup,
    surface: Surface,
    user_scheduler_pods: list[Pod] | None,
    pending_user_pods: list[Pod] | None,
) -> Iterator[Finding]:
    """The user-scheduler's configuration or lock is of a version that its image does not know, so it ends at start."""
    minor, setup = image_minor(user_scheduler), scheduler_setup
    if minor is None:
        return
    wrong = []
    if setup.configuration and not scheduler.reads_configuration(minor, setup.configuration):
        kind = "a Policy" if setup.configuration == "policy" else f"kubescheduler.config.k8s.io/{setup.configuration}"
        wrong.append(("configuration", kind))
    if setup.lock and not scheduler.takes_lock(minor, setup.lock):
        wrong.append(("lock", f"the lock {setup.lock}"))
    if not wrong:
        return
    waiting = [p.ref for p in pending_user_pods or [] if p.spec.scheduler_name not in {"", "default-scheduler"}]
    yield Finding(
        on=(user_scheduler.ref,),
        says=f"kube-scheduler 1.{minor} does not take {' and '.join(text for _, text in wrong)}, and ends at start",
        evidence=(
            ("deployment", f"image {user_scheduler.spec.template.spec.containers[0].image}"),
            *((setup.source, text) for _, text in wrong),
        ),
        fix=_fix(hub, surface, minor),
        cause=" ".join(word for word, _ in wrong),
        affects=(*(p.ref for p in user_scheduler_pods or []), *waiting),
    )


def _fix(hub: Hub, surface: Surface, minor: int) -> Fix:
    chart = charts.release_of(hub.version) if hub.version is not None else None
    own = chart.scheduler_minor(surface.minor) if chart is not None and surface.minor is not None else None
    more = "its configuration is the chart's own and fits what it ships"
    if chart is not None and own is not None and own != minor and not chart.breaks_on(surface.minor or 0):
        return Fix(
            f"Take scheduling.userScheduler.image out of the values; chart {chart.version} ships 1.{own}: {more}.",
            commands=(hub.helm_upgrade,),
        )
    return Fix(
        f"Take scheduling.userScheduler.image and .plugins out of the values and upgrade the chart: {more}.",
        commands=(hub.helm_upgrade,),
    )
