"""Refusals of the API server that the hub's log tells of, and that would not come again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from jhubdoctor.api import Look, ResourceQuota, Spawn, Spawns, Unreadable, fact, quantity
from jhubdoctor_checks.texts import known
from jhubdoctor_checks.texts.admission import ADMISSION

# Room comes and goes: so long who was refused for want of it is told, also where there is some again.
RECENT = timedelta(hours=1)
# Words of rows of ADMISSION whose group `name` is a class, and where the classes are read.
_CLASSES = {"runtime-class-missing": "runtimeclasses", "priority-class-missing": "priorityclasses"}
# plugin/pkg/admission/resourcequota, 1.20 to 1.36
_EXCEEDED = r"exceeded quota: (?P<quota>[\w.-]+), requested: (?P<requested>\S+), used:"


@dataclass(frozen=True)
class EndedRefusals:
    """Texts of refusals.

    Attributes:
        mended: those for something that did not exist, and exists by now.
        room: those by a quota that has room by now for what was asked for.
        unsure: those by a quota, where no quota could be read.
    """

    mended: frozenset[str] = frozenset()
    room: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()

    def over(self, spawn: Spawn, now: datetime) -> bool:
        """Whether a refused start is history."""
        return spawn.error in self.mended or (spawn.error in self.room and _passed(spawn, now))

    def open(self, spawn: Spawn, now: datetime) -> bool:
        """Whether nobody can say that."""
        return spawn.error in self.unsure and _passed(spawn, now)


def _passed(spawn: Spawn, now: datetime) -> bool:
    return spawn.at is not None and now - spawn.at > RECENT


@fact(optional=tuple(_CLASSES.values()))
def ended_refusals(look: Look, spawns: Spawns, resource_quotas: list[ResourceQuota] | None) -> EndedRefusals:
    """Which refusals would not come again. Classes are looked at only after a refusal for want of one."""
    texts = {s.error for s in spawns.failed if s.kind == "rejected"}
    mended: set[str] = set()
    for word, read in _CLASSES.items():
        missed = {t: m["name"] for t in texts if (r := known(ADMISSION, t)) and r.word == word and (m := r.search(t))}
        try:
            there = {c.name for c in look.list(read)} if missed else set()
        except Unreadable:
            # then nothing says that it is over
            continue
        mended |= {text for text, name in missed.items() if name in there}
    room = {t for t in texts if any(admits(q, t) for q in resource_quotas or ())}
    unsure = {t for t in texts if resource_quotas is None and re.search(_EXCEEDED, t)}
    return EndedRefusals(frozenset(mended), frozenset(room), frozenset(unsure))


def admits(quota: ResourceQuota, refusal: str) -> bool:
    """Whether a quota has room by now for what it refused: of each resource that the refusal names."""
    m = re.search(_EXCEEDED, refusal)
    if m is None or m["quota"] != quota.name:
        return False
    hard = quota.status.hard or quota.spec.hard
    for part in m["requested"].split(","):
        name, _, amount = part.partition("=")
        wanted, most, used = quantity(amount), quantity(hard.get(name)), quantity(quota.status.used.get(name))
        if name in hard and (wanted is None or most is None or used is None or used + wanted > most):
            return False
    return True
