"""The taints between a pod and the nodes that it may use otherwise, and how to get past them."""

from __future__ import annotations

from dataclasses import dataclass, field

from jhubdoctor.api import Fix, Hub, Node, Taint, Values, nested, selected, transient, untolerated
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.schedule._taints import CONTROL_PLANE, MEANT, STARTUP, near_miss, others, tolerating


@dataclass
class Barrier:
    """Taints that keep a pod away, and the nodes that have exactly these."""

    taints: list[Taint]
    nodes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return ", ".join(map(str, self.taints))


def barriers(pod: Unplaced, nodes: list[Node]) -> list[Barrier]:
    """What keeps the pod from nodes that its selector and affinity allow; empty where no such node is known."""
    found: dict[str, Barrier] = {}
    for node in sorted(nodes, key=lambda n: n.name):
        if pod.spec is not None and selected(pod.spec, node):
            taints = sorted((t for t in untolerated(pod.spec, node) if not transient(t)), key=str)
            barrier = Barrier(taints)
            found.setdefault(str(barrier), barrier).nodes.append(node.name)
    return [found[k] for k in sorted(found)]


def likely(barrier: Barrier, purpose: str, nodes: list[Node]) -> tuple[bool, bool, bool, int]:
    """How likely these are the nodes that the pods were meant for."""
    return (
        not any(others(t, purpose) for t in barrier.taints),
        any(near_miss(t, purpose) for t in barrier.taints),
        any(n.purpose == purpose for n in nodes if n.name in barrier.nodes),
        len(barrier.nodes),
    )


def tolerated(pod: Unplaced) -> str:
    """The tolerations of the pod that are not the cluster's own, in words."""
    own = [t for t in pod.spec.tolerations if not t.key.startswith("node.kubernetes.io/")] if pod.spec else []
    return (
        ", ".join(f"{t.key or 'any key'}{'=' + t.value if t.value else ''}:{t.effect or 'any effect'}" for t in own)
        or "none"
    )


def past(hub: Hub, pods: list[Unplaced], target: Barrier, intended: list[str], values: Values | None) -> Fix:
    """The next step; `intended` are the taints that the nodes were probably meant to have."""
    listed = " ".join(target.nodes)
    agents = [STARTUP[t.key] for t in target.taints if t.key in STARTUP]
    if agents:
        return Fix(
            f"Do not tolerate it: {agents[0]} takes it away when it runs on the node. Find out why it does not run.",
            commands=(f"kubectl get pods --all-namespaces --field-selector spec.nodeName={target.nodes[0]}",),
        )
    if intended:
        wrong = [t for t in target.taints if any(near_miss(t, purpose) for purpose in MEANT)]
        commands = [f"kubectl taint nodes {listed} {intended[0]} --overwrite"]
        commands += [f"kubectl taint nodes {listed} {t}-" for t in wrong if t.key != intended[0].partition("=")[0]]
        return Fix(
            "Correct the taint on the nodes, and in the settings of their pool: new nodes come with the old one.",
            commands=tuple(commands),
        )
    if all(t.key in CONTROL_PLANE for t in target.taints):
        return Fix(
            "Add nodes for pods; or, on a cluster of one node, let pods run beside the control plane.",
            commands=tuple(f"kubectl taint nodes {listed} {t}-" for t in target.taints),
        )
    path, tolerations = tolerating(hub, pods[0].component, target.taints, values)
    return hub.values_fix(
        "Tolerate the taint, as shown; or take it off the nodes, and all pods of the cluster may run there.",
        nested(path, tolerations),
        caution="The upgrade restarts the hub; users' servers keep running, and only new ones tolerate the taint.",
    )
