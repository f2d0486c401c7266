"""Servers that run and that the hub does not know: it took them for stopped, or its database lost them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote

from jhubdoctor.api import Entry, HubLog, Pod, Values, fact, pod_of

# JupyterHub 1.0 to 6.1: app.py at the hub's start and after it, handlers/base.py while it runs
_STOPPED = re.compile(
    r"User (?P<user>.+?) server stopped,? with exit code: (?P<code>\S+)"
    r"|(?P<down>\S+) appears to have stopped while the Hub was down"
    r"|(?P<mute>\S+) does not appear to be running at \S+, shutting it down"
)
_AGAIN = re.compile(r"Attempting to create pod (?P<pod>[\w.-]+)|User (?P<user>.+) took [\d.]+ seconds to start")
# apihandlers/users.py and log.py; a caller whose token the hub does not know has no name before the @
_ACTIVITY = re.compile(r"(?P<code>\d{3}) POST \S*/api/users/(?P<user>[^/ ]+)/activity \((?P<by>[^@()]*)@")
_STARTED = re.compile(r"Running JupyterHub version ")
_KNEW = re.compile(r"Initialized (?P<n>\d+) spawners in ")
_STILL = re.compile(r"(?P<user>\S+) still running$")
_CULLER = re.compile(r"200 GET \S*/hub/api/users\S* \(jupyterhub-idle-culler@")
# A server that is being stopped is there for a while.
_PATIENCE = timedelta(minutes=5)
# It reports every five minutes, and tries again for a minute where that fails.
_OFTEN = 3
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Forgotten:
    """A pod that runs without the hub.

    Attributes:
        pod: it.
        why: `stopped` (the hub took it for stopped), `refused` (the hub does not know its token), `started` (the hub
            knew fewer servers when it started than there were), `max-age` (the culler works and has left it alone).
        at: when the hub said so; for `started` when it started.
        detail: the number behind it: an exit code, how many requests were refused, how many servers the hub knew.
    """

    pod: Pod
    why: str
    at: datetime | None
    detail: str = ""


@fact(passes_only_with=("values",))
def forgotten(hub_log: HubLog, user_pods: list[Pod], now: datetime, values: Values | None) -> list[Forgotten]:
    """Pods of users' servers that run and that the hub does not know, by name; each with the first sign of it."""
    alive = {p.name: p for p in user_pods if p.phase == "Running" and not p.terminating}
    entries = list(hub_log.entries)
    found: dict[str, Forgotten] = {}
    for f in (
        *_taken_for_stopped(entries, alive, now),
        *_refused(entries, alive, now),
        *_not_known_at_the_start(hub_log.current, alive),
        *_older_than_allowed(entries, alive, now, values),
    ):
        found.setdefault(f.pod.name, f)
    return [found[name] for name in sorted(found)]


def _pod(name: str, alive: dict[str, Pod]) -> Pod | None:
    """The pod of a user, or of `user:server`; None where it could be one of several."""
    user, _, server = name.partition(":")
    candidates = [p for p in alive.values() if p.user == user] or [
        p for n, p in alive.items() if n == pod_of(user, alive) and not p.user
    ]
    if server:
        candidates = [p for p in candidates if p.annotations.get("hub.jupyter.org/servername") == server]
    return candidates[0] if len(candidates) == 1 else None


def _taken_for_stopped(entries: list[Entry], alive: dict[str, Pod], now: datetime) -> Iterator[Forgotten]:
    """Pods that are older than the line that says that they stopped, and were not asked for since."""
    by_pod: dict[str, Forgotten] = {}
    for e in entries:
        if m := _STOPPED.match(e.message):
            pod = _pod(m["user"] or m["down"] or m["mute"], alive)
            if pod is not None and e.at is not None and pod.created < e.at:
                by_pod[pod.name] = Forgotten(pod, "stopped", e.at, m["code"] or "")
        elif m := _AGAIN.match(e.message):
            again = m["pod"] or ((p := _pod(m["user"], alive)) and p.name)
            by_pod.pop(again or "", None)
    yield from (f for f in by_pod.values() if f.at is not None and now - f.at > _PATIENCE)


def _refused(entries: list[Entry], alive: dict[str, Pod], now: datetime) -> Iterator[Forgotten]:
    """Pods whose reports the hub refuses, for it does not know their token: it removes that with the server."""
    times: dict[str, list[datetime]] = {}
    for e in entries:
        m = _ACTIVITY.match(e.message)
        if m is None or e.at is None:
            continue
        user = unquote(m["user"])
        if m["code"] == "403" and not m["by"]:
            times.setdefault(user, []).append(e.at)
        elif m["code"].startswith("2"):
            times.pop(user, None)
    for user, at in times.items():
        pod = _pod(user, alive)
        if pod is not None and len(at) >= _OFTEN and pod.created < at[0] and now - at[-1] <= _HOUR:
            yield Forgotten(pod, "refused", at[-1], str(len(at)))


def _not_known_at_the_start(entries: list[Entry], alive: dict[str, Pod]) -> Iterator[Forgotten]:
    """Pods that are older than the hub's start, where the hub then knew fewer servers than there were."""
    start = next((e.at for e in reversed(entries) if _STARTED.match(e.message)), None)
    knew = next((m for e in reversed(entries) if (m := _KNEW.match(e.message))), None)
    if start is None or knew is None:
        return
    older = [p for p in alive.values() if p.metadata.creation_timestamp and p.created < start - _PATIENCE]
    if len(older) <= int(knew["n"]):
        return
    seen = {m["user"] for e in entries if (m := _STILL.match(e.message))}
    for e in entries:
        if (m := _ACTIVITY.match(e.message)) and m["code"].startswith("2"):
            seen.add(unquote(m["user"]))
    strange = [p for p in older if p.user not in seen]
    # which of them it knew is known only where it named them
    if len(older) - len(strange) >= int(knew["n"]):
        yield from (Forgotten(p, "started", start, knew["n"]) for p in strange)


def _older_than_allowed(
    entries: list[Entry], alive: dict[str, Pod], now: datetime, values: Values | None
) -> Iterator[Forgotten]:
    """Pods that the culler would have stopped for their age, had the hub told it of them."""
    if values is None or not values.enabled("cull.enabled") or values.get("cull.adminUsers") is False:
        return
    most, every = values.integer("cull.maxAge") or 0, values.integer("cull.every") or 600
    asked = max((e.at for e in entries if e.at and _CULLER.match(e.message)), default=None)
    if most <= 0 or asked is None or now - asked > timedelta(seconds=2 * every):
        return
    limit = timedelta(seconds=most + 2 * every) + _HOUR
    for pod in alive.values():
        if pod.metadata.creation_timestamp and now - pod.created > limit:
            yield Forgotten(pod, "max-age", asked, str(most))
