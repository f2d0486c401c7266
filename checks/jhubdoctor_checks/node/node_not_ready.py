"""Nodes that do not work."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import (
    Condition,
    Finding,
    Node,
    PersistentVolumeClaim,
    Pod,
    Rung,
    Severity,
    VolumeAttachment,
    check,
    grouped,
)
from jhubdoctor_checks.facts.hub_nodes import HubNodes
from jhubdoctor_checks.node._node_not_ready import away, fault_of, reason_of, repair, why
from jhubdoctor_checks.node._nodes import claims_on, hook_of, they

PATIENCE = timedelta(minutes=3)
"""A restart of a kubelet or of a machine."""
STARTING = timedelta(minutes=10)


@check(severity=Severity.ERROR, stops=Rung.PLACED)
def node_not_ready(
    hub_nodes: HubNodes,
    pods: list[Pod],
    user_pods: list[Pod],
    known_claims: list[PersistentVolumeClaim] | None,
    volume_attachments: list[VolumeAttachment] | None,
    now: datetime,
) -> Iterator[Finding]:
    """Nodes that the hub or its users need are not ready."""
    found = [(n, c) for n in hub_nodes.all for c in away(n) if _matters(n, c, hub_nodes, now)]
    for fault, members in grouped(found, lambda m: fault_of(m[1])):
        nodes = [n for n, _ in members]
        own = hub_nodes.on(nodes)
        held = claims_on({n.name for n in nodes}, known_claims, volume_attachments)
        wanted = any(p.phase == "Pending" and {r.name for r in held} & set(p.spec.claims) for p in (*pods, *user_pods))
        stopped = hub_nodes.hooks_on(nodes)
        there = "a pod of this hub is" if len(own) == 1 else f"{len(own)} pods of this hub are"
        yield Finding(
            on=tuple(n.ref for n in nodes),
            says=f"{they(nodes)} not ready: {why(fault, members[0][1])}"
            + (f", and {there} there" if own else "")
            + (", and helm waits for the image puller there" if stopped else ""),
            evidence=(
                *(
                    ("node", f"{n.name} Ready: {c.status} ({reason_of(c)})", c.last_transition_time)
                    for n, c in members[:3]
                ),
                *(("pod", f"{p.name} is on node {p.node}") for p in (*own[:3], *stopped[:2])),
            ),
            fix=repair(fault, nodes[0].name, holds=bool(held)),
            severity=None if own or hub_nodes.waiting or wanted or stopped else Severity.WARNING,
            cause=fault.word,
            affects=(*hub_nodes.suffer(own), *held, *hub_nodes.waiting, *hook_of(hub_nodes.hub, stopped)),
        )


def _matters(node: Node, ready: Condition, hub_nodes: HubNodes, now: datetime) -> bool:
    """Whether it lasts, and pods of the hub are there or users' pods might be."""
    own = hub_nodes.pods.get(node.name)
    if now - (ready.last_transition_time or node.created) < PATIENCE or (now - node.created < STARTING and not own):
        return False
    used = own or node.name in {p.node for p in hub_nodes.hooks}
    return bool(used) or (node.name in hub_nodes.for_users and not node.spec.unschedulable)
