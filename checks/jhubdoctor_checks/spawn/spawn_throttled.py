"""Spawns that the hub put off for one of its limits."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Entry, Evidence, Finding, Hub, HubLog, Severity, Values, check, count

# JupyterHub's handlers/base.py, 1.0 to 6.0; the second is logged at level I.
_PENDING = r"(?P<n>\d+) pending spawns, throttling"
_ACTIVE = r"(?P<n>\d+) servers active, no space available"
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@check(severity=Severity.WARNING)
def spawn_throttled(hub: Hub, now: datetime, hub_log: HubLog, values: Values | None) -> Iterator[Finding]:
    """The hub turned users away because too many servers were starting or running."""
    for word, pattern in (("concurrent", _PENDING), ("active", _ACTIVE)):
        found = [(e, m) for e, m in hub_log.find(pattern) if e.at is None or now - e.at <= _DAY]
        if found:
            yield _finding(word, found, hub, now, values)


def _finding(
    word: str, found: list[tuple[Entry, re.Match[str]]], hub: Hub, now: datetime, values: Values | None
) -> Finding:
    last, m = found[-1]
    limit = int(m["n"])
    key = "concurrentSpawnLimit" if word == "concurrent" else "activeServerLimit"
    fresh = last.at is None or now - last.at <= _HOUR
    says = (
        f"the hub turned users away {count(len(found), 'time')} since {limit} servers were starting at once"
        if word == "concurrent"
        else f"the hub turned users away {count(len(found), 'time')} since {limit} servers were running"
    )
    text = (
        "Servers that take long to start fill this limit: see spawn-timeline first. Where the cluster bears more, "
        "raise it."
        if word == "concurrent"
        else "Raise the limit, or stop servers that nobody uses sooner (cull.timeout)."
    )
    set_to = values.get(f"hub.{key}") if values is not None else None
    return Finding(
        on=(hub.ref,),
        says=says,
        evidence=(
            Evidence("hub log", f"{limit} servers {'pending' if word == 'concurrent' else 'active'}", last.at),
            Evidence("values", f"hub.{key}: {set_to}") if set_to is not None else None,
        ),
        fix=hub.values_fix(text, {"hub": {key: max(2 * limit, 64) if word == "concurrent" else 2 * limit}}),
        severity=Severity.WARNING if fresh else Severity.INFO,
        cause=word,
    )
