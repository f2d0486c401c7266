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
from jhubdoctor_checks.storage._volume_multi_attach import Held, fix_for, held_elsewhere


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
            says=_says(held),
            evidence=held.evidence,
            fix=fix_for(held, hub, minor),
            cause=held.cause,
            affects=(*held.waiting, *((hub.ref,) if down else ())),
        )


def _says(held: Held) -> str:
    volume = f"the volume of the claim {held.claim.name}"
    node = f"node {held.node}" if held.node else "another node"
    match held.cause:
        case "dead-node":
            return f"{volume} is still attached to {node}, which is not running, so no other node gets it"
        case "two-hubs":
            return f"{volume} is in use by a second hub pod on {node}, so the new one cannot start"
        case "terminating":
            return f"{volume} is held on {node} by a pod that does not finish terminating"
        case "shared":
            return f"{volume} can be attached to one node, and pods on several nodes want it"
        case "in-use":
            return f"{volume} is in use by another pod on {node}"
        case "foreign":
            return f"{volume} is in use on {node} by {held.holders[0].name}, which is no pod of this hub"
        case _:
            return f"{volume} is still attached to {node}, where no pod uses it"
