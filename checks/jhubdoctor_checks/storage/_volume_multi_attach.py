"""Who holds a disk that a pod on another node waits for."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from jhubdoctor.api import (
    Event,
    Events,
    Evidence,
    Node,
    PersistentVolumeClaim,
    Pod,
    Ref,
    VolumeAttachment,
    excerpt,
)
from jhubdoctor_checks.storage._held import Held, to_delete

PATIENCE = timedelta(minutes=2)
"""A disk that moves with its pod is detached and attached in well under two minutes."""
RECENT = timedelta(minutes=10)
# attachdetach-controller, 1.20 to 1.36: `Multi-Attach error for volume "PV" Volume is already used by pod(s) ...` or
# `... Volume is already exclusively attached to one node and can't be attached to another`; said once for a pod.
_TEXT = "Multi-Attach error"
_MANY = {"ReadWriteMany", "ReadOnlyMany"}
_OURS = {"hub", "singleuser-server"}


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
        cause = "unknown-holder" if not others else "left-attached" if to_delete(others) else "detaching"
    evidence = [Evidence("event", f"FailedAttachVolume: {excerpt(e.message)}", e.at) for e in said[:1]]
    evidence += [Evidence("pod.spec", f"{p.name} waits on node {p.node}") for p in waiting[:3]]
    for a in others[:2]:
        evidence.append(
            Evidence(
                "volumeattachment",
                f"{a.name}: {'attached' if a.status.attached else 'to be attached'} to node {a.spec.node_name}",
            )
        )
        if (since := a.metadata.deletion_timestamp) is not None:
            evidence.append(Evidence("volumeattachment", f"{a.name}: deletionTimestamp is set", since))
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
