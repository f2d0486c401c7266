"""Servers that the API server refused, as the hub's log tells of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from jhubdoctor.api import Evidence, Hub, Ref, Spawn, Spawns


@dataclass(frozen=True)
class Refused:
    """The refusals that one rule is to blame for, newest first.

    Attributes:
        hub: whose.
        spawns: each user's last failed spawn.
    """

    hub: Hub
    spawns: tuple[Spawn, ...]

    def __len__(self) -> int:
        return len(self.spawns)

    @property
    def pods(self) -> tuple[Ref, ...]:
        """The pods that were never made; the hub, where one was refused before its pod had a name: its claim was."""
        return tuple(dict.fromkeys(self.hub.pod_ref(s.pod) if s.pod else self.hub.ref for s in self.spawns))

    def shown(self, says: str | Callable[[str], str]) -> tuple[Evidence, ...]:
        """The first two as evidence, in these words, or in those that it makes of the error."""
        first = self.spawns[:2]
        return tuple(
            Evidence("hub log", f"{s.user}: {says if isinstance(says, str) else says(s.error)}", s.at) for s in first
        )


def refused(hub: Hub, spawns: Spawns | None, now: datetime, *texts: str) -> Refused:
    """Those unresolved failures whose error holds one of these texts."""
    found = spawns.unresolved(now) if spawns else ()
    return Refused(hub, tuple(s for s in found if any(t in s.error for t in texts)))
