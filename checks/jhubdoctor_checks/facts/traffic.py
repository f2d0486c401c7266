"""What was asked of the hub, and what it answered: its log as traffic.

JupyterHub (log.py, 1.0 to 6.0) logs each answer as `403 POST /hub/login (ada@10.0.0.1) 6.39ms`, and names nobody who is
not logged in. Why it refused stands before that, as tornado logs it: `403 POST /hub/login (10.0.0.1): the reason`, or
`Uncaught exception POST /hub/login (10.0.0.1)` with a traceback. Seen with 1.5.1, 4.1.6 and 5.5.4.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import unquote

from jhubdoctor.api import Entry, HubLog, Raised, Values, clean, fact

HOUR = timedelta(hours=1)
# handlers/base.py, 1.0 to 6.0: who comes back to the hub though their server is ready
LOOP = "Redirect loop detected"
# The chart's own service, as it is and was named.
CHART = ("jupyterhub-idle-culler", "cull-idle")

_ANSWER = re.compile(
    r"(?P<status>\d{3}) (?P<method>[A-Z]{3,8}) (?P<uri>\S{1,4000}?)(?: -> \S*)? \((?P<name>.{0,256})"
    r"@(?P<ip>[^@()\s]+)\) (?P<ms>\d{1,9}(?:\.\d+)?)ms$"
)
_WHY = re.compile(
    r"(?:(?P<status>\d{3})|(?P<uncaught>Uncaught exception)) (?P<method>[A-Z]{3,8}) (?P<uri>\S{1,4000})"
    r" \((?P<ip>[^()]*)\)(?::(?: (?P<reason>.*))?)?$"
)
_RUNNING = re.compile(r"Running JupyterHub version")
_SERVICE = re.compile(r"(?:Starting managed|Adding external) service (?P<name>[\w.\-]+)")
_LOGGED_IN = re.compile(r"User logged in: (?P<name>.+)")
# handlers/base.py: what an authenticator gave nobody for, and (auth.py) whom no rule allows
_NO_LOGIN = re.compile(r"Failed login for (?P<q>['\"]?)(?P<name>.*)(?P=q)$")
_NOT_ALLOWED = re.compile(r"User (?P<q>['\"])(?P<name>.*)(?P=q) (?:not allowed|is blocked|blocked)")
# handlers/login.py of 5.0 and later tells it apart from what it shows to the user
_FORM = re.compile(r"XSRF error on login form: (?P<reason>.*)")

# scopes.py, 2.0 and later: what the hub does not say to the caller, for whom the answer may be 404
_REQUIRED = re.compile(r"Not authorizing access to (?P<path>\S+)\. (?P<what>Requires any of \[[^\]]{1,500}\])")
_REASONS = (
    ("xsrf", re.compile(r"(?i)xsrf|no referer|cross origin|login form invalid or expired")),
    ("scope", re.compile(r"current scopes|requires (?:any of )?(?:the )?scope|No access to resources")),
    ("token", re.compile(r"Missing or invalid credentials")),
    ("not-allowed", re.compile(r"(?i)not (?:currently )?(?:authorized|allowed)")),
)

# By the path behind /hub. Authenticators add pages of their own: oauth_login, saml_login, lti/launch, google/callback.
_HANDLERS = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("login", r"/(?:[\w-]+/)?[\w-]*(?:login|callback|launch)/?$"),
        ("metrics", r"/metrics$"),
        ("oauth2", r"/api/oauth2/"),
        ("api", r"/api(?:/|$)"),
        ("spawn", r"/spawn(?:/|$)"),
        ("pending", r"/spawn-pending(?:/|$)"),
        ("user", r"/user(?:/|$)"),
        ("page", r"/(?:home|admin|token|groups?|accept-share|logout|services?)?(?:/|$)"),
        ("static", r"/(?:static|logo|favicon)"),
        ("health", r"/health$"),
    )
)
# tornado's, where a browser was closed while it was answered: nobody misses that answer.
_WENT = frozenset({"StreamClosedError", "WebSocketClosedError"})
# The API's paths that start a server, a default one and a named one.
_START = re.compile(r"/hub/api/users/\{name\}/(?:server|servers/[^/]+)$")
_NAME = re.compile(r"/(?:users|groups|services|tokens|shares|spawn|spawn-pending|user)/([^/]+)")


@dataclass(frozen=True)
class Request:
    """One answer of the hub.

    Attributes:
        at: when.
        method: GET, POST, ...
        handler: `login`, `api`, `oauth2`, `metrics`, `spawn`, `pending`, `user` (the way to a server), `page`,
            `static`, `health`, `other`.
        route: the path from /hub on, with `{name}` for names.
        status: the HTTP status.
        name: who asked, empty for nobody who is logged in; a service has its own name.
        service: whether that is a service.
        address: the address it came from, as the hub saw it.
        why: of a refusal `xsrf`, `scope`, `token`, `not-allowed`, `password`; empty for another reason or none.
        reason: the hub's own words, one line.
        raised: the exception that nobody caught.
        about: the name that the path holds, or the one that someone tried to log in with.
        seconds: how long the hub took to answer.
    """

    at: datetime
    method: str
    handler: str
    route: str
    status: int
    name: str = ""
    service: bool = False
    address: str = ""
    why: str = ""
    reason: str = ""
    raised: Raised | None = None
    about: str = ""
    seconds: float = 0.0

    @property
    def caller(self) -> str:
        """`service`, `user`, or `anonymous`."""
        return "service" if self.service else "user" if self.name else "anonymous"

    @property
    def inside(self) -> bool:
        """Whether it came from an address of the cluster's network, or of one like it."""
        try:
            return ipaddress.ip_address(self.address).is_private
        except ValueError:
            return False

    @property
    def failed(self) -> bool:
        """Whether the hub could not answer it; whoever went away meanwhile does not count."""
        return self.status >= 500 and (self.raised is None or self.raised.kind not in _WENT)

    @property
    def refused(self) -> bool:
        """Whether the hub did not want to: a wrong password is answered with 200 before JupyterHub 5."""
        return self.status in {400, 401, 403} or self.why in {"password", "not-allowed", "scope"}

    @property
    def is_login(self) -> bool:
        """Whether it is a try to log in: a form that is sent, the way back from a login provider, or a page of no form.

        Authenticators that go by a header or a ticket look at the page itself, and refuse that.
        """
        sent = self.method == "POST" or "callback" in self.route or self.status in {401, 403}
        return self.handler == "login" and sent

    @property
    def is_start(self) -> bool:
        """Whether it asks for a server: by the page, which starts one at once where it has no form, or by the API."""
        return self.handler == "spawn" or (self.method == "POST" and _START.match(self.route) is not None)


@dataclass(frozen=True)
class Traffic:
    """What the present run of the hub answered.

    Attributes:
        requests: oldest first.
        logins: who logged in, and when, oldest first.
        begins: when the log that was read begins, or the hub started where that is later.
    """

    requests: tuple[Request, ...] = ()
    logins: tuple[tuple[str, datetime], ...] = ()
    begins: datetime | None = None

    def lately(self, now: datetime) -> list[Request]:
        """Those of the last hour."""
        return [r for r in self.requests if now - r.at <= HOUR]

    def logged_in(self, now: datetime) -> list[datetime]:
        """When users logged in within the last hour."""
        return [at for _, at in self.logins if now - at <= HOUR]

    def known(self) -> frozenset[str]:
        """Names, in small letters, of users whom the hub let in: logins, and answers to them."""
        came = {name for name, _ in self.logins} | {r.name for r in self.requests if r.name and not r.service}
        return frozenset(n.casefold() for n in came)

    def since(self, now: datetime) -> datetime:
        """Since when of the last hour the log tells."""
        return max(now - HOUR, self.begins or now - HOUR)


@fact()
def traffic(hub_log: HubLog, values: Values | None) -> Traffic:
    """What the hub answered, in its log of the present run."""
    given = values.mapping("hub.services") if values is not None else {}
    return parse_traffic(hub_log.current, {*given, *CHART})


def parse_traffic(entries: Iterable[Entry], services: Iterable[str] = ()) -> Traffic:
    """What a hub answered, in the order of its log; `services` are names that the values give to services."""
    reading = _Reading(set(services))
    begins = None
    for e in entries:
        begins = begins or e.at
        if not e.level or e.at is None:
            continue
        if m := _ANSWER.match(e.message):
            reading.answered(e, m)
        elif m := _WHY.match(e.message):
            reading.waiting.append((e, m, reading.form or m["reason"] or _below(e)))
            reading.form = ""
        elif m := _NOT_ALLOWED.match(e.message):
            reading.turned_away = ("not-allowed", m["name"])
        elif m := _NO_LOGIN.match(e.message):
            reading.turned_away = reading.turned_away or ("password", m["name"])
        elif m := _REQUIRED.match(e.message):
            reading.required = (_path(m["path"]), m["what"])
        elif m := _FORM.match(e.message):
            reading.form = m["reason"]
        elif m := _LOGGED_IN.match(e.message):
            reading.logins.append((m["name"], e.at))
        elif m := _SERVICE.match(e.message):
            reading.services.add(m["name"])
        elif _RUNNING.match(e.message):
            begins = e.at
    for cause in reading.waiting:
        reading.add(cause[0], cause[1], int(cause[1]["status"] or 500), cause)
    found = [replace(r, service=r.name in reading.services) for r in reading.found]
    return Traffic(tuple(found), tuple(reading.logins), begins)


_Cause = tuple[Entry, re.Match[str], str]


@dataclass
class _Reading:
    """What was read so far, and the reasons whose answer has not come yet."""

    services: set[str]
    found: list[Request] = field(default_factory=list)
    logins: list[tuple[str, datetime]] = field(default_factory=list)
    waiting: list[_Cause] = field(default_factory=list)
    form: str = ""
    required: tuple[str, str] = ("", "")
    turned_away: tuple[str, str] | None = None

    def answered(self, e: Entry, m: re.Match[str]) -> None:
        """An answer, with the reason that was logged for it."""
        asked = (m["method"], _path(m["uri"]))
        cause = next((w for w in self.waiting if (w[1]["method"], _path(w[1]["uri"])) == asked), None)
        if cause is not None:
            self.waiting.remove(cause)
        self.add(e, m, int(m["status"]), cause, m["name"])

    def add(self, e: Entry, m: re.Match[str], status: int, cause: _Cause | None, name: str = "") -> None:
        """One request."""
        if e.at is None:
            return
        path = _path(m["uri"])
        handler = next((h for h, pattern in _HANDLERS if pattern.match(path)), "other")
        reason = clean(cause[2], 300) if cause else ""
        if reason and path == self.required[0] and "[" not in reason:
            reason, self.required = f"{reason} ({self.required[1]})", ("", "")
        named = _NAME.search(path)
        about, why = unquote(named[1]) if named else "", ""
        if 400 <= status < 500:
            why = next((w for w, pattern in _REASONS if pattern.search(reason)), "")
            if not why and not reason and handler == "api" and not name:
                # JupyterHub 1 does not say why
                why = "token"
        if handler == "login" and (m["method"] == "POST" or "callback" in path):
            if self.turned_away is not None and status < 500 and why != "xsrf":
                why, about = self.turned_away
            self.turned_away = None
        self.found.append(
            Request(
                at=e.at,
                method=m["method"],
                handler=handler,
                route="/hub" + _NAME.sub(lambda n: n[0][: -len(n[1])] + "{name}", path)[:200],
                status=status,
                name=name,
                address=m["ip"],
                why=why,
                reason=reason,
                raised=cause[0].raised if cause else None,
                about=about,
                seconds=float(m.groupdict().get("ms") or 0) / 1000,
            )
        )


def _below(e: Entry) -> str:
    """A reason of several lines, as code of one's own gives it; a traceback is none."""
    return "" if e.level != "W" or e.raised is not None else " ".join(" ".join(e.more).split())


def _path(uri: str) -> str:
    """The path behind /hub, without its query; the whole where there is no /hub in it."""
    path = uri.partition("?")[0]
    return path.partition("/hub")[2] if re.search(r"/hub(?:/|$)", path) else path
