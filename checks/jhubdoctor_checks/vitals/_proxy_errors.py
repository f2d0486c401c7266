"""Which errors of the proxy are more than a restart, a stopped server, or a laptop that was closed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from jhubdoctor.api import HubLog, Pod, clean, grouped
from jhubdoctor_checks.facts.proxy_errors import GONE, HUB, OTHER, ProxyError, ProxyErrors

# What ends by itself: a browser that goes away, a kernel that is stopped.
CUT = {"ECONNRESET", "EPIPE", "hang up", ""}
_FEW, _MANY = 3, 10
# A server, or a hub, that is ready answers; the proxy's kept connections to its last run end a moment later.
_SETTLED = timedelta(seconds=30)
# A restart of the hub, with the move of its volume.
_RESTART = timedelta(minutes=5)
_LATELY = timedelta(minutes=10)
# One user's connection that breaks again and again is that user's; what a server leaves without an answer for half
# an hour is not.
_HANGS, _STILL = timedelta(minutes=30), timedelta(minutes=15)
# KubeSpawner looks after its pods every half a minute, and takes the way to one that has ended from the proxy.
_NOTICED = timedelta(minutes=5)
_PAGE = re.compile(r"(?:200|302) (?:GET|POST) \S*/hub/(?:login|home|spawn|user|api/oauth2|oauth_callback)\b")


@dataclass(frozen=True)
class Failing:
    """Errors of one kind with one kind of target.

    Attributes:
        target: `hub`, `other` (a service), `servers`, or `gone` (servers that have ended).
        errno: as logged.
        errors: oldest first.
        pods: the servers' pods, none for the hub.
        users: of servers that have ended, whose they were.
    """

    target: str
    errno: str
    errors: list[ProxyError]
    pods: tuple[Pod, ...] = ()
    users: tuple[str, ...] = ()

    @property
    def cut_by_one(self) -> bool:
        """Whether one server ended its connections without an answer."""
        return self.target == "servers" and self.errno in CUT and len(self.pods) == 1


def failing(found: ProxyErrors, hub_pods: list[Pod], user_pods: list[Pod], now: datetime) -> Iterator[Failing]:
    """The errors that count, by target and errno."""
    up = _ready_since(hub_pods[0]) if hub_pods and hub_pods[0].ready else None
    to_hub = [e for e in found.errors if e.target == HUB]
    for errno, errors in sorted(grouped(to_hub, lambda e: e.errno)):
        # what came of a restart is over, or the restart is told; one that does not end is no restart
        counted = [e for e in errors if e.at > up + _SETTLED] if up else errors
        if up is None and errors and now - errors[0].at < _RESTART:
            continue
        if len(counted) >= (_MANY if errno in CUT else _FEW) or (counted and errno == "EADDRNOTAVAIL"):
            yield Failing(HUB, errno, _shown(counted))
    to_other = [e for e in found.errors if e.target == OTHER and e.errno not in CUT]
    for (_, errno), errors in sorted(grouped(to_other, lambda e: (e.address, e.errno))):
        if len(errors) >= _FEW:
            yield Failing(OTHER, errno, _shown(errors))
    pods = {p.name: p for p in user_pods if p.ready and not p.terminating}
    to_pods = [e for e in found.errors if e.target in pods and e.at > _ready_since(pods[e.target]) + _SETTLED]
    for errno, errors in sorted(grouped(to_pods, lambda e: e.errno)):
        most = _MANY if errno in CUT else _FEW
        by_pod = {n: members for n, members in grouped(errors, lambda e: e.target) if len(members) >= most}
        if errno in CUT and len(by_pod) == 1:
            by_pod = {n: asked for n, some in by_pod.items() if (asked := _hangs(some, now))}
        if by_pod:
            members = sorted((e for some in by_pod.values() for e in some), key=lambda e: e.at)
            yield Failing("servers", errno, _shown(members), tuple(pods[n] for n in sorted(by_pod)))
    yield from _gone(found, user_pods)


def _hangs(errors: list[ProxyError], now: datetime) -> list[ProxyError]:
    """What one server left without an answer, where it does so again and again."""
    asked = [e for e in errors if e.asked and e.errno != "EPIPE"]
    lasts = len(asked) >= _MANY and asked[-1].at - asked[0].at >= _HANGS and now - asked[-1].at <= _STILL
    return asked if lasts else []


def _gone(found: ProxyErrors, user_pods: list[Pod]) -> Iterator[Failing]:
    """Servers that have ended, to which the proxy goes on to send their users: the hub has not noticed."""
    again = {p.user: p.created for p in user_pods if not p.finished}
    left = [e for e in found.errors if e.target == GONE and e.user and e.errno not in CUT and e.address]
    lost: list[ProxyError] = []
    for (user, _), errors in grouped(left, lambda e: (e.user, e.address)):
        over = user in again and again[user] > errors[-1].at - _NOTICED
        if len(errors) >= _FEW and errors[-1].at - errors[0].at >= _NOTICED and not over:
            lost += errors
    if lost:
        lost.sort(key=lambda e: e.at)
        users = tuple(sorted({e.user for e in lost}))
        ended = tuple(p for p in user_pods if p.finished and p.user in users)
        yield Failing(GONE, lost[-1].errno, _shown(lost), ended, users)


def _shown(errors: list[ProxyError]) -> list[ProxyError]:
    return [replace(e, address=clean(e.address, 100), text=clean(e.text, 200)) for e in errors]


def _ready_since(pod: Pod) -> datetime:
    """When it became ready, as far as is known; else when its containers started."""
    ready = pod.condition("Ready")
    started = [s.state.running.started_at for s in pod.status.container_statuses if s.state.running]
    known = [t for t in (ready.last_transition_time if ready else None, *started) if t]
    return max(known, default=pod.created)


def reached_again(f: Failing, hub_log: HubLog | None, now: datetime) -> bool:
    """Whether it has stopped, or some of it works: the hub served a page since, or nothing failed for minutes.

    A server that is ready, and ends some connections in the middle, answers others.
    """
    last = f.errors[-1].at
    if now - last > _LATELY or f.cut_by_one:
        return True
    served = hub_log.search(_PAGE) if hub_log is not None and f.target == HUB else ()
    return any(e.level and e.at is not None and e.at > last for e, _ in served)
