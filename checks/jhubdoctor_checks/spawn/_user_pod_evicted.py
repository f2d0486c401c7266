"""Users' servers that were lost with, or given up by, their node: why, when, and what to do."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from jhubdoctor.api import Events, Evidence, Fix, Hub, Pod, Ref, Values, clean, nested
from jhubdoctor_checks.facts.image import shared, user_prefix
from jhubdoctor_checks.spawn._servers import DAY

# Reasons of a failed pod's status (pkg/kubelet/eviction, preemption, nodeshutdown, lifecycle of 1.20 to 1.36), and of
# events about pods that are gone (taint-eviction-controller, kube-scheduler, kubelet).
_LOST = r"Evicted|Preempt\w*|NodeShutdown|Terminated|NodeLost|OutOf\w+|UnexpectedAdmissionError|NodeAffinity"
_EVENTS = ("Evicted", "Preempted", "TaintManagerEviction", "Preempting")
_CANCELLED = "Cancelling deletion of Pod"  # pkg/controller/tainteviction, 1.13 to 1.36
_RESOURCE = (
    r"(?i)low on resource: (?P<low>[\w.-]+)|condition: \[(?P<condition>\w+)"
    r"|(?P<local>ephemeral local storage usage|Usage of EmptyDir volume|Container \S+ exceeded its local ephemeral)"
)


@dataclass(frozen=True)
class Loss:
    """A server that was lost.

    Attributes:
        ref: its pod.
        why: the cause, stable.
        evidence: what shows it.
        at: when.
    """

    ref: Ref
    why: str
    evidence: Evidence
    at: datetime


def losses(hub: Hub, user_pods: list[Pod], events: Events, values: Values | None, now: datetime) -> Iterator[Loss]:
    """The servers that were lost within a day, those too whose pods are gone."""
    known = set()
    for p in user_pods:
        if p.phase == "Failed" and re.fullmatch(_LOST, _reason(p)) and now - _at(p) <= DAY:
            known.add(p.name)
            told = f"{p.name}: {_reason(p)}: {clean(p.status.message, 300)}"
            yield Loss(shared(p.ref), _why(_reason(p), p.status.message), Evidence("pod.status", told), _at(p))
    prefix = user_prefix(values)
    alive = {p.name: p.created for p in user_pods if p.phase == "Running" and not p.terminating}
    for name, e in events.of_pods(*_EVENTS).items():
        # the node came back before its pods were deleted
        stayed = re.match(_CANCELLED, e.message) or (name in alive and alive[name] <= e.at)
        if name.startswith(prefix) and name not in known and not stayed:
            shown = Evidence("event", f"{e.reason}: {clean(e.message, 300)}", e.at)
            yield Loss(shared(hub.pod_ref(name)), _why(e.reason, e.message), shown, e.at)


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


def explained(why: str, hub: Hub) -> tuple[str, Fix]:
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
            return "the node refused the pod after it was placed", Fix(
                "It passes where two pods raced for one place; for a device see whether its plugin runs on the node.",
                commands=("kubectl get nodes",),
            )
    return "the node evicted it", Fix("See what the node was short of.", commands=("kubectl describe nodes",))
