"""The net under every check: what nobody knows is told all the same, as what users asked for and did not get."""

import pytest

from jhubdoctor.engine.result import Reported
from tests import accuracy

# What is found before anybody suffers from it, or where nothing that is read shows who does: without the check there is
# nothing to tell. Everything else that is found leaves a trace.
LEAVES_NO_TRACE: dict[str, str] = {}

ENOUGH = 0.9


def named(findings: list[Reported]) -> set[tuple[str, str, str]]:
    """The objects that findings are about, and those that they affect."""
    return {o.key for f in findings for o in (*f.finding.on, *f.finding.affects)}


@pytest.mark.engine
@pytest.mark.parametrize("name", [n for n in accuracy.scenarios() if n.startswith("failure.")])
def test_what_one_check_finds_is_not_silent_without_it(name: str) -> None:
    cluster = accuracy.cluster(accuracy.text_of(name))
    whole = cluster.without()
    found = {c: named([f for f in whole if f.check.id == c]) for c in {f.check.id for f in whole}}
    silent = [c for c in found if c not in LEAVES_NO_TRACE and not found[c] & named(cluster.without(c))]

    assert silent == []


@pytest.mark.engine
def test_with_nothing_known_most_suffering_is_still_told() -> None:
    names = accuracy.suffering()
    heard = [n for n in names if accuracy.cluster(accuracy.text_of(n)).vital()]

    assert len(heard) >= ENOUGH * len(names), f"silent on {sorted(set(names) - set(heard))}"


@pytest.mark.engine
@pytest.mark.parametrize("name", [n for n in accuracy.scenarios() if not n.startswith("failure.")])
def test_no_vital_sign_where_all_is_well(name: str) -> None:
    found = accuracy.cluster(accuracy.text_of(name)).vital()

    assert [f"{f.check.id}: {f.finding.says}" for f in found] == []
