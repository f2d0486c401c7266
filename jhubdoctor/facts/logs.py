"""What the hub and its helpers logged.

Every text that is matched here was seen in logs of real hubs (JupyterHub 1.5 to 6.0b2 with KubeSpawner 1.1 to 7.1) or
read in their sources; line numbers in a header change with every release and are never matched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from jhubdoctor.engine.declare import NotApplicable, fact
from jhubdoctor.engine.look import Look
from jhubdoctor.facts.api_answers import api_answer
from jhubdoctor.facts.headers import Head, head_of, moment
from jhubdoctor.facts.traceback import Raised, raised
from jhubdoctor.model.kube.pods import Pod
from jhubdoctor.model.kube.workloads import Deployment
from jhubdoctor.model.slugs import pod_of
from jhubdoctor.privacy.text import LINE_LIMIT, clean
from jhubdoctor.sources.reads import ReadState, Unreadable

_STAMP = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) ")
# So many digits only the container runtime writes, which leaves zeros at the end out; of a few lines one has them.
_FINE = re.compile(r"[\d\-T:]{19}\.\d{7,9}(?:Z|[+-])")
_FEW = 20
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_TRACEBACK = "Traceback (most recent call last):"
# Python puts an empty line and one of these between the tracebacks of exceptions that came of one another.
_BETWEEN = ("During handling of the above exception", "The above exception was the direct cause")


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

    @property
    def raised(self) -> Raised | None:
        """The exception whose traceback it holds."""
        return raised(self.more)


def _bare(head: Head) -> bool:
    """Whether a traceback of it may follow as it is: the hub's own are indented, and what is not is another's."""
    return not head.indents or (head.app != "JupyterHub" and head.level in {"W", "E", "C"})


def parse_log(text: str, *, previous: bool = False) -> list[Entry]:
    """The entries of a log, in order."""
    entries: list[Entry] = []
    head: Head | None = None
    at: datetime | None = None
    more: list[str] = []
    inside = False

    def close() -> None:
        nonlocal head, inside
        if head is not None:
            message = clean(head.message, LINE_LIMIT)
            entries.append(Entry(head.level, at, head.app, head.module, message, (*head.more, *more), previous))
            more.clear()
        head, inside = None, False

    lines = text.splitlines()
    live = any(map(_FINE.match, lines[:_FEW]))
    for raw in lines:
        stamp = _STAMP.match(raw)
        line = _COLOUR.sub("", raw[stamp.end() :] if stamp else raw)
        stamped = moment(stamp[1]) if stamp else None
        # where the log was read without the runtime's times, one of that form is the program's own
        if found := head_of(line) or (head_of(raw) if stamp and not live else None):
            close()
            head, at = found, stamped or found.at
        elif head is not None and head.indents and not inside and (line.startswith("    ") or not line.strip()):
            more.append(line[4:].rstrip())
        elif head is not None and (inside or (_bare(head) and line.startswith(_TRACEBACK))):
            # the last line of a traceback is the first that is not indented; another may follow
            more.append(line.rstrip())
            inside = not line.strip() or line.startswith((" ", _TRACEBACK, *_BETWEEN))
        elif head is not None and _bare(head) and (not line.strip() or line.startswith(_BETWEEN)):
            more.append(line.rstrip())
        elif line.strip():
            close()
            entries.append(Entry("", stamped, "", "", clean(line, LINE_LIMIT), (), previous))
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
    """The log of the newest hub pod that has a node, with that of its former run where it was restarted."""
    if not hub_pods:
        raise NotApplicable("the hub has no pod, so it has no log")
    pod = next((p for p in hub_pods if p.node), None)
    if pod is None:
        return HubLog()
    status = next((s for s in pod.status.container_statuses if s.name == "hub"), None)
    container = "hub" if pod.container("hub") else (pod.spec.containers[0].name if pod.spec.containers else "hub")
    entries: list[Entry] = []
    if status is not None and status.restart_count:
        entries += parse_log(look.log(pod, container, previous=True), previous=True)
    entries += parse_log(look.log(pod, container))
    if foreign(entries):
        look.partial.append(Unreadable(look.queries[-1], ReadState.MALFORMED, "its lines are in a format of their own"))
    return HubLog(tuple(entries))


# Of so many lines some are the hub's own answers.
_FULL = 50


def foreign(entries: Sequence[Entry]) -> bool:
    """Whether a log that is full is in a format that is not known: what is not found in it may be there."""
    bare = [e for e in entries if not e.level and not e.message.startswith((" ", "\t"))]
    return len(bare) >= _FULL and len(bare) >= 0.9 * len(entries)


@dataclass(frozen=True)
class PodLog:
    """The last lines of one container.

    Attributes:
        pod: whose.
        container: its name.
        lines: what it wrote, without the kubelet's time stamps and without colours.
        times: when each line was written by these stamps, as many as lines; empty where they were not asked for.
    """

    pod: Pod
    container: str
    lines: tuple[str, ...] = ()
    times: tuple[datetime | None, ...] = ()

    @classmethod
    def of(cls, pod: Pod, container: str, text: str, last: int | None = None) -> Self:
        """What a log of a container says, in its last lines or in all; blank lines say nothing."""
        lines = [line for line in text.splitlines() if line.strip()]
        if last is not None:
            lines = lines[-last:]
        stamps = [_STAMP.match(line) for line in lines]
        return cls(
            pod,
            container,
            tuple(_COLOUR.sub("", line[m.end() :] if m else line) for line, m in zip(lines, stamps, strict=True)),
            tuple(moment(m[1]) if m else None for m in stamps),
        )

    @property
    def entries(self) -> list[Entry]:
        """The lines as entries, each with its continuation."""
        stamps = self.times or (None,) * len(self.lines)
        lines = zip(self.lines, stamps, strict=True)
        return parse_log("\n".join(f"{at.isoformat()} {line}" if at else line for line, at in lines))

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
        found.append(PodLog.of(pod, name, text))
    return found


@fact("pods/log")
def user_scheduler_logs(
    look: Look,
    user_scheduler: Deployment,  # noqa: ARG001  - where there is none, there are no logs of it
    user_scheduler_pods: list[Pod],
) -> list[PodLog]:
    """The logs of the user-scheduler's pods: of one where all are well, else of two, those first that are not.

    All replicas list the same kinds, also those that do not lead. The container was renamed to kube-scheduler in 1.0.
    """
    ailing = [p for p in user_scheduler_pods if not p.ready or any(s.restart_count for s in p.statuses())]
    well = [p for p in user_scheduler_pods if p not in ailing]
    return _logs(look, [*ailing, *well], "kube-scheduler", 2 if ailing else 1)


@fact(optional=("pods/log",))
def proxy_log(look: Look, proxy_pods: list[Pod]) -> PodLog:
    """The log of the newest proxy pod, without colours."""
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
            `rejected` (the API server refused to create or to list something), `error` (anything else).
        user: the user's name.
        pod: the pod's name, empty where the log does not tell.
        namespace: where the pod was, empty where the log does not tell: with enable_user_namespaces not the hub's.
        at: when it failed.
        started: when the hub first tried to create the pod, None where the log does not tell.
        limit: the seconds that the hub gave, as it logged them.
        error: the exception's text, redacted.
        code: the HTTP status of a refusal.
        url: where the hub waited for an answer.
        deleted: whether the hub deleted the pod afterwards.
        tries: how often the hub asked for the pod to be created; more than once means that nobody answered in time.
        in_the_way: whether a former pod of that name was still there and never went.
        times: how many starts of this user failed one after the other, this one last.
        since: when the first of these failed.
        raised: the exception of an `error`, where its traceback was logged.
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
    tries: int = 0
    in_the_way: bool = False
    namespace: str = ""
    times: int = 1
    since: datetime | None = None
    raised: Raised | None = None

    @property
    def took(self) -> float | None:
        """Seconds from the first attempt to create the pod to the failure."""
        return (self.at - self.started).total_seconds() if self.at and self.started else None


_FAILED_START = re.compile(r"(?P<user>.+)'s server failed to start in (?P<s>\d+) seconds, giving up")
_FAILED_HTTP = re.compile(r"(?P<user>.+)'s server never showed up at (?P<url>\S+) after (?P<s>\d+) seconds\. Giving up")
_WAIT_ERROR = re.compile(r"Unhandled error waiting for (?P<user>.+)'s server to show up at (?P<url>\S+): (?P<err>.*)")
# "Error starting X's server" is JupyterHub 5.5's for an HTTPError that a hook or a profile raised
_UNHANDLED = re.compile(r"(?:Unhandled error|Error) starting (?P<user>.+?)'s server: (?P<err>.*)")
_RUNNING = re.compile(r"Running JupyterHub version (?P<version>\S+)")
_ATTEMPT = re.compile(r"Attempting to create pod (?P<pod>[\w.-]+)")
_FOUND = re.compile(r"Found existing pod (?P<pod>[\w.-]+), attempting to kill")
_KILLED = re.compile(r"Killed pod (?P<pod>[\w.-]+), will try starting")
_DELETING = re.compile(r"Deleting pod (?:(?P<ns>[^\s/]+)/)?(?P<pod>[\w.-]+)$")
_NAMED_POD = re.compile(r"(?:pod[ /]|create pod |delete pod )(?:(?P<ns>[^\s/]+)/)?(?P<pod>[\w.-]+)")
_EXCEPTION = re.compile(r"Exception in Future .*finish_user_spawn.*?exception=(?P<exc>.*)> after timeout")
_REFUSED_POD = re.compile(r'(?:pods|Pod) "(?P<pod>[\w.-]+)" is (?:forbidden|invalid)')
# KubeSpawner 7's reflector
_API_ERROR = re.compile(
    r"An error occurred when calling Kubernetes API\. Status: (?P<code>\d+)[^.]*\. Message: (?P<msg>.*)"
)
_TOOK = re.compile(r"User (?P<user>.+) took (?P<s>\d{1,9}(?:\.\d{1,9})?) seconds to start")
# KubeSpawner asks again every three seconds; a longer pause is another spawn
SAME_SPAWN = 45
# The exception is logged right after the failure, but the failures of others may stand between.
LOOK_AHEAD = 200
LOOK_AHEAD_SECONDS = 20


@dataclass(frozen=True)
class Spawns:
    """What the log says of spawns.

    Attributes:
        failed: failures, oldest first.
        succeeded: (user, with `:name` for a named server; seconds it took; when), oldest first.
        since: when the log that was read begins.
    """

    failed: tuple[Spawn, ...] = ()
    succeeded: tuple[tuple[str, float, datetime | None], ...] = ()
    since: datetime | None = None

    def unresolved(self, now: datetime, hours: float = 24) -> list[Spawn]:
        """Each user's last failure of these last hours, unless a later start of theirs succeeded; newest first.

        Each says how many of that user failed since their last success (`times`, `since`).
        """
        well: dict[str, datetime] = {}
        for user, _, at in self.succeeded:
            if at is not None:
                for name in {user, user.partition(":")[0]}:
                    well[name] = max(at, well.get(name, at))
        streaks: dict[str, list[Spawn]] = {}
        for s in self.failed:
            fresh = s.at is None or (now - s.at).total_seconds() <= hours * 3600
            if fresh and not (s.at and s.user in well and well[s.user] > s.at):
                streaks.setdefault(s.user, []).append(s)
        last = [replace(found[-1], times=len(found), since=found[0].at) for found in streaks.values()]
        return sorted(last, key=lambda s: s.at or now, reverse=True)


@fact()
def spawns(hub_log: HubLog) -> Spawns:
    """Failed and successful spawns in the hub's log."""
    return parse_spawns(hub_log.entries)


@dataclass
class _Attempt:
    """The tries to create one pod, until the spawn ends."""

    started: datetime | None
    last: datetime | None
    tries: int = 1
    in_the_way: bool = False


def parse_spawns(entries: Iterable[Entry]) -> Spawns:
    """Failed and successful spawns, in the order of the log."""
    entries = list(entries)
    attempts: dict[str, _Attempt] = {}
    claimed: set[int] = set()
    failed: list[Spawn] = []
    succeeded: list[tuple[str, float, datetime | None]] = []
    for i, e in enumerate(entries):
        text = e.message
        if _RUNNING.match(text):
            # a new process of the hub knows nothing of the spawns of the former
            attempts.clear()
        elif m := _ATTEMPT.match(text):
            _attempted(attempts, m["pod"], e.at)
        elif (m := _FOUND.match(text)) and m["pod"] in attempts:
            attempts[m["pod"]].in_the_way = True
        elif (m := _KILLED.match(text)) and m["pod"] in attempts:
            attempts[m["pod"]].in_the_way = False
        elif m := _TOOK.match(text):
            succeeded.append((m["user"], float(m["s"]), e.at))
            attempts.pop(pod_of(m["user"].partition(":")[0], attempts), None)
        elif m := _FAILED_START.match(text) or _FAILED_HTTP.match(text) or _WAIT_ERROR.match(text):
            kind = "start-timeout" if m.re is _FAILED_START else "http-timeout"
            failed.append(_timed_out(kind, m, entries, i, attempts, claimed))
        elif m := _UNHANDLED.match(text):
            code, message = refusal(e)
            if not message:
                code, message = _refused_before(entries, i)
            refused = _REFUSED_POD.match(message)
            pod = refused["pod"] if refused else pod_of(m["user"], attempts)
            a = attempts.pop(pod, None)
            kind = "rejected" if message else "error"
            exception = e.raised
            error = message or (exception.text if exception else m["err"]) or e.last
            failed.append(
                Spawn(
                    kind, m["user"], pod, e.at, a.started if a else None, None, clean(error, LINE_LIMIT), code,
                    tries=a.tries if a else 0, raised=None if message else exception,
                )
            )  # fmt: skip
    return Spawns(tuple(failed), tuple(succeeded), next((e.at for e in entries if e.at), None))


def _attempted(attempts: dict[str, _Attempt], pod: str, at: datetime | None) -> None:
    known = attempts.get(pod)
    if known is None or (at and known.last and (at - known.last).total_seconds() > SAME_SPAWN):
        attempts[pod] = _Attempt(at, at)
        return
    known.last = at
    if not known.in_the_way:
        known.tries += 1


def _timed_out(
    kind: str, m: re.Match[str], entries: list[Entry], i: int, attempts: dict[str, _Attempt], claimed: set[int]
) -> Spawn:
    """A failure that names its limit. What the hub did next and the true exception stand in later entries."""
    user, at = m["user"], entries[i].at
    ahead = [
        (j, e)
        for j, e in enumerate(entries[i + 1 : i + 1 + LOOK_AHEAD], start=i + 1)
        if e.at is None or at is None or (e.at - at).total_seconds() <= LOOK_AHEAD_SECONDS
    ]
    deletions = {d["pod"]: d["ns"] or "" for _, e in ahead if (d := _DELETING.match(e.message))}
    place = ""
    error, named, taken = "", "", -1
    for j, e in ahead:
        if j in claimed or not (x := _EXCEPTION.match(e.message)):
            continue
        found = clean(x["exc"], LINE_LIMIT)
        about = _NAMED_POD.search(found)
        if about and pod_of(user, [about["pod"]]):
            error, named, taken, place = found, about["pod"], j, about["ns"] or ""
            break
        if f"/user/{user}/" in found:
            error, taken = found, j
            break
        if not about and "/user/" not in found and not error:
            # it names nobody: the first of its kind that nobody has claimed will do
            error, taken = found, j
    claimed.add(taken)
    pod = named or pod_of(user, attempts) or pod_of(user, deletions)
    a = attempts.pop(pod, None)
    groups = m.groupdict()
    return Spawn(
        kind=kind,
        user=user,
        pod=pod,
        at=at,
        started=a.started if a else None,
        limit=int(groups["s"]) if groups.get("s") else None,
        error=error or clean(groups.get("err") or "", LINE_LIMIT),
        url=groups.get("url") or "",
        deleted=pod in deletions if pod else False,
        tries=a.tries if a else 0,
        in_the_way=a.in_the_way if a else False,
        namespace=place or deletions.get(pod, ""),
    )


def _refused_before(entries: list[Entry], i: int) -> tuple[int | None, str]:
    """The refusal that the reflector logged just before a spawn failed for it: that failure only says `(403)`."""
    at = entries[i].at
    for e in reversed(entries[max(0, i - 12) : i]):
        if at and e.at and (at - e.at).total_seconds() > SAME_SPAWN:
            break
        if m := _API_ERROR.match(e.message):
            return int(m["code"]), clean(m["msg"], LINE_LIMIT)
    return None, ""


def refusal(entry: Entry) -> tuple[int | None, str]:
    """HTTP status and message of the API server's refusal that an entry holds; (None, "") where it holds none.

    `Reason:` is not used: the hub overwrites it. Only `message` of the JSON body leaves here, never the entry, which
    may hold the pod with its tokens.
    """
    return api_answer((entry.message, *entry.more))
