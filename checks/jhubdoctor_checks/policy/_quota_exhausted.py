"""How many more servers a quota lets in, and what waits because it lets in none."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from jhubdoctor.api import (
    Deployment,
    Event,
    Events,
    Evidence,
    Fix,
    Hub,
    LimitRange,
    ResourceQuota,
    Shape,
    Values,
    clean,
    human,
)
from jhubdoctor_checks.facts.ended_refusals import RECENT, admits
from jhubdoctor_checks.policy._quota import asked, covers, for_new_users, numbers, one_more
from jhubdoctor_checks.policy._refused import Refused


@dataclass(frozen=True)
class Room:
    """How many more servers of a kind a quota lets in.

    Attributes:
        fits: how many.
        resource: by what the quota counts.
        shape: the kind of server.
        need: what one more takes.
        used: what is used.
        hard: what there is.
    """

    fits: int
    resource: str
    shape: str
    need: Decimal
    used: Decimal
    hard: Decimal

    @property
    def says(self) -> str:
        """`no other server (requests.memory)`."""
        who = "user without a home" if for_new_users(self.resource) else "server"
        kind = "" if self.shape == "default" else f" of {self.shape}"
        left = "no other" if self.fits == 0 else f"{self.fits} more"
        return f"{left} {who}{'s' if self.fits > 1 else ''}{kind} ({self.resource})"

    @property
    def evidence(self) -> Evidence:
        """The numbers."""
        used, hard, need = (human(self.resource, v) for v in (self.used, self.hard, self.need))
        return Evidence("quota", f"{self.resource}: {used} of {hard} used, one more takes {need}")


def tightest(quota: ResourceQuota, ranges: list[LimitRange], shapes: list[Shape], values: Values) -> Room | None:
    """The kind of server, and the resource, of which the fewest fit; None where the quota counts none of them."""
    found = _rooms(quota, ranges, shapes, values)
    return min(found, key=lambda r: (r.fits, r.resource, r.shape), default=None)


def _rooms(quota: ResourceQuota, ranges: list[LimitRange], shapes: list[Shape], values: Values) -> Iterator[Room]:
    hard, used = numbers(quota.status.hard or quota.spec.hard), numbers(quota.status.used)
    for shape in shapes:
        if not covers(quota, shape):
            continue
        for resource, need in one_more(asked(shape, ranges), values).items():
            if resource in hard and resource in used:
                left = int((hard[resource] - used[resource]) // need)
                yield Room(max(left, 0), resource, shape.name, need, used[resource], hard[resource])


def lasting(users: Refused, quota: ResourceQuota, now: datetime) -> Refused:
    """Those who were refused within the hour, and those for whom there is no room to this day."""
    spawns = (s for s in users.spawns if s.at is None or now - s.at < RECENT or not admits(quota, s.error))
    return replace(users, spawns=tuple(spawns))


def is_full(users: Refused, quota: ResourceQuota) -> bool:
    """Whether what one of them asked for would be refused again."""
    return any(not admits(quota, s.error) for s in users.spawns)


def remedy(hub: Hub, quota: ResourceQuota, lost: Evidence | None) -> Fix:
    """What makes room. GKE makes the quota of that name anew, and counts anew with it."""
    told = hub.kubectl(f"describe resourcequota {quota.name}")
    gone = "The quota counts pods that are gone, unless others hold them in this namespace. " if lost else ""
    if lost and quota.name == "gke-resource-quotas":
        return Fix(
            f"{gone}Delete it: GKE makes it anew within a minute, and counts again.",
            commands=(told, hub.kubectl(f"delete resourcequota {quota.name}")),
            caution="Nothing that runs is deleted with it.",
        )
    return Fix(
        f"{gone}Raise the quota, as shown; or ask for less for each server, or stop servers that nobody uses sooner "
        "(cull.timeout), and what runs in them is lost.",
        commands=(told, hub.kubectl(f"edit resourcequota {quota.name}")),
    )


def failed_creations(events: Events, text: str, now: datetime) -> list[Event]:
    """The pods of workloads that were refused within the last hour with this text, newest first."""
    return [e for e in events.of("FailedCreate") if text in e.message and now - e.at < RECENT]


def lacks_pods(d: Deployment, failed: list[Event]) -> bool:
    """Whether a Deployment has fewer pods than it should, and one of these events is of a ReplicaSet of it."""
    replica_sets = [name for kind, name in (e.about for e in failed) if kind == "ReplicaSet"]
    return d.status.replicas < d.spec.replicas and any(name.rpartition("-")[0] == d.name for name in replica_sets)


def excess(message: str) -> str:
    """The part of a refusal that tells by what the quota is exceeded."""
    found = re.search(r"exceeded quota: .*", message, re.DOTALL)
    return clean(found[0] if found else message, 300)


def keeps(room: Room | None, refused: int, waits: list[Deployment]) -> str:
    """What a quota keeps from being, after its name."""
    if waits:
        return f"keeps the pods of {', '.join(d.name for d in waits)} from being created"
    if refused:
        return f"kept {'a server' if refused == 1 else f'{refused} servers'} from being created"
    return f"has room for {room.says}" if room is not None else "is used up"
