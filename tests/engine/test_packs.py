"""What a pack of somebody else may do: the run survives it, names the pack, and says that its checks are broken."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jhubdoctor.api import Finding, Fix, Ref, Severity, check, fact
from jhubdoctor.engine import guard
from jhubdoctor.engine import run as engine
from jhubdoctor.engine.result import CheckStatus, Result
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


BAD = (
    exits, raises_more_than_exceptions, sleeps, never_stops_yielding, yields_a_text, yields_nonsense,
    returns_a_number,
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
