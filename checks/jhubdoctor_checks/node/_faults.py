"""Why a node is not ready, and what to do."""

import re

from jhubdoctor.api import Condition, Fix, Node, clean
from jhubdoctor_checks.facts.hub_nodes import leaving

# What the kubelet says of itself (pkg/kubelet/nodestatus/setters.go of 1.20 and 1.36; the runtimes' own words inside).
_REASONS = (
    ("network", re.compile(r"(?i)network(?:Plugin)? ?(?:is )?not ?ready|cni"), "the pod network does not work"),
    ("runtime", re.compile(r"(?i)container runtime|PLEG|rpc error"), "the container runtime does not work"),
    ("stopping", re.compile(r"(?i)shutting down|shutdown"), "the machine shuts down"),
)


def fault_of(ready: Condition) -> tuple[str, str]:
    """The cause, and what to say of it."""
    if ready.status != "False":
        return "silent", "nothing is heard from the kubelet"
    return next(((c, s) for c, p, s in _REASONS if p.search(ready.message)), ("not-ready", "the kubelet says so"))


def repair(cause: str, node: str, *, holds: bool) -> Fix:
    """The next step; `holds` is for a node that holds volumes."""
    if cause == "silent" and holds:
        return Fix(
            "See whether the machine runs, and restart it. If it is off, say so (Kubernetes 1.26 and later): its pods "
            "are made anew elsewhere, and its volumes are detached. Remove the taint when it is back.",
            commands=(
                f"kubectl describe node {node}",
                f"kubectl taint nodes {node} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute",
            ),
            caution="Taint it only once the machine is surely off: two nodes that write to one disk destroy it.",
        )
    if cause == "silent":
        return Fix(
            "See whether the machine runs, and restart it. If it is gone for good, "
            "delete the node: its pods are then made anew elsewhere.",
            commands=(f"kubectl describe node {node}",),
        )
    if cause == "network":
        return Fix(
            "See the pods of the network plugin on that node (Calico, Cilium, the cloud's CNI).",
            commands=(f"kubectl get pods --namespace kube-system --field-selector spec.nodeName={node} -o wide",),
        )
    return Fix("See what the kubelet says, and restart it or the machine.", commands=(f"kubectl describe node {node}",))


def away(node: Node) -> list[Condition]:
    """The condition Ready, where it is not True and the node is not meant to go."""
    ready = [c for c in node.status.conditions if c.type == "Ready"][:1]
    return [] if leaving(node) else [c for c in ready if c.status != "True"]


def told(ready: Condition) -> str:
    """What the node says of itself."""
    return clean(f"{ready.reason}: {ready.message}", 300)
