"""What a pack of somebody else may do: the run survives it, names the pack, and says that its checks are broken."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from jhubdoctor.api import Finding, Fix, Look, Ref, Severity, check, fact
from jhubdoctor.engine import guard
from jhubdoctor.engine import run as engine
from jhubdoctor.engine.result import CheckStatus, Result
from jhubdoctor.sources.reads import Answer, ReadState
from tests.engine.test_run import a_finding, diagnose


class OfAPack(BaseException):
    """Nothing that a handler of Exception catches."""


def exits() -> Iterator[Any]:
    yield sys.exit(0)


def raises_more_than_exceptions() -> Iterator[Any]:
    raise OfAPack("secret text")


def sleeps() -> Iterator[Any]:
    time.sleep(5)
    yield from ()


def never_stops_yielding() -> Iterator[Any]:
    while True:
        yield a_finding("x")


def yields_a_text() -> Iterator[Any]:
    yield "it is broken"


def yields_nonsense() -> Iterator[Any]:
    yield Finding(on=(Ref("Pod", "x"),), says=3, evidence=(7,), fix=Fix("Mend it."))  # type: ignore[arg-type]


def returns_a_number() -> Any:
    return 3


def raises_as_ctrl_c_does() -> Iterator[Any]:
    raise KeyboardInterrupt


BAD = (
    exits, raises_as_ctrl_c_does, raises_more_than_exceptions, sleeps, never_stops_yielding, yields_a_text,
    yields_nonsense, returns_a_number,
)  # fmt: skip


def looked(bad: Callable[..., Any]) -> dict[str, Result]:
    """A run of a check, with one that is well beside it."""
    bad.__doc__ = bad.__doc__ or "Is bad."

    @check(severity=Severity.ERROR)
    def well_itself(names: list[str]) -> Iterator[Finding]:
        """Is well itself."""
        yield a_finding(*names)

    return {r.check.id: r for r in diagnose([check(severity=Severity.ERROR)(bad), well_itself]).results}


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "SECONDS", 0.2)
    monkeypatch.setattr(engine, "MOST_FINDINGS", 50)


@pytest.mark.parametrize("bad", BAD)
def test_the_run_survives_and_names_the_pack(bad: Callable[..., Any]) -> None:
    results = looked(bad)
    broken = results[bad.__name__.replace("_", "-")]

    assert broken.status is CheckStatus.BROKEN
    assert broken.reason.endswith("(of the pack tests)")
    assert "secret" not in broken.reason
    assert results["well-itself"].status is CheckStatus.FOUND


def test_what_a_check_does_to_a_list_is_found_out_and_nobody_else_sees_it() -> None:
    def clears(names: list[str]) -> Iterator[Finding]:
        """Clears."""
        names.clear()
        yield from ()

    results = looked(clears)

    assert results["clears"].status is CheckStatus.BROKEN
    assert "changes names" in results["clears"].reason
    assert results["well-itself"].status is CheckStatus.FOUND


def test_what_a_check_does_deep_in_what_it_is_given_is_found_out_and_ours_are_done_by_then() -> None:
    @fact()
    def places() -> dict[str, list[str]]:
        return {"a": ["x"]}

    def spoils(places: dict[str, list[str]]) -> Iterator[Finding]:
        """Spoils."""
        places["a"].clear()
        yield from ()

    def of_ours(places: dict[str, list[str]]) -> Iterator[Finding]:
        """Comes after it by its name."""
        yield a_finding(*places["a"])

    ours = replace(check(severity=Severity.ERROR)(of_ours), id="with-a-later-name", module="jhubdoctor_checks.x")
    report = diagnose([check(severity=Severity.ERROR)(spoils), ours], "", places)
    results = {r.check.id: r for r in report.results}

    assert results["spoils"].status is CheckStatus.BROKEN
    assert "changes places" in results["spoils"].reason
    assert [f.finding.on[0].name for f in report.findings] == ["x"]


def test_what_a_fact_does_to_a_list_that_it_read_is_no_others_matter() -> None:
    @fact("nodes")
    def a_clears(look: Look) -> list[str]:
        look.list("nodes").clear()
        return []

    @fact("nodes")
    def z_reads(look: Look, a_clears: list[str]) -> list[str]:
        return [n.name for n in look.list("nodes")]

    def needs_both(z_reads: list[str]) -> Iterator[Finding]:
        """Needs both."""
        yield a_finding(*z_reads)

    text = "kind: Node\nmetadata: {name: n1}"
    [found] = diagnose([check(severity=Severity.ERROR)(needs_both)], text, a_clears, z_reads).findings
    assert "n1" in {r.name for r in found.finding.on}


def test_a_fact_that_reads_has_the_time_of_its_reads_and_no_more_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(reader: Any, query: Any) -> Answer:
        time.sleep(0.6)
        return Answer(ReadState.OK, [])

    monkeypatch.setattr("jhubdoctor.sources.memory.MemoryReader.answer", slow)

    @fact("nodes")
    def reads_long(look: Look) -> int:
        return len(look.list("nodes"))

    @fact("nodes")
    def reads_and_sleeps(look: Look) -> int:
        found = len(look.list("nodes"))
        time.sleep(5)
        return found

    def patient(reads_long: int) -> Iterator[Finding]:
        """Is patient."""
        yield from ()

    def left_waiting(reads_and_sleeps: int) -> Iterator[Finding]:
        """Is left waiting."""
        yield from ()

    checks = [check(severity=Severity.ERROR)(c) for c in (patient, left_waiting)]
    results = {r.check.id: r for r in diagnose(checks, "", reads_long, reads_and_sleeps).results}

    assert results["patient"].status is CheckStatus.OK
    assert results["left-waiting"].status is CheckStatus.BROKEN
    assert "did not end within" in results["left-waiting"].reason


def test_what_a_pack_prints_is_not_in_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    def prints() -> Iterator[Finding]:
        """Prints."""
        print("hello")  # noqa: T201
        yield from ()

    assert looked(prints)["prints"].status is CheckStatus.OK
    assert capsys.readouterr() == ("", "hello\n")


@pytest.mark.parametrize("how", [sys.exit, OfAPack, time.sleep], ids=lambda h: h.__name__)
def test_a_fact_that_does_such_things_breaks_what_needs_it(how: Any) -> None:
    @fact()
    def bad() -> int:
        if how is OfAPack:
            raise OfAPack
        return int(how(5) or 0)

    @check(severity=Severity.ERROR)
    def needs_bad(bad: int) -> Iterator[Finding]:
        """Needs bad."""
        yield from ()

    [result] = diagnose([needs_bad], "", bad).results

    assert result.status is CheckStatus.BROKEN
    assert result.reason.endswith("(of the pack tests)")


def test_ctrl_c_is_no_fault_of_a_check(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "within_time", interrupted)
    with pytest.raises(KeyboardInterrupt):
        looked(exits)
