"""Why a node is not ready, and what to do."""

from jhubdoctor.api import Condition, Fix, Node, clean
from jhubdoctor_checks.facts.hub_nodes import leaving
from jhubdoctor_checks.texts import Known, known, last_words
from jhubdoctor_checks.texts.kubelet import FAULT, FAULTS

_SILENT: Known[None] = Known(
    "silent",
    "",
    "nothing is heard from the kubelet",
    Fix(
        "See whether the machine runs, and restart it. If it is gone for good, delete the node: its pods are then made "
        "anew elsewhere.",
        commands=("kubectl describe node {node}",),
    ),
    "",
)


def fault_of(ready: Condition) -> Known[None]:
    """Why, as far as the node tells."""
    return known(FAULTS, ready.message) or FAULT if ready.status == "False" else _SILENT


def why(fault: Known[None], ready: Condition) -> str:
    """The same in words; of what is not known the node's own."""
    return fault.means({"last": last_words(ready.message)}) if ready.message else fault.means({"last": "not ready"})


def repair(fault: Known[None], node: str, *, holds: bool) -> Fix:
    """The next step; `holds` is for a node that holds volumes."""
    if fault is _SILENT and holds:
        return Fix(
            "See whether the machine runs, and restart it. If it is off, say so (Kubernetes 1.26 and later): its pods "
            "are made anew elsewhere, and its volumes are detached. Remove the taint when it is back.",
            commands=(
                f"kubectl describe node {node}",
                f"kubectl taint nodes {node} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute",
            ),
            caution="Taint it only once the machine is surely off: two nodes that write to one disk destroy it.",
        )
    return fault.remedy({"node": node})


def away(node: Node) -> list[Condition]:
    """The condition Ready, where it is not True and the node is not meant to go."""
    ready = [c for c in node.status.conditions if c.type == "Ready"][:1]
    return [] if leaving(node) else [c for c in ready if c.status != "True"]


def reason_of(ready: Condition) -> str:
    """What the node says of itself."""
    return clean(f"{ready.reason}: {ready.message}", 300)
