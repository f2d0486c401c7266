"""Users' servers that were lost with, or given up by, their node: why, when, and what to do."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from jhubdoctor.api import Events, Evidence, Fix, Hub, Pod, Ref, Values, excerpt, nested
from jhubdoctor_checks.facts.image import shared, user_prefix
from jhubdoctor_checks.spawn._servers import DAY
from jhubdoctor_checks.texts import last_words

# Reasons of a failed pod's status (pkg/kubelet/eviction, preemption, nodeshutdown, lifecycle of 1.20 to 1.36), and of
# events about pods that are gone (taint-eviction-controller, kube-scheduler, kubelet).
_LOST = r"Evicted|Preempt\w*|NodeShutdown|Terminated|NodeLost|OutOf\w+|UnexpectedAdmissionError|NodeAffinity"
_EVENTS = ("Evicted", "Preempted", "TaintManagerEviction", "Preempting")
_CANCELLED = "Cancelling deletion of Pod"  # pkg/controller/tainteviction, 1.13 to 1.36
_RESOURCE = (
    r"(?i)low on resource: (?P<low>[\w.-]+)|condition: \[(?P<condition>\w+)"
    r"|(?P<local>ephemeral local storage usage|Usage of EmptyDir volume|Container \S+ exceeded its local ephemeral)"
)

HOUR = timedelta(hours=1)
"""So long events last in most clusters, and nothing but they tells of a pod that is gone."""


@dataclass(frozen=True)
class Loss:
    """A server that was lost.

    Attributes:
        ref: its pod.
        why: the cause, stable.
        evidence: what shows it.
        at: when.
        node: where, empty where unknown.
        message: what the node said.
        gone: whether the pod is gone: its user may start another.
    """

    ref: Ref
    why: str
    evidence: Evidence
    at: datetime
    node: str = ""
    message: str = ""
    gone: bool = False


def losses(hub: Hub, user_pods: list[Pod], events: Events, values: Values | None, now: datetime) -> Iterator[Loss]:
    """The servers that were lost within a day; those whose pods are gone, within the hour."""
    known = set()
    for p in user_pods:
        if p.phase == "Failed" and re.fullmatch(_LOST, _reason(p)) and now - _at(p) <= DAY:
            known.add(p.name)
            told = f"{p.name}: {_reason(p)}: {excerpt(p.status.message)}"
            yield Loss(
                shared(p.ref),
                _why(_reason(p), p.status.message),
                Evidence("pod.status", told),
                _at(p),
                p.node,
                p.status.message,
            )
    prefix = user_prefix(values)
    alive = {p.name: p.created for p in user_pods if p.phase == "Running" and not p.terminating}
    for name, e in events.of_pods(*_EVENTS).items():
        # the node came back before its pods were deleted
        stayed = re.match(_CANCELLED, e.message) or (name in alive and alive[name] <= e.at)
        if name.startswith(prefix) and name not in known and not stayed and now - e.at <= HOUR:
            shown = Evidence("event", f"{e.reason}: {excerpt(e.message)}", e.at)
            ref, why = shared(hub.pod_ref(name)), _why(e.reason, e.message)
            yield Loss(ref, why, shown, e.at, e.source.host, e.message, gone=True)


def _reason(pod: Pod) -> str:
    """Why it failed; a node that was lost with its containers leaves that to them."""
    unknown = any(s.state.terminated and s.state.terminated.reason == "ContainerStatusUnknown" for s in pod.statuses())
    return pod.status.reason or ("NodeLost" if unknown else "")


def _at(pod: Pod) -> datetime:
    """When it ended: no field of a failed pod says so, the newest of its conditions comes closest."""
    times = [c.last_transition_time for c in pod.status.conditions if c.last_transition_time]
    ends = [s.state.terminated for s in pod.statuses() if s.state.terminated]
    times += [e.finished_at for e in ends if e.finished_at]
    return max(times, default=pod.created)


def _why(reason: str, message: str) -> str:
    if reason.startswith("Preempt"):
        return "preempted"
    if reason in {"NodeShutdown", "Terminated", "NodeLost", "TaintManagerEviction"}:
        return "node-gone"
    if reason.startswith("OutOf") or reason in {"UnexpectedAdmissionError", "NodeAffinity"}:
        return f"refused {reason}"
    m = re.search(_RESOURCE, message)
    if m is None:
        return "evicted"
    found = (m["low"] or m["condition"] or "storage").lower()
    return "memory" if "memory" in found else "disk" if re.search(r"disk|storage|inode", found) else "evicted"


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
