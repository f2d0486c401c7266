"""What of the hub's log still counts: entries of this run and the last, not older than a day."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Entry, HubLog, Pod, Ref, Severity

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def lately(
    hub_log: HubLog, pattern: str | re.Pattern[str], now: datetime, within: timedelta = DAY
) -> Iterator[tuple[Entry, re.Match[str]]]:
    """Warnings and errors that hold the pattern, continuation lines included; of the last day."""
    for e, m in hub_log.search(pattern):
        if e.level in {"D", "I"} or (e.at is not None and now - e.at > within):
            continue
        yield e, m


def line_of(entry: Entry, m: re.Match[str]) -> str:
    """The line of an entry in which a match ends: never the whole entry."""
    text, at = entry.text, max(m.end() - 1, 0)
    end = text.find("\n", at)
    return text[text.rfind("\n", 0, at) + 1 : end if end >= 0 else len(text)].strip()


def pods_of(hub_pods: Iterable[Pod]) -> tuple[Ref, ...]:
    """References to the hub's pods."""
    return tuple(p.ref for p in hub_pods)


def weigh(at: datetime | None, now: datetime) -> Severity:
    """An error within the hour, a warning after it: it may be over."""
    return Severity.ERROR if at is None or now - at <= HOUR else Severity.WARNING
