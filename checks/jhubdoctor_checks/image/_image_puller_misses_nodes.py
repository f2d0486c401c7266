"""Nodes that image pullers leave out though users' pods may run there."""

from dataclasses import dataclass, field

from jhubdoctor.api import DaemonSet, Node, Pod, Shape, Taint, may_run, selected, transient, untolerated


@dataclass
class Missed:
    """Nodes that are left out for one reason.

    Attributes:
        taints: what keeps the pullers away; empty where their selector or affinity does.
        nodes: their names.
        users: the kinds of servers, and the pods, that may run there.
    """

    taints: list[Taint]
    nodes: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)


def missed(pullers: list[DaemonSet], nodes: list[Node], shapes: list[Shape], user_pods: list[Pod]) -> dict[str, Missed]:
    """The nodes on which none of the pullers runs and somebody may, by the taints."""
    groups: dict[str, Missed] = {}
    for node in sorted(nodes, key=lambda n: n.name) if pullers else []:
        if node.virtual or any(may_run(d.spec.template.spec, node) for d in pullers):
            continue
        users = [s.name for s in shapes if may_run(s.spec, node)]
        users += sorted(p.name for p in user_pods if not p.finished and p.node == node.name and _would_again(p, node))
        if not users:
            continue
        spec = pullers[0].spec.template.spec
        taints = [t for t in untolerated(spec, node) if not transient(t)] if selected(spec, node) else []
        found = groups.setdefault(" ".join(sorted(map(str, taints))), Missed(taints))
        found.nodes.append(node.name)
        found.users += [u for u in users if u not in found.users]
    return groups


def _would_again(pod: Pod, node: Node) -> bool:
    """Whether it could be placed on its node today: a taint may have come after it."""
    return all(transient(t) for t in untolerated(pod.spec, node))
