"""Servers whose pod was not running in time."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    Events,
    Evidence,
    Finding,
    Hub,
    HubLog,
    PersistentVolumeClaim,
    Pod,
    Rung,
    Severity,
    Spawn,
    Spawns,
    Values,
    check,
    count,
    where_set,
)
from jhubdoctor_checks.facts.failures import aborted, objects, seen, unresolved, weight
from jhubdoctor_checks.facts.starts import start_limit
from jhubdoctor_checks.spawn._phases import NO_TRACE, Phase, phase_of, trace
from jhubdoctor_checks.spawn._remedies import remedy


# the hub tells of each of them: no rung lies between
@check(severity=Severity.ERROR, at=Rung.TOLD, symptom=True, explains=("spawn-timeline", "consecutive-failure-abort"))
def spawn_timeout(
    hub: Hub,
    now: datetime,
    spawns: Spawns,
    hub_log: HubLog,
    hub_pods: list[Pod],
    user_pods: list[Pod],
    events: Events | None,
    claims: list[PersistentVolumeClaim] | None,
    values: Values | None,
    elsewhere_places: list[str] | None,
) -> Iterator[Finding]:
    """Users' servers did not start within the time that they are given."""
    pods = {p.name: p for p in user_pods}
    by_name = {c.name: c for c in claims or []}
    looked = {hub.namespace, *(elsewhere_places or ())}
    groups: dict[tuple[str, str], list[tuple[Spawn, Phase]]] = {}
    for s in unresolved(spawns, now, user_pods, "start-timeout"):
        phase = phase_of(trace(s, now, pods, events, by_name), looked)
        groups.setdefault((phase.word, phase.key), []).append((s, phase))
    for members in groups.values():
        group = [s for s, _ in members]
        # the one with the most to show for it, the newest of those
        spawn, phase = max(members, key=lambda m: (m[0].pod in pods, len(m[1].evidence), m[0].at or now))
        on, affects = objects(hub, group, user_pods)
        limit = f"{spawn.limit} seconds" if spawn.limit else "time"
        yield Finding(
            on=on,
            says=f"{count(len(group))} did not start within {limit}: {phase.says}",
            evidence=(*seen(group, f"not started after {limit}"), *phase.evidence, *_bound(values, spawn)),
            fix=remedy(phase, hub, values, spawn, here=spawn.pod in pods),
            severity=weight(group, spawns, user_pods, now),
            cause=f"{phase.word} {phase.key}".strip(),
            affects=(*affects, *aborted(hub, hub_log, hub_pods, group)),
            unexplained=phase.word == NO_TRACE,
        )


def _bound(values: Values | None, spawn: Spawn) -> tuple[Evidence, ...]:
    """The setting behind the limit that the hub logged."""
    if values is None or spawn.limit is None:
        return ()
    if start_limit(values) == spawn.limit:
        return (Evidence("values", f"{where_set(values, 'start_timeout')[0]}: {spawn.limit}"),)
    return (Evidence("values", f"no start timeout of {spawn.limit}: a profile or hub.extraConfig sets it"),)
