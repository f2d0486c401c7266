"""What the hub and its helpers logged.

Every text that is matched here was seen in logs of real hubs (JupyterHub 1.5 to 6.0b2 with KubeSpawner 1.1 to 7.1) or
read in their sources; line numbers in a header change with every release and are never matched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from jhubdoctor.declare import NotApplicable, fact
from jhubdoctor.kube import Deployment, Pod
from jhubdoctor.reader import Look
from jhubdoctor.redact import clean

_STAMP = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) ")
_HEADER = re.compile(
    r"^\[(?P<level>[DIWEC]) (?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) (?P<app>[\w.]+) (?P<module>[\w.]+):\d+\]\s?(?P<message>.*)$"
)


@dataclass(frozen=True)
class Entry:
    """One entry of the hub's log: a header line, or a line without one, and its indented continuation.

    Attributes:
        level: D, I, W, E, C; empty for lines without a header.
        at: when, by the kubelet's time stamp where there is one, else by the pod's clock taken as UTC.
        app: `JupyterHub`, or another logger.
        module: the module that logged, empty without a header.
        message: the first line, redacted.
        more: the continuation lines, without their indentation.
        previous: whether a former run of the container logged it.
    """

    level: str
    at: datetime | None
    app: str
    module: str
    message: str
    more: tuple[str, ...] = ()
    previous: bool = False

    @property
    def text(self) -> str:
        """Message and continuation."""
        return "\n".join((self.message, *self.more))

    @property
    def last(self) -> str:
        """The last line that is not empty: of a traceback the exception."""
        return next((line for line in reversed(self.more) if line.strip()), self.message).strip()


def _time(stamp: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(stamp.replace("Z", "+00:00") if "T" in stamp else stamp + "+00:00")
    except ValueError:
        return None
    return found.astimezone(UTC)


def parse_log(text: str, *, previous: bool = False) -> list[Entry]:
    """The entries of a hub's log, in order."""
    entries: list[Entry] = []
    header: tuple[str, datetime | None, str, str, str] | None = None
    more: list[str] = []

    def close() -> None:
        nonlocal header
        if header is not None:
            entries.append(Entry(*header, tuple(more), previous))
            more.clear()
            header = None

    for raw in text.splitlines():
        stamp = _STAMP.match(raw)
        line = raw[stamp.end() :] if stamp else raw
        at = _time(stamp[1]) if stamp else None
        if found := _HEADER.match(line):
            close()
            message = clean(found["message"], 4000)
            header = (found["level"], at or _time(found["at"]), found["app"], found["module"], message)
        elif header is not None and (line.startswith("    ") or not line.strip()):
            more.append(line[4:].rstrip())
        elif line.strip():
            close()
            entries.append(Entry("", at, "", "", clean(line, 4000), (), previous))
    close()
    return entries


@dataclass(frozen=True)
class HubLog:
    """The hub's log: the former run of its container, where it was restarted, then the present one."""

    entries: tuple[Entry, ...] = ()

    @property
    def current(self) -> list[Entry]:
        """What the present run logged."""
        return [e for e in self.entries if not e.previous]

    @property
    def previous(self) -> list[Entry]:
        """What the former run logged."""
        return [e for e in self.entries if e.previous]

    def find(self, pattern: str | re.Pattern[str], levels: str = "") -> Iterator[tuple[Entry, re.Match[str]]]:
        """Entries whose message matches, from its start; only of these levels where any are given."""
        compiled = re.compile(pattern)
        for e in self.entries:
            if (not levels or e.level in levels) and (m := compiled.match(e.message)):
                yield e, m

    def search(self, pattern: str | re.Pattern[str]) -> Iterator[tuple[Entry, re.Match[str]]]:
        """Entries that hold the pattern anywhere, also in their continuation."""
        compiled = re.compile(pattern)
        for e in self.entries:
            if m := compiled.search(e.text):
                yield e, m


@fact("pods/log")
def hub_log(look: Look, hub_pods: list[Pod]) -> HubLog:
    """The log of the newest hub pod, with that of its former run where it was restarted."""
    if not hub_pods:
        raise NotApplicable("the hub has no pod, so it has no log")
    pod = hub_pods[0]
    status = next((s for s in pod.status.container_statuses if s.name == "hub"), None)
    container = "hub" if pod.container("hub") else (pod.spec.containers[0].name if pod.spec.containers else "hub")
    entries: list[Entry] = []
    if not pod.node:
        return HubLog()
    if status is not None and status.restart_count:
        entries += parse_log(look.log(pod, container, previous=True), previous=True)
    entries += parse_log(look.log(pod, container))
    return HubLog(tuple(entries))


@dataclass(frozen=True)
class PodLog:
    """The last lines of one container."""

    pod: Pod
    container: str
    lines: tuple[str, ...] = ()

    def search(self, pattern: str | re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Matches in the lines, in order."""
        compiled = re.compile(pattern)
        for line in self.lines:
            if m := compiled.search(line):
                yield m


def _logs(look: Look, pods: Iterable[Pod], container: str, most: int) -> list[PodLog]:
    found = []
    for pod in list(pods)[:most]:
        if not pod.node:
            continue
        names = [c.name for c in pod.spec.containers]
        name = container if container in names else names[0] if names else ""
        if not name:
            continue
        status = next((s for s in pod.status.container_statuses if s.name == name), None)
        text = ""
        if status is not None and status.restart_count:
            text = look.log(pod, name, previous=True)
        text += "\n" + look.log(pod, name)
        found.append(PodLog(pod, name, tuple(_STAMP.sub("", line) for line in text.splitlines() if line.strip())))
    return found


@fact("pods/log")
def user_scheduler_logs(look: Look, user_scheduler: Deployment, user_scheduler_pods: list[Pod]) -> list[PodLog]:
    """The logs of the user-scheduler's pods (two at most); the container was renamed to kube-scheduler in 1.0."""
    return _logs(look, user_scheduler_pods, "kube-scheduler", 2)


@fact("pods/log")
def proxy_log(look: Look, proxy_pods: list[Pod]) -> PodLog:
    """The log of the newest proxy pod, without its colours."""
    found = _logs(look, proxy_pods, "chp", 1)
    if not found:
        raise NotApplicable("the proxy has no pod that has started")
    return found[0]


# --- spawns ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spawn:
    """One failed attempt to start a user's server, as the hub's log tells it.

    Attributes:
        kind: `start-timeout` (the pod was not running in time), `http-timeout` (it ran and did not answer in time),
            `rejected` (the API server refused to create something), `error` (anything else).
        user: the user's name.
        pod: the pod's name, empty where the log does not tell.
        at: when it failed.
        started: when the hub first tried to create the pod, None where the log does not tell.
        limit: the seconds that the hub gave, as it logged them.
        error: the exception's text, redacted.
        code: the HTTP status of a refusal.
        url: where the hub waited for an answer.
        deleted: whether the hub deleted the pod afterwards.
    """

    kind: str
    user: str
    pod: str = ""
    at: datetime | None = None
    started: datetime | None = None
    limit: int | None = None
    error: str = ""
    code: int | None = None
    url: str = ""
    deleted: bool = False

    @property
    def took(self) -> float | None:
        """Seconds from the first attempt to create the pod to the failure."""
        return (self.at - self.started).total_seconds() if self.at and self.started else None


_FAILED_START = re.compile(r"(?P<user>.+)'s server failed to start in (?P<s>\d+) seconds, giving up")
_FAILED_HTTP = re.compile(r"(?P<user>.+)'s server never showed up at (?P<url>\S+) after (?P<s>\d+) seconds\. Giving up")
_UNHANDLED = re.compile(r"(?:Unhandled error|Error) starting (?P<user>.+?)'s server: (?P<err>.*)")
_ATTEMPT = re.compile(r"Attempting to create pod (?P<pod>[^\s,]+)")
_DELETING = re.compile(r"Deleting pod (?:[^\s/]+/)?(?P<pod>\S+)$")
_DID_NOT_START = re.compile(r"pod[ /](?:[^\s/]+/)?(?P<pod>\S+) did not start in \d+ seconds")
_EXCEPTION = re.compile(r"Exception in Future .*finish_user_spawn.*?exception=(?P<exc>.*)> after timeout")
_BODY = re.compile(r"HTTP response body: (?P<body>\{.*\})")
_MESSAGE = re.compile(r'"message":\s*"((?:[^"\\]|\\.)*)"')
_TOOK = re.compile(r"User (?P<user>.+?)(?::\S*)? took (?P<s>[\d.]+) seconds to start")
LOOK_AHEAD = 12


@dataclass(frozen=True)
class Spawns:
    """What the log says of spawns.

    Attributes:
        failed: failures, oldest first.
        succeeded: (user, seconds it took, when), oldest first.
    """

    failed: tuple[Spawn, ...] = ()
    succeeded: tuple[tuple[str, float, datetime | None], ...] = ()

    def unresolved(self, now: datetime, hours: float = 24) -> list[Spawn]:
        """Each user's last failure of these last hours, unless a later start of theirs succeeded; newest first."""
        last: dict[str, Spawn] = {}
        for s in self.failed:
            if s.at is None or (now - s.at).total_seconds() <= hours * 3600:
                last[s.user] = s
        for user, _, at in self.succeeded:
            failed = last.get(user)
            if failed and at and failed.at and at > failed.at:
                del last[user]
        return sorted(last.values(), key=lambda s: s.at or now, reverse=True)


@fact()
def spawns(hub_log: HubLog) -> Spawns:
    """Failed and successful spawns in the hub's log."""
    return parse_spawns(hub_log.entries)


def parse_spawns(entries: Iterable[Entry]) -> Spawns:
    """Failed and successful spawns, in the order of the log."""
    entries = list(entries)
    attempts: dict[str, datetime | None] = {}
    failed: list[Spawn] = []
    succeeded: list[tuple[str, float, datetime | None]] = []
    for i, e in enumerate(entries):
        if m := _ATTEMPT.match(e.message):
            attempts.setdefault(m["pod"], e.at)
        elif m := _TOOK.match(e.message):
            succeeded.append((m["user"], float(m["s"]), e.at))
            attempts.pop(_pod_of(m["user"], attempts), None)
        elif m := _FAILED_START.match(e.message) or _FAILED_HTTP.match(e.message):
            after = entries[i + 1 : i + 1 + LOOK_AHEAD]
            pod, deleted, error = _after(after)
            pod = pod or _pod_of(m["user"], attempts)
            kind = "http-timeout" if m.re is _FAILED_HTTP else "start-timeout"
            url = m["url"] if kind == "http-timeout" else ""
            started = attempts.pop(pod, None)
            failed.append(Spawn(kind, m["user"], pod, e.at, started, int(m["s"]), error, None, url, deleted))
        elif m := _UNHANDLED.match(e.message):
            code, message = refusal(e)
            pod = _pod_of(m["user"], attempts)
            started = attempts.pop(pod, None)
            kind = "rejected" if message else "error"
            error = message or clean(m["err"] if m["err"] and "(" not in m["err"][:1] else e.last, 500)
            failed.append(Spawn(kind, m["user"], pod, e.at, started, None, error, code))
    return Spawns(tuple(failed), tuple(succeeded))


def _after(entries: list[Entry]) -> tuple[str, bool, str]:
    """Of the entries after a failure: the pod, whether it was deleted, and the exception that the hub only logs there."""
    pod, deleted, error = "", False, ""
    for e in entries:
        if _FAILED_START.match(e.message) or _FAILED_HTTP.match(e.message):
            break
        if (m := _DELETING.match(e.message)) and not deleted:
            pod, deleted = pod or m["pod"], True
        elif (m := _EXCEPTION.match(e.message)) and not error:
            error = clean(m["exc"], 500)
            if named := _DID_NOT_START.search(error):
                pod = named["pod"]
            break
    return pod, deleted, error


def _pod_of(user: str, attempts: Iterable[str]) -> str:
    """The pod of a user among those that the hub tried to create: names are made of the user's name."""
    slug = re.sub(r"[^a-z0-9]", "", user.lower())
    known = list(attempts)
    exact = [p for p in known if p == f"jupyter-{user.lower()}"]
    close = [p for p in known if slug and slug in re.sub(r"[^a-z0-9]", "", p)]
    return (exact or close or [""])[-1]


def refusal(entry: Entry) -> tuple[int | None, str]:
    """HTTP status and message of the API server's refusal that an entry holds; (None, "") where it holds none.

    `Reason:` is not used: the hub overwrites it. Only `message` of the JSON body leaves here, never the entry, which may
    hold the pod with its tokens.
    """
    for line in (entry.message, *entry.more):
        found = _BODY.search(line)
        if not found:
            continue
        try:
            body = json.loads(found["body"])
            code = body.get("code")
            return (code if isinstance(code, int) else None), clean(str(body.get("message", "")), 1000)
        except (ValueError, AttributeError):
            if m := _MESSAGE.search(found["body"]):
                return None, clean(m[1].replace('\\"', '"'), 1000)
    return None, ""
