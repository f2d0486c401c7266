"""What the logs of servers that run say of what their users meet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from jhubdoctor.api import Entry, Fix, Hub, Pod, PodLog, grouped
from jhubdoctor_checks.texts import Known, filled, known, names_of
from jhubdoctor_checks.texts.servers import NO_UPGRADE, TROUBLES
from jhubdoctor_checks.texts.singleuser import SILENCES
from jhubdoctor_checks.vitals._again import goes_on, kind_of
from jhubdoctor_checks.vitals._said import nobody

# One failure is somebody's typing error, and what has not come again for so long is over.
_OFTEN, _LATELY, _HOUR = 3, timedelta(minutes=20), timedelta(hours=1)
# What a server says before it answers with an error.
_BEFORE = timedelta(seconds=2)
# log.py of JupyterHub 1 to 6 and of Jupyter Server 1 to 2, which adds the referer
_ANSWER = re.compile(
    r"(?P<status>\d{3}) (?P<method>[A-Z]{3,8}) (?P<uri>\S{1,4000}?)(?: -> \S*)? \((?P<name>.{0,256})@[^@()\s]+\)"
    r" \d{1,9}(?:\.\d+)?ms"
)
# What a user runs behind their server (jupyter-server-proxy) fails as they write it.
_OWN = re.compile(r"^/proxy/")
_STREAM = re.compile(r"/(?:channels|websocket|subscribe|room|collaboration)(?:/|$)")
_PATH = re.compile(r"/user/[^/?]+(?:/[^/?]+(?=/(?:api|proxy|terminals)/))?(?P<path>/[^?]*)")
# The exception that somebody prints, without a header.
_RAISED = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception)\b")
_WAYS = tuple(r for r in SILENCES if r.word in {"hub-name", "hub-path", "hub-token", "hub-no-way"})
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
        every = log.entries
        entries = [(e, e.at) for e in every if e.at is not None and now - e.at <= _HOUR]
        answers = [(e, at, m) for e, at in entries if (m := _ANSWER.match(e.message))]
        said = [(e, at) for e, at in entries if _complains(e)]
        told = [(row, at, _telling(row, e)) for e, at in said if (row := _row(e))]
        told += [
            (NO_UPGRADE, at, f"HTTP 400 for GET {_place(_path(m))}") for _, at, m in answers if NO_UPGRADE.search(m[0])
        ]
        printed = [e.message for e in every if not e.level and _RAISED.match(e.message)]
        for row, group in grouped(told, lambda t: t[0]):
            at, line = [t[1] for t in group], group[-1][2]
            if _lasts(at, now) and not _over(row.word, at[-1], answers):
                # a kernel says on the server's log why it ends as it starts
                line = f"{line}; {nobody(printed[-1])}" if row is TROUBLES[0] and printed else line
                yield Trouble(log.pod, row.word, row.says, tuple(at), line, row)
        known_at = [at for _, at, _ in told]
        yield from _failed(log.pod, answers, said, known_at, now)
        failed_at = [at for _, at, m in answers if m["status"] >= "500"]
        rest = [(e, at) for e, at in said if e.raised is not None and e.level != "W" and not _row(e)]
        for kind, others in grouped([r for r in rest if not _near(r[1], failed_at)], lambda r: kind_of(r[0])):
            at, last = [r[1] for r in others], nobody(others[-1][0].raised.text if others[-1][0].raised else "")
            if goes_on(at, now):
                yield Trouble(log.pod, kind, f"it logs the same exception again and again ({last})", tuple(at), last)


def _failed(
    pod: Pod,
    answers: Sequence[_Answer],
    said: Sequence[tuple[Entry, datetime]],
    known_at: Sequence[datetime],
    now: datetime,
) -> Iterator[Trouble]:
    """What it answers with an error (5xx), or refuses to the user whose it is, of which no row tells why."""
    failed = [
        (e, at, m) for e, at, m in answers
        if (m["status"] >= "500" or (m["status"] in {"401", "403"} and m["name"] == pod.user))
        and not _OWN.match(_path(m)) and not _near(at, known_at)
    ]  # fmt: skip
    for place, group in grouped(failed, lambda a: _place(_path(a[2]))):
        at, last = [a[1] for a in group], group[-1][2]
        well = any(w > at[-1] and m["status"] < "400" and _place(_path(m)) == place for _, w, m in answers)
        if place and _lasts(at, now) and not well:
            why = _reason(said, at[-1]) or f"HTTP {last['status']}"
            what = "it fails at" if last["status"] >= "500" else "it refuses its own user"
            line = f"HTTP {last['status']} for {last['method']} {place}: {why}"
            yield Trouble(pod, f"{last['status']} {place}", f"{what} {place} ({why})", tuple(at), line)


def _row(e: Entry) -> Known[None] | None:
    """What is known of it; of a hub that is not reached its exception tells more."""
    row = known(TROUBLES, e.text)
    return (known(_WAYS, e.text) or row) if row is TROUBLES[-1] else row


def _near(at: datetime, others: Iterable[datetime]) -> bool:
    return any(abs(at - o) <= _BEFORE for o in others)


def _complains(e: Entry) -> bool:
    """Whether it is more than news; that a kernel is started again is logged as such."""
    kernel = any(r.search(e.message) for r in TROUBLES[:2])
    return (e.level in {"W", "E", "C"} or kernel) and not _WENT.search(e.text)


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
