"""Reports of several clusters: a matrix of hubs and areas for people, one document with all reports for machines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from jhubdoctor import __version__
from jhubdoctor.engine.result import CheckStatus, Report
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.words import count
from jhubdoctor.privacy.text import clean
from jhubdoctor.report import json_v1, ndjson
from jhubdoctor.report.lines import COLOR, SIGN, capitalized
from jhubdoctor.report.page import Page, Part
from jhubdoctor.report.parts import CLUSTER, stopped
from jhubdoctor.report.text import render as render_one
from jhubdoctor.visits.fleet import Fleet

SCHEMA = "jhubdoctor-fleet-v1"
_GAP = "  "


def as_json(fleet: Fleet) -> str:
    """One document: all reports, each as it is by itself, and the clusters without one."""
    document = {
        "schema": SCHEMA,
        "tool": {"name": "jhubdoctor", "version": __version__},
        "verdict": fleet.verdict,
        "exit_code": fleet.exit_code,
        "reports": [json_v1.as_dict(r) for r in fleet.reports],
        "failures": [
            {
                "context": clean(o.context),
                "reason": "no-hub" if o.without_hub else "not-reached",
                "message": clean(o.error.what if o.error else ""),
                "next_step": clean(o.error.next_step if o.error else ""),
            }
            for o in fleet.failures
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def as_ndjson(fleet: Fleet) -> str:
    """The findings of all clusters, one a line; each names its context."""
    return "".join(map(ndjson.render, fleet.reports))


def as_text(fleet: Fleet, *, width: int = 80, color: bool = False, verbose: bool = False) -> str:
    """The matrix, the root causes in a line each, and what is missing; all reports in full where it is asked for."""
    page = _FleetPage(fleet, width)
    page.print()
    parts = [page.text(color=color)]
    if verbose:
        for r in fleet.reports:
            parts += [f"\n== {clean(r.context)} ==\n\n", render_one(r, width=width, color=color, verbose=True)]
    return "".join(parts)


class _FleetPage(Page):
    def __init__(self, fleet: Fleet, width: int) -> None:
        super().__init__(width)
        self.fleet = fleet

    def print(self) -> None:
        rows = list(_rows(self.fleet.reports))
        areas = sorted({a for _, cells in rows for a in cells})
        loud = [a for a in areas if any(cells.get(a, ("", 0))[0] not in {"", "ok"} for _, cells in rows)]
        self.matrix(rows, loud)
        quiet = [a for a in areas if a not in loud]
        if quiet and rows:
            self.point("ok", f"nothing anywhere in {', '.join(quiet)}")
        self.line()
        for report in self.fleet.reports:
            self.causes(report)
        self.failures()
        self.summary()

    def matrix(self, rows: Sequence[tuple[str, dict[str, tuple[str, int]]]], areas: Sequence[str]) -> None:
        """As many areas side by side as there is room for, the rest below."""
        missing = [(clean(o.context), "no hub" if o.without_hub else "not reached") for o in self.fleet.failures]
        names = [name for name, _ in (*rows, *missing)]
        first = min(max(map(len, names), default=0), self.width // 2)
        chunks: list[list[str]] = [[]]
        room = self.width - first
        for a in areas:
            need = sum(len(x) + len(_GAP) for x in (*chunks[-1], a))
            if need > room and chunks[-1]:
                chunks.append([])
            chunks[-1].append(a)
        for chunk in chunks:
            if chunk:
                self.line((" " * first + _GAP + _GAP.join(chunk), "dim"))
            for name, cells in rows:
                parts: list[Part] = [(_fitted(name, first), "bold")]
                for a in chunk:
                    state, number = cells.get(a, ("", 0))
                    shown = f"{SIGN[state]}{number or ''}"
                    parts += [_GAP, (shown.ljust(len(a)), _style(state))]
                self.line(*parts)
            if chunk is not chunks[-1]:
                self.line()
        for name, why in missing:
            state = "unknown" if self.fleet.hubs_expected or why == "not reached" else ""
            self.line((_fitted(name, first), "bold"), _GAP, (f"{SIGN[state]} {why}", _style(state)))

    def point(self, state: str, text: str) -> None:
        """A text behind the sign of its state."""
        self.wrapped(text, head=f"{SIGN[state]} ", head_style=_style(state))

    def causes(self, report: Report) -> None:
        for f in report.findings:
            if f.explained_by is None and f.severity is not Severity.INFO:
                where = "/".join(filter(None, (clean(report.context), clean(f.hub.label) if f.hub else "")))
                new = "NEW " if report.baseline is not None and not f.known else ""
                self.point(f.severity, f"{where}: {f.check.id}: {new}{capitalized(f.finding.says)}")
        if lost := sum(map(stopped, report.results)):
            self.point("unknown", f"{clean(report.context)}: {count(lost, 'check')} could not look")

    def failures(self) -> None:
        for o in self.fleet.failures:
            state = "unknown" if self.fleet.hubs_expected or not o.without_hub else ""
            self.point(state, f"{clean(o.context)}: {clean(o.error.what if o.error else '')}")

    def summary(self) -> None:
        fleet = self.fleet
        if fleet.reports or fleet.failures:
            self.line()
        hubs = sum(len(r.hubs) for r in fleet.reports)
        counts = {s: sum(r.severities(s) for r in fleet.reports) for s in Severity}
        words = [
            count(len(fleet.outcomes), "cluster"),
            count(hubs, "hub"),
            *(count(n, s.value) for s, n in counts.items()),
        ]
        missing = sum(not o.without_hub for o in fleet.failures)
        if missing:
            words.append(f"{count(missing, 'cluster')} not reached")
        self.line(", ".join(words))
        if fleet.reports:
            self.line(("jhubdoctor run --context NAME shows a cluster in full; so does --verbose.", "dim"))


def _style(state: str) -> str:
    return COLOR[state] if state in {"ok", ""} else f"bold {COLOR[state]}"


def _rows(reports: Iterable[Report]) -> Iterable[tuple[str, dict[str, tuple[str, int]]]]:
    """A row a hub, one for the cluster where something is about it: area to the worst state and how often it is."""
    for report in reports:
        for hub in [None, *report.hubs]:
            results = [r for r in report.results if r.hub is hub]
            cells: dict[str, tuple[str, int]] = {}
            for area in sorted({r.check.area for r in results}):
                cells[area] = _cell(report, hub, area)
            if hub is None and all(state in {"", "ok"} for state, _ in cells.values()):
                continue
            name = clean(hub.label) if hub is not None else CLUSTER
            yield _row_name(clean(report.context), name), cells


def _row_name(context: str, hub: str) -> str:
    return f"{context}: {hub}" if context else hub


def _cell(report: Report, hub: Any, area: str) -> tuple[str, int]:
    severities = [
        f.severity for f in report.findings if f.hub is hub and f.check.area == area and f.explained_by is None
    ]
    results = [r for r in report.results if r.hub is hub and r.check.area == area]
    for severity in (Severity.ERROR, Severity.WARNING):
        if severity in severities:
            return severity.value, severities.count(severity)
    if blind := sum(map(stopped, results)):
        return "unknown", blind
    if severities:
        return "info", len(severities)
    return ("ok" if any(r.status in {CheckStatus.OK, CheckStatus.FOUND} for r in results) else ""), 0


def _fitted(text: str, width: int) -> str:
    """Text of exactly this width; what is too long loses its middle."""
    if len(text) <= width:
        return text.ljust(width)
    left = (width - 1) // 2
    return re.sub(r"\s", " ", text[:left] + "\u2026" + text[len(text) - (width - 1 - left) :])
