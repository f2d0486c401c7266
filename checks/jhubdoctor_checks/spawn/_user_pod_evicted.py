"""What to say of users' servers that were lost with, or given up by, their node, and what to do."""

import re

from jhubdoctor.api import Fix, Hub, clean, count, nested, quantity
from jhubdoctor_checks.facts.losses import Loss
from jhubdoctor_checks.texts import last_words

# lifecycle/predicate.go, 1.20 to 1.36: "[Pod was rejected: ]Node didn't have enough resource: pods, requested: 1, used:
# 110, capacity: 110"
_FULL = r"enough resource: (?P<what>[\w./-]+), requested: (?P<asked>\d+), used: (?P<used>\d+), capacity: (?P<all>\d+)"

# cm/devicemanager/manager.go, 1.24 and 1.37; the kubelet places no pod twice
_DEVICE = r"Allocate failed due to (?P<why>.*?(?P<name>[\w.-]+/[\w.-]*\w).*?)(?:, which is unexpected|$)"

_LIMIT = "singleuser.extraResource.limits.ephemeral-storage"


def _refused(members: list[Loss]) -> tuple[str, Fix]:
    """What a node says of pods that it did not take, though a scheduler had placed them there."""
    nodes = sorted({m.node for m in members if m.node})
    where = f"node {nodes[0]}" if len(nodes) == 1 else "the nodes"
    look = tuple(f"kubectl describe node {n}" for n in nodes[:1]) or ("kubectl get nodes",)
    full = re.search(_FULL, members[0].message)
    if device := re.search(_DEVICE, members[0].message):
        name, why = clean(device["name"], 100), clean(device["why"], 200)
        return f"{where} could not give {'it' if len(members) == 1 else 'them'} {name}: {why}", Fix(
            f"Start the servers again. Where it happens anew: the node says that it has more {name} than its device"
            " plugin can give, so see the plugin's pod there (a DaemonSet), and what else holds the devices.",
            commands=look,
        )
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


# pkg/kubelet/eviction, 1.20 to 1.36: "Container notebook was using 252Ki, which exceeds its request of 0. "
_USED = r"Container (?P<name>\S+) was using (?P<amount>\S+?), "
_LITTLE = 2**30
_NO_CASE = re.IGNORECASE


def _short(what: str, members: list[Loss]) -> str:
    """That nodes ran short, which they are, and what the servers themselves had of it."""
    nodes = sorted({m.node for m in members if m.node})
    where = f"node {nodes[0]}" if len(nodes) == 1 else f"{count(len(nodes), 'node')}" if nodes else "the node"
    used = [u for m in members for u in re.findall(_USED, m.message, _NO_CASE) if quantity(u[1]) is not None]
    most = max(used, key=lambda u: quantity(u[1]) or 0, default=None)
    return f"{where} ran short of {what}" + (f" (container {most[0]} used {most[1]} of it)" if most else "")


def _disk(members: list[Loss], hub: Hub, caution: str) -> tuple[str, Fix]:
    """A node that ran short of disk: who fills it need not be the servers that it gave up."""
    used = [quantity(u[1]) or 0 for m in members for u in re.findall(_USED, m.message, _NO_CASE)]
    says = _short("disk", members)
    nodes = sorted({m.node for m in members if m.node})
    if used and max(used) < _LITTLE:
        return says, Fix(
            "What these servers wrote is not what fills it: see what does (images, logs, other pods), and give the"
            " nodes larger disks.",
            commands=tuple(f"kubectl describe node {n}" for n in nodes[:1]) or ("kubectl describe nodes",),
        )
    return says, hub.values_fix(
        "Limit what a server writes outside its home, as shown; or give the nodes larger disks, and the limit goes "
        "unset.",
        nested(_LIMIT, "10Gi"),
        caution=caution,
    )


def explained(why: str, members: list[Loss], hub: Hub) -> tuple[str, Fix]:
    """What a cause means, and what to do."""
    caution = "This restarts the hub; it holds for servers that are started after it."
    match why.partition(" ")[0]:
        case "memory":
            return _short("memory", members), hub.values_fix(
                "Guarantee each server the memory that it really uses, so that fewer share a node.",
                nested("singleuser.memory.guarantee", "2G"),
                caution=caution,
            )
        case "disk" if why == "disk limit":
            said = last_words(members[0].message)
            return f"more was written to the node's disk than the server may ({said})", Fix(
                f"Have users keep large files in their homes, or raise the limit: {_LIMIT}, the profile's, or the size"
                " of the emptyDir that the message names. The node has not run short."
            )
        case "disk":
            return _disk(members, hub, caution)
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
        case "deadline":
            who = "it" if len(members) == 1 else "they"
            return f"{who} ran as long as {who} may (activeDeadlineSeconds)", Fix(
                "Raise activeDeadlineSeconds, or take it out, where it is set (singleuser.extraPodConfig, a profile, a"
                " policy of the cluster): it ends servers at work, too. To stop idle ones, set cull.timeout.",
                commands=(hub.kubectl("get pods -o custom-columns=NAME:.metadata.name,S:.spec.activeDeadlineSeconds"),),
            )
    said = last_words(members[0].message)
    return f"the node gave {'it' if len(members) == 1 else 'them'} up" + (f": {said}" if said else ""), Fix(
        "See what the node or the message says.", commands=("kubectl describe nodes",)
    )
