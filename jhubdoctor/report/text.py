"""The report for people: root causes first, each with what was seen and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from jhubdoctor.engine import bug
from jhubdoctor.engine.result import CheckStatus, Report, Reported
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.words import count
from jhubdoctor.privacy.text import clean
from jhubdoctor.report.lines import (
    COLOR,
    SIGN,
    capitalized,
    folded_command,
    grant,
    objects,
    values_yaml,
    wrapped,
)
from jhubdoctor.report.page import Page, Part
from jhubdoctor.report.parts import FAULT, blind, doc_url, fault, roots, stopped, versions
from jhubdoctor.sources.reads import ReadState

_LABEL = 8
MOST_EVIDENCE = 8


def render(report: Report, *, width: int = 80, color: bool = False, verbose: bool = False) -> str:
    """The report as text.

    Args:
        report: what to show.
        width: columns; commands may be wider, never broken inside a word.
        color: whether to use ANSI colours.
        verbose: whether to list checks that found nothing, and what was read.
    """
    page = _ReportPage(report, width, verbose=verbose)
    page.print()
    return page.text(color=color)


def picture(report: Report, *, width: int = 92, most: int = 3) -> str:
    """The first root causes of a report as they look on a terminal, as SVG; the same for the same report."""
    page = _ReportPage(report, width, most=most)
    page.print()
    return page.svg("jhubdoctor demo")


class _ReportPage(Page):
    def __init__(self, report: Report, width: int, *, verbose: bool = False, most: int | None = None) -> None:
        super().__init__(width)
        self.report = report
        self.verbose = verbose
        self.most = most

    def row(self, label: str, text: str, style: str = "") -> None:
        """A label in its column, and text that wraps beside it."""
        self.wrapped(text, style=style, head=f"  {label:<{_LABEL}}", head_style="dim")

    def entry(self, word: str, text: str) -> None:
        """A row of the long lists, whose column is wider."""
        self.wrapped(text, head=f"  {word:<16}", head_style="dim")

    def block(self, lines: Iterable[str], style: str) -> None:
        for part in lines:
            self.line(" " * (4 + _LABEL), (part, style))

    def print(self) -> None:
        report = self.report
        hubs: list[Any] = [*report.hubs]
        cluster = roots(report, None)
        if cluster or not hubs:
            self.line(("Cluster", "bold"), ("  " + versions(self.report, None), "dim"))
            self.findings(cluster)
        for hub in hubs:
            name = clean(hub.label)
            kind = "" if hub.z2jh else "  a JupyterHub that is not z2jh: only what applies to any hub was checked"
            self.line((name, "bold"), ("  " + versions(self.report, hub) + kind, "dim"))
            causes = roots(report, hub)
            self.findings(causes)
            if not causes:
                self.quiet(hub)
        self.gaps()
        if self.verbose:
            self.details()
        self.summary()

    def quiet(self, hub: Any) -> None:
        results = [r for r in self.report.results if r.hub is hub]
        looked = sum(r.status is CheckStatus.OK for r in results)
        lost = sum(map(stopped, results))
        self.line()
        text = f" {looked} checks looked and found nothing"
        if lost:
            self.line((SIGN["unknown"], "bold magenta"), f"{text}; {lost} could not look.")
        else:
            self.line((SIGN["ok"], "bold green"), f"{text}.")
        self.line()

    def findings(self, found: list[Reported]) -> None:
        self.line()
        for f in found[: self.most]:
            self.finding(f)
        if left := len(found) - len(found[: self.most]):
            self.line((f"  ... and {left} more", "dim"))
            self.line()

    def finding(self, f: Reported) -> None:
        sign, word, style = SIGN[f.severity], f.severity.upper(), f"bold {COLOR[f.severity]}"
        new = "NEW " if self.report.baseline is not None and not f.known else ""
        lines = wrapped(capitalized(f.finding.says), self.width - len(word) - len(new) - 3)
        for i, part in enumerate(lines):
            if i == 0:
                self.line((f"{sign} {word} ", style), (new, style), (part, "bold"))
            else:
                self.line(" " * (len(word) + 3), (part, "bold"))
        self.row("on", objects(f.finding.on))
        proof = f.finding.proof
        shown = proof if self.verbose else proof[:MOST_EVIDENCE]
        for i, e in enumerate(shown):
            when = f" ({_ago(e.time, self.report.started_at)})" if e.time else ""
            self.row("seen" if i == 0 else "", f"{e.source}: {e.detail}{when}")
        if len(shown) < len(proof):
            self.row("", f"and {len(proof) - len(shown)} more (--verbose)")
        self.fix(f)
        symptoms = self.report.symptoms(f)
        for i, s in enumerate(symptoms):
            self.row("causes" if i == 0 else "", f"{s.check.id}: {capitalized(s.finding.says)}")
        self.row("more", f"jhubdoctor explain {f.check.id}")
        address = doc_url(f.check)
        # an address that is broken in two cannot be clicked
        indent = min(2 + _LABEL, max(self.width - len(address), 0))
        self.line(" " * indent, (address, "dim"))
        self.line()

    def fix(self, f: Reported) -> None:
        fix = f.fix
        self.row("fix", fix.text)
        if fix.values:
            self.row("", "In values.yaml:")
            self.block(values_yaml(fix.values).splitlines(), "green")
        if fix.commands:
            self.row("", "Then run:" if fix.values else "Run:")
            for command in fix.commands:
                self.block(folded_command(command, self.width - _LABEL - 4), "cyan")
        if fix.caution:
            self.row("note", fix.caution, "yellow")

    def gaps(self) -> None:
        """One line for each thing that could not be read, with the checks that are unknown for it."""
        reasons = blind(self.report)
        for b in reasons:
            short = not self.verbose and len(b.checks) > 3
            shown = (*b.checks[:2], f"{len(b.checks) - 2} more checks") if short else b.checks
            head = f"{SIGN['unknown']} {'BROKEN' if b.gap is None else 'UNKNOWN'} "
            text = b.text.removeprefix(FAULT)
            self.wrapped(f"{', '.join(shown)}: {text}", head=head, head_style="bold magenta")
            if b.gap is not None and b.gap.rule:
                self.row("grant", grant(b.gap))
        if any(b.gap is not None and b.gap.rule for b in reasons):
            self.row("", "`jhubdoctor rbac` prints all rules that the checks need.")
        if any(b.gap is None for b in reasons):
            self.row(
                "report",
                "This is a fault of jhubdoctor. Please report it, with this text and what "
                f"`jhubdoctor version` prints, at {bug.ISSUES}",
            )
            for line in fault(self.report):
                self.row("", line, "cyan")
        if reasons:
            self.line()

    def details(self) -> None:
        self.suppressed()
        self.line(("Checks", "bold"))
        for r in sorted(self.report.results, key=lambda r: (r.status.value, r.check.id)):
            reason = f": {clean(r.reason, 300)}" if r.reason else ""
            self.entry(r.status.value, f"{r.check.id}{reason}")
        self.line()
        self.line(("Read", "bold"), (f"  {self.report.requests} requests, {_bytes(self.report.bytes_read)}", "dim"))
        for row in self.report.coverage:
            detail = f": {clean(row.detail, 200)}" if row.detail else ""
            state = f"{row.state.value} {row.items}" if row.state is ReadState.OK else row.state.value
            self.entry(state, f"{clean(str(row.query), 200)}{detail}")
        self.line()

    def summary(self) -> None:
        report = self.report
        for notice in report.notices:
            self.row("note", clean(notice), "yellow")
        parts: list[Part] = []
        for severity in Severity:
            number = report.severities(severity)
            style = f"bold {COLOR[severity]}" if number else "dim"
            parts += [", " if parts else "", (count(number, severity), style)]
        if report.suppressed:
            parts.append((f", {len(report.suppressed)} suppressed", "dim"))
        self.compared()
        statuses = [f"{report.count(s)} {s.value}" for s in CheckStatus if report.count(s)]
        self.line(*parts)
        self.line((f"{len(report.results)} results: {', '.join(statuses)}", "dim"))
        last = [f"{report.duration:.1f} s"] if report.duration else []
        if report.knows.get("kubernetes"):
            last.append(f"knows Kubernetes to {report.knows['kubernetes']}, the chart to {report.knows.get('chart')}")
        self.line((" \u00b7 ".join(last), "dim"))

    def compared(self) -> None:
        """What is new and what is gone since the baseline."""
        baseline = self.report.baseline
        if baseline is None:
            return
        known = sum(f.known for f in self.report.findings)
        new = len(self.report.findings) - known
        self.row("since", f"{clean(baseline.place)}: {new} new, {known} known, {len(baseline.gone)} gone")
        for g in baseline.gone:
            self.row("gone", f"{g['check']}: {capitalized(g['message'])}")

    def suppressed(self) -> None:
        """What rules hide, and why."""
        if not self.report.suppressed:
            return
        self.line(("Suppressed", "bold"))
        for f in self.report.suppressed:
            rule = f.suppression
            until = f", until {rule.until}" if rule and rule.until else ""
            reason = f" ({rule.reason}{until}; {rule.place})" if rule else ""
            self.entry(f.severity.value, f"{f.check.id}: {capitalized(f.finding.says)}{reason}")
        self.line()


def _ago(at: datetime, now: datetime) -> str:
    seconds = (now - at).total_seconds()
    if seconds < 0:
        return at.strftime("%Y-%m-%d %H:%M UTC")
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            n = int(seconds // size)
            return f"{n} {unit}{'' if n == 1 else 's'} ago"
    return "just now"


def _bytes(n: int) -> str:
    return f"{n / 2**20:.1f} MiB" if n >= 2**20 else f"{n / 2**10:.0f} KiB"
