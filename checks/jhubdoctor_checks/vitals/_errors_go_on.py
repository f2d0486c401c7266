"""Which errors of the hub's log belong to no request and no start, and which of them go on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from jhubdoctor.api import Entry, Spawns
from jhubdoctor_checks.facts.database_errors import is_database
from jhubdoctor_checks.facts.starts import Starts
from jhubdoctor_checks.facts.traffic import HOUR, Traffic

# One failure speaks in several entries: a request's within a moment, a start's within its clean-up.
_REQUEST, _START = timedelta(seconds=3), timedelta(seconds=40)
# log.py and web.py log requests; others tell of the database, and some harm nobody.
_ELSEWHERE = re.compile(r"(?i).*database|Received signal|Unclosed |Proxy stopped with exit code")


def aside(entries: Iterable[Entry], traffic: Traffic, spawns: Spawns, starts: Starts, now: datetime) -> list[Entry]:
    """The errors of the last hour that stand beside no request and no start that failed, oldest first."""
    requests = [r.at for r in traffic.lately(now) if r.failed or (r.is_login and r.refused)]
    failed = [s.at for s in spawns.failed if s.at] + [t.at for t in starts.told if t.at]
    return [
        e
        for e in entries
        if e.level in {"E", "C"} and e.at is not None and now - e.at <= HOUR
        and e.module not in {"log", "web"} and not is_database(e.raised) and not _ELSEWHERE.match(e.message)
        and not _near(e.at, requests, _REQUEST) and not _near(e.at, failed, _START)
    ]  # fmt: skip


def _near(at: datetime, others: Sequence[datetime], span: timedelta) -> bool:
    return any(abs(other - at) <= span for other in others)
