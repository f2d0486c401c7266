"""Whole clusters, each with what a seasoned administrator would say of it: how often does the doctor say the same?

    python tests/accuracy.py            prints the table; exits 1 unless all of it is right
    python tests/accuracy.py --vitals   with the vital signs alone: in which of those where users suffer do they say so?

A scenario is a file of `tests/scenarios/`: YAML as `jhubdoctor.testing` reads it, with one more document,

    kind: Expect
    first: the id of the first finding, null where nothing is wrong
    ids: all ids that find something, of any severity
    only: where there are several hubs, the release of the one that all findings are about
    like: what it is told on top of: files of `tests/scenarios/parts/`, or other scenarios, each over the one before
    nobody: why nobody suffers yet, or nothing that can be read shows that somebody does
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jhubdoctor.engine.declare import Check
from jhubdoctor.engine.outcomes import Facts
from jhubdoctor.engine.result import CheckStatus, Report, Reported
from jhubdoctor.engine.run import evaluate
from jhubdoctor.engine.run import judge as judge_facts
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.hub import Scope
from jhubdoctor.testing import Example, diagnose, documents, registry

FOLDER = Path(__file__).parent / "scenarios"


@dataclass(frozen=True)
class Outcome:
    """What was expected of a scenario, and what was said."""

    name: str
    expected_first: str | None
    expected: frozenset[str]
    report: Report
    only: str = ""

    @property
    def first(self) -> str | None:
        """The first finding's check; None where nothing was found that is worth acting on."""
        return self.report.findings[0].check.id if self.report.findings else None

    @property
    def found(self) -> frozenset[str]:
        """The checks that found something. A vital sign that stands under its cause goes without saying."""
        folded = (f for f in self.report.findings if f.check.area != "vitals" or f.explained_by is None)
        return frozenset(f.check.id for f in folded)

    @property
    def false_alarms(self) -> list[str]:
        """Checks that found something and should not have."""
        return sorted(self.found - self.expected)

    @property
    def missed(self) -> list[str]:
        """Checks that should have found something."""
        return sorted(self.expected - self.found)

    @property
    def blind(self) -> list[str]:
        """Checks that could not look, though everything is there."""
        missing = {d["read"] for d in documents(text_of(self.name)) if d.get("kind") == "Missing"}
        return (
            []
            if missing
            else [r.check.id for r in self.report.results if r.status in {CheckStatus.UNKNOWN, CheckStatus.BROKEN}]
        )

    @property
    def misplaced(self) -> list[str]:
        """Checks that said of one hub what is another's."""
        return sorted({f.check.id for f in self.report.findings if self.only and f.hub and f.hub.release != self.only})

    @property
    def right(self) -> bool:
        """Whether the doctor said just what was expected."""
        return self.first == self.expected_first and self.found == self.expected and not (self.blind or self.misplaced)


def scenarios() -> list[str]:
    """The names of all scenarios."""
    return sorted(p.stem for p in FOLDER.glob("*.yaml"))


@cache
def text_of(name: str) -> str:
    """The text of a scenario, after the parts and scenarios that it is like."""
    part = FOLDER / "parts" / f"{name}.yaml"
    own = (part if part.exists() else FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    return "\n---\n".join([*map(text_of, _expected(own).get("like", [])), own])


def _expected(text: str) -> dict[str, Any]:
    """The last document of this kind: those of what it is like stand before."""
    return next((d for d in reversed(documents(text)) if d.get("kind") == "Expect"), {})


@cache
def diagnosed(name: str) -> Report:
    """What all checks say of a scenario."""
    return diagnose(text_of(name))


def judge(name: str) -> Outcome:
    """Hold what all checks say of a scenario against what was expected."""
    expect = _expected(text_of(name))
    return Outcome(name, expect["first"], frozenset(expect["ids"]), diagnosed(name), expect.get("only", ""))


# --- without what is known -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cluster:
    """What was read of a scenario, to be judged with fewer checks than there are."""

    facts: Facts

    def without(self, *ids: str) -> list[Reported]:
        """The warnings and errors of all checks but these."""
        return self._findings(c for c in registry().select(()) if c.id not in ids)

    def vital(self) -> list[Reported]:
        """The warnings and errors of the vital signs alone."""
        return self._findings(c for c in registry().select(()) if c.area == "vitals")

    def _findings(self, checks: Iterable[Check]) -> list[Reported]:
        report = judge_facts(registry(), list(checks), self.facts)
        return [f for f in report.findings if f.severity is not Severity.INFO]


def cluster(text: str) -> Cluster:
    """Read an example for all checks."""
    reader = Example(text).reader()
    names = {n.fact for c in registry().select(()) for n in c.needs}
    scope = Scope(default_namespace=reader.namespace)
    return Cluster(evaluate(registry(), names, reader, scope, concurrency=1))


def suffering() -> list[str]:
    """The scenarios in which users suffer and something that is read shows it."""
    return [n for n in scenarios() if n.startswith("failure.") and not _expected(text_of(n)).get("nobody")]


def vitals() -> int:
    """Print what the vital signs alone say."""
    names = suffering()
    width, silent = max(map(len, names)), 0
    for name in names:
        told = [f"{f.check.id}: {f.finding.says}" for f in cluster(text_of(name)).vital()]
        silent += not told
        sys.stdout.write(f"{name:<{width}}  {told[0] if told else '-'}\n")
    heard = len(names) - silent
    sys.stdout.write(
        f"\nin {heard} of {len(names)} ({100 * heard / len(names):.0f} %) the vital signs alone say something\n"
    )
    return 0


def main() -> int:
    """Print the table."""
    if "--vitals" in sys.argv[1:]:
        return vitals()
    outcomes = [judge(n) for n in scenarios()]
    width = max(len(o.name) for o in outcomes)
    sys.stdout.write(f"{'scenario':<{width}}  {'expected':<32}  {'first finding':<32}  false alarms, misses\n")
    for o in outcomes:
        wrong = [
            *(f"+{i}" for i in o.false_alarms),
            *(f"-{i}" for i in o.missed),
            *(f"?{i}" for i in o.blind),
            *(f"@{i}" for i in o.misplaced),
        ]
        line = f"{o.name:<{width}}  {o.expected_first or '-':<32}  {o.first or '-':<32}  {' '.join(wrong)}"
        sys.stdout.write(f"{line.rstrip()}\n")
    right = sum(o.right for o in outcomes)
    alarms, misses = sum(len(o.false_alarms) for o in outcomes), sum(len(o.missed) for o in outcomes)
    healthy = sum(o.expected_first is None for o in outcomes)
    sys.stdout.write(
        f"\n{right} of {len(outcomes)} scenarios right ({100 * right / len(outcomes):.0f} %), "
        f"{healthy} of them healthy; {alarms} false alarms, {misses} misses\n"
    )
    return right != len(outcomes)


if __name__ == "__main__":
    sys.exit(main())
