"""Users who log in, and whom the hub does not know a moment later."""

from __future__ import annotations

from datetime import datetime, timedelta

from jhubdoctor_checks.facts.traffic import HOUR, Traffic

_AT_ONCE = timedelta(seconds=10)
_OFTEN = 3
_REDIRECT = 302


def unknown(traffic: Traffic, now: datetime) -> list[datetime]:
    """When users logged in, and asked for the next page as nobody; none where one login lasted since.

    Who is logged in asks for a page at once, by name; who is not is sent to the login page.
    """
    requests = [r for r in traffic.lately(now) if r.handler != "login"]
    lost: list[datetime] = []
    for name, at in traffic.logins:
        after = [r for r in requests if r.at >= at]
        if now - at > HOUR or any(r.name == name for r in after):
            lost = [] if now - at <= HOUR else lost
            continue
        if any(not r.name and r.status == _REDIRECT and r.handler != "static" and r.at - at <= _AT_ONCE for r in after):
            lost.append(at)
    return lost if len(lost) >= _OFTEN else []
