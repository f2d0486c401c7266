"""Servers whose pod runs and does not answer in time."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    Events,
    Evidence,
    Finding,
    Hub,
    HubLog,
    Pod,
    PodLog,
    Rung,
    Severity,
    Spawn,
    Spawns,
    Values,
    check,
    count,
)
from jhubdoctor_checks.facts.failures import aborted, objects, seen, unresolved, weight
from jhubdoctor_checks.spawn._spawn_http_timeout import Silence, silence_of


# the hub tells of each of them: no rung lies between
@check(severity=Severity.ERROR, at=Rung.TOLD, symptom=True, explains=("spawn-timeline", "consecutive-failure-abort"))
def spawn_http_timeout(
    hub: Hub,
    now: datetime,
    spawns: Spawns,
    hub_log: HubLog,
    hub_pods: list[Pod],
    user_pods: list[Pod],
    events: Events | None,
    values: Values | None,
    server_logs: list[PodLog] | None,
) -> Iterator[Finding]:
    """Users' servers run, and do not answer the hub in time."""
    groups: dict[str, list[tuple[Spawn, Silence]]] = {}
    for s in unresolved(spawns, now, user_pods, "http-timeout"):
        silence = silence_of(s, hub_log, events, server_logs or [])
        groups.setdefault(silence.word, []).append((s, silence))
    for word, members in groups.items():
        group = [s for s, _ in members]
        # the one with the most to show for it
        spawn, silence = max(members, key=lambda m: len(m[1].evidence))
        told = [spawn, *(s for s in group if s is not spawn)]
        on, affects = objects(hub, group, user_pods)
        limits = {s.limit for s in group}
        limit = f"{spawn.limit} seconds" if spawn.limit and len(limits) == 1 else "time"
        bound = values.get("hub.config.KubeSpawner.http_timeout") if values is not None else None
        setting = f"hub.config.KubeSpawner.http_timeout: {bound if bound is not None else 'not set (30)'}"
        yield Finding(
            on=on,
            says=f"{count(len(group))} ran and did not answer within {limit}: {silence.says}",
            evidence=(
                *seen(told[:1], f"no answer at {spawn.url}" if spawn.url else "no answer"),
                *seen(told[1:], "no answer", most=2),
                *silence.evidence,
                Evidence("values", setting) if values is not None else None,
            ),
            fix=silence.fix(hub, spawn),
            severity=weight(group, spawns, user_pods, now),
            cause=word,
            affects=(*affects, *aborted(hub, hub_log, hub_pods, group)),
        )
