"""A chart, or a user-scheduler, that is of another time than the cluster."""

from collections.abc import Iterator

from jhubdoctor.api import Deployment, Finding, Fix, Hub, NotApplicable, Pod, Rung, ServerVersion, Severity, check
from jhubdoctor_checks.api._move import subject, upgrade_fix
from jhubdoctor_checks.api._scheduler import not_yet, own_image, shipped_by_better, without_rights
from jhubdoctor_checks.data import charts
from jhubdoctor_checks.facts.api import Surface
from jhubdoctor_checks.facts.scheduler_setup import Missing, image_minor


@check(severity=Severity.ERROR, stops=Rung.BOUND)
def chart_kubernetes_skew(
    hub: Hub,
    surface: Surface,
    server_version: ServerVersion,
    scheduler_rights: Missing,
    user_scheduler: Deployment | None,
    user_scheduler_pods: list[Pod] | None,
    pending_user_pods: list[Pod] | None,
) -> Iterator[Finding]:
    """The chart asks for a newer cluster, or the user-scheduler is too new for the cluster or for its rights."""
    if surface.minor is None:
        raise NotApplicable(f"the server does not tell its version ({server_version})")
    row = charts.release_of(hub.version) if hub.version is not None else None
    if row is not None and surface.minor < row.least_kubernetes:
        yield Finding(
            on=(subject(hub),),
            says=f"chart {row.version} asks for Kubernetes 1.{row.least_kubernetes} or later, and this is {surface}",
            evidence=(
                ("deployment", f"label chart: jupyterhub-{hub.chart}"),
                ("chart", f"kubeVersion: >=1.{row.least_kubernetes}"),
            ),
            fix=Fix("Upgrade the cluster before the next `helm upgrade`, which Helm would refuse."),
            cause="kubeVersion",
            severity=Severity.WARNING,
        )
    minor = image_minor(user_scheduler) if user_scheduler is not None else None
    if user_scheduler is None or minor is None:
        return
    image = ("deployment", f"image {user_scheduler.spec.template.spec.containers[0].image}")
    waiting = [p.ref for p in pending_user_pods or [] if p.spec.scheduler_name not in {"", "default-scheduler"}]
    suffer = () if surface.planned else (user_scheduler.ref, *(p.ref for p in user_scheduler_pods or []), *waiting)
    early = not_yet(minor, surface)
    if early:
        yield Finding(
            on=(user_scheduler.ref,),
            says=f"the user-scheduler is kube-scheduler 1.{minor}, which is too new for {surface}: it schedules nobody",
            evidence=(image, *(("server", f"{surface} does not serve {a} yet (1.{a.introduced} does)") for a in early)),
            fix=own_image(hub, surface),
            cause="too-new",
            affects=suffer,
        )
    elif scheduler_rights.rights and not surface.planned:
        yield without_rights(hub, surface, user_scheduler.ref, image, scheduler_rights, suffer)
    ships = shipped_by_better(surface)
    if surface.minor - minor > 1 and ships is not None and ships > minor and not surface.planned:
        yield Finding(
            on=(user_scheduler.ref,),
            says=f"the user-scheduler is kube-scheduler 1.{minor}, {surface.minor - minor} minors behind {surface}",
            evidence=(image, ("server", f"{surface}; Kubernetes supports a scheduler that is one minor behind")),
            fix=upgrade_fix(hub, surface),
            cause="old",
            severity=Severity.INFO,
        )
