"""Pods that the cluster's own scheduler has not looked at."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Events, Finding, Fix, Pod, Rung, Severity, check, more
from jhubdoctor_checks.facts.control_plane import DEFAULT_SCHEDULER, NAMESPACE, SCHEDULER
from jhubdoctor_checks.facts.image import shared
from jhubdoctor_checks.schedule._scheduler import untouched


@check(severity=Severity.ERROR, at=Rung.PLACED, stops=Rung.PLACED, symptom=True)
def default_scheduler_silent(pods: list[Pod], user_pods: list[Pod], events: Events, now: datetime) -> Iterator[Finding]:
    """Pods wait for minutes, and the cluster's own scheduler has not even looked at them."""
    left = sorted(
        (
            p
            for p in (*pods, *user_pods)
            if p.spec.scheduler_name in {"", DEFAULT_SCHEDULER} and untouched(p, events, now)
        ),
        key=lambda p: (p.created, p.name),
    )
    if not left:
        return
    waits = f"{len(left)} pods that wait" if len(left) > 1 else "a pod that waits"
    yield Finding(
        on=tuple(shared(p.ref) for p in left),
        says=f"the cluster's scheduler has not looked at {waits}",
        evidence=(
            ("pod.spec", f"schedulerName: {left[0].spec.scheduler_name or DEFAULT_SCHEDULER}"),
            (
                "pod.status",
                f"{left[0].name}{more(len(left) - 1)}: Pending, no condition PodScheduled, no event of a scheduler",
                left[0].created,
            ),
        ),
        fix=Fix(
            "See that the cluster's scheduler runs, and that the API server takes what it writes; on a managed cluster"
            " tell the provider. When it works the pods are placed by themselves.",
            commands=(
                f"kubectl --namespace {NAMESPACE} get leases {SCHEDULER}",
                f"kubectl --namespace {NAMESPACE} logs --selector component={SCHEDULER} --tail 50",
            ),
        ),
    )
