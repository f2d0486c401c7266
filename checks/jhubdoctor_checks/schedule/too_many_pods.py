"""Nodes that have as many pods as they may."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Rung, Severity, check, human
from jhubdoctor_checks.facts.hub_graph import HubGraph
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.schedule._place import evidence, level, names, of_kind, on, owners, room_of, who
from jhubdoctor_checks.schedule._room import most

# Below this a node's limit is not the usual 110: on EKS it follows from the machine's network interfaces.
USUAL = 110


@check(severity=Severity.ERROR, at=Rung.PLACED, stops=Rung.UP, symptom=True)
def too_many_pods(
    misfits: list[Unplaced],
    hub_graph: HubGraph,
) -> Iterator[Finding]:
    """Nodes have room for a pod, but already as many pods as they may have."""
    found = of_kind(misfits, "pods")
    if not found:
        return
    room = room_of(found)
    few = [n for n in room if 0 < most("pods", [n]) < USUAL]
    suffer = hub_graph.dependents({p.component for p in found})
    text = "Add a node."
    if few:
        text = (
            "Add a node, or raise the limit: on EKS it follows from the machine's network interfaces, and prefix"
            " delegation (ENABLE_PREFIX_DELEGATION of the VPC CNI) with a higher --max-pods lifts it."
        )
    yield Finding(
        on=on(found),
        says=f"{who(found)} cannot be placed: {names(room) or 'every node'} is at its limit of pods",
        evidence=(
            evidence(found),
            *(("node", f"{n.name}: allocatable pods {human('pods', most('pods', [n]))}") for n in room[:3]),
        ),
        fix=Fix(
            text,
            commands=tuple(
                f"kubectl get pods --all-namespaces --field-selector spec.nodeName={n.name}" for n in room[:1]
            ),
        ),
        severity=level(found),
        affects=tuple(dict.fromkeys((*owners(found), *suffer))),
    )
