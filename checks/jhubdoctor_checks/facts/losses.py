"""Pods that were lost with, or given up by, their node: users' servers, and pods of the hub and of its neighbours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from jhubdoctor.api import Deployment, Event, Events, Evidence, Hub, Pod, Ref, Values, excerpt, fact
from jhubdoctor_checks.facts.image import shared, user_prefix

# Reasons of a failed pod's status (pkg/kubelet/eviction, preemption, nodeshutdown, lifecycle,
# active_deadline of 1.20 to 1.36), and of
# events about pods that are gone (taint-eviction-controller, kube-scheduler, kubelet).
_LOST = (
    r"Evicted|Preempt\w*|NodeShutdown|Terminated|NodeLost|OutOf\w+|UnexpectedAdmissionError|NodeAffinity"
    r"|DeadlineExceeded"
)
_EVENTS = ("Evicted", "Preempted", "TaintManagerEviction", "Preempting")
_CANCELLED = "Cancelling deletion of Pod"  # pkg/controller/tainteviction, 1.13 to 1.36
_RESOURCE = (
    r"(?i)low on resource: (?P<low>[\w.-]+)|condition: \[(?P<condition>\w+)"
    r"|(?P<local>ephemeral local storage usage|Usage of EmptyDir volume|Container \S+ exceeded its local ephemeral)"
)
# Nobody misses them: placeholders give way, and pullers come again.
_IDLE = frozenset({"user-placeholder", "continuous-image-puller", "hook-image-puller"})

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
"""Events last an hour in most clusters, and nothing but they tells of a pod that is gone."""


@dataclass(frozen=True)
class Loss:
    """A pod that was lost.

    Attributes:
        ref: it.
        why: the cause, stable: `memory`, `disk`, `disk limit` (its own), `preempted`, `node-gone`, `refused ...`,
            `deadline`, `evicted`.
        evidence: what shows it.
        at: when.
        node: where, empty where unknown.
        message: what the node said.
        gone: whether the pod is gone: of a server, its user may start another.
        part: what it is one of, as `Deployment/hub`; empty for a server.
        back: whether another does its work: the user's next server, or a pod of the same part.
        instead: the pods of the same part that are to do its work, and are not ready.
    """

    ref: Ref
    why: str
    evidence: Evidence
    at: datetime
    node: str = ""
    message: str = ""
    gone: bool = False
    part: str = ""
    back: bool = False
    instead: tuple[Ref, ...] = ()


@fact(passes_only_with=("events",))
def lost_servers(
    hub: Hub, user_pods: list[Pod], events: Events | None, values: Values | None, now: datetime
) -> list[Loss]:
    """Users' servers that were lost within a day; those whose pods are gone, within the hour."""
    ready = {p.name: p.created for p in user_pods if p.ready}
    prefix = user_prefix(values)
    found = [Loss(shared(p.ref), *_of_pod(p, user_pods)) for p in user_pods if _failed(p, user_pods, now)]
    for name, e in _gone(user_pods, events, now):
        if name.startswith(prefix):
            back = name in ready and ready[name] > e.at
            found.append(Loss(shared(hub.pod_ref(name)), *_of_event(e), gone=True, back=back))
    return found


@fact(passes_only_with=("events",))
def lost_parts(
    hub: Hub, service_pods: list[Pod], deployments: list[Deployment], events: Events | None, now: datetime
) -> list[Loss]:
    """Pods of the hub and of its neighbours that were lost, as those of users."""
    pods = [p for p in service_pods if p.component not in _IDLE and not p.owner.startswith("Job/")]
    parts = {p.owner for p in pods} | {f"Deployment/{d.name}" for d in deployments}
    lost = [(p.ref, p.owner, _of_pod(p, pods), False) for p in pods if _failed(p, pods, now)]
    for name, e in _gone(service_pods, events, now):
        part = max((o for o in parts if name.startswith(f"{o.partition('/')[2]}-")), key=len, default="")
        if part:
            lost.append((hub.pod_ref(name), part, _of_event(e), True))
    found = []
    for ref, part, told, gone in lost:
        others = [p for p in pods if p.owner == part and not p.finished and not p.terminating]
        back = any(p.ready for p in others)
        instead = () if back else tuple(p.ref for p in others)
        found.append(Loss(ref, *told, gone=gone, part=part, back=back, instead=instead))
    return found


def _failed(pod: Pod, peers: Iterable[Pod], now: datetime) -> bool:
    return pod.phase == "Failed" and bool(re.fullmatch(_LOST, _reason(pod))) and now - _at(pod, peers) <= DAY


def _of_pod(pod: Pod, peers: Iterable[Pod]) -> tuple[str, Evidence, datetime, str, str]:
    told = f"{pod.name}: {_reason(pod)}: {excerpt(pod.status.message)}"
    why = _why(_reason(pod), pod.status.message)
    return why, Evidence("pod.status", told), _at(pod, peers), pod.node, pod.status.message


def _of_event(e: Event) -> tuple[str, Evidence, datetime, str, str]:
    shown = Evidence("event", f"{e.reason}: {excerpt(e.message)}", e.at)
    return _why(e.reason, e.message), shown, e.at, e.source.host, e.message


def _gone(pods: Iterable[Pod], events: Events | None, now: datetime) -> Iterator[tuple[str, Event]]:
    """Pods that are not there any more, by their names, with what was said of them within the hour."""
    pods = list(pods)
    left = {p.name for p in pods if p.phase == "Failed" and re.fullmatch(_LOST, _reason(p))}
    alive = {p.name: p.created for p in pods if p.phase == "Running" and not p.terminating}
    for name, e in events.of_pods(*_EVENTS).items() if events is not None else ():
        # the node came back before its pods were deleted
        stayed = re.match(_CANCELLED, e.message) or (name in alive and alive[name] <= e.at)
        if name not in left and not stayed and now - e.at <= HOUR:
            yield name, e


def _reason(pod: Pod) -> str:
    """Why it failed; a node that was lost with its containers leaves that to them."""
    unknown = any(s.state.terminated and s.state.terminated.reason == "ContainerStatusUnknown" for s in pod.statuses())
    return pod.status.reason or ("NodeLost" if unknown else "")


def _at(pod: Pod, peers: Iterable[Pod]) -> datetime:
    """When it ended: no field of a failed pod says so, the newest of its conditions comes closest.

    Of a pod without any, the one that was made in its place tells.
    """
    times = [c.last_transition_time for c in pod.status.conditions if c.last_transition_time]
    ends = [s.state.terminated for s in pod.statuses() if s.state.terminated]
    times += [e.finished_at for e in ends if e.finished_at]
    if times or pod.owner.startswith("Pod/"):
        return max(times, default=pod.created)
    return min((p.created for p in peers if p.owner == pod.owner and p.created > pod.created), default=pod.created)


def _why(reason: str, message: str) -> str:
    if reason.startswith("Preempt"):
        return "preempted"
    if reason in {"NodeShutdown", "Terminated", "NodeLost", "TaintManagerEviction"}:
        return "node-gone"
    if reason == "DeadlineExceeded":
        return "deadline"
    if reason.startswith("OutOf") or reason in {"UnexpectedAdmissionError", "NodeAffinity"}:
        return f"refused {reason}"
    m = re.search(_RESOURCE, message)
    if m is None:
        return "evicted"
    if m["local"]:
        return "disk limit"
    found = (m["low"] or m["condition"]).lower()
    return "memory" if "memory" in found else "disk" if re.search(r"disk|storage|inode", found) else "evicted"
