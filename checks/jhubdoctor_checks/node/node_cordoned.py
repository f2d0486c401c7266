"""Nodes that take no pods because somebody said so."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Node, Rung, Severity, check, may_run
from jhubdoctor_checks.facts.hub_nodes import HubNodes, leaving, works
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.node._nodes import they


@check(severity=Severity.ERROR, stops=Rung.PLACED, complete=("nodes",), fires_only_with=("nodes_are_added",))
def node_cordoned(hub_nodes: HubNodes, unplaced: list[Unplaced], nodes_are_added: bool | None) -> Iterator[Finding]:
    """Nodes that pods need are cordoned."""
    cordoned = [n for n in hub_nodes.all if n.spec.unschedulable and n.ready and not leaving(n)]
    passed = [u for u in unplaced if u.nodes.get("cordoned") and u.scaling is None]
    blocked = [u for u in passed if any(_might_use(u, n) for n in cordoned)]
    if blocked:
        meant = [n for n in cordoned if any(_might_use(u, n) for u in blocked)]
        who = "a pod that waits" if len(blocked) == 1 else f"{len(blocked)} pods that wait"
        it = "it" if len(meant) == 1 else "them"
        others = hub_nodes.graph.dependents({u.component for u in blocked})
        yield Finding(
            on=tuple(n.ref for n in meant),
            says=f"{they(meant)} cordoned, so the scheduler passes over {it} for {who}",
            evidence=(
                *(("node", f"{n.name} spec.unschedulable: true") for n in meant[:3]),
                *((u.source, f"{u.ref.name}: {u.message}", u.at) for u in blocked[:2]),
            ),
            fix=_fix(meant),
            cause="pending",
            affects=(*(u.ref for u in blocked), *others),
        )
        return
    fit = [n for n in hub_nodes.all if n.name in hub_nodes.for_users]
    members = [n for n in cordoned if n in fit]
    # an autoscaler adds a node when somebody needs one
    if not members or nodes_are_added or any(works(n) for n in fit):
        return
    yield Finding(
        on=tuple(n.ref for n in members),
        says=f"{they(members)} cordoned, and no other node takes users' pods"
        + (" (whether an autoscaler adds one cannot be seen)" if nodes_are_added is None else ""),
        evidence=tuple(("node", f"{n.name} spec.unschedulable: true") for n in members[:5]),
        fix=_fix(members),
        severity=Severity.INFO if nodes_are_added is None else Severity.WARNING,
        cause="none-left",
    )


def _might_use(pod: Unplaced, node: Node) -> bool:
    return pod.spec is None or may_run(pod.spec, node)


def _fix(nodes: list[Node]) -> Fix:
    return Fix(
        "Let them take pods again, once the work that they were cordoned for is done.",
        commands=(f"kubectl uncordon {' '.join(n.name for n in nodes[:10])}",),
    )
