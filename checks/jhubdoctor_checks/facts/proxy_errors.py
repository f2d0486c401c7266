"""What the proxy could not reach, counted by errno and by target over the last hour."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

from jhubdoctor.api import Hub, Pod, PodLog, Service, fact

HUB = "hub"
OTHER = "other"
GONE = "gone"
WINDOW = timedelta(hours=1)
# configurable-http-proxy 4 writes the time of day, 5 an ISO time.
_LINE = re.compile(
    r"(?:(?:(?P<iso>\d{4}-\d\d-\d\dT[\d:.]+)Z|(?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d)(?:\.\d+)?)(?: - \w+:)? )?"
    r"\[ConfigProxy\](?: (?P<level>\w+):)? (?P<text>.*)"
)
_REQUEST = re.compile(r"(?P<code>50[0-9]) (?P<method>[A-Z]+) (?P<path>\S+) ?(?P<error>.*)")
_PAGE = re.compile(r"Failed to get custom error page: (?P<error>.*)")
_UNCAUGHT = re.compile(r"Uncaught Exception: (?P<error>.*)")
_ROUTE = re.compile(r"Adding route (?P<path>\S+) -> \w+://(?P<host>\[[^\]]+\]|[^:/\s]+)")
_BEGINS = re.compile(r"Proxying https?://")
_ERRNO = re.compile(r"\b(?P<errno>E[A-Z_]{3,})\b")
_ADDRESS = re.compile(r"\b(?P<call>connect|getaddrinfo) E[A-Z_]{3,} (?P<place>\S+)")
_USER = re.compile(r"(?:^|/)user/(?P<user>[^/?#]+)")
_SERVICE = re.compile(r"(?:^|/)services/(?P<service>[\w.-]+)")
# What a server answers at once; streams (a kernel's channels, a terminal, a room) end with the browser.
_ASKED = re.compile(
    r"(?!WS )[A-Z]+ \S*/user/[^/?#]+(?:/[^/?#]+)?/api/(?!\S*(?:channels|websocket|subscribe|collaboration))"
)
# One request makes two lines: its own, and that of the error page, which the hub gives.
_SAME = timedelta(seconds=2)


@dataclass(frozen=True)
class ProxyError:
    """One thing that the proxy could not do.

    Attributes:
        at: when.
        errno: `ECONNREFUSED`, ...; `hang up` for a connection that ended in the middle, empty where it names none.
        target: `hub`, the name of a user's pod, `gone` (a server that has no pod), or `other`.
        address: the host that was asked, empty where the line does not say.
        text: the error as it was written, without the path.
        user: whose server was asked for, empty where it was none.
        service: which service of the hub was asked for, empty where it was none.
        asked: whether it was a question to a server's API, and no stream, which ends where a browser is closed.
    """

    at: datetime
    errno: str
    target: str
    address: str
    text: str
    user: str = ""
    asked: bool = False
    service: str = ""


@dataclass(frozen=True)
class ProxyErrors:
    """The errors of the last hour.

    Attributes:
        pod: the proxy's pod.
        since: from when on the log tells.
        errors: failed requests, oldest first.
        listening: why the present run of the proxy does not listen: (errno, address, when).
    """

    pod: Pod
    since: datetime
    errors: tuple[ProxyError, ...]
    listening: tuple[tuple[str, str, datetime], ...]


@fact()
def proxy_errors(
    hub: Hub, proxy_log: PodLog, services: list[Service], hub_pods: list[Pod], user_pods: list[Pod], now: datetime
) -> ProxyErrors:
    """The errors that the proxy logged within the hour, with their targets."""
    lines = list(_dated(proxy_log, now))
    names = {hub.ref.name: HUB} | {p.status.pod_ip: HUB for p in hub_pods if p.status.pod_ip}
    for s in services:
        if s.component == "hub" or s.name == hub.ref.name:
            names |= {s.name: HUB, s.spec.cluster_ip or s.name: HUB}
    names |= {p.status.pod_ip: p.name for p in user_pods if p.status.pod_ip and not p.finished}
    routes = {m["path"]: m["host"].strip("[]") for _, text in lines if (m := _ROUTE.match(text))}
    errors: list[ProxyError] = []
    for at, text in lines:
        m = _REQUEST.match(text) or _PAGE.match(text)
        if m is None or now - at > WINDOW:
            continue
        page = m.re is _PAGE
        if page and any(at - e.at <= _SAME and e.target == HUB for e in errors[-3:]):
            continue
        path = "" if page else m["path"]
        error = _error(at, m["error"], path, names, routes, user_pods)
        errors.append(error if page else replace(error, asked=_ASKED.match(f"{m['method']} {path}") is not None))
    listening: list[tuple[str, str, datetime]] = []
    for at, text in lines:
        if _BEGINS.match(text):
            listening = []
        elif (m := _UNCAUGHT.match(text)) and m["error"].startswith("listen ") and (n := _ERRNO.search(m["error"])):
            listening.append((n["errno"], m["error"].rpartition(" ")[2], at))
    since = max([now - WINDOW, *(at for at, _ in lines[:1])])
    return ProxyErrors(proxy_log.pod, since, tuple(errors), tuple(listening))


def _error(
    at: datetime, text: str, path: str, names: Mapping[str, str], routes: Mapping[str, str], user_pods: Iterable[Pod]
) -> ProxyError:
    text = text.removeprefix("Error: ")
    errno = m["errno"] if (m := _ERRNO.search(text)) else "hang up" if "socket hang up" in text else ""
    m = _ADDRESS.search(text)
    address = (m["place"].rpartition(":")[0] if m["call"] == "connect" else m["place"]).strip("[]") if m else ""
    if not address:
        prefix = max((r for r in routes if f"{path}/".startswith(f"{r.rstrip('/')}/")), key=len, default="")
        address = routes.get(prefix, "")
    target = names.get(address) or names.get(address.split(".")[0] if not address[:1].isdigit() else "") or ""
    user = _USER.search(path)
    if not target:
        if user is None:
            target = OTHER if path and not re.search(r"/hub(?:/|$)|^/$", path) else HUB
        else:
            # a pod that has another address by now, or none: a tab of a server that stopped
            servers = [p for p in user_pods if p.user == unquote(user["user"]) and not p.finished]
            ip = servers[0].status.pod_ip if len(servers) == 1 else ""
            same = len(servers) == 1 and (not address or not ip or (":" in address) != (":" in ip))
            target = servers[0].name if same else GONE
    service = _SERVICE.search(path) if user is None else None
    whose, which = unquote(user["user"]) if user else "", service["service"] if service else ""
    return ProxyError(at, errno, target, address, text, whose, service=which)


def _dated(log: PodLog, now: datetime) -> Iterator[tuple[datetime, str]]:
    """The lines with their times, oldest first: by the kubelet's stamp, else by the line's own.

    A time of day alone is that of the last such time before the line that follows it, and of the last line before now.
    """
    found: list[tuple[datetime, str]] = []
    after = now + timedelta(minutes=5)
    stamps = log.times or (None,) * len(log.lines)
    for line, stamp in zip(reversed(log.lines), reversed(stamps), strict=True):
        m = _LINE.match(line)
        if m is None:
            continue
        at = stamp or _own(m, after)
        if at is not None:
            found.append((at, m["text"]))
            after = min(after, at + timedelta(seconds=1))
    return reversed(found)


def _own(m: re.Match[str], before: datetime) -> datetime | None:
    try:
        if m["h"] is None and m["iso"] is None:
            return None
        if m["iso"]:
            return datetime.fromisoformat(m["iso"]).replace(tzinfo=UTC)
        at = before.replace(hour=int(m["h"]), minute=int(m["m"]), second=int(m["s"]), microsecond=0)
    except ValueError:
        return None
    return at if at <= before else at - timedelta(days=1)
