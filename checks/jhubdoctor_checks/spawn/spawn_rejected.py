"""Servers that the API server refuses to create."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    CannotSay,
    Evidence,
    Finding,
    Hub,
    HubLog,
    Pod,
    Rung,
    Severity,
    Spawns,
    Values,
    check,
    count,
    grouped,
)
from jhubdoctor_checks.facts.api import Surface
from jhubdoctor_checks.facts.ended_refusals import EndedRefusals
from jhubdoctor_checks.facts.failures import aborted, objects, seen, unresolved, weight
from jhubdoctor_checks.spawn._spawn_rejected import PASSING, refused, without_pod


# the hub tells of each of them: no rung lies between
@check(severity=Severity.ERROR, at=Rung.TOLD, symptom=True, explains=("spawn-timeline", "consecutive-failure-abort"))
def spawn_rejected(
    hub: Hub,
    now: datetime,
    spawns: Spawns,
    hub_log: HubLog,
    hub_pods: list[Pod],
    user_pods: list[Pod],
    ended_refusals: EndedRefusals | None,
    values: Values | None,
    surface: Surface | None,
) -> Iterator[Finding]:
    """The API server refuses to create users' servers."""
    ended = ended_refusals or EndedRefusals()
    lasting = [s for s in unresolved(spawns, now, user_pods, "rejected") if not ended.over(s, now)]
    told = (s for s in lasting if not ended.open(s, now))
    for cause, group in grouped(told, lambda s: refused(s.error, hub, values, surface).cause):
        newest, of = group[0], "a claim of " * all(s.error.lower().startswith("persistentvolumeclaim") for s in group)
        refusal = refused(newest.error, hub, values, surface)
        (on, affects), severity = objects(hub, group, user_pods), weight(group, spawns, user_pods, now)
        code, fails = f"HTTP {newest.code}: " if newest.code else "", (newest.code or 0) >= 500
        passes = refusal.row.word in PASSING or newest.error in ended.room
        yield Finding(
            on=on,
            says=f"the API server {'cannot create' if fails else 'refuses'} {of}{count(len(group))}: {refusal.says}",
            evidence=(
                Evidence("hub log", f"{code}{refusal.row.excerpt(without_pod(newest.error), 500)}", newest.at),
                *seen(group, "refused"),
            ),
            fix=refusal.fix,
            severity=severity.at_most(Severity.WARNING) if passes else severity,
            cause=cause,
            affects=(*affects, *aborted(hub, hub_log, hub_pods, group)),
        )
    if any(ended.open(s, now) for s in lasting):
        raise CannotSay("ended_refusals")
