"""How many logins failed, of how many: what a check that knows why they do says of who suffers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from jhubdoctor.api import Evidence, Hub, Ref, count
from jhubdoctor_checks.facts.traffic import Request, Traffic


@dataclass(frozen=True)
class Tries:
    """The logins of the last hour.

    Attributes:
        failed: those that were refused or ended in an error, oldest first.
        well: when others succeeded.
        since: since when of the hour the log tells.
    """

    failed: tuple[Request, ...]
    well: tuple[datetime, ...]
    since: datetime

    @property
    def nobody(self) -> bool:
        """Whether somebody tried, and nobody was let in."""
        return bool(self.failed) and not self.well

    def says(self, mine: int) -> str:
        """` (6 of 6 since 11:00 UTC, nobody was let in)`, of a fault that `explains` them; empty of any other."""
        if not self.failed or not self.explains(mine):
            return ""
        whole = len(self.failed) + len(self.well)
        nobody = ", nobody was let in" if self.nobody else ""
        return f" ({len(self.failed)} of {whole} since {self.since:%H:%M} UTC{nobody})"

    def shown(self) -> Evidence | None:
        """When the first of them was, and the last that succeeded."""
        if not self.failed:
            return None
        return Evidence("hub log", f"the first of {count(len(self.failed), 'login')} that failed", self.failed[0].at)

    def explains(self, mine: int) -> bool:
        """Whether a fault of which so many tries tell is why most of them failed.

        Beside a fault that met one user there may be another, which lets nobody in: that stands by itself.
        """
        return 2 * mine >= len(self.failed)

    def suffer(self, hub: Hub, mine: int) -> tuple[Ref, ...]:
        """What users log in by, where that is why they cannot."""
        return (hub.service_ref,) if self.explains(mine) else ()


def tries(traffic: Traffic, now: datetime) -> Tries:
    """The logins of the last hour."""
    failed = [r for r in traffic.lately(now) if r.handler == "login" and (r.failed or (r.is_login and r.refused))]
    return Tries(tuple(failed), tuple(traffic.logged_in(now)), traffic.since(now))
