"""Where the time of slow spawns goes."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Events, Evidence, Finding, Hub, Pod, Rung, Severity, Spawns, Values, check, count, grouped
from jhubdoctor_checks.facts.image import shared
from jhubdoctor_checks.facts.starts import START_TIMEOUT, start_limit
from jhubdoctor_checks.spawn._spawn_timeline import WORDS, quicker, slow_spawns


@check(severity=Severity.INFO, at=Rung.TOLD, symptom=True)
def spawn_timeline(
    hub: Hub, now: datetime, spawns: Spawns, user_pods: list[Pod], events: Events, values: Values
) -> Iterator[Finding]:
    """Some servers take most of their time limit to start; this shows which step takes it."""
    limit = start_limit(values) or START_TIMEOUT
    found = [t for t in slow_spawns(now, spawns, user_pods, events, limit) if t.longest]
    for step, members in grouped(found, lambda t: t.longest):
        members.sort(key=lambda t: -t.total)
        yield Finding(
            on=tuple(dict.fromkeys(shared(hub.pod_ref(t.pod)) for t in members)),
            says=f"{count(len(members), 'spawn')} took long, and most of it {WORDS[step]}",
            evidence=(
                *(Evidence("hub log", str(t)) for t in members[:5]),
                Evidence("values", f"start_timeout: {limit}"),
            ),
            fix=quicker(step, members, hub, values, limit),
            cause=step,
        )
