"""Homes of users that are not there."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    CSIDriver,
    Events,
    Finding,
    Hub,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    Rung,
    ServerVersion,
    Severity,
    Spawns,
    StorageClass,
    Values,
    check,
)
from jhubdoctor_checks.storage._claims import of_users, pods_of, shared
from jhubdoctor_checks.storage._fixes import remedy
from jhubdoctor_checks.storage._pending import World, stuck
from jhubdoctor_checks.storage._user_volume_pending import begun_anew, evidence, meant, says, static


@check(severity=Severity.ERROR, at=Rung.BOUND, stops=Rung.BOUND)
def user_volume_pending(
    hub: Hub,
    user_pods: list[Pod],
    claims: list[PersistentVolumeClaim],
    events: Events,
    storage_classes: list[StorageClass],
    csi_drivers: list[CSIDriver] | None,
    known_volumes: list[PersistentVolume] | None,
    spare_claims: list[PersistentVolumeClaim] | None,
    spawns: Spawns | None,
    values: Values | None,
    server_version: ServerVersion | None,
    now: datetime,
) -> Iterator[Finding]:
    """Claims of users have no volume, so their servers cannot start."""
    minor = server_version.minor if server_version else None
    classes = {c.name: c for c in storage_classes}
    world = World(classes, csi_drivers, known_volumes, user_pods, events, minor, now)
    for why in stuck(of_users(claims, user_pods, hub), world):
        made = hub.z2jh and all(c.component == "singleuser-storage" for c in why.claims)
        path = "singleuser.storage.dynamic.storageClass" if made else ""
        waiting = pods_of(why.claims, user_pods, spawns, hub, now)
        count = len(why.claims)
        who = f"the claim {why.claims[0].name}" if count == 1 else f"each of {count} claims"
        spare = meant(why, world, spare_claims, values) if made else []
        modes = "singleuser.storage.dynamic.storageAccessModes" if made else ""
        fix = static(why, spare, hub) if spare else remedy(why, world, hub, path, modes)
        yield Finding(
            on=tuple(shared(c.ref) for c in why.claims),
            says=f"{who} {why.says}{says(spare)}",
            evidence=(*why.evidence, *evidence(spare)),
            fix=begun_anew(fix, why, user_pods, hub),
            # nobody waits for it now
            severity=None if waiting else Severity.WARNING,
            cause=f"{why.cause} {why.about}".strip(),
            affects=waiting,
        )
