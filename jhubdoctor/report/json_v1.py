"""The JSON report, version 1: its own shape, written by hand, so that inner changes do not break readers.

The promise: within v1 keys are only ever added, never renamed or removed, and no list is left out when it is empty.
`report-v1.schema.json` beside this file is its JSON Schema. A breaking change is a new module.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from jhubdoctor import __version__
from jhubdoctor.engine.result import Baseline, CheckStatus, Report, Reported, Result
from jhubdoctor.model.finding import Ref, Severity
from jhubdoctor.privacy.text import clean
from jhubdoctor.report.lines import plain
from jhubdoctor.report.parts import concerned, doc_url, headline, last_seen
from jhubdoctor.report.patch import Patch, patch_of

SCHEMA = "jhubdoctor-report-v1"


def render(report: Report) -> str:
    """The report as JSON text, one document, two spaces of indentation."""
    return json.dumps(as_dict(report), indent=2, ensure_ascii=False) + "\n"


def as_dict(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    return {
        "schema": SCHEMA,
        "tool": {"name": "jhubdoctor", "version": __version__},
        "run": {
            "started_at": _time(report.started_at),
            "duration_seconds": round(report.duration, 3),
            "source": report.source,
            "context": clean(report.context),
            "server_version": report.server_version,
            "searched": {"namespace": _name(report.search.namespace), "release": _name(report.search.release)},
            "knows": {"kubernetes": report.knows.get("kubernetes", ""), "chart": report.knows.get("chart", "")},
            "requests": report.requests,
            "bytes_read": report.bytes_read,
            "notices": [clean(n) for n in report.notices],
        },
        "verdict": report.verdict,
        "exit_code": report.exit_code,
        "summary": {
            "ok": report.count(CheckStatus.OK),
            "found": report.count(CheckStatus.FOUND),
            "not_applicable": report.count(CheckStatus.NOT_APPLICABLE),
            "unknown": report.count(CheckStatus.UNKNOWN),
            "broken": report.count(CheckStatus.BROKEN),
            "errors": report.severities(Severity.ERROR),
            "warnings": report.severities(Severity.WARNING),
            "infos": report.severities(Severity.INFO),
            "suppressed": len(report.suppressed),
            "hidden": len(report.hidden),
            "causes": {f"{s.value}s": report.causes(s) for s in Severity},
            "symptoms": sum(f.explained_by is not None for f in report.findings),
        },
        "headline": headline(report, None)[1],
        "hubs": [
            {
                "namespace": clean(h.namespace),
                "release": clean(h.release),
                "chart_version": clean(h.chart),
                "jupyterhub_version": h.jupyterhub_version,
                "headline": headline(report, h)[1],
                "patch": _patch(patch_of(report, h)),
            }
            for h in report.hubs
        ],
        "coverage": [
            {
                "read": clean(str(row.query), 300),
                "state": row.state.value,
                "items": row.items,
                "detail": clean(row.detail, 300),
                "needed_by": row.needed_by,
            }
            for row in report.coverage
        ],
        "checks": [_check(r) for r in report.results],
        "findings": [_compared(f, report) for f in report.findings],
        "suppressed": [_suppressed(f) for f in report.suppressed],
        **({"baseline": _baseline(report.baseline)} if report.baseline else {}),
    }


def _compared(reported: Reported, report: Report) -> dict[str, Any]:
    """A finding, with whether the baseline knows it where there is one."""
    compared = {"baseline": "known" if reported.known else "new"} if report.baseline else {}
    last = last_seen(report, reported)
    weight = {
        "weight": report.weight(reported).value,
        "concerns": concerned(report, reported),
        "last_seen": _time(last),
    }
    return finding(reported) | weight | compared


def _suppressed(reported: Reported) -> dict[str, Any]:
    """A finding that a rule suppresses, with the rule."""
    rule = reported.suppression
    assert rule is not None  # noqa: S101  - that is what the list is for
    until = rule.until.isoformat() if rule.until else None
    return finding(reported) | {
        "suppression": {"rule": str(rule), "reason": rule.reason, "until": until, "place": rule.place}
    }


def _baseline(baseline: Baseline) -> dict[str, Any]:
    keys = ("check", "hub", "severity", "message", "fingerprint")
    return {"place": clean(baseline.place), "gone": [{k: g.get(k) for k in keys} for g in baseline.gone]}


def _check(result: Result) -> dict[str, Any]:
    return {
        "id": result.check.id,
        "area": result.check.area,
        "title": result.check.title,
        "hub": clean(result.hub.label) if result.hub else None,
        "status": result.status.value,
        "reason": clean(result.reason, 1000),
        "duration_seconds": round(result.duration, 4),
        "doc_url": doc_url(result.check),
    }


def finding(reported: Reported) -> dict[str, Any]:
    """One finding as plain data."""
    f, fix = reported.finding, reported.fix
    return {
        "check": reported.check.id,
        "area": reported.check.area,
        "hub": clean(reported.hub.label) if reported.hub else None,
        "severity": reported.severity.value,
        "message": f.says,
        "objects": [_object(r) for r in f.on],
        "affects": [_object(r) for r in f.affects],
        "evidence": [{"source": e.source, "detail": e.detail, "time": _time(e.time)} for e in f.proof],
        "fix": {
            "text": fix.text,
            "commands": list(fix.commands),
            "values": plain(fix.values),
            "caution": fix.caution,
            "after": reported.waits.after if reported.waits else None,
        },
        "doc_url": doc_url(reported.check),
        "explained_by": reported.explained_by,
        "fingerprint": reported.fingerprint,
    }


def _patch(patch: Patch) -> dict[str, Any]:
    """What the fixes of a hub set together, of which findings, and what sets it."""
    return {
        "values": plain(patch.values),
        "of": [f.fingerprint for f in patch.of],
        "commands": list(patch.commands),
    }


def _object(ref: Ref) -> dict[str, str | None]:
    return {
        "api_version": ref.api_version,
        "kind": ref.kind,
        "namespace": ref.namespace or None,
        "name": ref.name,
        "container": ref.container or None,
    }


def _name(name: str | None) -> str | None:
    return None if name is None else clean(name)


def _time(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
