"""Volumes of the hub that are not there."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    CSIDriver,
    Events,
    Finding,
    Hub,
    NotApplicable,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    Rung,
    ServerVersion,
    Severity,
    StorageClass,
    check,
)
from jhubdoctor_checks.facts.hub_graph import HubGraph
from jhubdoctor_checks.storage._fixes import remedy
from jhubdoctor_checks.storage._pending import World, stuck


@check(severity=Severity.ERROR, at=Rung.BOUND, stops=Rung.BOUND)
def hub_volume_pending(
    hub: Hub,
    hub_pods: list[Pod],
    claims: list[PersistentVolumeClaim],
    events: Events,
    storage_classes: list[StorageClass],
    csi_drivers: list[CSIDriver] | None,
    known_volumes: list[PersistentVolume] | None,
    hub_graph: HubGraph,
    server_version: ServerVersion | None,
    now: datetime,
) -> Iterator[Finding]:
    """A claim that the hub mounts has no volume, so the hub cannot start."""
    if hub.deployment is None:
        raise NotApplicable("the hub has no Deployment yet")
    mounted = set(hub.deployment.spec.template.spec.claims)
    minor = server_version.minor if server_version else None
    classes = {c.name: c for c in storage_classes}
    world = World(classes, csi_drivers, known_volumes, hub_pods, events, minor, now)
    for why in stuck((c for c in claims if c.name in mounted), world):
        waiting = [p for p in hub_pods if any(c.name in p.spec.claims for c in why.claims)]
        made = hub.z2jh and all(c.component == "hub" for c in why.claims)
        path = "hub.db.pvc.storageClassName" if made else ""
        yield Finding(
            on=tuple(c.ref for c in why.claims),
            says=f"the hub's claim {', '.join(c.name for c in why.claims)} {why.says}",
            evidence=why.evidence,
            fix=remedy(why, world, hub, path, "hub.db.pvc.accessModes" if made else ""),
            # a hub that runs on has its volume from before
            severity=Severity.WARNING if any(p.ready for p in waiting) else None,
            cause=why.cause,
            affects=tuple(dict.fromkeys((hub.ref, *(p.ref for p in waiting), *hub_graph.dependents({"hub"})))),
        )
