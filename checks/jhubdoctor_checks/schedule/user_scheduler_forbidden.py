"""A user-scheduler without the rights that its release of kube-scheduler needs."""

import re
from collections.abc import Iterator

from jhubdoctor import Deployment, Finding, Fix, Hub, Pod, PodLog, Severity, Values, check, clean
from jhubdoctor_checks._depends import served_by

# client-go's reflector, kube-scheduler 1.13 to 1.36; later releases quote the whole as err="..." with \" inside.
_FORBIDDEN = re.compile(
    r'failed to (?:list|watch) \*[\w.]+: .*?is forbidden: User \\?"(?P<user>[^"\\]+)\\?" cannot (?P<verb>\w+) resource'
    r' \\?"(?P<resource>[\w./-]+)\\?" in API group \\?"(?P<group>[\w.-]*)\\?"',
    re.IGNORECASE,
)
# What it says once it works, kube-scheduler 1.13 to 1.36; a refusal before that is over.
_WORKS = re.compile(r"successfully acquired lease|successfully bound pod|is bound successfully", re.IGNORECASE)
# It asks for one ConfigMap of kube-system to know its clients, and works without.
_SPARE = frozenset({"configmaps"})
# Right after an install the rights may come a moment after the pod.
OFTEN = 3


@check(
    severity=Severity.ERROR,
    explains=(
        "user-scheduler-down",
        "user-scheduler-lease-stale",
        "chart-kubernetes-skew",
        "spawn-timeout",
        "spawn-timeline",
        "placeholders-pending",
    ),
)
def user_scheduler_forbidden(
    hub: Hub,
    user_scheduler: Deployment,
    user_scheduler_logs: list[PodLog],
    user_scheduler_pods: list[Pod],
    pending_user_pods: list[Pod],
    placeholder_pods: list[Pod],
    values: Values | None,
) -> Iterator[Finding]:
    """The user-scheduler may not list what its release needs to know, so it never begins to schedule."""
    times: dict[str, int] = {}
    users = set()
    for log in user_scheduler_logs:
        last = max((i for i, line in enumerate(log.lines) if _WORKS.search(line)), default=-1)
        for line in log.lines[last + 1 :]:
            m = _FORBIDDEN.search(line)
            if m is not None and m["resource"] not in _SPARE:
                name = f"{m['resource']}.{m['group']}" if m["group"] else m["resource"]
                times[name] = times.get(name, 0) + 1
                users.add(clean(m["user"], 120))
    refused = sorted(name for name, n in times.items() if n >= OFTEN)
    if not refused:
        return
    images = ", ".join(c.image for c in user_scheduler.spec.template.spec.containers)
    created = values is None or values.enabled("rbac.create", default=True)
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
            *((("values", "rbac.create: false"),) if not created else ()),
        ),
        fix=Fix(
            "Remove scheduling.userScheduler.image from your values: each chart has rights for its own release of"
            " kube-scheduler only. An upgrade also brings back a ClusterRole that was changed."
            if created
            else "Give the service account a ClusterRole as the chart has it, or let the chart make it.",
            {} if created else {"rbac": {"create": True}},
            (hub.helm_upgrade,),
            "The upgrade restarts the hub; users' servers keep running.",
        ),
        cause=" ".join(refused),
        affects=tuple(p.ref for p in (*user_scheduler_pods, *waiting)),
    )
