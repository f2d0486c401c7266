"""Pages that the hub takes long for, whatever it waits for."""

from __future__ import annotations

from datetime import datetime, timedelta

from jhubdoctor_checks.facts.traffic import Request, Traffic

# A proxy before the hub gives up after 30 or 60 seconds, and users long before.
SLOW = 10.0
_OFTEN, _SHARE = 5, 0.25
# What answers by itself, as other than a start, a login provider's answer, or a list of all users.
_PAGES = frozenset({"page", "login", "pending", "static"})
_START, _LATELY = timedelta(minutes=2), timedelta(minutes=15)


def pages(traffic: Traffic, now: datetime) -> list[Request]:
    """What users looked at within the hour, but for the first minutes of the hub's run."""
    begins = traffic.begins
    return [
        r
        for r in traffic.lately(now)
        if r.method == "GET" and r.handler in _PAGES and "callback" not in r.route
        and (begins is None or r.at - begins > _START)
    ]  # fmt: skip


def slow(seen: list[Request], now: datetime) -> list[Request]:
    """Those that took long, oldest first; none where they are few of many, or it is over."""
    found = [r for r in seen if r.seconds >= SLOW]
    few = len(found) < _OFTEN or len(found) < _SHARE * len(seen)
    return [] if few or now - found[-1].at > _LATELY else found
