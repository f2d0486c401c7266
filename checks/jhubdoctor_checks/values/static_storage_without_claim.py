"""Home directories on a claim that is not named."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Finding, Fix, Hub, Rung, Severity, Spawns, Values, check
from jhubdoctor_checks.policy._refused import refused
from jhubdoctor_checks.problems import static_claim

# The API server's words for it (pkg/apis/core/validation): `...persistentVolumeClaim.claimName: Required value`
_NAMELESS = "persistentVolumeClaim.claimName"


# all that the hub's log tells is about its Deployment: a value is why of this alone
@check(severity=Severity.ERROR, stops=Rung.ALLOWED, explains=("spawn-rejected",))
def static_storage_without_claim(hub: Hub, values: Values, spawns: Spawns | None, now: datetime) -> Iterator[Finding]:
    """Homes are to lie on one claim for all, and it is not named."""
    problem = static_claim(values)
    if problem is None:
        return
    yield Finding(
        on=(hub.ref,),
        says=problem.says,
        evidence=(
            ("values", "singleuser.storage.type: static"),
            ("values", "singleuser.storage.static.pvcName: not set"),
        ),
        fix=Fix(
            problem.fix,
            values=problem.values,
            commands=(hub.kubectl("get persistentvolumeclaims"), hub.helm_upgrade),
        ),
        affects=refused(hub, spawns, now, _NAMELESS).pods,
    )
