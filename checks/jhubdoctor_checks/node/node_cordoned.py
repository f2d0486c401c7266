"""Nodes that take no pods because somebody said so."""

from collections.abc import Iterator

from jhubdoctor import (
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
    may_run,
)
from jhubdoctor_checks._depends import dependents
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.node._nodes import for_users, kinds, leaving, works


@check(
    severity=Severity.ERROR,
    explains=(
        "spawn-timeout",
        "spawn-timeline",
        "insufficient-resources",
        "hub-crash-loop",
        "service-without-endpoints",
        "helm-release-not-deployed",
    ),
)
def node_cordoned(
    hub: Hub,
    nodes: list[Node],
    user_pods: list[Pod],
    unplaced: list[Unplaced],
    shapes: list[Shape] | None,
    nodes_are_added: bool | None,
    deployments: list[Deployment] | None,
    services: list[Service] | None,
) -> Iterator[Finding]:
    """Nodes that pods need are cordoned."""
    cordoned = sorted((n for n in nodes if n.spec.unschedulable and n.ready and not leaving(n)), key=lambda n: n.name)
    blocked = [
        u
        for u in unplaced
        if u.nodes.get("cordoned")
        and u.scaling is None
        and (u.spec is None or any(may_run(u.spec, n) for n in cordoned))
    ]
    if cordoned and blocked:
        meant = [n for n in cordoned if any(u.spec is None or may_run(u.spec, n) for u in blocked)]
        components = {u.component for u in blocked}
        yield Finding(
            on=tuple(n.ref for n in meant),
            says=f"{_nodes(meant)} cordoned, so the scheduler passes over {'it' if len(meant) == 1 else 'them'} for "
            f"{_pods(len(blocked))}",
            evidence=(
                *(Evidence("node", f"{n.name} spec.unschedulable: true") for n in meant[:3]),
                *(Evidence(u.source, f"{u.ref.name}: {u.said}", u.at) for u in blocked[:2]),
            ),
            fix=_fix(meant),
            cause="pending",
            affects=(*(u.ref for u in blocked), *dependents(hub, components, deployments or [], [], services)),
        )
        return
    specs = kinds(shapes, user_pods)
    fit = [n for n in nodes if for_users(n, specs)]
    mine = [n for n in cordoned if n in fit]
    # an autoscaler adds a node when somebody needs one
    if not mine or nodes_are_added or any(works(n) for n in fit):
        return
    yield Finding(
        on=tuple(n.ref for n in mine),
        says=f"{_nodes(mine)} cordoned, and no other node takes users' pods"
        + (" (whether an autoscaler adds one cannot be seen)" if nodes_are_added is None else ""),
        evidence=tuple(Evidence("node", f"{n.name} spec.unschedulable: true") for n in mine[:5]),
        fix=_fix(mine),
        severity=Severity.INFO if nodes_are_added is None else Severity.WARNING,
        cause="none-left",
    )


def _nodes(nodes: list[Node]) -> str:
    return f"node {nodes[0].name} is" if len(nodes) == 1 else f"{len(nodes)} nodes are"


def _pods(count: int) -> str:
    return "a pod that waits" if count == 1 else f"{count} pods that wait"


def _fix(nodes: list[Node]) -> Fix:
    return Fix(
        "Let them take pods again, once the work that they were cordoned for is done.",
        commands=(f"kubectl uncordon {' '.join(n.name for n in nodes[:10])}",),
    )
