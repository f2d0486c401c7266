"""How the containers of the hub, of its neighbours in the namespace and of users' servers fared: restarts, ends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from jhubdoctor.api import ContainerStatus, Events, Look, Pod, PodLog, Terminated, Unreadable, clean, fact

# A kubelet that comes back tells of all that ended without it within seconds; pods that start one another take longer.
_TOGETHER = timedelta(minutes=3)
_OF_A_NODE = 3
"""So many pods that ended together, and no other beside them, ended with their node."""


@dataclass(frozen=True)
class Watched:
    """A container, or init container, of a pod that is not being deleted.

    Attributes:
        pod: its pod.
        status: its status.
        unanswered: when its kubelet last told that it failed its liveness probe; None where it did not tell.
        with_node: whether it ended last together with all else on its node, which was restarted.
    """

    pod: Pod
    status: ContainerStatus
    unanswered: datetime | None = None
    with_node: bool = False

    @property
    def end(self) -> Terminated | None:
        """How it ended last."""
        return self.status.state.terminated or self.status.last_state.terminated

    @property
    def waits(self) -> str:
        """The reason for which it waits, empty where it does not."""
        return self.status.waits

    @property
    def runs_since(self) -> datetime | None:
        """When this run of it began, None where it does not run."""
        return self.status.state.running.started_at if self.status.state.running else None


@fact()
def watched(service_pods: list[Pod], user_pods: list[Pod] | None, events: Events | None) -> list[Watched]:
    """The containers of the hub's own pods and of its neighbours', by the names of their pods; none that is done."""
    return _watched([p for p in service_pods if not p.finished], (*service_pods, *(user_pods or ())), events)


@fact()
def watched_servers(user_pods: list[Pod], service_pods: list[Pod]) -> list[Watched]:
    """The containers of users' servers, by the names of their pods; also of those that failed and were not put out."""
    alive = [p for p in user_pods if p.phase != "Succeeded" and not p.status.reason]
    return _watched(alive, (*user_pods, *service_pods), None)


def _watched(pods: Iterable[Pod], every: Iterable[Pod], events: Events | None) -> list[Watched]:
    by_node: dict[str, list[Pod]] = {}
    for p in every:
        if p.node and not p.finished:
            by_node.setdefault(p.node, []).append(p)
    found = []
    for pod in sorted(pods, key=lambda p: p.name):
        if pod.terminating:
            continue
        failed = {
            e.container: e.at
            for e in reversed(events.about("Pod", pod.name, "Unhealthy", "Killing") if events else [])
            if "iveness probe" in e.message
        }
        for status in pod.statuses():
            end = status.state.terminated or status.last_state.terminated
            gone = end is not None and _with_node(pod, end, by_node.get(pod.node, []))
            found.append(Watched(pod, status, failed.get(status.name), gone))
    return found


def _with_node(pod: Pod, end: Terminated, beside: list[Pod]) -> bool:
    """Whether a container ended because its node, or the runtime on it, was restarted."""
    if (end.reason, end.exit_code) == ("Unknown", 255):
        # containerd: it was not there when the container ended
        return True
    at = end.finished_at
    if at is None or end.reason == "OOMKilled":
        return False
    older = [p for p in beside if p.created < at]
    return len(older) >= _OF_A_NODE and pod in older and all(_ended_about(p, at) for p in older)


def _ended_about(pod: Pod, at: datetime) -> bool:
    return any(abs(e - at) <= _TOGETHER for e in _ends(pod.status.container_statuses))


def _ends(statuses: Iterable[ContainerStatus]) -> Iterator[datetime]:
    for s in statuses:
        for state in (s.state, s.last_state):
            if state.terminated is not None and state.terminated.finished_at is not None:
                yield state.terminated.finished_at


_TELLING = re.compile(
    r"(?i)\b(?:error|fatal|panic|fail(?:ed|ure|s)?|cannot|can't|could not|exception|refused|denied|no such|invalid)\b"
)
MOST_LOGS = 3


@fact(optional=("pods/log",))
def last_words(look: Look, watched: list[Watched]) -> Mapping[tuple[str, str], str]:
    """What containers that do not get on logged before they ended, by pod and container: the last line that complains.

    Those of at most three are looked at, of one for each of what made their pods; the hub's log is read elsewhere.
    """
    ailing = {
        (w.pod.owner, w.status.name): w
        for w in watched
        if w.status.restart_count and not w.status.ready and w.end is not None and w.pod.component != "hub"
    }
    found = {}
    for w in list(ailing.values())[:MOST_LOGS]:
        try:
            text = look.log(w.pod, w.status.name, previous=True)
        except Unreadable:
            continue
        lines = [line for line in PodLog.of(w.pod, w.status.name, text).lines if _TELLING.search(line)]
        if lines:
            found[w.pod.name, w.status.name] = clean(lines[-1], 300)
    return found
