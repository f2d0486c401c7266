"""Which warnings of a node count, and which pods there suffered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from jhubdoctor.api import Event, Pod

_HOUR = timedelta(hours=1)
# What the kernel or the kubelet does ends pods within moments; their kubelet tells of it when it is back.
_ABOUT = timedelta(minutes=5)
# A pod becomes ready for the first time as it starts.
_START = timedelta(minutes=15)
_ENDED = ("Ready", "ContainersReady", "DisruptionTarget")
# Once it is a restart of the kubelet, or a node that was busy for a moment.
_TIMES = {"agents": 3, "comes-and-goes": 2, "memory-limit": 3}
# The process that the kernel chose (pkg/kubelet/oom, node-problem-detector): what users run in their servers.
_VICTIM = re.compile(
    r"(?:victim process: |Killed process \d+ \()(?:python|jupyter|ipykernel|R\b|rsession|julia|java|node\b)"
)


def lasting(word: str, events: Sequence[Event], now: datetime) -> list[Event]:
    """Those of the last hour, newest first, where they are as many as it takes."""
    lately = [e for e in events if now - e.at <= _HOUR]
    return lately if sum(e.times for e in lately) >= _TIMES.get(word, 1) else []


def hurt(events: Sequence[Event], node: str, pods: Iterable[Pod]) -> list[Pod]:
    """The pods on a node that ended with an error, or were put out, about when it warned."""
    return [p for p in pods if p.node == node and any(_about(at, events) for at in _ends(p))]


def robbed(events: Sequence[Event], node: str, user_pods: Iterable[Pod]) -> bool:
    """Whether a process was ended there that is of the kind that users run, while users' servers were there."""
    chosen = [e for e in events if _VICTIM.search(e.message)]
    return any(p.node == node and p.created < e.at for e in chosen for p in user_pods)


def _about(at: datetime, events: Sequence[Event]) -> bool:
    return any(e.began - _ABOUT <= at <= e.at + _ABOUT for e in events)


def _ends(pod: Pod) -> Iterator[datetime]:
    """When its containers ended with an error, it was put out, or was not ready for a while that is over."""
    if pod.phase == "Failed":
        # its other conditions say when it was placed and begun
        ended = (c for c in pod.status.conditions if c.type in _ENDED)
        yield from (c.last_transition_time for c in ended if c.last_transition_time)
    ready = pod.condition("Ready")
    if ready is not None and ready.last_transition_time and ready.last_transition_time - pod.created > _START:
        yield ready.last_transition_time
    for s in pod.statuses():
        for end in (s.state.terminated, s.last_state.terminated):
            if end is not None and end.finished_at is not None and (end.exit_code or end.reason == "OOMKilled"):
                yield end.finished_at
