"""Users who asked for a server and whom the hub told to come back later."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from jhubdoctor.api import HubLog, Pod, clean, fact, grouped
from jhubdoctor_checks.facts.traffic import HOUR, Request, Traffic

# JupyterHub's handlers/base.py, 1.0 to 6.0; the second is logged at level I. What it answers holds the same words in
# every release, and an answer to a form that is sent comes without its reason.
STARTING = re.compile(r"(?P<n>\d{1,9}) pending spawns, throttling")
RUNNING = re.compile(r"(?P<n>\d{1,9}) servers active, no space available")
_ANSWERS = (("starting", re.compile(r"Too many users trying to log in")), ("running", re.compile(r"Active user limit")))
_TOO_MANY = 429
_AT_ONCE = timedelta(seconds=5)
# A start takes seconds where all is well: longer than that it holds up others.
_SLOW = timedelta(minutes=2)


@dataclass(frozen=True)
class TurnedAway:
    """Those of the last hour whom the hub turned away for one reason.

    Attributes:
        why: `starting` (as many servers were starting as may), `running` (as many were running), `told` (another).
        at: when, oldest first.
        users: who, as far as the log tells.
        limit: how many servers were starting or running, None where the log does not say.
        reason: the hub's own words.
    """

    why: str
    at: tuple[datetime, ...]
    users: frozenset[str] = frozenset()
    limit: int | None = None
    reason: str = ""


@fact()
def turned_away(hub_log: HubLog, traffic: Traffic, now: datetime) -> list[TurnedAway]:
    """The users whom the hub's present run turned away within the hour, by its reason."""
    lines = [
        (e.at, why, int(m["n"]))
        for e in hub_log.current
        for why, pattern in (("starting", STARTING), ("running", RUNNING))
        if e.at is not None and now - e.at <= HOUR and (m := pattern.match(e.message))
    ]
    answers = [r for r in traffic.lately(now) if r.is_start and r.status == _TOO_MANY]
    by_why = dict(grouped(answers, lambda r: _why(r, lines)))
    found = []
    for why in ("starting", "running", "told"):
        told, mine = [(at, n) for at, w, n in lines if w == why], by_why.get(why, [])
        # each is told twice, but where the log begins or ends between the two
        times = max([at for at, _ in told], [r.at for r in mine], key=len)
        if times:
            users = frozenset(r.about or r.name for r in mine) - {""}
            reason = next((clean(r.reason, 200) for r in reversed(mine) if r.reason), "")
            found.append(TurnedAway(why, tuple(times), users, told[-1][1] if told else None, reason))
    return found


def _why(r: Request, lines: Iterable[tuple[datetime, str, int]]) -> str:
    """By what the hub answered, else by what it logged just before."""
    for why, pattern in _ANSWERS:
        if pattern.search(r.reason):
            return why
    before = [why for at, why, _ in lines if timedelta(0) <= r.at - at <= _AT_ONCE]
    return before[-1] if before and not r.reason else "told"


def held(user_pods: Iterable[Pod], now: datetime, limit: int | None) -> list[Pod]:
    """The pods that have been starting for minutes, where they hold half of the places or more: then these are why."""
    starting = (p for p in user_pods if not (p.ready or p.finished or p.terminating))
    slow = sorted((p for p in starting if now - p.created > _SLOW), key=lambda p: p.name)
    return slow if limit and 2 * len(slow) >= limit else []
