"""A user-scheduler without the rights that its release of kube-scheduler needs."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Deployment, Finding, Fix, Hub, Pod, PodLog, Rung, Severity, Values, check
from jhubdoctor_checks.data.components import rights_key
from jhubdoctor_checks.facts.hub_graph import served_by
from jhubdoctor_checks.schedule._user_scheduler_forbidden import refused_lists, why

# Right after an install the rights may come a moment after the pod.
OFTEN = 3


# a fact of versions, which fails at no rung: it says of the same scheduler less exactly what this says
@check(severity=Severity.ERROR, at=Rung.GIVEN, stops=Rung.BOUND, explains=("chart-kubernetes-skew",))
def user_scheduler_forbidden(
    hub: Hub,
    user_scheduler: Deployment,
    user_scheduler_logs: list[PodLog],
    user_scheduler_pods: list[Pod],
    pending_user_pods: list[Pod],
    placeholder_pods: list[Pod],
    values: Values | None,
    now: datetime,
) -> Iterator[Finding]:
    """The user-scheduler may not list what its release needs to know, so it never begins to schedule."""
    times, users = refused_lists(user_scheduler_logs, now)
    refused = sorted(name for name, n in times.items() if n >= OFTEN)
    if not refused:
        return
    images = ", ".join(c.image for c in user_scheduler.spec.template.spec.containers)
    created = values is None or values.enabled(f"rbac.{rights_key(hub)}", default=True)
    key = {} if created else {"rbac": {rights_key(hub): True}}
    waiting = [
        p
        for p in (*pending_user_pods, *placeholder_pods)
        if not p.node and served_by(hub, p.spec.scheduler_name, user_scheduler)
    ]
    yield Finding(
        on=(user_scheduler.ref,),
        says=f"the user-scheduler may not list {', '.join(refused)}, so it schedules nobody",
        evidence=(
            ("user-scheduler log", f"{', '.join(sorted(users))} cannot list {refused[0]}, {times[refused[0]]} times"),
            ("deployment", f"image: {images}"),
            ("values", f"rbac.{rights_key(hub)}: false") if not created else None,
        ),
        fix=Fix(
            why(hub, user_scheduler, created=created),
            key,
            (f"kubectl get clusterrole,clusterrolebinding {hub.release}-user-scheduler", hub.helm_upgrade),
            "The upgrade restarts the hub; users' servers keep running.",
        ),
        cause=" ".join(refused),
        affects=tuple(p.ref for p in (*user_scheduler_pods, *waiting)),
    )
