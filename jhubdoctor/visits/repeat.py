"""Looking more than once: until all is well, or for as long as somebody watches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from jhubdoctor.engine.declare import Check
from jhubdoctor.engine.result import CheckStatus, Report, Reported
from jhubdoctor.model.errors import DoctorError, NotNowError
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.words import some
from jhubdoctor.privacy.text import clean
from jhubdoctor.sources.reads import ReadState
from jhubdoctor.visits.memory import Place, place_of, sight_of


class VisitCall(Protocol):
    """A visit: with all checks, or with some."""

    def __call__(self, checks: Iterable[Check] | None = None) -> Report:
        """Look."""
        ...


@dataclass(frozen=True)
class Clock:
    """Time, so that tests have their own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


# --- waiting ---------------------------------------------------------------------------------------------------------


def unsettled(report: Report) -> list[Check]:
    """The checks that may still come right: what fails, and what could not look for another reason than a right.

    A right that is missing will be missing in a minute.
    """
    failing = {f.check.id: f.check for f in report.findings if report.fails(f)}
    if not report.accept_unknown:
        failing |= {
            r.check.id: r.check
            for r in report.results
            if r.status is CheckStatus.BROKEN
            or (
                r.status is CheckStatus.UNKNOWN and not (r.gaps and all(g.state is ReadState.FORBIDDEN for g in r.gaps))
            )
        }
    return [failing[i] for i in sorted(failing)]


def until_settled(
    look: VisitCall,
    *,
    patience: float,
    interval: float,
    tell: Callable[[str], None] = lambda _: None,
    clock: Clock | None = None,
) -> Report:
    """Look until everything is well, or the time is over; in between only at what is not well.

    The report is always of one whole run: what was well at first is looked at again before anything is called well.

    Raises:
        DoctorError: where there is no report in the end.
    """
    clock = clock or Clock()
    end = clock.now() + patience
    todo: list[Check] | None = None
    while True:
        try:
            report = look(todo)
        except NotNowError as e:
            if clock.now() + interval > end:
                raise
            tell(e.what)
            todo = None
        else:
            pending = unsettled(report)
            if not pending and todo is None:
                return report
            if not pending:
                # what was unsettled is well; whether all is well at one moment only a whole run can tell
                todo = None
                continue
            if clock.now() + interval > end:
                return report if todo is None else look(None)
            tell(f"waiting for {some((c.id for c in pending), 5)}")
            todo = pending
        clock.sleep(interval)


# --- watching --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """What is different from the run before.

    `kind` is `new`, `worse`, `better` or `gone` for a finding, `blind` or `sees` for checks, `lost` or `back` for the
    cluster.
    """

    kind: str
    checks: tuple[str, ...] = ()
    hub: str = ""
    severity: Severity | None = None
    text: str = ""
    finding: Reported | None = None


@dataclass
class Watched:
    """What is known from earlier runs: findings until their check looked again, and which checks are blind."""

    findings: dict[str, Reported] = field(default_factory=dict)
    blind: Mapping[Place, str] = field(default_factory=dict)
    lost: str = ""

    def changes(self, report: Report) -> Iterator[Change]:
        """What this report changes. Symptoms are told with their cause alone: they have no change of their own."""
        if self.lost:
            self.lost = ""
            yield Change("back", text="the cluster answers again")
        sight = sight_of(report)
        yield from self._sight(sight.blind)
        roots = {f.fingerprint: f for f in report.findings if f.explained_by is None}
        present = {f.fingerprint for f in report.findings}
        for print_, f in roots.items():
            before = self.findings.get(print_)
            if before is None:
                yield _change("new", f)
            elif before.severity is not f.severity:
                yield _change("worse" if f.severity.rank < before.severity.rank else "better", f)
        kept = {}
        for print_, f in self.findings.items():
            if print_ in present:
                continue
            if sight.covers(place_of(f)):
                yield _change("gone", f)
            else:
                # its check cannot look: nobody knows that it is gone
                kept[print_] = f
        self.findings = roots | kept

    def _sight(self, now: Mapping[Place, str]) -> Iterator[Change]:
        """Which checks lost or regained their sight, told together where it is for one reason."""
        lost: dict[tuple[str, str], list[str]] = {}
        back: dict[str, list[str]] = {}
        for (check, hub), reason in now.items():
            if (check, hub) not in self.blind:
                lost.setdefault((hub, reason), []).append(check)
        for check, hub in self.blind:
            if (check, hub) not in now:
                back.setdefault(hub, []).append(check)
        self.blind = now
        for (hub, reason), checks in lost.items():
            yield Change("blind", tuple(checks), hub, text=reason)
        for hub, checks in back.items():
            yield Change("sees", tuple(checks), hub, text="can look again")

    def failed(self, error: DoctorError) -> Iterator[Change]:
        """What a run changes that came to nothing: told once."""
        if error.what != self.lost:
            self.lost = error.what
            yield Change("lost", text=clean(error.what))


def _change(kind: str, f: Reported) -> Change:
    return Change(kind, (f.check.id,), place_of(f)[1], f.severity, f.finding.says, f)


def watch(
    look: VisitCall,
    *,
    interval: float,
    seen: Callable[[Report | None, list[Change]], None],
    clock: Clock | None = None,
    rounds: int | None = None,
) -> None:
    """Look again and again, and hand on each report (None where there is none) with what it changes."""
    clock = clock or Clock()
    known = Watched()
    done = 0
    while rounds is None or done < rounds:
        if done:
            clock.sleep(interval)
        done += 1
        try:
            report = look()
        except NotNowError as e:
            seen(None, list(known.failed(e)))
        else:
            seen(report, list(known.changes(report)))
