"""Starts of users' servers over the last hour, counted: asked for, come up, failed, unheard of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from jhubdoctor.api import Entry, HubLog, Pod, Spawn, Spawns, Values, clean, fact, more, pod_of, where_set
from jhubdoctor_checks.facts.ended_refusals import EndedRefusals
from jhubdoctor_checks.facts.failures import unresolved

WINDOW = timedelta(hours=1)
_ATTEMPT = re.compile(r"Attempting to create pod (?P<pod>[\w.-]+)")
_GONE = re.compile(r"Deleting pod (?:[^\s/]+/)?(?P<pod>[\w.-]+)$")
_RUNNING = re.compile(r"Running JupyterHub version ")
# JupyterHub 1.0 to 6.1, handlers and user.py: a start failed. The shapes are wide on purpose: what is known better is
# left out by its user and time; of requests that ended in an error `requests-failing` tells.
_SPOKEN = re.compile(
    r"(?:Failed to spawn|Failed to add (?P<added>\S+) to proxy|Error (?:in|starting|loading)\b.*\b(?:spawn|server)"
    r"|Unhandled error\b.*\b(?:spawn|server)|Previous spawn for (?P<previous>\S+) failed"
    r"|Server (?P<server>\S+) didn't start|Exception in Future .*finish_user_spawn)"
)
# What a hook or a profile says no with, on purpose.
ON_PURPOSE = re.compile(r"HTTPError: HTTP 4\d\d|HTTP 4\d\d: |SpawnException|Not starting ")
_SHOWN = 3
_KINDS = ("start-timeout", "http-timeout", "rejected", "error")
# One failed start speaks in several entries.
_TOGETHER = timedelta(seconds=30)
# The chart's default of singleuser.startTimeout.
START_TIMEOUT = 300


@dataclass(frozen=True)
class Told:
    """An entry that says that a start failed, and is none of the failures that are known by their shape.

    Attributes:
        pod: whose start, as far as the log names one.
        at: when.
        line: the exception's own last line, else the entry's first.
    """

    pod: str
    at: datetime | None
    line: str


@dataclass(frozen=True)
class Starts:
    """What became of the starts that were asked for within the hour, and of the last ones before that.

    Attributes:
        since: from when on they are counted.
        asked: how many were asked for.
        came_up: (user, seconds it took, when), oldest first.
        failed: each failure, oldest first; without those that a hook meant.
        lasting: each user's last failure that no later success of theirs ended, newest first.
        unheard: (pod, when it was asked for) of starts that neither came up nor failed within their time.
        told: other entries that tell of failed starts, oldest first.
        limit: the seconds that a start is given.
        before: each user's last failure of more than an hour ago, newest first; none where anybody's start succeeded
            since, by the log or by a pod that runs.
    """

    since: datetime
    asked: int
    came_up: tuple[tuple[str, float, datetime], ...]
    failed: tuple[Spawn, ...]
    lasting: tuple[Spawn, ...]
    unheard: tuple[tuple[str, datetime], ...]
    told: tuple[Told, ...]
    limit: int
    before: tuple[Spawn, ...] = ()

    @property
    def median(self) -> float | None:
        """The seconds that half of the successful starts took at most."""
        return median(s for _, s, _ in self.came_up) if self.came_up else None

    @property
    def worst(self) -> float | None:
        """The seconds that the slowest successful start took."""
        return max((s for _, s, _ in self.came_up), default=None)

    @property
    def counts(self) -> str:
        """`asked for 9, came up 5, failed 4`, with the times where there are any."""
        took = f"; took {self.median:.0f} s (median), {self.worst:.0f} s (worst)" if self.came_up else ""
        failed = len(self.failed) + len(self.told)
        return f"asked for {self.asked}, came up {len(self.came_up)}, failed {failed}{took}"

    @property
    def by_user(self) -> str:
        """`ada 3 of 4, grace 1 of 1`: of each user's starts those that failed; empty where it is but one user."""
        failed = Counter(s.user for s in self.failed)
        up = Counter(user.partition(":")[0] for user, _, _ in self.came_up)
        most = failed.most_common(_SHOWN)
        shown = ", ".join(f"{clean(user, 60)} {n} of {n + up[user]}" for user, n in most)
        return shown + more(len(failed) - len(most)) if len(failed) > 1 else ""


@fact()
def starts(
    spawns: Spawns,
    hub_log: HubLog,
    now: datetime,
    values: Values | None,
    user_pods: list[Pod] | None,
    ended_refusals: EndedRefusals | None,
) -> Starts:
    """The starts of the last hour, or since the log that was read begins."""
    since = max(now - WINDOW, spawns.since or now - WINDOW)
    entries = [e for e in hub_log.entries if e.at is not None]
    failed = tuple(s for s in spawns.failed if s.at and s.at >= since and not ON_PURPOSE.search(s.error))
    up = tuple((user, seconds, at) for user, seconds, at in spawns.succeeded if at and at >= since)
    limit = _limit(values, spawns.failed)
    mended = ended_refusals.mended if ended_refusals is not None else frozenset()
    lasting = [s for s in spawns.unresolved(now, hours=1) if not ON_PURPOSE.search(s.error) and s.error not in mended]
    asked = {
        (m["pod"], _start_of(entries, i, e.at))
        for i, e in enumerate(entries)
        if e.at and (m := _ATTEMPT.match(e.message))
    }
    told = tuple(_told(entries, since, spawns))
    return Starts(
        since,
        max(sum(at >= since for _, at in asked), len(up) + len(failed)),
        up,
        failed,
        tuple(lasting),
        tuple(_unheard(entries, spawns, now, limit)),
        told,
        limit,
        tuple(_before(spawns, hub_log, user_pods, ended_refusals, now)) if user_pods is not None else (),
    )


def _before(
    spawns: Spawns, hub_log: HubLog, user_pods: list[Pod], ended_refusals: EndedRefusals | None, now: datetime
) -> Iterator[Spawn]:
    """The last starts of the day that were asked for more than an hour ago, where all since the last success failed.

    Those of before the hub's last start are history: something may have been changed.
    """
    well = [e.at for e in hub_log.current if e.at and _RUNNING.match(e.message)]
    well += [at for _, _, at in spawns.succeeded if at]
    well += [p.created for p in user_pods if p.ready and not p.terminating]
    for s in unresolved(spawns, now, user_pods, *_KINDS):
        over = ended_refusals is not None and ended_refusals.over(s, now)
        if s.at is None or now - s.at <= WINDOW or over or ON_PURPOSE.search(s.error):
            continue
        if not any(at > s.at for at in well):
            yield s


def start_limit(values: Values | None) -> int | None:
    """The seconds that a start may take, as the values say it for all."""
    limit = where_set(values, "start_timeout")[1] if values is not None else None
    return int(limit) if isinstance(limit, (int, float)) and not isinstance(limit, bool) and limit > 0 else None


def _limit(values: Values | None, failed: Iterable[Spawn]) -> int:
    """The longest time that a start is given, as far as it is known."""
    given = start_limit(values)
    seen = [s.limit for s in failed if s.kind == "start-timeout" and s.limit]
    return max([given, *seen] if given else seen, default=START_TIMEOUT)


def _start_of(entries: list[Entry], i: int, at: datetime) -> datetime:
    """When the hub first asked for this pod: it asks again every few seconds until it is heard."""
    message = entries[i].message
    for e in reversed(entries[:i]):
        if e.at is None or at - e.at > _TOGETHER:
            break
        if e.message == message:
            at = e.at
    return at


def _unheard(entries: list[Entry], spawns: Spawns, now: datetime, limit: int) -> Iterator[tuple[str, datetime]]:
    """Pods that were asked for longer ago than a start may take, of which the log says nothing more."""
    asked: dict[str, datetime] = {}
    for e in entries:
        if _RUNNING.match(e.message):
            asked.clear()
        elif e.at and (m := _ATTEMPT.match(e.message)):
            asked.setdefault(m["pod"], e.at)
        elif m := _GONE.match(e.message):
            asked.pop(m["pod"], None)
    ends = [(user.partition(":")[0], at) for user, _, at in spawns.succeeded] + [(s.user, s.at) for s in spawns.failed]
    for user, at in ends:
        pod = pod_of(user, asked)
        if pod and (at is None or at >= asked[pod]):
            del asked[pod]
    for pod, at in asked.items():
        if timedelta(seconds=limit + 120) < now - at <= WINDOW + timedelta(seconds=limit):
            yield pod, at


def _told(entries: list[Entry], since: datetime, spawns: Spawns) -> Iterator[Told]:
    """Entries that tell of a failed start, where no failure that is known stands for them."""
    pods = [m["pod"] for e in entries if (m := _ATTEMPT.match(e.message))]
    known = {s.user for s in spawns.failed}
    last: datetime | None = None
    for e in entries:
        m = _SPOKEN.match(e.message) if e.level in {"W", "E", "C"} else None
        if m is None or e.at is None or e.at < since or ON_PURPOSE.search(e.text):
            continue
        user = (m["added"] or m["previous"] or m["server"] or "").partition(":")[0]
        if user in known or any(s.at and abs(e.at - s.at) <= _TOGETHER for s in spawns.failed):
            continue
        if last is not None and e.at - last <= timedelta(seconds=2):
            continue
        if any(at and at > e.at and name.partition(":")[0] == user for name, _, at in spawns.succeeded):
            continue
        last = e.at
        line = e.raised.text if e.raised is not None else e.message
        yield Told(pod_of(user, pods) if user else "", e.at, clean(line, 300))
