"""Failed spawns that still matter, the objects that they are about, and how much they weigh."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from jhubdoctor.api import Evidence, Hub, HubLog, Pod, Ref, Severity, Spawn, Spawns, times
from jhubdoctor_checks.facts.image import shared

FRESH = timedelta(hours=1)
# JupyterHub's default; the chart sets none
HTTP = 30
# JupyterHub's handlers/base.py, 1.0 to 6.0
NEAR = r"(?P<n>\d+) consecutive spawns failed\.\s+Hub will exit if failure count reaches (?P<limit>\d+)"
# It first takes back what was made for the server.
_COUNTED = timedelta(seconds=60)
ABORT = r"Aborting due to (?P<n>\d+) consecutive spawn failures"


def unresolved(spawns: Spawns, now: datetime, user_pods: Iterable[Pod], *kinds: str) -> list[Spawn]:
    """Each user's last failure of the last day, where neither the log nor a pod shows a later start that succeeded.

    Where the log does not reach back to the pod's name, it is that of the user's pod, if there is but one.
    """
    pods = {p.name: p for p in user_pods}
    of_user: dict[str, list[str]] = {}
    for p in pods.values():
        of_user.setdefault(p.user, []).append(p.name)

    def named(s: Spawn) -> Spawn:
        names = of_user.get(s.user, []) if s.user and not s.pod else []
        return replace(s, pod=names[0]) if len(names) == 1 else s

    def runs_now(s: Spawn) -> bool:
        p = pods.get(s.pod)
        if p is None or not p.ready or p.terminating or s.at is None or p.created <= s.at:
            return False
        ready = p.condition("Ready")
        since = ready.last_transition_time if ready else None
        # of a server that did not answer the pod was Ready too: only once the hub would have given up on this one
        return s.kind != "http-timeout" or since is None or now - since > timedelta(seconds=s.limit or HTTP)

    return [s for s in map(named, spawns.unresolved(now)) if s.kind in kinds and not runs_now(s)]


def objects(hub: Hub, group: Sequence[Spawn], user_pods: Iterable[Pod]) -> tuple[tuple[Ref, ...], tuple[Ref, ...]]:
    """What a finding is about and what it affects: the pods that are there, then those that the hub deleted.

    Where the log names no pod, it is about the hub.
    """
    pods = {p.name: p for p in user_pods}
    names = sorted({s.pod for s in group if s.pod})
    here = tuple(shared(pods[n].ref) for n in names if n in pods)
    places = {s.pod: s.namespace for s in group if s.namespace}
    gone = tuple(
        shared(replace(hub.pod_ref(n), namespace=places.get(n, hub.namespace))) for n in names if n not in pods
    )
    if here:
        return here, gone
    return gone or (hub.ref,), ()


def weight(group: Sequence[Spawn], spawns: Spawns, user_pods: Iterable[Pod], now: datetime) -> Severity:
    """An error while it is fresh or a server of theirs waits; less once others have started since, or it is old."""
    newest = max((s.at for s in group if s.at), default=now)
    waiting = {p.name for p in user_pods if not p.ready and not p.terminating}
    if now - newest <= FRESH or any(s.pod in waiting for s in group):
        return Severity.ERROR
    if any(at and at > newest for _, _, at in spawns.succeeded):
        return Severity.INFO
    return Severity.WARNING


def aborted(hub: Hub, hub_log: HubLog, hub_pods: Iterable[Pod], group: Sequence[Spawn] = ()) -> tuple[Ref, ...]:
    """The hub and its pods, where it stopped itself over failed spawns: then these suffer too.

    The hub alone, where it counts the newest failure towards that, and that is one of this group.
    """
    if next(hub_log.find(ABORT), None):
        return (hub.ref, *(p.ref for p in hub_pods))
    counted = [e.at for e, _ in hub_log.find(NEAR) if e.at]
    if counted and any(s.at and timedelta(0) <= counted[-1] - s.at <= _COUNTED for s in group):
        return (hub.ref,)
    return ()


def seen(group: Sequence[Spawn], what: str, most: int = 3) -> tuple[Evidence, ...]:
    """The failures as evidence, newest first, no more than `most`."""
    shown = tuple(
        Evidence("hub log", f"{s.user}: {what}" + (f" ({times(s.times)})" if s.times > 1 else ""), s.at)
        for s in group[:most]
    )
    left = len(group) - len(shown)
    return (*shown, Evidence("hub log", f"and {left} more")) if left > 0 else shown
