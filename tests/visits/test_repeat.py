"""Waiting and watching, on a clock of the tests."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import pytest

from jhubdoctor.engine.declare import Check
from jhubdoctor.engine.result import Report
from jhubdoctor.model.errors import DoctorError, NoHubError, NotNowError
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.hub import Hub
from jhubdoctor.report import changes
from jhubdoctor.sources.reads import ReadState
from jhubdoctor.visits.repeat import Change, Clock, Watched, until_settled, watch

Make = Callable[..., Report]
AT = datetime(2026, 1, 5, 12, 3, 4, tzinfo=UTC)


class Visits:
    """Gives these reports (or raises these errors) one after the other, and remembers what was asked for."""

    def __init__(self, *answers: Report | DoctorError) -> None:
        self.answers = list(answers)
        self.asked: list[list[str] | None] = []
        self.time = 0.0

    def __call__(self, checks: Iterable[Check] | None = None) -> Report:
        self.asked.append(None if checks is None else [c.id for c in checks])
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, DoctorError):
            raise answer
        return answer

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.time, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.time += seconds


def wait(visits: Visits, patience: float = 60, interval: float = 5) -> Report:
    return until_settled(visits, patience=patience, interval=interval, clock=visits.clock)


def test_what_is_well_at_once_is_not_waited_for(make: Make) -> None:
    visits = Visits(make(ok=("a",)))

    assert wait(visits).exit_code == 0
    assert visits.asked == [None]
    assert visits.time == 0


def test_only_what_is_not_settled_is_looked_at_again_and_in_the_end_everything(make: Make) -> None:
    bad = make(found={"a": Severity.ERROR, "w": Severity.WARNING}, ok=("b",), blind={"c": ReadState.TIMEOUT})
    visits = Visits(bad, make(ok=("a", "c")), make(found={"w": Severity.WARNING}, ok=("a", "b", "c")))
    report = wait(visits)

    assert visits.asked == [None, ["a", "c"], None]
    assert len(report.results) == 4
    assert report.exit_code == 0


def test_what_was_well_and_breaks_meanwhile_is_waited_for(make: Make) -> None:
    visits = Visits(
        make(found={"a": Severity.ERROR}, ok=("b",)),
        make(ok=("a",)),
        make(found={"b": Severity.ERROR}, ok=("a",)),
        make(ok=("b",)),
        make(ok=("a", "b")),
    )
    report = wait(visits)

    assert visits.asked == [None, ["a"], None, ["b"], None]
    assert report.exit_code == 0


def test_when_the_time_is_over_the_whole_is_told_as_it_is(make: Make) -> None:
    whole = make(found={"a": Severity.ERROR}, ok=("b",))
    visits = Visits(whole)
    report = wait(visits, patience=20, interval=5)

    assert report.exit_code == 1
    assert visits.time <= 20
    assert visits.asked[0] is None
    assert visits.asked[-1] is None
    assert set(map(str, visits.asked[1:-1])) == {"['a']"}


def test_a_missing_right_is_not_waited_for(make: Make) -> None:
    visits = Visits(make(ok=("a",), blind={"b": ReadState.FORBIDDEN}))

    assert wait(visits).exit_code == 3
    assert visits.time == 0


def test_a_hub_that_is_not_there_yet_is_waited_for(make: Make) -> None:
    visits = Visits(NotNowError("not reached"), NoHubError("no hub"), make(ok=("a",)))

    assert wait(visits).exit_code == 0
    assert visits.time == 10


def test_a_hub_that_never_comes_is_an_error(make: Make) -> None:
    visits = Visits(make(found={"a": Severity.ERROR}), NoHubError("no hub"))

    with pytest.raises(NoHubError):
        wait(visits, patience=30)
    assert visits.time <= 30


def test_a_wrong_configuration_is_not_waited_for() -> None:
    visits = Visits(DoctorError("no such context"))

    with pytest.raises(DoctorError):
        wait(visits)
    assert visits.time == 0


# --- watching --------------------------------------------------------------------------------------------------------


def told(*answers: Report | DoctorError) -> list[list[tuple[str, str]]]:
    visits = Visits(*answers)
    seen: list[list[tuple[str, str]]] = []

    def see(_: Report | None, changed: list[Change]) -> None:
        seen.append([(c.kind, ",".join(c.checks)) for c in changed])

    watch(visits, interval=30, seen=see, clock=visits.clock, rounds=len(answers))
    assert visits.time == 30 * (len(answers) - 1)
    return seen


def test_only_changes_are_told(make: Make) -> None:
    bad = make(found={"a": Severity.ERROR}, ok=("b",))
    assert told(bad, bad, make(ok=("a", "b")), make(ok=("a", "b")), bad) == [
        [("new", "a")],
        [],
        [("gone", "a")],
        [],
        [("new", "a")],
    ]


def test_what_cannot_be_looked_at_is_not_gone(make: Make) -> None:
    bad, blind = make(found={"a": Severity.ERROR}), make(blind={"a": ReadState.TIMEOUT})

    assert told(bad, blind, blind, bad, blind, make(ok=("a",))) == [
        [("new", "a")],
        [("blind", "a")],
        [],
        [("sees", "a")],
        [("blind", "a")],
        [("sees", "a"), ("gone", "a")],
    ]


def test_a_search_that_fails_makes_no_finding_of_a_hub_gone(make: Make) -> None:
    bad = make(found={"a": Severity.ERROR})
    lost = make(blind={"a": ReadState.TIMEOUT}, hub=None, hubs=())

    assert told(bad, lost, bad) == [[("new", "a")], [("blind", "a")], [("sees", "a")]]


def test_what_was_of_a_hub_that_is_uninstalled_is_gone(make: Make, other_hub: Hub) -> None:
    bad = make(found={"a": Severity.ERROR})
    other = make(ok=("a",), hub=other_hub, hubs=(other_hub,))

    assert told(bad, other) == [[("new", "a")], [("gone", "a")]]


def test_symptoms_come_with_their_cause(make: Make) -> None:
    both = make(found={"a": Severity.ERROR, "s": Severity.ERROR}, symptoms={"s": "a"})
    alone = make(found={"s": Severity.ERROR}, ok=("a",))

    assert told(both, alone) == [[("new", "a")], [("new", "s"), ("gone", "a")]]


def test_a_change_of_severity_is_a_change(make: Make) -> None:
    error, warning = make(found={"a": Severity.ERROR}), make(found={"a": Severity.WARNING})

    assert told(warning, error, warning) == [[("new", "a")], [("worse", "a")], [("better", "a")]]


def test_a_cluster_that_is_away_is_told_once_and_nothing_is_gone(make: Make) -> None:
    bad, away = make(found={"a": Severity.ERROR}), NotNowError("not reached")

    assert told(bad, away, away, bad) == [[("new", "a")], [("lost", "")], [], [("back", "")]]


def test_the_loss_of_sight_for_one_reason_is_one_line(make: Make) -> None:
    names = {f"c{i}": ReadState.TIMEOUT for i in range(9)}
    [change] = list(Watched().changes(make(blind=names)))

    assert changes.line(change, AT) == (
        "12:03:04Z ? CANNOT LOOK c0, c1, c2 and 6 more (jhub/jhub): Nodes: timeout (because)\n"
    )


def test_lines_for_people_and_for_machines(make: Make) -> None:
    known = Watched()
    [new] = known.changes(make(found={"a": Severity.ERROR}))
    [gone] = known.changes(make(ok=("a",)))

    assert changes.line(new, AT) == "12:03:04Z \u2716 NEW error a (jhub/jhub): A is bad\n"
    assert changes.line(gone, AT) == "12:03:04Z \u2714 GONE error a (jhub/jhub): A is bad\n"
    assert "\x1b[31m" in changes.line(new, AT, color=True)
    event = json.loads(changes.event(new, AT, "test"))
    assert (event["change"], event["checks"], event["severity"]) == ("new", ["a"], "error")
    assert event["finding"]["check"] == "a"
    assert json.loads(changes.event(Change("lost", text="away"), AT, "test"))["finding"] is None
