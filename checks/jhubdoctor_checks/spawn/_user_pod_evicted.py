"""What to say of users' servers that were lost with, or given up by, their node, and what to do."""

import re

from jhubdoctor.api import Fix, Hub, nested
from jhubdoctor_checks.facts.losses import Loss
from jhubdoctor_checks.texts import last_words

# lifecycle/predicate.go, 1.20 to 1.36: "[Pod was rejected: ]Node didn't have enough resource: pods, requested: 1, used:
# 110, capacity: 110"
_FULL = r"enough resource: (?P<what>[\w./-]+), requested: (?P<asked>\d+), used: (?P<used>\d+), capacity: (?P<all>\d+)"


def _refused(members: list[Loss]) -> tuple[str, Fix]:
    """What a node says of pods that it did not take, though a scheduler had placed them there."""
    nodes = sorted({m.node for m in members if m.node})
    where = f"node {nodes[0]}" if len(nodes) == 1 else "the nodes"
    look = tuple(f"kubectl describe node {n}" for n in nodes[:1]) or ("kubectl get nodes",)
    full = re.search(_FULL, members[0].message)
    if full is None:
        return f"{where} did not take what was placed there: {last_words(members[0].message)}", Fix(
            "See what the node says; a device that fails is its plugin's matter.", commands=look
        )
    if full["what"] == "pods":
        return f"{where} runs as many pods as it may ({full['used']} of {full['all']})", Fix(
            "Add nodes, or let the kubelets run more pods (maxPods; clouds tie it to the addresses of a node).",
            commands=(*look, "kubectl get nodes -o custom-columns=NAME:.metadata.name,PODS:.status.allocatable.pods"),
        )
    what = f"{full['used']} of {full['all']} {full['what']} used, {full['asked']} asked for"
    return f"{where} had no room left for what was placed there ({what})", Fix(
        "See what takes the room that the scheduler did not count: static pods, pods with spec.nodeName, a second "
        "scheduler. Where it happened once, the next start goes elsewhere.",
        commands=look,
    )


def explained(why: str, members: list[Loss], hub: Hub) -> tuple[str, Fix]:
    """What a cause means, and what to do."""
    caution = "This restarts the hub; it holds for servers that are started after it."
    match why.partition(" ")[0]:
        case "memory":
            return "the node ran out of memory", hub.values_fix(
                "Guarantee each server the memory that it really uses, so that fewer share a node.",
                nested("singleuser.memory.guarantee", "2G"),
                caution=caution,
            )
        case "disk":
            return "the node ran out of disk, or the server used more of it than it may", hub.values_fix(
                "Limit what a server writes outside its home, or give the nodes larger disks.",
                nested("singleuser.extraResource.limits.ephemeral-storage", "10Gi"),
                caution=caution,
            )
        case "preempted":
            return "a pod of higher priority took the place", Fix(
                "See which priority users' pods have, and which pods are above it.",
                commands=(hub.kubectl("get pods -o custom-columns=NAME:.metadata.name,PRIORITY:.spec.priority"),),
            )
        case "node-gone":
            return "the node went away", Fix(
                "Spot nodes and scale-downs take servers with them: keep users on nodes that stay, or have the "
                "autoscaler spare nodes with users (cluster-autoscaler.kubernetes.io/safe-to-evict).",
                commands=("kubectl get nodes",),
            )
        case "refused":
            return _refused(members)
    said = last_words(members[0].message)
    return f"the node gave {'it' if len(members) == 1 else 'them'} up" + (f": {said}" if said else ""), Fix(
        "See what the node or the message says.", commands=("kubectl describe nodes",)
    )
