"""The nodes that a hub and its users live on, and who misses them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jhubdoctor.api import Events, Hub, Node, Pod, PodSpec, Ref, Shape, Toleration, fact, may_run
from jhubdoctor_checks.facts.hub_graph import HubGraph
from jhubdoctor_checks.facts.image import HOOK
from jhubdoctor_checks.facts.schedule import Unplaced

# Their absence harms nobody: pullers run on every node, placeholders give way.
_IDLE = frozenset({"continuous-image-puller", HOOK, "user-placeholder"})
# Nodes that are on their way out: cluster-autoscaler, Karpenter.
_LEAVING = ("ToBeDeletedByClusterAutoscaler", "karpenter.sh/disrupt", "karpenter.sh/unregistered")
PRESSURES = ("DiskPressure", "MemoryPressure", "PIDPressure")


def leaving(node: Node) -> bool:
    """Whether it is being deleted, or an autoscaler is about to."""
    return node.metadata.deletion_timestamp is not None or any(t.key.startswith(_LEAVING) for t in node.spec.taints)


def works(node: Node) -> bool:
    """Whether it takes pods."""
    pressed = any(c.type in PRESSURES and c.status == "True" for c in node.status.conditions)
    return node.ready and not node.spec.unschedulable and not pressed and not leaving(node)


@dataclass(frozen=True)
class HubNodes:
    """All nodes of the cluster, as the hub sees them.

    Attributes:
        all: the nodes, by name.
        for_users: the names of those where users' pods may run, passing conditions of the node aside.
        pods: of each node the pods of this hub there that somebody misses when they do not run.
        evicted: the pods that their node has evicted, by name.
        gone: of each node the pods that it has evicted and that are no more: the hub deletes those of users.
        waiting: the users' pods that wait for a node, where none that they may use takes pods.
        hooks: the pods of the image puller hook that have a node and are not ready: helm waits for them.
        graph: what waits for the hub's core components.
    """

    hub: Hub
    all: tuple[Node, ...]
    for_users: frozenset[str]
    pods: Mapping[str, tuple[Pod, ...]]
    evicted: tuple[Pod, ...]
    gone: Mapping[str, tuple[Ref, ...]]
    waiting: tuple[Ref, ...]
    hooks: tuple[Pod, ...]
    graph: HubGraph

    def on(self, nodes: Iterable[Node]) -> list[Pod]:
        """The pods on these nodes."""
        return [p for n in nodes for p in self.pods.get(n.name, ())]

    def evicted_from(self, nodes: Iterable[Node]) -> list[Pod]:
        """The pods that these nodes have evicted."""
        names = {n.name for n in nodes}
        return [p for p in self.evicted if p.node in names]

    def gone_from(self, nodes: Iterable[Node]) -> list[Ref]:
        """The pods that these nodes have evicted and that are no more."""
        return [r for n in nodes for r in self.gone.get(n.name, ())]

    def hooks_on(self, nodes: Iterable[Node]) -> list[Pod]:
        """The pods of the hook, where all that wait are on these nodes: else the nodes alone are not why it waits."""
        names = {n.name for n in nodes}
        return list(self.hooks) if all(p.node in names for p in self.hooks) else []

    def suffer(self, pods: Iterable[Pod]) -> tuple[Ref, ...]:
        """These pods, and what depends on those of core components."""
        pods = list(pods)
        return (*(p.ref for p in pods), *self.graph.dependents({p.component for p in pods}))


@fact(passes_only_with=("unplaced",))
def hub_nodes(
    hub: Hub,
    nodes: list[Node],
    pods: list[Pod],
    user_pods: list[Pod],
    unplaced: list[Unplaced] | None,
    shapes: list[Shape] | None,
    hub_graph: HubGraph,
    events: Events | None,
) -> HubNodes:
    """The nodes with what this hub has there."""
    specs = _kinds(shapes, user_pods)
    fit = [n for n in nodes if any(may_run(s, n) for s in specs)]
    there: dict[str, list[Pod]] = {}
    for p in sorted((*pods, *user_pods), key=lambda p: p.name):
        if p.node and not p.finished and p.component not in _IDLE:
            there.setdefault(p.node, []).append(p)
    lost = (p for p in (*pods, *user_pods) if p.status.reason == "Evicted" and p.node)
    return HubNodes(
        hub,
        tuple(sorted(nodes, key=lambda n: n.name)),
        frozenset(n.name for n in fit),
        {name: tuple(found) for name, found in there.items()},
        tuple(sorted(lost, key=lambda p: p.name)),
        _gone(hub, (*pods, *user_pods), events),
        tuple(u.ref for u in unplaced or () if u.user and not any(works(n) for n in fit)),
        tuple(sorted((p for p in pods if _holds_helm_up(p)), key=lambda p: p.name)),
        hub_graph,
    )


def _gone(hub: Hub, there: Iterable[Pod], events: Events | None) -> dict[str, tuple[Ref, ...]]:
    """The pods that their node's kubelet evicted, and that are not there any more."""
    names = {p.name for p in there}
    found: dict[str, list[Ref]] = {}
    for e in events.of("Evicted") if events is not None else ():
        kind, name = e.about
        if kind == "Pod" and name not in names and e.source.host:
            found.setdefault(e.source.host, []).append(hub.pod_ref(name))
    return {node: tuple(dict.fromkeys(refs)) for node, refs in found.items()}


def _holds_helm_up(pod: Pod) -> bool:
    return pod.component == HOOK and bool(pod.node) and not pod.ready and not pod.terminating


def _kinds(shapes: list[Shape] | None, user_pods: list[Pod]) -> list[PodSpec]:
    """What users' pods look like: by the values, else by those that exist, else as the chart makes them."""
    if shapes:
        return [s.spec for s in shapes]
    found = [p.spec for p in user_pods]
    dedicated = [Toleration(f"hub.jupyter.org{sep}dedicated", "Equal", "user", "NoSchedule") for sep in "/_"]
    return found or [PodSpec(tolerations=dedicated)]
