"""Comparing with an earlier report: only what is new makes a run fail, and what is gone is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jhubdoctor.engine.result import Baseline, Report, Reported
from jhubdoctor.model.errors import UsageError
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.jsontext import load_json
from jhubdoctor.privacy.text import clean
from jhubdoctor.visits.memory import sight_of

REPORT = "jhubdoctor-report-v1"
FLEET = "jhubdoctor-fleet-v1"


@dataclass(frozen=True)
class Earlier:
    """The findings of an earlier report, or of an earlier report of several clusters, by context."""

    place: str
    findings: dict[str | None, list[dict[str, Any]]]
    """By context; None for a report of one cluster, which fits whatever the context is called now."""

    def of(self, context: str) -> list[dict[str, Any]]:
        """The findings to compare a report of this context with."""
        return self.findings.get(None, self.findings.get(context, []))


def load(path: str) -> Earlier:
    """Read a JSON report.

    Raises:
        UsageError: where the file is none.
    """
    try:
        found = load_json(Path(path).read_text(encoding="utf-8"))
        schema = found["schema"]
        if schema == FLEET:
            return Earlier(path, {r["run"]["context"]: _findings(r) for r in found["reports"]})
        if schema == REPORT:
            return Earlier(path, {None: _findings(found)})
    except OSError as e:
        raise UsageError(f"The baseline {path} cannot be read: {e.strerror}.", "Write one with -o json=PATH.") from e
    except (ValueError, KeyError, TypeError, RecursionError) as e:
        raise UsageError(f"The baseline {path} is no JSON report of jhubdoctor.", "Write one with -o json=PATH.") from e
    raise UsageError(
        f"The baseline {path} is of another version ({clean(str(schema), 60)}).", f"This release reads {REPORT}."
    )


def _findings(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = []
    for f in report["findings"]:
        kept = {k: clean(str(f[k]), 600) for k in ("check", "severity", "message", "fingerprint")}
        Severity(kept["severity"])
        found.append({**kept, "hub": clean(str(f["hub"])) if f["hub"] is not None else None})
    return found


def compared(report: Report, earlier: Earlier) -> Report:
    """The report with what the earlier one has at the same severity or a worse one marked, and what is gone.

    A finding is gone where its check looked again and does not find it, also where its hub is gone; where the check
    could not look, nobody knows.
    """
    before = {f["fingerprint"]: f for f in earlier.of(report.context)}
    ranks = {print_: Severity(f["severity"]).rank for print_, f in before.items()}
    here = {f.fingerprint for f in (*report.findings, *report.suppressed)}
    sight = sight_of(report)
    gone = tuple(f for p, f in before.items() if p not in here and sight.covers((f["check"], f["hub"] or "")))
    findings = tuple(
        replace(f, known=f.fingerprint in ranks and ranks[f.fingerprint] <= f.severity.rank) for f in report.findings
    )
    return replace(report, findings=findings, baseline=Baseline(earlier.place, gone))


def new(report: Report) -> list[Reported]:
    """The findings that the baseline does not know."""
    return [f for f in report.findings if not f.known]
