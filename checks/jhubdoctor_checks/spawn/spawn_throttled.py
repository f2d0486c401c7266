"""Spawns that the hub put off for one of its limits."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Entry, Evidence, Finding, Hub, HubLog, Pod, Rung, Severity, Values, check, count
from jhubdoctor_checks.facts.image import shared
from jhubdoctor_checks.facts.turned_away import RUNNING, STARTING, held

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


# what keeps servers from starting fills the limit, and raising it would mend nothing; the vital sign counts the same
@check(severity=Severity.WARNING, at=Rung.TOLD, symptom=True, explains=("users-turned-away",))
def spawn_throttled(
    hub: Hub, now: datetime, hub_log: HubLog, user_pods: list[Pod], values: Values | None
) -> Iterator[Finding]:
    """The hub turned users away because too many servers were starting or running."""
    for word, pattern in (("concurrent", STARTING), ("active", RUNNING)):
        found = [(e, m) for e, m in hub_log.find(pattern) if e.at is None or now - e.at <= _DAY]
        if found:
            last, m = found[-1]
            slow = held(user_pods, now, int(m["n"])) if word == "concurrent" and _fresh(last, now) else []
            yield _finding(word, found, hub, now, slow, values)


def _fresh(entry: Entry, now: datetime) -> bool:
    return entry.at is None or now - entry.at <= _HOUR


def _finding(
    word: str,
    found: list[tuple[Entry, re.Match[str]]],
    hub: Hub,
    now: datetime,
    slow: list[Pod],
    values: Values | None,
) -> Finding:
    last, m = found[-1]
    limit = int(m["n"])
    key = "concurrentSpawnLimit" if word == "concurrent" else "activeServerLimit"
    says = (
        f"the hub turned users away {count(len(found), 'time')} since {limit} servers were starting at once"
        if word == "concurrent"
        else f"the hub turned users away {count(len(found), 'time')} since {limit} servers were running"
    )
    text = (
        "Servers that take long to start fill this limit: see spawn-timeline first. Where the cluster bears more, "
        "raise it."
        if word == "concurrent"
        else "Raise the limit, as shown; or stop idle servers sooner (cull.timeout), and what runs in them is lost."
    )
    set_to = values.get(f"hub.{key}") if values is not None else None
    return Finding(
        on=tuple(shared(p.ref) for p in slow) or (hub.ref,),
        says=says,
        evidence=(
            Evidence("hub log", f"{limit} servers {'pending' if word == 'concurrent' else 'active'}", last.at),
            Evidence("values", f"hub.{key}: {set_to}") if set_to is not None else None,
        ),
        fix=hub.values_fix(text, {"hub": {key: max(2 * limit, 64) if word == "concurrent" else 2 * limit}}),
        severity=Severity.WARNING if _fresh(last, now) else Severity.INFO,
        cause=word,
        affects=(hub.service_ref,),
    )
