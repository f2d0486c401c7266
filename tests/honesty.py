"""What no report may claim: a check that passes although something that it needs was not read."""

from __future__ import annotations

from functools import cache

from jhubdoctor.reads import State
from jhubdoctor.run import Report, Status
from jhubdoctor.testing import registry

# Reads whose absence is an answer: a cluster without the Gateway API has no HTTPRoutes.
# An API server has /livez, or /readyz, or before 1.16 neither.
ANSWERS = {("httproutes", State.ABSENT), ("readyz", State.ABSENT), ("livez", State.ABSENT)}


@cache
def required(check_id: str) -> frozenset[str]:
    """The reads of the facts that a check cannot do without; a hub that was found was seen, whatever else was not."""
    checks, facts = registry().checks, registry().facts
    found: set[str] = set()
    todo = [n.fact for n in checks[check_id].needs if not n.optional]
    seen = set()
    while todo:
        name = todo.pop()
        if name in seen or name not in facts:
            continue
        seen.add(name)
        found |= set(facts[name].reads)
        todo += [n.fact for n in facts[name].needs if not n.optional]
    return frozenset(found)


def unearned(report: Report) -> dict[str, list[str]]:
    """Checks that passed, each with what they needed and what was not read.

    A read counts for a check where a fact of it made that read in this run: some are made only if they are needed.
    """
    passed = {r.check.id for r in report.results if r.status is Status.OK}
    found: dict[str, list[str]] = {}
    for row in report.coverage:
        served = not ((row.query.read, row.state) in ANSWERS and row.detail.startswith("HTTP"))
        if row.state is State.OK or not served:
            continue
        for check in passed & set(row.needed_by):
            if row.query.read in required(check):
                found.setdefault(check, []).append(f"{row.query}: {row.state.value}")
    return found
