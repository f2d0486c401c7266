"""Quotas that leave no room for users."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from jhubdoctor import (
    Deployment,
    Event,
    Events,
    Evidence,
    Finding,
    Fix,
    Hub,
    LimitRange,
    Pod,
    Ref,
    ResourceQuota,
    Severity,
    Shape,
    Spawns,
    Values,
    check,
    clean,
    human,
)
from jhubdoctor_checks.policy._quota import asked, covers, for_new_users, numbers, one_more

FEW = 2
SHARE = 10
"""A tenth of the servers that run now, or two: then the end is near."""
RECENT = timedelta(hours=1)


@dataclass(frozen=True)
class Room:
    """How many more servers of a kind a quota lets in."""

    fits: int
    resource: str
    shape: str
    need: Decimal
    used: Decimal
    hard: Decimal


@check(
    severity=Severity.WARNING,
    explains=(
        "spawn-rejected",
        "spawn-timeline",
        "consecutive-failure-abort",
        "hub-crash-loop",
        "service-without-endpoints",
    ),
)
def quota_exhausted(
    hub: Hub,
    resource_quotas: list[ResourceQuota],
    limit_ranges: list[LimitRange],
    shapes: list[Shape],
    values: Values,
    user_pods: list[Pod],
    events: Events,
    deployments: list[Deployment] | None,
    spawns: Spawns | None,
    now: datetime,
) -> Iterator[Finding]:
    """A ResourceQuota has no room, or hardly any, for another server."""
    for quota in sorted(resource_quotas, key=lambda q: q.name):
        text = f"exceeded quota: {quota.name},"
        refused = [s for s in (spawns.unresolved(now) if spawns else ()) if s.pod and text in s.error]
        failed = [e for e in events.of("FailedCreate") if text in e.message and now - e.at < RECENT]
        waits = [d for d in deployments or [] if _lacks(d) and any(_made_by(e, d) for e in failed)]
        room = min(
            _rooms(quota, limit_ranges, shapes, values), key=lambda r: (r.fits, r.resource, r.shape), default=None
        )
        running = sum(not p.finished for p in user_pods)
        tight = room is not None and room.fits <= max(FEW, running // SHARE)
        if not (refused or waits or tight):
            continue
        bites = bool(refused or waits)
        yield Finding(
            on=(quota.ref,),
            says=_says(quota, room if tight else None, len(refused), waits),
            evidence=(
                *([_seen(room)] if room and tight else []),
                *(Evidence("hub log", f"{s.user}: {_part(s.error)}", s.at) for s in refused[:2]),
                *(
                    Evidence("event", f"{e.about[0]} {e.about[1]}: {_part(e.message)}", e.at)
                    for e in failed[:1]
                    if waits
                ),
            ),
            fix=Fix(
                "Raise the quota, ask for less for each server, or stop servers that nobody uses (cull.timeout).",
                commands=(
                    hub.kubectl(f"describe resourcequota {quota.name}"),
                    hub.kubectl(f"edit resourcequota {quota.name}"),
                ),
            ),
            severity=Severity.ERROR if bites else None if room and room.fits == 0 else Severity.INFO,
            affects=(*(hub.pod_ref(s.pod) for s in refused), *(r for d in waits for r in _down(hub, d))),
        )


def _rooms(quota: ResourceQuota, ranges: list[LimitRange], shapes: list[Shape], values: Values) -> Iterator[Room]:
    hard, used = numbers(quota.status.hard or quota.spec.hard), numbers(quota.status.used)
    for shape in shapes:
        if not covers(quota, shape):
            continue
        for resource, need in one_more(asked(shape, ranges), values).items():
            if resource in hard and resource in used:
                left = int((hard[resource] - used[resource]) // need)
                yield Room(max(left, 0), resource, shape.name, need, used[resource], hard[resource])


def _says(quota: ResourceQuota, room: Room | None, refused: int, waits: list[Deployment]) -> str:
    if waits:
        return f"the quota {quota.name} keeps the pods of {', '.join(d.name for d in waits)} from being created"
    if refused:
        who = "a server" if refused == 1 else f"{refused} servers"
        return f"the quota {quota.name} kept {who} from being created"
    if room is None:
        return f"the quota {quota.name} is used up"
    who = "user without a home" if for_new_users(room.resource) else "server"
    kind = "" if room.shape == "default" else f" of {room.shape}"
    left = "no other" if room.fits == 0 else f"{room.fits} more"
    return f"the quota {quota.name} has room for {left} {who}{'s' if room.fits > 1 else ''}{kind} ({room.resource})"


def _seen(room: Room) -> Evidence:
    used, hard, need = (_amount(room.resource, v) for v in (room.used, room.hard, room.need))
    return Evidence("quota", f"{room.resource}: {used} of {hard} used, one more takes {need}")


def _amount(resource: str, value: Decimal) -> str:
    return human(resource, value)


def _part(message: str) -> str:
    found = re.search(r"exceeded quota: .*", message, re.DOTALL)
    return clean(found[0] if found else message, 300)


def _lacks(d: Deployment) -> bool:
    return d.status.replicas < d.spec.replicas


def _made_by(event: Event, d: Deployment) -> bool:
    kind, name = event.about
    return kind == "ReplicaSet" and name.rpartition("-")[0] == d.name


def _down(hub: Hub, d: Deployment) -> tuple[Ref, ...]:
    return (d.ref, Ref("Service", d.name, hub.namespace))
