"""A controller-manager or a scheduler that is not there."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Evidence, Finding, Fix, Hub, Lease, Rung, Severity, check
from jhubdoctor_checks.api._control_plane_silent import stopped, waiting
from jhubdoctor_checks.facts.around import Around
from jhubdoctor_checks.facts.control_plane import NAMESPACE, Silent


# What these do not make is not there from the beginning: no pod, no place for it, no volume.
@check(severity=Severity.ERROR, at=Rung.GIVEN, stops=Rung.ALLOWED, bars=True, fires_only_with=("silent_control_plane",))
def control_plane_silent(hub: Hub, silent_control_plane: Silent, around: Around, now: datetime) -> Iterator[Finding]:
    """The cluster's controller-manager or scheduler has stopped: nothing new is made, or placed."""
    other = silent_control_plane.others
    for lease in silent_control_plane.leases:
        yield Finding(
            on=(lease.ref,),
            says=f"the cluster's {lease.name} has stopped: {stopped(lease)}",
            evidence=(
                ("lease", f"{lease.name} in {NAMESPACE}: last renewed", lease.spec.renew_time),
                ("lease", f"held by {lease.spec.holder_identity or 'nobody'}"),
                Evidence("lease", f"{other.name} is renewed meanwhile", other.spec.renew_time) if other else None,
            ),
            fix=_repair(lease),
            cause=lease.name,
            affects=waiting(hub, lease, around, now),
        )


def _repair(lease: Lease) -> Fix:
    return Fix(
        f"Bring {lease.name} back. On a control plane of your own see its pod, or its service, on the machine that held"
        " the lease; on a managed cluster tell the provider.",
        commands=(
            f"kubectl --namespace {NAMESPACE} get pods --selector component={lease.name} --output wide",
            f"kubectl --namespace {NAMESPACE} logs --selector component={lease.name} --tail 50",
        ),
        caution="What runs keeps running, and is not replaced where it ends.",
    )
