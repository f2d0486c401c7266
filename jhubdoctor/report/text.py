"""The report for people: root causes first, each with what was seen and what to do.

Cluster text arrives here already neutralised (`privacy.harmless`) and is only ever put into `Text` objects, so rich
never takes it for markup.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style
from rich.text import Text

from jhubdoctor import DOC_BASE
from jhubdoctor.engine import bug
from jhubdoctor.engine.result import Gap, Report, Reported, Status
from jhubdoctor.model.finding import Severity
from jhubdoctor.privacy.text import clean
from jhubdoctor.report.lines import (
    cannot_read,
    capitalized,
    console,
    folded_command,
    grant,
    objects,
    printed,
    values_yaml,
    wrapped,
)
from jhubdoctor.report.parts import fault
from jhubdoctor.sources.reads import State

_LOOK = {
    Severity.ERROR: ("\u2716", "ERROR", "bold red"),
    Severity.WARNING: ("\u25b2", "WARNING", "bold yellow"),
    Severity.INFO: ("\u25cf", "INFO", "bold cyan"),
}
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
    page = console(width, color=color)
    _Page(page, report, verbose=verbose).print()
    return printed(page)


def picture(report: Report, *, width: int = 92, most: int = 3) -> str:
    """The first root causes of a report as they look on a terminal, as SVG; the same for the same report."""
    console = Console(
        file=io.StringIO(),
        record=True,
        width=width,
        force_terminal=True,
        color_system="truecolor",
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        _environ={},
    )
    page = _Page(console, report, verbose=False)
    page.most = most
    page.print()
    return console.export_svg(title="jhubdoctor demo", unique_id="jhubdoctor")


class _Page:
    def __init__(self, console: Console, report: Report, *, verbose: bool) -> None:
        self.console = console
        self.report = report
        self.verbose = verbose
        self.width = console.width
        self.most: int | None = None

    # --- lines -------------------------------------------------------------------------------------------------------

    def line(self, *parts: str | tuple[str, str]) -> None:
        if self.console.record:
            self.console.print(Text.assemble(*parts), soft_wrap=True)
            return
        # lines are wrapped already: what is left of printing is the colour, at a tenth of the price
        pairs = (p if isinstance(p, tuple) else (p, "") for p in parts)
        self.console.file.write("".join(self.styled(*p) for p in pairs) + "\n")

    def styled(self, text: str, style: str) -> str:
        if not (style and text and self.console.color_system):
            return text
        return Style.parse(style).render(text, color_system=ColorSystem.STANDARD)

    def row(self, label: str, text: str, style: str = "") -> None:
        """A label in its column, and text that wraps beside it."""
        indent = " " * (2 + _LABEL)
        lines = wrapped(text, self.width - len(indent)) or [""]
        for i, part in enumerate(lines):
            head = f"  {label:<{_LABEL}}" if i == 0 else indent
            self.line((head, "dim"), (part, style))

    def block(self, lines: Iterable[str], style: str) -> None:
        for part in lines:
            self.line(" " * (4 + _LABEL), (part, style))

    # --- parts -------------------------------------------------------------------------------------------------------

    def print(self) -> None:
        report = self.report
        hubs: list[Any] = [*report.hubs]
        cluster = [f for f in report.findings if f.hub is None and f.explained_by is None]
        if cluster or not hubs:
            self.line(("Cluster", "bold"), ("  " + self.versions(None), "dim"))
            self.findings(cluster)
        for hub in hubs:
            name = clean(hub.label)
            kind = "" if hub.z2jh else "  a JupyterHub that is not z2jh: only what applies to any hub was checked"
            self.line((name, "bold"), ("  " + self.versions(hub) + kind, "dim"))
            mine = [f for f in report.findings if f.hub is hub and f.explained_by is None]
            self.findings(mine)
            if not mine:
                self.quiet(hub)
        self.gaps()
        if self.verbose:
            self.details()
        self.summary()

    def versions(self, hub: Any) -> str:
        parts = []
        if hub is not None and hub.chart:
            parts.append(f"z2jh {clean(hub.chart)}")
        if hub is not None and hub.jupyterhub_version:
            parts.append(f"JupyterHub {hub.jupyterhub_version}")
        if self.report.server_version:
            parts.append(f"Kubernetes {self.report.server_version}")
        return " \u00b7 ".join(parts)

    def quiet(self, hub: Any) -> None:
        mine = [r for r in self.report.results if r.hub is hub]
        looked = sum(r.status is Status.OK for r in mine)
        blind = sum(r.status in {Status.UNKNOWN, Status.BROKEN} for r in mine)
        self.line()
        if blind:
            self.line(("?", "bold magenta"), f" {looked} checks looked and found nothing; {blind} could not look.")
        else:
            self.line(("\u2714", "bold green"), f" {looked} checks looked and found nothing.")
        self.line()

    def findings(self, found: list[Reported]) -> None:
        self.line()
        for f in found[: self.most]:
            self.finding(f)
        if left := len(found) - len(found[: self.most]):
            self.line((f"  ... and {left} more", "dim"))
            self.line()

    def finding(self, f: Reported) -> None:
        sign, word, style = _LOOK[f.severity]
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
        address = f"{DOC_BASE}{f.check.id}/"
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
        by_gap: dict[str, tuple[Gap | None, list[str]]] = {}
        for r in self.report.results:
            if r.status is Status.BROKEN:
                by_gap.setdefault(f"broken: {clean(r.reason)}", (None, []))[1].append(r.check.id)
            elif r.status is Status.UNKNOWN:
                for missing in r.gaps:
                    by_gap.setdefault(cannot_read(missing), (missing, []))[1].append(r.check.id)
        for text, (gap, ids) in sorted(by_gap.items()):
            names = sorted(set(ids))
            shown = names if self.verbose or len(names) <= 3 else [*names[:2], f"{len(names) - 2} more checks"]
            word = "BROKEN" if gap is None else "UNKNOWN"
            head = f"? {word} "
            body = f"{', '.join(shown)}: {text.removeprefix('broken: ')}"
            for i, part in enumerate(wrapped(body, self.width - len(head))):
                self.line((head if i == 0 else " " * len(head), "bold magenta"), part)
            if gap is not None and gap.rule:
                self.row("grant", grant(gap))
        if any(g is not None and g.rule for g, _ in by_gap.values()):
            self.row("", "`jhubdoctor rbac` prints all rules that the checks need.")
        if any(gap is None for gap, _ in by_gap.values()):
            self.row(
                "report",
                "This is a fault of jhubdoctor. Please report it, with this text and what "
                f"`jhubdoctor version` prints, at {bug.ISSUES}",
            )
            for line in fault(self.report):
                self.row("", line, "cyan")
        if by_gap:
            self.line()

    def details(self) -> None:
        self.suppressed()
        self.line(("Checks", "bold"))
        for r in sorted(self.report.results, key=lambda r: (r.status.value, r.check.id)):
            reason = f": {clean(r.reason, 300)}" if r.reason else ""
            for i, part in enumerate(wrapped(f"{r.check.id}{reason}", self.width - 18)):
                self.line((f"  {r.status.value if i == 0 else '':<16}", "dim"), part)
        self.line()
        self.line(("Read", "bold"), (f"  {self.report.requests} requests, {_bytes(self.report.bytes_read)}", "dim"))
        for row in self.report.coverage:
            detail = f": {clean(row.detail, 200)}" if row.detail else ""
            for i, part in enumerate(wrapped(f"{clean(str(row.query), 200)}{detail}", self.width - 18)):
                state = f"{row.state.value} {row.items}" if row.state is State.OK else row.state.value
                self.line((f"  {state if i == 0 else '':<16}", "dim"), part)
        self.line()

    def summary(self) -> None:
        report = self.report
        for notice in report.notices:
            self.row("note", clean(notice), "yellow")
        counted = [
            (report.severities(Severity.ERROR), "error", "errors", "bold red"),
            (report.severities(Severity.WARNING), "warning", "warnings", "bold yellow"),
            (report.severities(Severity.INFO), "info", "infos", "bold cyan"),
        ]
        parts: list[str | tuple[str, str]] = []
        for number, one, many, style in counted:
            parts += [", " if parts else "", (f"{number} {one if number == 1 else many}", style if number else "dim")]
        if report.suppressed:
            parts.append((f", {len(report.suppressed)} suppressed", "dim"))
        self.compared()
        statuses = [f"{report.count(s)} {s.value}" for s in Status if report.count(s)]
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
            for i, part in enumerate(wrapped(f"{f.check.id}: {capitalized(f.finding.says)}{reason}", self.width - 18)):
                self.line((f"  {f.severity.value if i == 0 else '':<16}", "dim"), part)
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
