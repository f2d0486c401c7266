"""Which finding stands under which: a table of all scenarios, note examples and the demo, to be read row by row.

`pytest tests/test_folds.py --update-golden` writes it anew; each row of the difference wants its reason.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from jhubdoctor.engine import notes
from jhubdoctor.testing import diagnose, registry

from . import accuracy

TABLE = Path(__file__).parent / "golden" / "folds.txt"
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


def folds(text: str) -> list[str]:
    """`symptom on its objects <- cause on its objects`, sorted."""
    findings = diagnose(text).findings
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


@pytest.mark.parametrize("name", CLUSTERS)
def test_what_stands_under_what(name: str, request: pytest.FixtureRequest) -> None:
    rows = folds(CLUSTERS[name])
    if request.config.getoption("--update-golden"):
        keep(name, rows)

    assert table().get(name, []) == rows, "argue each row of the difference; --update-golden accepts it"


def test_the_table_knows_no_cluster_that_is_gone() -> None:
    assert set(table()) <= set(CLUSTERS)
