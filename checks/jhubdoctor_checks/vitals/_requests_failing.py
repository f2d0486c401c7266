"""Which answers of the hub with 5xx are failures of its own that no other vital sign tells."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from jhubdoctor.api import Entry, Fix, Hub, HubLog, Spawns
from jhubdoctor_checks.answered import meaning, remedy
from jhubdoctor_checks.facts.database_errors import is_database
from jhubdoctor_checks.facts.traffic import LOOP, Request
from jhubdoctor_checks.vitals._said import mend, nobody

# `pending` repeats a failed start.
_ELSEWHERE = {"login", "pending", "static"}
_STOPPED = 503
_SOON = timedelta(seconds=10)
# handlers/base.py, 1.0 to 6.0: what the hub says as it refuses to start a server that it still starts or stops
_PENDING = re.compile(r"(?P<name>\S.*?) is pending (?:stop|spawn)\b")
_AT_ONCE = timedelta(seconds=2)


def place(r: Request) -> str:
    """Where it failed: on the way to a server all paths are one."""
    return "/hub/user/{name}" if r.handler == "user" else r.route


def failures(requests: Iterable[Request], spawns: Spawns, entries: Iterable[Entry]) -> list[Request]:
    """Those that are neither logins, nor starts of servers that failed or have to wait, nor the database's."""
    waits: dict[str, list[datetime]] = {}
    for e in entries:
        if e.at is not None and (m := _PENDING.match(e.message)):
            # of a named server the user's name is the part before a colon, which it may itself have
            cuts = [m["name"], *(m["name"][: i.start()] for i in re.finditer(":", m["name"]))]
            for user in cuts:
                waits.setdefault(user, []).append(e.at)
    starts = [(s.user.partition(":")[0], s.at) for s in spawns.failed if s.at is not None]

    def of_a_start(r: Request) -> bool:
        who = {r.name, r.about}
        # the page of a start asks for its progress, and gets the same answer
        return (r.is_start or r.route.endswith("/progress")) and any(
            user in who and abs(r.at - at) <= _SOON for user, at in starts
        )

    def of_a_wait(r: Request) -> bool:
        # servers-pending tells of it once it takes too long
        said = [at for who in {r.name, r.about} for at in waits.get(who, ())]
        return r.is_start and r.status == _STOPPED and any(abs(r.at - at) <= _AT_ONCE for at in said)

    def of_a_server(r: Request) -> bool:
        # a server that is stopped, for the tabs that are left; or one that sends its user back
        return r.handler == "user" and (r.status == _STOPPED or r.reason.startswith(LOOP))

    failed = [r for r in requests if r.failed and r.handler not in _ELSEWHERE and not is_database(r.raised)]
    return [r for r in failed if not of_a_start(r) and not of_a_wait(r) and not of_a_server(r)]


def meant(request: Request, hub: Hub, hub_log: HubLog) -> tuple[str, Fix]:
    """What it means, and the next step."""
    raised = request.raised
    fix = mend(hub, raised, hub_log, f"exception {request.method}" if raised else f" {request.status} ")
    if raised is None or not raised.answer:
        return told(request), fix
    answer = nobody(raised.answer, 500)
    return meaning(answer), remedy(answer, hub) or fix


def told(request: Request) -> str:
    """What the hub says of it."""
    text = request.raised.text if request.raised is not None else request.reason
    return nobody(text) or "no reason is logged"
