"""Home directories on a claim that is not named."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Finding, Fix, Hub, Rung, Severity, Spawns, Values, check
from jhubdoctor_checks.policy._refused import refused

# The API server's words for it (pkg/apis/core/validation): `...persistentVolumeClaim.claimName: Required value`
_NAMELESS = "persistentVolumeClaim.claimName"


# all that the hub's log tells is about its Deployment: a value is why of this alone
@check(severity=Severity.ERROR, stops=Rung.ALLOWED, explains=("spawn-rejected",))
def static_storage_without_claim(hub: Hub, values: Values, spawns: Spawns | None, now: datetime) -> Iterator[Finding]:
    """Homes are to lie on one claim for all, and it is not named."""
    if values.get("singleuser.storage.type") != "static" or values.get("singleuser.storage.static.pvcName"):
        return
    if {"KubeSpawner.volumes", "Spawner.volumes"} & values.traits_in_code:
        return
    yield Finding(
        on=(hub.ref,),
        says="singleuser.storage.type is static and static.pvcName is not set, so no server can be started",
        evidence=(
            ("values", "singleuser.storage.type: static"),
            ("values", "singleuser.storage.static.pvcName: not set"),
        ),
        fix=Fix(
            "Name the claim that all users share, or let each have one of their own (type: dynamic).",
            values={"singleuser": {"storage": {"static": {"pvcName": "NAME OF THE CLAIM"}}}},
            commands=(hub.kubectl("get persistentvolumeclaims"), hub.helm_upgrade),
        ),
        affects=refused(hub, spawns, now, _NAMELESS).pods,
    )
