"""What comes of a run: results, findings, coverage, and the report that holds them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from jhubdoctor.engine.declare import Check
from jhubdoctor.engine.suppress import Applied, Suppression
from jhubdoctor.model.finding import Finding, Fix, Severity
from jhubdoctor.model.hub import Hub, Search
from jhubdoctor.model.values import nested
from jhubdoctor.sources.reads import READS, Query, ReadState


class CheckStatus(StrEnum):
    """The result of a check for a hub. `ok` means: looked, and fine."""

    OK = "ok"
    FOUND = "found"
    NOT_APPLICABLE = "not-applicable"
    UNKNOWN = "unknown"
    BROKEN = "broken"

    @property
    def looked(self) -> bool:
        """Whether there is a verdict."""
        return self not in {CheckStatus.UNKNOWN, CheckStatus.BROKEN}


@dataclass(frozen=True)
class Gap:
    """A read that failed, and the rule that would allow it where rights are what is missing."""

    query: Query
    state: ReadState
    detail: str
    asked: bool = True
    """False where nobody asked the server: a dump may hold less than there is."""

    def __str__(self) -> str:
        return f"{self.query}: {self.state.value}" + (f" ({self.detail})" if self.detail else "")

    @property
    def rule(self) -> dict[str, list[str]] | None:
        """The RBAC rule to grant."""
        return READS[self.query.read].rule() if self.state is ReadState.FORBIDDEN else None


@dataclass(frozen=True)
class Result:
    """What came of one check for one hub (or for the cluster: `hub` is None)."""

    check: Check
    hub: Hub | None
    status: CheckStatus
    reason: str = ""
    gaps: tuple[Gap, ...] = ()
    duration: float = 0.0
    rests_on: frozenset[Query] = frozenset()
    """What was asked for the facts that the check cannot do without."""


@dataclass(frozen=True)
class Wait:
    """Why a fix is not to be done yet: the fingerprint of the finding to see to before, and the words for it."""

    after: str
    says: str


@dataclass(eq=False)
class Reported:
    """A finding with its check, its place among the others and a fingerprint that outlives pods and texts."""

    check: Check
    hub: Hub | None
    finding: Finding
    severity: Severity
    fingerprint: str
    explained_by: str | None = None
    suppression: Suppression | None = None
    known: bool = False
    """Whether it is in the baseline, at this severity or a worse one."""
    waits: Wait | None = None
    """What its fix waits for."""

    @property
    def fix(self) -> Fix:
        """The fix; its values nested where the chart is a dependency of another, with what it waits for."""
        fix = self.finding.fix
        if self.waits is not None:
            fix = replace(fix, text=f"{self.waits.says} {fix.text}")
        if self.hub is not None and self.hub.values_root and fix.values:
            return replace(fix, values=nested(self.hub.values_root, fix.values))
        return fix


@dataclass(frozen=True)
class Baseline:
    """An earlier report that this one was compared with.

    `gone` are those of its findings that are no more: their checks looked again. Each is the finding as JSON.
    """

    place: str
    gone: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class CoverageRow:
    """One read: how it ended, how many items, and which checks it was for."""

    query: Query
    state: ReadState
    items: int
    detail: str
    needed_by: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """All that a run found out. Formats are functions of this and nothing else; who knows more makes another."""

    started_at: datetime
    duration: float
    source: str
    context: str
    server_version: str
    hubs: tuple[Hub, ...]
    results: tuple[Result, ...]
    findings: tuple[Reported, ...]
    coverage: tuple[CoverageRow, ...]
    search: Search = field(default_factory=Search)
    requests: int = 0
    bytes_read: int = 0
    notices: tuple[str, ...] = ()
    knows: Mapping[str, str] = field(default_factory=dict)
    fail_on: str = "error"
    accept_unknown: bool = False
    suppressed: tuple[Reported, ...] = ()
    """Findings that the configuration suppresses. They are in no other list and no count."""
    hidden: tuple[Reported, ...] = ()
    """Findings below the severity that is to be shown. They are in no list and no count, and in the verdict."""
    rules: tuple[Applied, ...] = ()
    """What became of each rule, where a check wanted to know."""
    baseline: Baseline | None = None

    def count(self, status: CheckStatus) -> int:
        """How many results have this status."""
        return sum(r.status is status for r in self.results)

    def severities(self, severity: Severity) -> int:
        """How many findings have this severity, symptoms too."""
        return sum(f.severity is severity for f in self.findings)

    def causes(self, severity: Severity) -> int:
        """How many root causes weigh this much."""
        return sum(f.explained_by is None and self.weight(f) is severity for f in self.findings)

    def weight(self, cause: Reported) -> Severity:
        """How bad a root cause is: as bad as the worst that follows from it."""
        return min((f.severity for f in (cause, *self.symptoms(cause))), key=lambda s: s.rank)

    def least(self, severity: Severity | None) -> Report:
        """This report with what is less bad than this hidden; a symptom is hidden with its cause."""
        if severity is None:
            return self
        shown = {f.fingerprint for f in self.findings if self.weight(f).rank <= severity.rank}
        kept = tuple(f for f in self.findings if (f.explained_by or f.fingerprint) in shown)
        return replace(self, findings=kept, hidden=tuple(f for f in self.findings if f not in kept))

    @property
    def verdict(self) -> str:
        """The worst of it: error, warning, unknown (something could not be judged), info, ok."""
        found = {f.severity for f in (*self.findings, *self.hidden)}
        for severity in (Severity.ERROR, Severity.WARNING):
            if severity in found:
                return severity.value
        if self.count(CheckStatus.UNKNOWN) or self.count(CheckStatus.BROKEN):
            return "unknown"
        return "info" if found else "ok"

    @property
    def exit_code(self) -> int:
        """0 fine, 1 findings at or above `fail_on` that no baseline knows, 3 something could not be judged."""
        if any(self.fails(f) for f in (*self.findings, *self.hidden)):
            return 1
        if not self.accept_unknown and (self.count(CheckStatus.UNKNOWN) or self.count(CheckStatus.BROKEN)):
            return 3
        return 0

    def fails(self, finding: Reported) -> bool:
        """Whether this finding alone makes the run fail."""
        return self.fail_on != "never" and not finding.known and finding.severity.rank <= Severity(self.fail_on).rank

    @property
    def complete(self) -> bool:
        """Whether every check could look; with `accept_unknown` but for rights that are withheld on purpose."""
        return not any(
            r.status is CheckStatus.BROKEN
            or (
                r.status is CheckStatus.UNKNOWN
                and not (self.accept_unknown and r.gaps and all(g.state is ReadState.FORBIDDEN for g in r.gaps))
            )
            for r in self.results
        )

    def symptoms(self, cause: Reported) -> list[Reported]:
        """The findings folded under this one."""
        return [f for f in self.findings if f.explained_by == cause.fingerprint]


def fingerprint(check_id: str, hub: Hub | None, finding: Finding) -> str:
    """What says in the next run that it is the same finding: check, hub, cause, owning objects."""
    where = f"{hub.namespace}/{hub.release}" if hub else ""
    owners = sorted({f"{r.namespace}/{r.stable or f'{r.kind}/{r.name}'}" for r in finding.on})
    text = "\n".join([check_id, where, finding.cause, *owners])
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]
