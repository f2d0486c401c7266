"""Reports of the OpenReports API (openreports.io/v1alpha1), as YAML for `kubectl apply --server-side -f -`.

A Report in the namespace of each hub, and a ClusterReport for what is about the cluster as a whole. Nothing is written
to a cluster from here.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from jhubdoctor import __version__
from jhubdoctor.engine.result import CheckStatus, Report, Reported, Result
from jhubdoctor.model.finding import Ref, Severity
from jhubdoctor.privacy.text import clean
from jhubdoctor.report.lines import dumper, values_yaml
from jhubdoctor.report.parts import doc_url, findings_of

API = "openreports.io/v1alpha1"
SEVERITY = {Severity.ERROR: "high", Severity.WARNING: "medium", Severity.INFO: "info"}
_RESULT = {
    CheckStatus.OK: "pass",
    CheckStatus.NOT_APPLICABLE: "skip",
    CheckStatus.UNKNOWN: "error",
    CheckStatus.BROKEN: "error",
}
WIDTH = 10**6
"""Lines are not broken: libyaml and the dumper in Python break them at different places."""
MOST_OBJECTS = 50
"""Objects of one finding at most: a report is one object in etcd, and a finding may be about thousands of pods."""


def render(report: Report) -> str:
    """One YAML document a hub, and one for the cluster where something is about it."""
    reports = []
    for hub in [None, *report.hubs]:
        results = [r for r in report.results if r.hub is hub]
        if results:
            reports.append(_document(report, hub, results))
    return str(
        yaml.dump_all(
            reports,
            Dumper=dumper(),
            sort_keys=False,
            default_flow_style=False,
            allow_unicode=True,
            explicit_start=True,
            width=WIDTH,
        )
    )


def _document(report: Report, hub: Any, results: list[Result]) -> dict[str, Any]:
    rows = [row for r in results for row in _rows(report, r)]
    counted = {k: sum(row["result"] == k for row in rows) for k in ("pass", "fail", "warn", "error", "skip")}
    meta: dict[str, Any] = {"name": _name(hub), "labels": {"app.kubernetes.io/managed-by": "jhubdoctor"}}
    if report.notices:
        meta["annotations"] = {"jhubdoctor/notices": "\n".join(clean(n) for n in report.notices)}
    if hub is None:
        return {
            "apiVersion": API,
            "kind": "ClusterReport",
            "metadata": meta,
            "source": "jhubdoctor",
            "summary": counted,
            "results": rows,
        }
    namespace = clean(hub.namespace)
    return {
        "apiVersion": API,
        "kind": "Report",
        "metadata": {"name": meta.pop("name"), "namespace": namespace, **meta},
        "source": "jhubdoctor",
        "scope": _object(hub.ref),
        "summary": counted,
        "results": rows,
    }


def _name(hub: Any) -> str:
    release = re.sub(r"[^a-z0-9.-]", "-", clean(hub.release).lower()).strip(".-") if hub is not None else ""
    return f"jhubdoctor-{release}" if release else "jhubdoctor"


def _rows(report: Report, r: Result) -> list[dict[str, Any]]:
    findings = [*findings_of(report, r), *(f for f in report.suppressed if f.check is r.check and f.hub is r.hub)]
    return [_row(report, r, f) for f in findings] or [_row(report, r, None)]


def _row(report: Report, r: Result, f: Reported | None) -> dict[str, Any]:
    properties = {"doc": doc_url(r.check), "version": __version__}
    row: dict[str, Any] = {
        "policy": r.check.id,
        "category": r.check.area,
        "severity": SEVERITY[f.severity if f else r.check.severity],
        "timestamp": {"seconds": int(report.started_at.timestamp()), "nanos": 0},
        # a check of which every finding is suppressed has found, and has no finding that counts
        "result": _result(f) if f else _RESULT.get(r.status, "skip"),
        "scored": f is None or f.severity is Severity.ERROR,
    }
    if f is None:
        row["message"] = clean(r.reason, 1000) or r.check.title
        return row | {"properties": properties}
    objects = list(dict.fromkeys(f.finding.on))
    row["resources"] = [_object(ref) for ref in objects[:MOST_OBJECTS]]
    row["message"] = f.finding.says
    properties |= {"fingerprint": f.fingerprint, "fix": f.fix.text}
    properties |= {f"evidence.{i}": f"{e.source}: {e.detail}" for i, e in enumerate(f.finding.proof[:8], 1)}
    if f.fix.values:
        properties["values"] = values_yaml(f.fix.values)
    if f.fix.commands:
        properties["commands"] = "\n".join(f.fix.commands)
    if f.fix.caution:
        properties["caution"] = f.fix.caution
    if f.explained_by:
        properties["explainedBy"] = f.explained_by
    if f.suppression:
        properties["suppressed"] = f.suppression.reason
    if len(objects) > MOST_OBJECTS:
        properties["objects"] = str(len(objects))
    return row | {"properties": properties}


def _result(f: Reported) -> str:
    if f.suppression is not None:
        return "skip"
    return "fail" if f.severity is Severity.ERROR else "warn"


def _object(ref: Ref) -> dict[str, str]:
    reference = {"apiVersion": ref.api_version, "kind": ref.kind, "namespace": ref.namespace, "name": ref.name}
    if ref.container:
        reference["fieldPath"] = f"spec.containers{{{ref.container}}}"
    return {k: clean(v, 300) for k, v in reference.items() if v}
