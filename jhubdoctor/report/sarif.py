"""SARIF 2.1.0, for code scanning and its viewers.

Findings are results of kind `fail`, checks that could not look of kind `open` ("insufficient information to decide").
Checks that passed are left out: services that show SARIF take every result for an alert. The objects of a cluster are
no files; they are logical locations, and have a made-up path because some services insist on one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from jhubdoctor import __version__
from jhubdoctor.engine.result import CheckStatus, Report, Reported, Result
from jhubdoctor.model.finding import Ref, Severity
from jhubdoctor.privacy.text import clean
from jhubdoctor.report.json_v1 import finding
from jhubdoctor.report.lines import sentence
from jhubdoctor.report.parts import CLUSTER, doc_url, label, stamp, stopped

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
HOME = "https://jhubdoctor.readthedocs.io/"
FINGERPRINT = "jhubdoctorFinding/v1"
_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render(report: Report) -> str:
    """One log with one run."""
    return json.dumps(as_dict(report), indent=2, ensure_ascii=False) + "\n"


def as_dict(report: Report) -> dict[str, Any]:
    """The log as plain data."""
    checks = {r.check.id: r.check for r in report.results}
    index = {i: n for n, i in enumerate(checks)}
    rules = [
        {
            "id": c.id,
            "name": "".join(w.capitalize() for w in c.id.split("-")),
            "shortDescription": {"text": c.title},
            "helpUri": doc_url(c),
            "help": {"text": f"jhubdoctor explain {c.id}"},
            "defaultConfiguration": {"level": _LEVEL[c.severity]},
            "properties": {"tags": [c.area]},
        }
        for c in checks.values()
    ]
    results = [
        *(_finding(f, report) for f in report.findings),
        *(_finding(f, report) for f in report.suppressed),
        *(_open(r) for r in report.results if stopped(r)),
        *_gone(report),
    ]
    for r in results:
        if r["ruleId"] in index:
            r["ruleIndex"] = index[r["ruleId"]]
    broken = [r for r in report.results if r.status is CheckStatus.BROKEN]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "jhubdoctor",
                        "version": __version__,
                        "semanticVersion": __version__,
                        "informationUri": HOME,
                        "rules": rules,
                    }
                },
                "automationDetails": {"id": f"jhubdoctor/{quote(clean(report.context) or report.source)}/"},
                "invocations": [
                    {
                        "executionSuccessful": not broken,
                        "exitCode": report.exit_code,
                        "startTimeUtc": stamp(report),
                        "toolExecutionNotifications": [
                            *({"level": "warning", "message": {"text": clean(n)}} for n in report.notices),
                            *(
                                {
                                    "level": "error",
                                    "message": {"text": f"{r.check.id}: {clean(r.reason, 500)}"},
                                    "associatedRule": {"id": r.check.id, "index": index[r.check.id]},
                                }
                                for r in broken
                            ),
                        ],
                    }
                ],
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _finding(f: Reported, report: Report) -> dict[str, Any]:
    plain = finding(f)
    result: dict[str, Any] = {
        "ruleId": f.check.id,
        "kind": "fail",
        "level": _LEVEL[f.severity],
        "message": {"text": f"{sentence(f.finding.says)} {f.fix.text}"},
        "locations": _locations(f.finding.on),
        "partialFingerprints": {FINGERPRINT: f.fingerprint},
        "properties": {
            "tags": [f.check.area],
            "hub": label(f),
            "evidence": plain["evidence"],
            "fix": plain["fix"],
            "explainedBy": f.explained_by,
        },
    }
    if f.suppression is not None:
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": sentence(f.suppression.reason)}
        ]
    elif report.baseline is not None:
        result["baselineState"] = "unchanged" if f.known else "new"
    return result


def _open(r: Result) -> dict[str, Any]:
    hub = label(r)
    return {
        "ruleId": r.check.id,
        "kind": "open",
        "level": "none",
        "message": {"text": f"Could not look at {hub or CLUSTER}: {sentence(clean(r.reason, 1000) or r.status.value)}"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": _uri(*(hub.split("/") if hub else [CLUSTER]))}},
                "logicalLocations": [{"fullyQualifiedName": hub or CLUSTER, "kind": "resource"}],
            }
        ],
        "properties": {"tags": [r.check.area], "hub": hub, "status": r.status.value},
    }


def _gone(report: Report) -> Iterable[dict[str, Any]]:
    for g in report.baseline.gone if report.baseline else ():
        yield {
            "ruleId": g["check"],
            "kind": "fail",
            "level": _LEVEL[Severity(g["severity"])],
            "message": {"text": sentence(g["message"])},
            "partialFingerprints": {FINGERPRINT: g["fingerprint"]},
            "baselineState": "absent",
        }


def _locations(refs: Iterable[Ref]) -> list[dict[str, Any]]:
    locations = []
    for ref in dict.fromkeys(refs):
        parts = [p for p in (ref.namespace, ref.kind, ref.name) if p]
        logical = {"name": ref.name, "fullyQualifiedName": "/".join(parts), "kind": "resource"}
        if ref.container:
            logical["fullyQualifiedName"] += f"/{ref.container}"
        locations.append(
            {"physicalLocation": {"artifactLocation": {"uri": _uri(*parts)}}, "logicalLocations": [logical]},
        )
    return locations


def _uri(*parts: str) -> str:
    return "/".join(quote(p, safe="") for p in ("kubernetes", *parts))
