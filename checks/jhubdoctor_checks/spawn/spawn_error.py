"""Servers that fail to start for an error that is neither a refusal nor a matter of time."""

import re
from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Evidence, Finding, Hub, HubLog, Pod, Rung, Severity, Spawns, check, count, excerpt, grouped
from jhubdoctor_checks.facts.failures import aborted, objects, seen, unresolved, weight
from jhubdoctor_checks.spawn._spawn_error import ON_PURPOSE, cause_of, meaning


# the hub tells of each of them: no rung lies between
@check(severity=Severity.ERROR, at=Rung.TOLD, symptom=True, explains=("spawn-timeline", "consecutive-failure-abort"))
def spawn_error(
    hub: Hub, now: datetime, spawns: Spawns, hub_log: HubLog, hub_pods: list[Pod], user_pods: list[Pod]
) -> Iterator[Finding]:
    """Users' servers fail to start because of an error in the hub."""
    failed = [s for s in unresolved(spawns, now, user_pods, "error") if not re.search(ON_PURPOSE, s.error)]
    for cause, group in grouped(failed, lambda s: cause_of(s, hub_log)):
        why, fix = meaning(hub, group[0], hub_log)
        on, affects = objects(hub, group, user_pods)
        yield Finding(
            on=on,
            says=f"{count(len(group))} failed to start: {why}",
            evidence=(Evidence("hub log", excerpt(group[0].error), group[0].at), *seen(group, "failed")),
            fix=fix,
            severity=weight(group, spawns, user_pods, now),
            cause=cause,
            affects=(*affects, *aborted(hub, hub_log, hub_pods, group)),
        )
