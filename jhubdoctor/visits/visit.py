"""One visit to a cluster: connect, run the checks, and what the report must say besides.

Everything that looks more than once (waiting, watching, several clusters, the exporter) makes visits; so a report means
the same wherever it comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from jhubdoctor.engine.declare import Check
from jhubdoctor.engine.outcomes import Facts
from jhubdoctor.engine.registry import Registry
from jhubdoctor.engine.result import CheckStatus, Report
from jhubdoctor.engine.run import evaluate, judge
from jhubdoctor.engine.suppress import Suppression
from jhubdoctor.model.errors import NoHubError
from jhubdoctor.model.hub import Scope
from jhubdoctor.privacy.text import clean
from jhubdoctor.sources.reader import Reader
from jhubdoctor.visits import baseline


@dataclass(frozen=True)
class Visit:
    """How to look at one cluster.

    Attributes:
        registry: the checks and facts there are.
        checks: those to run.
        connect: gives a reader that is connected; each visit asks for a new one, and so for fresh credentials.
        scope: where to look; which namespace comes first where it names none is known once there is a reader.
        concurrency: facts computed at once.
        fail_on: what makes the report's exit code 1.
        accept_unknown: whether checks that could not look are accepted.
        suppressions: rules of the configuration.
        earlier: the baseline.
    """

    registry: Registry
    checks: list[Check]
    connect: Callable[[], Reader]
    scope: Scope = field(default_factory=Scope)
    concurrency: int = 8
    fail_on: str = "error"
    accept_unknown: bool = False
    suppressions: tuple[Suppression, ...] = ()
    earlier: baseline.Earlier | None = None

    def __call__(
        self,
        checks: Iterable[Check] | None = None,
        *,
        progress: Callable[[str], None] = lambda _: None,
        tell: Callable[[str], None] = lambda _: None,
        started: Callable[[Reader], None] = lambda _: None,
    ) -> Report:
        """Look, with all checks or with these alone.

        `progress` is told what is being done, `tell` what people should know, `started` the reader, to cancel it.

        Raises:
            NotNowError: where the cluster is not reached, or has no hub.
            DoctorError: where the configuration cannot be used.
        """
        report, facts = self.look(checks, progress=progress, started=started)
        require_hub(report, facts)
        free = bool(report.hubs) and not self.scope.namespace and not self.scope.all_namespaces
        here = facts.scope.default_namespace
        if free and all(h.namespace != here for h in report.hubs):
            tell(f"no hub in namespace {here}; looked in all namespaces.")
        return report if self.earlier is None else baseline.compared(report, self.earlier)

    def look(
        self,
        checks: Iterable[Check] | None = None,
        *,
        facts: Iterable[str] = (),
        progress: Callable[[str], None] = lambda _: None,
        started: Callable[[Reader], None] = lambda _: None,
    ) -> tuple[Report, Facts]:
        """Look, whether there is a hub or not: the report, and what was read for it and for these facts besides.

        Raises:
            NotNowError: where the cluster is not reached.
            DoctorError: where the configuration cannot be used.
        """
        chosen = self.checks if checks is None else list(checks)
        progress("connecting")
        reader = self.connect()
        started(reader)
        try:
            scope = replace(self.scope, default_namespace=reader.namespace)
            names = {n.fact for c in chosen for n in c.needs}.union(facts)
            read = evaluate(self.registry, names, reader, scope, concurrency=self.concurrency, progress=progress)
            progress("judging")
            report = judge(
                self.registry,
                chosen,
                read,
                suppressions=self.suppressions,
                fail_on=self.fail_on,
                accept_unknown=self.accept_unknown,
            )
        finally:
            reader.close()
        return report, read


def require_hub(report: Report, facts: Facts) -> None:
    """No hub is no verdict; but where the search itself failed, the report says why.

    Raises:
        NoHubError: where the search succeeded and found none.
    """
    searched = not any(r.status in {CheckStatus.UNKNOWN, CheckStatus.BROKEN} and r.hub is None for r in report.results)
    if not report.hubs and searched:
        scope, near = facts.scope, facts.of("hubs", None).absent
        of_release = f" of the release {scope.release}" if scope.release else ""
        raise NoHubError(
            f"No hub{of_release} was found in {describe_search(scope)}{f': {near}' if near else ''}.",
            "Name its namespace with -n, or look everywhere with -A; `kubectl get deployments -A` shows what runs.",
        )


def describe_search(scope: Scope) -> str:
    """Where `hubs` looked, in words."""
    if scope.namespace:
        return clean(f"namespace {scope.namespace}")
    if scope.all_namespaces:
        return "all namespaces"
    return clean(f"namespace {scope.default_namespace}, then all namespaces")
