"""How long the hub has said that a server starts or stops."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from jhubdoctor.api import Entry, Pod, Spawns, clean, pod_of
from jhubdoctor_checks.facts.starts import Starts

# JupyterHub 1.5 to 5.4: handlers/base.py; handlers/pages.py (where the user looks) and apihandlers/users.py (400)
_SLOW = re.compile(r"User (?P<user>.+):(?P<server>[^:]*) server is slow to stop")
_STOPPED = re.compile(r"User (?P<user>.+) server took [\d.]+ seconds to stop")
_SAYS = re.compile(r"(?:400 [A-Z]+ \S+ \([^()]*\): )?(?P<name>.+?) is pending (?P<what>stop|spawn)\b")
_HOUR = timedelta(hours=1)
# A pod has half a minute to end, and KubeSpawner waits for it up to five.
_STOP = timedelta(minutes=6)
# What the hub does after a start: it tells the proxy, and asks the server.
_MORE = timedelta(minutes=2)


@dataclass(frozen=True)
class Pending:
    """A server that the hub says is pending.

    Attributes:
        shown: its user, or `user:server`.
        what: `stop` or `spawn`.
        since: the first word of it.
        last: the last.
        said: how often.
        pod: its pod, None where there is none.
        asked: the pod that the hub asked for and heard no more of, empty where there is no such word.
    """

    shown: str
    what: str
    since: datetime
    last: datetime
    said: int
    pod: Pod | None
    asked: str = ""

    @property
    def minutes(self) -> int:
        """For how long."""
        return int((self.last - self.since).total_seconds() // 60)


def parts(name: str, users: Collection[str]) -> tuple[str, str]:
    """User and server of the name that the hub logs, `ada` or `ada:gpu`: a user's own name may have a colon."""
    user = max((u for u in users if f"{name}:".startswith(f"{u}:")), key=len, default=name.partition(":")[0])
    return user, name[len(user) + 1 :]


def pending(
    entries: Sequence[Entry], spawns: Spawns, starts: Starts, user_pods: Iterable[Pod], now: datetime
) -> list[Pending]:
    """The servers that are pending for longer than that can take, by the hub's word within the hour, longest first."""
    user_pods = list(user_pods)
    users = {p.user for p in user_pods} | {s.user for s in spawns.failed}
    said: dict[tuple[str, str], list[datetime]] = {}
    for e in entries:
        if e.at is None:
            continue
        if m := _SLOW.match(e.message):
            said.setdefault((f"{m['user']}:{m['server']}".rstrip(":"), "stop"), []).append(e.at)
        elif m := _STOPPED.match(e.message):
            # the line does not name the server: any of its user's
            said = {k: v for k, v in said.items() if parts(k[0], users)[0] != m["user"] or k[1] != "stop"}
        elif m := _SAYS.match(e.message):
            said.setdefault((m["name"], m["what"]), []).append(e.at)
    ends = [(u, at) for u, _, at in spawns.succeeded if at] + [(s.user, s.at) for s in spawns.failed if s.at]
    pods = {(p.user, p.annotations.get("hub.jupyter.org/servername", "")): p for p in user_pods}
    unheard = {pod for pod, _ in starts.unheard}
    limits = {"stop": _STOP, "spawn": timedelta(seconds=starts.limit) + _MORE}
    found = []
    for (name, what), times in said.items():
        user, server = parts(name, users)
        pod = pods.get((user, server))
        # a start, or its failure, ends whatever was pending before
        at = [t for t in times if not any(parts(u, users)[0] == user and end >= t for u, end in ends)]
        if at and at[-1] - at[0] >= limits[what] and now - at[-1] <= _HOUR and (pod is None or pod.name not in unheard):
            asked = "" if pod or server or what == "stop" else pod_of(user, sorted(unheard))
            found.append(Pending(clean(name, 80), what, at[0], at[-1], len(at), pod, asked))
    return sorted(found, key=lambda p: (-p.minutes, p.shown))
