"""Whole clusters, each with what a seasoned administrator would say of it: how often does the doctor say the same?

    python tests/accuracy.py          prints the table; exits 1 unless all of it is right

A scenario is a file of `tests/scenarios/`: YAML as `jhubdoctor.testing` reads it, with one more document,

    kind: Expect
    first: the id of the first finding, null where nothing is wrong
    ids: all ids that find something, of any severity
    only: where there are several hubs, the release of the one that all findings are about
    like: what it is told on top of: files of `tests/scenarios/parts/`, or other scenarios, each over the one before
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jhubdoctor.engine.result import CheckStatus, Report
from jhubdoctor.testing import diagnose, documents

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
        """The checks that found something."""
        return frozenset(f.check.id for f in self.report.findings)

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


def main() -> int:
    """Print the table."""
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
