"""Several clusters side by side: a few at a time, and one that cannot be reached spoils nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from jhubdoctor.engine.result import CheckStatus, Report
from jhubdoctor.model.errors import DoctorError, NoHubError


@dataclass(frozen=True)
class ClusterOutcome:
    """What came of one cluster: a report, or why there is none."""

    context: str
    report: Report | None = None
    error: DoctorError | None = None

    @property
    def without_hub(self) -> bool:
        """Whether it was searched, and has no hub."""
        return isinstance(self.error, NoHubError)


@dataclass(frozen=True)
class Fleet:
    """All clusters, in the order in which they were named.

    `hubs_expected` says whether a cluster without a hub is a fault: it is where somebody named it.
    """

    outcomes: Sequence[ClusterOutcome]
    hubs_expected: bool = True

    @property
    def reports(self) -> list[Report]:
        """The reports there are."""
        return [o.report for o in self.outcomes if o.report is not None]

    @property
    def failures(self) -> list[ClusterOutcome]:
        """The clusters without a report."""
        return [o for o in self.outcomes if o.report is None]

    @property
    def exit_code(self) -> int:
        """As of one report: findings outweigh what could not be looked at."""
        codes = [r.exit_code for r in self.reports]
        codes += [3 for o in self.failures if self.hubs_expected or not o.without_hub]
        if 1 in codes:
            return 1
        return 3 if 3 in codes or not self.reports else 0

    @property
    def verdict(self) -> str:
        """The worst of all reports; unknown where one is missing that should be there."""
        verdicts = {r.verdict for r in self.reports}
        if not self.reports or any(self.hubs_expected or not o.without_hub for o in self.failures):
            verdicts.add("unknown")
        return next((v for v in ("error", "warning", "unknown", "info") if v in verdicts), "ok")


def visit(
    visits: Mapping[str, Callable[[], Report]], *, parallel: int, done: Callable[[str], None]
) -> list[ClusterOutcome]:
    """Make all visits, at most so many at a time. `done` is told each context that is finished."""

    def one(context: str) -> ClusterOutcome:
        try:
            return ClusterOutcome(context, report=visits[context]())
        except DoctorError as e:
            return ClusterOutcome(context, error=e)
        except Exception as e:  # noqa: BLE001  - a fault of ours with one cluster must not spoil the others
            why = f"This is a fault of jhubdoctor ({type(e).__name__})."
            return ClusterOutcome(
                context, error=DoctorError(why, "Look at this context alone, and report what it says.")
            )
        finally:
            done(context)

    with ThreadPoolExecutor(max_workers=parallel, thread_name_prefix="cluster") as pool:
        try:
            outcomes = list(pool.map(one, visits))
        except KeyboardInterrupt:
            # those that have not begun need not
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return _used_somewhere(outcomes)


def _used_somewhere(outcomes: Sequence[ClusterOutcome]) -> list[ClusterOutcome]:
    """Take back that a rule is of no use where it is of use in another cluster: they share one configuration."""
    reports = [o.report for o in outcomes if o.report is not None]
    rules = [(a, a.rule.expired(r.started_at.date())) for r in reports for a in r.rules]
    # rules are told by what they are about: of one that has ended, what is found is true whatever another is good for
    used = {str(a.rule) for a, ended in rules if a.hits and not ended} - {str(a.rule) for a, ended in rules if ended}
    return [o if o.report is None else replace(o, report=_without(o.report, used)) for o in outcomes]


def _without(report: Report, used: Collection[str]) -> Report:
    """The report without what the checks of the rules find about these."""
    kept = tuple(f for f in report.findings if not f.check.judges_rules or f.finding.on[0].name not in used)
    ids = {f.check.id for f in kept}
    results = tuple(
        replace(r, status=CheckStatus.OK)
        if r.check.judges_rules and r.status is CheckStatus.FOUND and r.check.id not in ids
        else r
        for r in report.results
    )
    return replace(report, findings=kept, results=results)
