"""Disks that another node still holds."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    Events,
    Finding,
    Hub,
    Node,
    PersistentVolumeClaim,
    Pod,
    Rung,
    ServerVersion,
    Severity,
    Spawns,
    VolumeAttachment,
    check,
)
from jhubdoctor_checks.storage._held import fix_for
from jhubdoctor_checks.storage._volume_multi_attach import held_elsewhere


@check(
    severity=Severity.ERROR,
    at=Rung.MOUNTED,
    stops=Rung.MOUNTED,
    symptom=True,
    complete=("pods", "nodes", "volume_attachments"),
    passes_only_with=("events",),
)
def volume_multi_attach(
    hub: Hub,
    pods: list[Pod],
    user_pods: list[Pod],
    stranger_pods: list[Pod],
    known_claims: list[PersistentVolumeClaim],
    volume_attachments: list[VolumeAttachment],
    events: Events | None,
    nodes: list[Node] | None,
    spawns: Spawns | None,
    server_version: ServerVersion | None,
    now: datetime,
) -> Iterator[Finding]:
    """A pod waits for a disk that another node holds."""
    minor = server_version.minor if server_version else None
    gone = {s.pod: hub.pod_ref(s.pod) for s in (spawns.unresolved(now) if spawns else ()) if s.pod}
    found = held_elsewhere(
        known_claims, [*pods, *user_pods], volume_attachments, events or Events(), nodes, gone, now, stranger_pods
    )
    for held in found:
        waiters = [p for p in [*pods, *user_pods] if p.ref in held.waiting]
        down = any(p.component == "hub" for p in waiters)
        yield Finding(
            on=(held.claim.ref,),
            says=held.says,
            evidence=held.evidence,
            fix=fix_for(held, hub, minor),
            cause=held.cause,
            affects=(*held.waiting, *((hub.ref,) if down else ())),
        )
