"""What still holds when a check could not look: of all that compare a report with an earlier one, the one rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jhubdoctor.engine.result import Report, Reported, Result
from jhubdoctor.model.hub import Search
from jhubdoctor.privacy.text import clean

Place = tuple[str, str]
"""A check and the label of its hub, empty for the cluster."""


@dataclass(frozen=True)
class Sight:
    """Where the checks of a report could look.

    Attributes:
        looked: where they could.
        blind: where they could not, and why.
        hubs: the labels of the hubs that there are.
        search: what was searched for them, None where nobody knows.
    """

    looked: frozenset[Place]
    blind: Mapping[Place, str]
    hubs: frozenset[str]
    search: Search | None

    def covers(self, place: Place) -> bool:
        """Whether what is not found there is not there: the check looked, or the hub is gone from where it looked."""
        check, hub = place
        if place in self.looked or place in self.blind:
            return place in self.looked
        # where not all places could be searched for hubs, each check says so once, for no hub
        searched = bool(hub) and self.search is not None and self.search.covers(hub)
        gone = searched and hub not in self.hubs and (check, "") not in self.blind
        return gone and any(check == other for other, _ in (*self.looked, *self.blind))


def sight(results: Iterable[tuple[Place, bool, str]], hubs: Iterable[str], search: Search | None) -> Sight:
    """The sight that these results tell of: where, whether there was a verdict, and why not."""
    rows = list(results)
    looked = frozenset(place for place, verdict, _ in rows if verdict)
    return Sight(looked, {place: reason for place, verdict, reason in rows if not verdict}, frozenset(hubs), search)


def sight_of(report: Report) -> Sight:
    """The sight of a report."""
    results = ((place_of(r), r.status.looked, clean(r.reason, 300)) for r in report.results)
    return sight(results, (clean(h.label) for h in report.hubs), report.search)


def place_of(one: Result | Reported) -> Place:
    """The place of a result or a finding."""
    return (one.check.id, clean(one.hub.label) if one.hub else "")
