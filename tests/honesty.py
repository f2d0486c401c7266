"""What no report may claim: a check that passes although something that it needs was not read."""

from __future__ import annotations

from collections.abc import Iterable

from jhubdoctor.engine.result import CheckStatus, Report, Result
from jhubdoctor.sources.reads import ReadState

# Reads whose absence is an answer: a cluster without the Gateway API has no HTTPRoutes.
# An API server has /livez, or /readyz, or before 1.16 neither.
ANSWERS = {("httproutes", ReadState.ABSENT), ("readyz", ReadState.ABSENT), ("livez", ReadState.ABSENT)}


def unearned(report: Report) -> dict[str, list[str]]:
    """Checks that passed, each with what was asked for the facts that it cannot do without, and was not read."""
    missed = {
        row.query: f"{row.query}: {row.state.value}"
        for row in report.coverage
        if row.state is not ReadState.OK
        and not ((row.query.read, row.state) in ANSWERS and row.detail.startswith("HTTP"))
    }
    found: dict[str, list[str]] = {}
    for r in report.results:
        if r.status is CheckStatus.OK and (why := sorted(missed[q] for q in r.rests_on & missed.keys())):
            found.setdefault(r.check.id, []).extend(why)
    return found


def hushed(whole: Report, blind: Report) -> list[str]:
    """Checks that say something else where less was read, and not that they could not look.

    What a check needs only to say more may be missing; what turns a finding into silence, or into "not applicable",
    may not. `whole` is the report of the same cluster with everything read.
    """
    seen = _places(blind.results)
    found = []
    for place, r in _places(whole.results).items():
        now = seen.get(place) or seen.get((place[0], ""))
        if now is None or now.status not in {r.status, CheckStatus.UNKNOWN}:
            found.append(f"{r.check.id}: {r.status.value}, then {now.status.value if now else 'nothing'}")
    return found


def _places(results: Iterable[Result]) -> dict[tuple[str, str], Result]:
    return {(r.check.id, r.hub.label if r.hub else ""): r for r in results}
