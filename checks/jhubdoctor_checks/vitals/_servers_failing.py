"""What the logs of servers that run say of what their users meet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from jhubdoctor.api import Entry, Fix, Hub, Pod, PodLog, grouped
from jhubdoctor_checks.texts import Known, filled, known, names_of
from jhubdoctor_checks.texts.servers import NO_UPGRADE, TROUBLES
from jhubdoctor_checks.vitals._said import nobody

# One failure is somebody's typing error, and what has not come again for so long is over.
_OFTEN, _LATELY, _HOUR = 3, timedelta(minutes=20), timedelta(hours=1)
# What a server says before it answers with an error.
_BEFORE = timedelta(seconds=2)
# log.py of JupyterHub 1 to 6 and of Jupyter Server 1 to 2, which adds the referer
_ANSWER = re.compile(
    r"(?P<status>\d{3}) (?P<method>[A-Z]{3,8}) (?P<uri>\S{1,4000}?)(?: -> \S*)? \(.{0,256}@[^@()\s]+\)"
    r" \d{1,9}(?:\.\d+)?ms"
)
# What a user runs behind their server (jupyter-server-proxy) fails as they write it.
_OWN = re.compile(r"^/proxy/")
_STREAM = re.compile(r"/(?:channels|websocket|subscribe|room|collaboration)(?:/|$)")
_PATH = re.compile(r"/user/[^/?]+(?:/[^/?]+(?=/(?:api|proxy|terminals)/))?(?P<path>/[^?]*)")
_WENT = re.compile(r"StreamClosedError|WebSocketClosedError")


@dataclass(frozen=True)
class Trouble:
    """What one server cannot do.

    Attributes:
        pod: the server's.
        word: its kind, stable.
        says: the same as the rest of a sentence.
        at: when, oldest first.
        told: the line that tells most.
        row: what is known of it.
    """

    pod: Pod
    word: str
    says: str
    at: tuple[datetime, ...]
    told: str
    row: Known[None] | None = None

    def remedy(self, hub: Hub, container: str) -> Fix:
        """The next step."""
        if self.row is None:
            look = hub.kubectl(f"logs {self.pod.name} --container {container} --tail 200")
            return Fix("See what the server logs of it.", commands=(look,))
        return filled(self.row.fix, {**names_of(hub), "pod": self.pod.name})


_Answer = tuple[Entry, datetime, re.Match[str]]


def troubles(logs: Iterable[PodLog], now: datetime) -> Iterator[Trouble]:
    """What goes wrong again and again in each of these servers."""
    for log in logs:
        entries = [(e, e.at) for e in log.entries if e.at is not None and now - e.at <= _HOUR]
        answers = [(e, at, m) for e, at in entries if (m := _ANSWER.match(e.message))]
        said = [(e, at) for e, at in entries if _complains(e)]
        told = [(row, at, _telling(row, e)) for e, at in said if (row := known(TROUBLES, e.text))]
        told += [
            (NO_UPGRADE, at, f"HTTP 400 for GET {_place(_path(m))}") for _, at, m in answers if NO_UPGRADE.search(m[0])
        ]
        for row, group in grouped(told, lambda t: t[0]):
            at = [t[1] for t in group]
            if _lasts(at, now) and not _over(row.word, at[-1], answers):
                yield Trouble(log.pod, row.word, row.says, tuple(at), group[-1][2], row)
        yield from _failed(log.pod, answers, said, [at for _, at, _ in told], now)


def _failed(
    pod: Pod,
    answers: Sequence[_Answer],
    said: Sequence[tuple[Entry, datetime]],
    known_at: Sequence[datetime],
    now: datetime,
) -> Iterator[Trouble]:
    """What it answers with an error (5xx) of which no row tells why."""
    failed = [
        (e, at, m) for e, at, m in answers
        if m["status"] >= "500" and not _OWN.match(_path(m)) and not any(abs(at - k) <= _BEFORE for k in known_at)
    ]  # fmt: skip
    for place, group in grouped(failed, lambda a: _place(_path(a[2]))):
        at, last = [a[1] for a in group], group[-1][2]
        well = any(w > at[-1] and m["status"] < "400" and _place(_path(m)) == place for _, w, m in answers)
        if place and _lasts(at, now) and not well:
            why = _reason(said, at[-1]) or f"HTTP {last['status']}"
            yield Trouble(
                pod,
                f"{last['status']} {place}",
                f"it fails at {place} ({why})",
                tuple(at),
                f"HTTP {last['status']} for {last['method']} {place}: {why}",
            )


def _complains(e: Entry) -> bool:
    """Whether it is more than news; that a kernel is started again is logged as such."""
    return (e.level in {"W", "E", "C"} or TROUBLES[0].search(e.message) is not None) and not _WENT.search(e.text)


def _lasts(at: Sequence[datetime], now: datetime) -> bool:
    return len(at) >= _OFTEN and now - at[-1] <= _LATELY


def _over(word: str, last: datetime, answers: Sequence[_Answer]) -> bool:
    """Whether what it could not do has come to a good end since: a stream that is open, a file that is written."""
    later = [m for _, at, m in answers if at > last and m["status"] < "400"]
    if word in {"origin", NO_UPGRADE.word}:
        return any(_STREAM.search(_path(m)) for m in later)
    writes = {"disk-full", "quota", "read-only", "stale-handle", "disk-error", "xsrf"}
    return word in writes and any(m["method"] in {"PUT", "POST"} for m in later)


def _path(m: re.Match[str]) -> str:
    found = _PATH.match(m["uri"])
    return found["path"] if found else ""


def _place(path: str) -> str:
    """Where it was: names of files, and of kernels, are the user's."""
    parts = path.strip("/").split("/")
    return "/" + "/".join(parts[:2] if parts[0] == "api" else parts[:1])


def _telling(row: Known[None], e: Entry) -> str:
    """The line of an entry that a row knows."""
    return nobody(next((line for line in (e.last, e.message, *e.more) if row.search(line)), e.message))


def _reason(said: Sequence[tuple[Entry, datetime]], at: datetime) -> str:
    """What was said just before an answer: the exception, else the last words."""
    near = [e for e, when in said if timedelta() <= at - when <= _BEFORE and not _ANSWER.match(e.message)]
    exception = next((e.raised for e in reversed(near) if e.raised is not None), None)
    return nobody(exception.text) if exception else ""
