"""Which answers of the hub with 5xx are failures of its own that no other vital sign tells."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from jhubdoctor.api import Spawns
from jhubdoctor_checks.facts.database_errors import is_database
from jhubdoctor_checks.facts.traffic import Request
from jhubdoctor_checks.vitals._said import nobody

# `user` is the way to a server that is stopped: 503 for the tabs that are left. `pending` repeats a failed start.
_ELSEWHERE = {"login", "user", "pending", "static"}
_SOON = timedelta(seconds=10)


def failures(requests: Iterable[Request], spawns: Spawns) -> list[Request]:
    """Those that are neither logins, nor starts of servers that failed, nor the database's."""
    starts = [(s.user.partition(":")[0], s.at) for s in spawns.failed if s.at is not None]

    def of_a_start(r: Request) -> bool:
        who = {r.name, r.about}
        return r.is_start and any(user in who and abs(r.at - at) <= _SOON for user, at in starts)

    return [
        r
        for r in requests
        if r.failed and r.handler not in _ELSEWHERE and not is_database(r.raised) and not of_a_start(r)
    ]


def told(request: Request) -> str:
    """What the hub says of it."""
    text = request.raised.text if request.raised is not None else request.reason
    return nobody(text) or "no reason is logged"
