"""Quotas that leave no room for users."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    Deployment,
    Events,
    Finding,
    Hub,
    LimitRange,
    Pod,
    Ref,
    ResourceQuota,
    Rung,
    Severity,
    Shape,
    Spawns,
    Values,
    check,
)
from jhubdoctor_checks.facts.refusals import Refusal, refused_with
from jhubdoctor_checks.policy._core import refused_by
from jhubdoctor_checks.policy._quota import miscounted
from jhubdoctor_checks.policy._quota_exhausted import (
    excess,
    failed_creations,
    is_full,
    keeps,
    lacks_pods,
    lasting,
    remedy,
    tightest,
)
from jhubdoctor_checks.policy._refused import refused

FEW, SHARE = 2, 10
"""A tenth of the servers that run now, or two: then the end is near."""


@check(severity=Severity.WARNING, stops=Rung.ALLOWED)
def quota_exhausted(
    hub: Hub,
    resource_quotas: list[ResourceQuota],
    limit_ranges: list[LimitRange],
    shapes: list[Shape],
    values: Values,
    pods: list[Pod],
    user_pods: list[Pod],
    events: Events,
    deployments: list[Deployment] | None,
    refusals: list[Refusal] | None,
    spawns: Spawns | None,
    now: datetime,
) -> Iterator[Finding]:
    """A ResourceQuota has no room, or hardly any, for another server."""
    running = sum(not p.finished for p in user_pods)
    for quota in sorted(resource_quotas, key=lambda q: q.name):
        text = f"exceeded quota: {quota.name},"
        users = lasting(refused(hub, spawns, now, text), quota, now)
        failed = failed_creations(events, text, now)
        core = refused_by(deployments, text)
        waits = [d for d in deployments or [] if d in core or lacks_pods(d, failed)]
        room = tightest(quota, limit_ranges, shapes, values)
        near = room if room is not None and room.fits <= max(FEW, running // SHARE) else None
        if not (users or waits or near):
            continue
        lost = miscounted(quota, len(pods) + len(user_pods))
        # who was refused within the hour, before there was room again, suffered from it too
        severity = None if users or (room is not None and room.fits == 0) else Severity.INFO
        down = [r for d in waits for r in (d.ref, Ref("Service", d.name, hub.namespace))]
        yield Finding(
            on=(quota.ref,),
            says=f"the quota {quota.name} {keeps(near, len(users), waits)}",
            evidence=(
                near.evidence if near else None,
                lost,
                *users.shown(excess),
                *(("event", f"{e.about[0]} {e.about[1]}: {excess(e.message)}", e.at) for e in failed[:1] if waits),
            ),
            fix=remedy(hub, quota, lost),
            severity=Severity.ERROR if waits or is_full(users, quota) else severity,
            affects=(*users.pods, *down, *refused_with(refusals, text)),
        )
