"""Nodes that run out of something."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor import (
    Condition,
    Deployment,
    Evidence,
    Finding,
    Fix,
    Hub,
    Node,
    Pod,
    Service,
    Severity,
    Shape,
    check,
)
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.node._nodes import PRESSURES, for_users, kinds, leaving, on_node, suffering, works

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


@check(
    severity=Severity.WARNING,
    explains=("user-pod-evicted", "spawn-timeout", "spawn-timeline", "hub-restarting", "service-without-endpoints"),
)
def node_pressure(
    hub: Hub,
    nodes: list[Node],
    pods: list[Pod],
    user_pods: list[Pod],
    unplaced: list[Unplaced],
    shapes: list[Shape] | None,
    deployments: list[Deployment] | None,
    services: list[Service] | None,
    now: datetime,
) -> Iterator[Finding]:
    """Nodes run out of disk, memory or processes, and evict pods."""
    specs = kinds(shapes, user_pods)
    full = not any(works(n) for n in nodes if for_users(n, specs))
    everyone = [*pods, *user_pods]
    lost = sorted((p for p in everyone if p.status.reason == "Evicted" and p.node), key=lambda p: p.name)
    groups: dict[str, list[tuple[Node, Condition]]] = {}
    for node in sorted(nodes, key=lambda n: n.name):
        concerns = for_users(node, specs) or on_node(node, everyone) or any(p.node == node.name for p in lost)
        if leaving(node) or not concerns:
            continue
        for c in node.status.conditions:
            if c.status != "True" or c.type not in _OUT_OF:
                continue
            if c.type not in PRESSURES and now - (c.last_transition_time or node.created) < PATIENCE:
                continue
            groups.setdefault(c.type, []).append((node, c))
    for kind, members in sorted(groups.items()):
        cause, what = _OUT_OF[kind]
        names = {n.name for n, _ in members}
        evicted = [p for p in lost if p.node in names]
        there = [p for n, _ in members for p in on_node(n, everyone)]
        who = f"node {members[0][0].name} runs" if len(members) == 1 else f"{len(members)} nodes run"
        if kind == "NetworkUnavailable":
            who = who.replace(" runs", " is").replace(" run", " are")
        says = f"{who} {'without' if kind == 'NetworkUnavailable' else 'out of'} {what}"
        waiting = [u.ref for u in unplaced if u.user] if full else []
        yield Finding(
            on=tuple(n.ref for n, _ in members),
            says=says + (f", and {_pods(len(evicted))} evicted" if evicted else ""),
            evidence=(
                *(Evidence("node", f"{n.name} {kind}: True", c.last_transition_time) for n, c in members[:3]),
                *(Evidence("pod", f"{p.name} was evicted from node {p.node}") for p in evicted[:3]),
            ),
            fix=Fix(_FIX[cause], commands=(f"kubectl describe node {members[0][0].name}",)),
            severity=Severity.ERROR if evicted or waiting else None,
            cause=cause,
            affects=(*suffering(hub, [*there, *evicted], deployments, services), *waiting),
        )


def _pods(count: int) -> str:
    return "a pod of this hub was" if count == 1 else f"{count} pods of this hub were"
