"""Who holds a disk that a pod on another node waits for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from jhubdoctor.api import (
    Event,
    Events,
    Evidence,
    Fix,
    Hub,
    Node,
    PersistentVolumeClaim,
    Pod,
    Ref,
    VolumeAttachment,
    excerpt,
)

PATIENCE = timedelta(minutes=2)
"""A disk that moves with its pod is detached and attached in well under two minutes."""
RECENT = timedelta(minutes=10)
# attachdetach-controller, 1.20 to 1.36: `Multi-Attach error for volume "PV" Volume is already used by pod(s) ...` or
# `... Volume is already exclusively attached to one node and can't be attached to another`; said once for a pod.
_TEXT = "Multi-Attach error"
_MANY = {"ReadWriteMany", "ReadOnlyMany"}
_OURS = {"hub", "singleuser-server"}
OUT_OF_SERVICE = 26
"""The first minor in which the taint out-of-service is on by default."""


@dataclass(frozen=True)
class Held:
    """A volume that a pod waits for and another node holds.

    Attributes:
        cause: why it is held.
        node: where, empty where unknown.
        waiting: the pods that wait for it, also one that the hub has given up on.
        holders: the pods that use it.
        attachments: of the volume, to other nodes than that of the waiting pod.
        missing: whether the node object is gone.
    """

    claim: PersistentVolumeClaim
    cause: str
    node: str
    waiting: tuple[Ref, ...]
    holders: tuple[Pod, ...]
    attachments: tuple[VolumeAttachment, ...]
    evidence: tuple[Evidence, ...]
    missing: bool = False


def held_elsewhere(
    claims: list[PersistentVolumeClaim],
    pods: list[Pod],
    attachments: list[VolumeAttachment],
    events: Events,
    nodes: list[Node] | None,
    gone: Mapping[str, Ref],
    now: datetime,
    strangers: list[Pod],
) -> Iterator[Held]:
    """Volumes of one node at a time that a waiting pod does not get, in order of their claims.

    The event is given once and lives an hour; the attachments tell the same for as long as it lasts. `strangers` are
    pods of other releases: they may hold a volume of ours, and their own waiting is not our concern.
    """
    mounting: dict[str, list[Pod]] = {}
    for p in (*pods, *strangers):
        for name in p.spec.claims if p.node and not p.finished else []:
            mounting.setdefault(name, []).append(p)
    known, foreign = {p.name for p in pods}, {p.name for p in strangers}
    told = [e for e in events.of("FailedAttachVolume") if _TEXT in e.message]
    of_volume: dict[str, list[VolumeAttachment]] = {}
    for a in attachments:
        of_volume.setdefault(a.spec.source.persistent_volume_name, []).append(a)
    for claim in sorted(claims, key=lambda c: c.name):
        volume = claim.spec.volume_name
        if not volume or _MANY & set(claim.spec.access_modes):
            continue
        made, users = of_volume.get(volume, []), mounting.get(claim.name, [])
        mine = [a for a in made if a.status.attached]
        said = [e for e in told if f'"{volume}"' in e.message]
        waiting = [
            p
            for p in users
            if p.name not in foreign and _waits(p, now) and not any(a.spec.node_name == p.node for a in mine)
        ]
        places = {p.node for p in waiting}
        holders = sorted((p for p in users if p not in waiting and p.node not in places), key=lambda p: p.name)
        refs = [p.ref for p in sorted(waiting, key=lambda p: p.name)]
        refs += [gone[n] for n in sorted({e.about[1] for e in said} & set(gone)) if n not in known]
        said = [e for e in said if e.about[1] in {r.name for r in refs}]
        # where the event says so, an attachment counts before its driver has confirmed it
        others = sorted((a for a in (made if said else mine) if a.spec.node_name not in places), key=lambda a: a.name)
        # without an attachment elsewhere only the event proves it: shares that need none are mounted on many nodes
        if not refs or not (others or (said and holders) or any(now - e.at < RECENT for e in said)):
            continue
        yield _judged(claim, refs, holders, others, said, waiting, nodes)


def _waits(pod: Pod, now: datetime) -> bool:
    placed = pod.condition("PodScheduled")
    since = (placed.last_transition_time if placed else None) or pod.created
    return pod.phase == "Pending" and bool(pod.node) and not pod.terminating and now - since >= PATIENCE


def _judged(
    claim: PersistentVolumeClaim,
    refs: list[Ref],
    holders: list[Pod],
    others: list[VolumeAttachment],
    said: list[Event],
    waiting: list[Pod],
    nodes: list[Node] | None,
) -> Held:
    node = others[0].spec.node_name if others else holders[0].node if holders else ""
    found = next((n for n in nodes or () if n.name == node), None)
    missing = nodes is not None and bool(node) and found is None
    dead = missing or (found is not None and not found.ready)
    here = [p for p in holders if p.node == node]
    if dead:
        cause = "dead-node"
    elif any(p.component == "hub" for p in waiting) and any(p.component == "hub" for p in here):
        cause = "terminating" if all(p.terminating for p in here) else "two-hubs"
    elif here and all(p.terminating for p in here):
        cause = "terminating"
    elif here and all(p.component not in _OURS for p in here):
        cause = "foreign"
    elif here and waiting and {p.user for p in here}.isdisjoint({p.user for p in waiting}):
        cause = "shared"
    elif here:
        cause = "in-use"
    else:
        cause = "left-attached" if others else "unknown-holder"
    evidence = [Evidence("event", f"FailedAttachVolume: {excerpt(e.message)}", e.at) for e in said[:1]]
    evidence += [Evidence("pod.spec", f"{p.name} waits on node {p.node}") for p in waiting[:3]]
    for a in others[:2]:
        evidence.append(
            Evidence(
                "volumeattachment",
                f"{a.name}: {'attached' if a.status.attached else 'to be attached'} to node {a.spec.node_name}",
            )
        )
        if a.status.detach_error is not None:
            text = excerpt(a.status.detach_error.message)
            evidence.append(Evidence("volumeattachment", f"detachError: {text}", a.status.detach_error.time))
    for p in here[:3]:
        state = "terminating" if p.terminating else p.phase
        evidence.append(Evidence("pod", f"{p.name} ({state}) mounts the claim on node {p.node}"))
    if missing:
        evidence.append(Evidence("node", f"{node} does not exist any more"))
    elif found is not None and dead:
        ready = next((c for c in found.status.conditions if c.type == "Ready"), None)
        state = ready.status if ready else "unknown"
        evidence.append(Evidence("node", f"{node} Ready: {state}", ready.last_transition_time if ready else None))
    return Held(claim, cause, node, tuple(refs), tuple(here), tuple(others), tuple(evidence), missing)


def fix_for(held: Held, hub: Hub, minor: int | None) -> Fix:
    """What frees the volume."""
    names = " ".join(p.name for p in held.holders)
    attachments = " ".join(a.name for a in held.attachments if a.metadata.deletion_timestamp is None)
    off = f"Only once the machine behind {held.node} is surely off: two nodes that write to one disk destroy it."
    match held.cause:
        case "dead-node" if held.missing or not held.node:
            forced = hub.kubectl(f"delete pod {names} --grace-period=0 --force") if names else ""
            free = f"kubectl delete volumeattachment {attachments}" if attachments else ""
            return Fix(
                f"Node {held.node} is gone: forget what it held.",
                commands=tuple(filter(None, (forced, free))),
                caution=off,
            )
        case "dead-node" if minor is None or minor >= OUT_OF_SERVICE:
            return Fix(
                f"Bring node {held.node} back, or say that it is off: its pods are deleted and its disks detached. "
                "Remove the taint when the node is back.",
                commands=(f"kubectl taint nodes {held.node} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute",),
                caution=off,
            )
        case "dead-node":
            return Fix(
                f"Bring node {held.node} back, or delete it: its disks are detached six minutes later.",
                commands=(f"kubectl delete node {held.node}",),
                caution=off,
            )
        case "two-hubs":
            return Fix(
                "Stop the old hub before the new one starts, which is the chart's default.",
                values={"hub": {"deploymentStrategy": {"type": "Recreate", "rollingUpdate": None}}},
                commands=(hub.helm_upgrade, hub.kubectl(f"delete pod {names}")),
                caution="The hub is away for a minute; users' servers keep running.",
            )
        case "terminating":
            return Fix(
                f"See why the pod does not end on node {held.node}; its finalizers and its node's kubelet decide that.",
                commands=(hub.kubectl(f"describe pod {names}"),),
            )
        case "shared":
            return Fix(
                "Use a volume that many nodes can mount (ReadWriteMany: NFS, EFS, Azure Files, CephFS ...), "
                "or keep all these pods on one node.",
                commands=(hub.kubectl(f"get pod {names} -o wide"),),
            )
        case "in-use":
            return Fix(
                "Stop the pod that holds the volume; the hub does not need it where its user starts a new server.",
                commands=(hub.kubectl(f"delete pod {names}"),),
                caution="What runs in that pod is stopped; what is saved on the volume stays.",
            )
        case "foreign":
            owners = sorted({f"{o.kind} {o.name}" for p in held.holders for o in p.metadata.owner_references})
            return Fix(
                "Wait until it ends, or have it stopped by whoever started it"
                + (f" ({', '.join(owners)}: deleted pods of it come back)." if owners else "."),
                commands=(hub.kubectl(f"get pod {names} -o wide --show-labels"),),
                caution="It is no pod of the hub: a backup that is stopped half-way is not whole.",
            )
        case "left-attached":
            if not attachments:
                leaving = " ".join(a.name for a in held.attachments)
                return Fix(
                    "It is being detached already. Where that does not end, the storage driver's controller cannot do "
                    "it: see its log (the container csi-attacher).",
                    commands=(f"kubectl describe volumeattachment {leaving}",),
                )
            return Fix(
                f"Have the volume detached: no pod of this namespace uses it on node {held.node}.",
                commands=(f"kubectl delete volumeattachment {attachments}",),
                caution=f"Look on node {held.node} first that the volume is not mounted (also by another namespace).",
            )
        case _:
            return Fix("See which node holds the volume.", commands=("kubectl get volumeattachments",))
