"""Nodes that run out of something."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Condition, Finding, Fix, Node, Rung, Severity, check, grouped
from jhubdoctor_checks.facts.hub_nodes import PRESSURES, HubNodes, leaving
from jhubdoctor_checks.node._nodes import they

PATIENCE = timedelta(minutes=10)
"""For a node without its network route, which clouds make within minutes."""
_OUT_OF = {
    "DiskPressure": ("disk", "room on its disk"),
    "MemoryPressure": ("memory", "memory"),
    "PIDPressure": ("processes", "process numbers"),
    "NetworkUnavailable": ("network", "a network route"),
}
_FIX = {
    "disk": "Make room: images, logs and files in containers fill it. Use larger disks for big images, and set "
    "limits for ephemeral-storage (singleuser.extraResource.limits).",
    "memory": "Give users' pods a guarantee near what they use (singleuser.memory.guarantee), and a limit.",
    "processes": "Find who starts so many processes, and set the kubelet's podPidsLimit.",
    "network": "See the cloud's route for this node, or its network plugin.",
}


@check(severity=Severity.WARNING, stops=Rung.REACHED)
def node_pressure(hub_nodes: HubNodes, now: datetime) -> Iterator[Finding]:
    """Nodes run out of disk, memory or processes, and evict pods."""
    concerned = [n for n in hub_nodes.all if not leaving(n) and _concerns(n, hub_nodes)]
    found = [(n, c) for n in concerned for c in n.status.conditions if _lasts(n, c, now)]
    for kind, members in sorted(grouped(found, lambda m: m[1].type)):
        cause, what = _OUT_OF[kind]
        nodes = [n for n, _ in members]
        evicted = hub_nodes.evicted_from(nodes)
        lost = "a pod of this hub was" if len(evicted) == 1 else f"{len(evicted)} pods of this hub were"
        lacks = they(nodes, "runs out of", "run out of") if kind in PRESSURES else f"{they(nodes)} without"
        yield Finding(
            on=tuple(n.ref for n in nodes),
            says=f"{lacks} {what}" + (f", and {lost} evicted" if evicted else ""),
            evidence=(
                *(("node", f"{n.name} {kind}: True", c.last_transition_time) for n, c in members[:3]),
                *(("pod", f"{p.name} was evicted from node {p.node}") for p in evicted[:3]),
            ),
            fix=Fix(_FIX[cause], commands=(f"kubectl describe node {nodes[0].name}",)),
            severity=Severity.ERROR if evicted or hub_nodes.waiting else None,
            cause=cause,
            affects=(
                *hub_nodes.suffer([*hub_nodes.on(nodes), *evicted]),
                *hub_nodes.gone_from(nodes),
                *hub_nodes.waiting,
            ),
        )


def _concerns(node: Node, hub_nodes: HubNodes) -> bool:
    return bool(node.name in hub_nodes.for_users or hub_nodes.on([node]) or hub_nodes.evicted_from([node]))


def _lasts(node: Node, condition: Condition, now: datetime) -> bool:
    if condition.status != "True" or condition.type not in _OUT_OF:
        return False
    return condition.type in PRESSURES or now - (condition.last_transition_time or node.created) >= PATIENCE
