"""Which finding stands under which: a table of all scenarios, note examples and the demo, to be read row by row.

`pytest tests/engine/test_folds.py --update-golden` writes it anew; each row of the difference wants its reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from jhubdoctor.api import Finding, Fix, Pod, Rung, Severity, check
from jhubdoctor.engine import notes
from jhubdoctor.engine.registry import Registry
from jhubdoctor.testing import Example, diagnose, judged, registry
from tests import accuracy

TABLE = Path(__file__).parent.parent / "golden" / "folds.txt"
DEMO = resources.files("jhubdoctor.example").joinpath("demo.yaml").read_text(encoding="utf-8")
CLUSTERS = {
    "demo": DEMO,
    **{
        f"note {check.id} {i}": text
        for check in registry().checks.values()
        for i, text in enumerate(notes.of(check).fires_on + notes.of(check).quiet_on)
    },
    **{f"scenario {name}": accuracy.text_of(name) for name in accuracy.scenarios()},
}


def folds(name: str) -> list[str]:
    """`symptom on its objects <- cause on its objects`, sorted."""
    scenario = name.removeprefix("scenario ")
    findings = (diagnose(CLUSTERS[name]) if scenario == name else accuracy.diagnosed(scenario)).findings
    named = {f.fingerprint: f"{f.check.id} on {', '.join(sorted(map(str, f.finding.on)))}" for f in findings}
    return sorted(f"{named[f.fingerprint]} <- {named[f.explained_by]}" for f in findings if f.explained_by)


def table() -> dict[str, list[str]]:
    """The rows of each cluster that has any."""
    rows: dict[str, list[str]] = {}
    name = ""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):
            rows[name].append(line.strip())
        else:
            name = line
            rows[name] = []
    return rows


def keep(name: str, rows: list[str]) -> None:
    """Write the rows of one cluster anew."""
    changed = {n: r for n, r in sorted({**table(), name: rows}.items()) if r and n in CLUSTERS}
    TABLE.write_text("".join("\n  ".join((n, *r)) + "\n" for n, r in changed.items()), encoding="utf-8")


@pytest.mark.engine
@pytest.mark.parametrize("name", CLUSTERS)
def test_what_stands_under_what(name: str, request: pytest.FixtureRequest) -> None:
    rows = folds(name)
    if request.config.getoption("--update-golden"):
        keep(name, rows)

    assert table().get(name, []) == rows, "argue each row of the difference; --update-golden accepts it"


def test_the_table_knows_no_cluster_that_is_gone() -> None:
    assert set(table()) <= set(CLUSTERS)


@check(severity=Severity.ERROR, at=Rung.TOLD, symptom=True)
def course_without_servers(user_pods: list[Pod]) -> Iterator[Finding]:
    """A check of another pack: the servers of a course that are not there."""
    waiting = tuple(p.ref for p in user_pods if not p.ready)
    yield Finding(waiting, "the course cannot begin", (("pod.status", "not ready"),), Fix("Wait."))


@pytest.mark.parametrize("name", ["failure.nodes-for-users-have-a-misspelt-taint", "failure.home-is-full"])
def test_a_symptom_of_another_pack_stands_under_a_cause_that_does_not_know_it(name: str) -> None:
    both = Registry([*registry().checks.values(), course_without_servers], registry().facts.values())
    report = judged(both, both.select(), Example(accuracy.text_of(name)).reader())
    [symptom] = [f for f in report.findings if f.check.id == "course-without-servers"]

    assert symptom.explained_by == report.findings[0].fingerprint
    assert report.findings[0].check.id == accuracy.judge(name).expected_first
