"""What logs and events tell is past: each check that goes by them looks for what shows that it is over.

The examples are in the notes: one under `Quiet on` that begins with the line `# over` is laid over the first under
`Fires on` (`# over 2`: over the second), and both together are quiet (`jhubdoctor.testing.assert_contract`).
"""

import pytest

from jhubdoctor.engine import notes
from jhubdoctor.engine.declare import Check
from jhubdoctor.engine.notes import Note
from jhubdoctor.testing import findings_of, registry

pytestmark = pytest.mark.engine

PAST = {"events", "pods/log"}
# By id, each with the reason why there is no end to look for.
ENDLESS = {
    "spawn-timeline": "it tells how long starts took, as advice: that is no fault, and the next start does not end it",
}


def _reads(fact: str, seen: set[str]) -> set[str]:
    """What a fact reads, itself and through others."""
    if fact in seen or fact not in registry().facts:
        return set()
    seen.add(fact)
    f = registry().facts[fact]
    return {*f.reads, *f.optional}.union(*(_reads(n.fact, seen) for n in f.needs))


def _of_the_past() -> list[Check]:
    return [c for c in registry().checks.values() if any(PAST & _reads(n.fact, set()) for n in c.needs)]


CHECKS = _of_the_past()
ENDS = [
    pytest.param(c, fault, both, id=f"{c.id}-{i}")
    for c in registry().checks.values()
    for i, (fault, both) in enumerate(notes.of(c).over)
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_what_is_told_of_the_past_has_an_end(check: Check) -> None:
    assert bool(notes.of(check).over) != (check.id in ENDLESS)


@pytest.mark.parametrize(("check", "fault", "both"), ENDS)
def test_it_is_told_until_it_is_over(check: Check, fault: str, both: str) -> None:
    assert findings_of(fault, check.id)
    assert not findings_of(both, check.id)


def test_the_exceptions_are_checks_that_go_by_logs_or_events() -> None:
    assert {c.id for c in CHECKS} >= ENDLESS.keys()


def test_an_end_names_an_example_that_there_is() -> None:
    note = Note("x", "", {"Fires on": "```yaml\na: 1\n```", "Quiet on": "```yaml\n# over 2\na: 2\n```"})

    with pytest.raises(ValueError, match="no example 2"):
        _ = note.over
