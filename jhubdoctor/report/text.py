"""The report for people: what is wrong in one line each, then each with what was seen and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from jhubdoctor.engine import bug
from jhubdoctor.engine.result import CheckStatus, Report, Reported
from jhubdoctor.model.finding import Fix, Severity
from jhubdoctor.model.hub import PATCH_FILE
from jhubdoctor.model.words import count
from jhubdoctor.privacy.text import clean
from jhubdoctor.report.lines import (
    COLOR,
    SIGN,
    ago,
    capitalized,
    folded_command,
    grant,
    objects,
    patch_place,
    sentence,
    values_yaml,
    wrapped,
)
from jhubdoctor.report.page import Page
from jhubdoctor.report.parts import (
    FAULT,
    blind,
    concerned,
    counted,
    doc_url,
    fault,
    headline,
    last_seen,
    roots,
    versions,
)
from jhubdoctor.report.patch import Patch, patch_of
from jhubdoctor.sources.reads import ReadState

_LABEL = 8
MOST_EVIDENCE = 8


def render(report: Report, *, width: int = 80, color: bool = False, verbose: bool = False, advice: bool = False) -> str:
    """The report as text.

    Args:
        report: what to show.
        width: columns; commands may be wider, never broken inside a word.
        color: whether to use ANSI colours.
        verbose: whether to list checks that found nothing, and what was read.
        advice: whether to show infos in full, not in one line each; `verbose` does.
    """
    page = _ReportPage(report, width, verbose=verbose, advice=advice or verbose)
    page.print()
    return page.text(color=color)


def picture(report: Report, *, width: int = 92, most: int = 2) -> str:
    """The overview and the first root causes as they look on a terminal, as SVG; the same for the same report."""
    page = _ReportPage(report, width, most=most)
    page.print()
    return page.svg("jhubdoctor demo")


class _ReportPage(Page):
    def __init__(
        self, report: Report, width: int, *, verbose: bool = False, advice: bool = False, most: int | None = None
    ) -> None:
        super().__init__(width)
        self.report = report
        self.verbose = verbose
        self.most = most
        hubs: list[Any] = [*report.hubs]
        self.places = [None, *hubs] if roots(report, None) or not hubs else hubs
        # in the order in which the numbers count
        self.shown = [f for p in self.places for f in roots(report, p) if advice or f.severity is not Severity.INFO]
        self.patches = [p for h in report.hubs if (p := patch_of(report, h)).apart]

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
        for place in self.places:
            self.overview(place)
        for f in self.shown[: self.most]:
            self.finding(f)
        if left := len(self.shown) - len(self.shown[: self.most]):
            self.line((f"  ... and {left} more", "dim"))
            self.line()
        self.gaps()
        if self.verbose:
            self.details()
        self.summary()

    def overview(self, hub: Any) -> None:
        """Which hub it is, how it is, and each root cause in a line."""
        name = clean(hub.label) if hub is not None else "Cluster"
        kind = (
            ""
            if hub is None or hub.z2jh
            else "  a JupyterHub that is not z2jh: only what applies to any hub was checked"
        )
        self.line((name, "bold"), ("  " + versions(self.report, hub) + kind, "dim"))
        state, text = headline(self.report, hub)
        self.wrapped(text, style="bold", head=f"{SIGN[state]} ", head_style=f"bold {COLOR[state]}")
        own = roots(self.report, hub)
        for f in own if len(self.shown) > 1 else ():
            if f in self.shown:
                head = f"{self.number(f):>3} {SIGN[self.report.weight(f)]} "
                self.wrapped(self.brief(f), head=head, head_style=f"bold {COLOR[self.report.weight(f)]}")
        for f in own:
            if f not in self.shown:
                text = f"{sentence(capitalized(f.finding.says))} `jhubdoctor explain {f.check.id}`"
                self.wrapped(text, head=f"    {SIGN['info']} ", head_style=f"bold {COLOR['info']}")
        self.line()

    def number(self, f: Reported) -> int:
        """Which of the findings it is: the overview and the details count alike."""
        return self.shown.index(f) + 1

    def brief(self, f: Reported) -> str:
        """A root cause in a line: what is wrong, whom it concerns, when it was seen last."""
        seen = last_seen(self.report, f)
        when = ago(seen, self.report.started_at) if seen else ""
        return f"{capitalized(f.finding.says)} ({', '.join(filter(None, (concerned(self.report, f), when)))})"

    def finding(self, f: Reported) -> None:
        weight = self.report.weight(f)
        number = f"{self.number(f)} " if len(self.shown) > 1 else ""
        sign, word, style = f"{number}{SIGN[weight]}", weight.upper(), f"bold {COLOR[weight]}"
        new = "NEW " if self.report.baseline is not None and not f.known else ""
        lines = wrapped(capitalized(f.finding.says), self.width - len(sign) - len(word) - len(new) - 2)
        for i, part in enumerate(lines):
            if i == 0:
                self.line((f"{sign} {word} ", style), (new, style), (part, "bold"))
            else:
                self.line(" " * (len(sign) + len(word) + 2), (part, "bold"))
        self.row("on", objects(f.finding.on))
        proof = f.finding.proof
        shown = proof if self.verbose else proof[:MOST_EVIDENCE]
        for i, e in enumerate(shown):
            when = f" ({ago(e.time, self.report.started_at)})" if e.time else ""
            self.row("seen" if i == 0 else "", f"{e.source}: {e.detail}{when}")
        if len(shown) < len(proof):
            self.row("", f"and {len(proof) - len(shown)} more (--verbose)")
        symptoms = self.report.symptoms(f)
        for i, s in enumerate(symptoms):
            self.row("causes" if i == 0 else "", f"{s.check.id}: {capitalized(s.finding.says)}")
        same = next((o for o in self.shown[: self.number(f) - 1] if o.fix == f.fix and f.fix.commands), None)
        if same is not None:
            self.row("fix", f"The same as for {self.number(same)}.")
        else:
            self.fix(f)
        self.row("more", f"jhubdoctor explain {f.check.id}")
        # an address that is broken in two cannot be clicked
        self.line(" " * (2 + _LABEL), (doc_url(f.check), "dim"))
        self.line()

    def fix(self, f: Reported) -> None:
        fix: Fix = f.fix
        self.row("fix", fix.text)
        later = next((p for p in self.patches if f in p.of), None)
        first, then = later.around(f) if later else (fix.commands, ())
        if fix.values:
            self.row("", f"{patch_place(f.hub)}{', applied as at the end of this report' if later else ''}:")
            self.block(values_yaml(fix.values).splitlines(), "green")
        words = "First run:" if later else "Then run:" if fix.values else "Run:"
        for said, commands in ((words, first), ("After that upgrade run:", then)):
            if commands:
                self.row("", said)
            for command in commands:
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
        """What is about the report as a whole; what to do first are its last lines, which stay on a screen."""
        report = self.report
        for patch in self.patches:
            self.apply(patch)
        self.afterwards()
        for notice in report.notices:
            self.row("note", clean(notice), "yellow")
        self.compared()
        statuses = Counter(r.status for r in report.results)
        words = [f"{n} {s.value}" for s in CheckStatus if (n := statuses[s])]
        last = [f"{count(len(report.results), 'result')}: {', '.join(words)}"]
        if report.duration:
            last.append(f"{report.duration:.1f} s")
        if report.knows.get("kubernetes"):
            last.append(f"knows Kubernetes to {report.knows['kubernetes']}, the chart to {report.knows.get('chart')}")
        if report.findings or report.hidden or report.suppressed:
            self.wrapped(counted(report), style="bold")
        for part in wrapped(" \u00b7 ".join(last), self.width):
            self.line((part, "dim"))
        if len(self.shown) > 1:
            # of all hubs the worst, which need not be the first hub's
            ready = (f for f in report.findings if f in self.shown and f.waits is None)
            self.first(next(ready, self.shown[0]))

    def apply(self, patch: Patch) -> None:
        """All values of a hub's fixes in one patch, and the one command for them."""
        hub, numbers = patch.hub, ", ".join(str(self.number(f)) for f in patch.of)
        place = patch_place(hub)
        self.row("apply", f"What the fixes of {numbers} set for {clean(hub.label)}, {place[:1].lower()}{place[1:]}:")
        self.block(values_yaml(patch.values).splitlines(), "green")
        if patch.commands:
            self.row("", f"`jhubdoctor run --patch {PATCH_FILE}` writes it. Then run:")
            for command in patch.commands:
                self.block(folded_command(command, self.width - _LABEL - 4), "cyan")
        self.line()

    def afterwards(self) -> None:
        """What the upgrade leaves as it is, and how to know when it is well: once, however many fixes there are."""
        if any(f.hub is not None and f.hub.helm_upgrade and f.fix.values for f in self.shown):
            self.row(
                "keep",
                "The upgrade keeps all else that is set (Helm 3.14 or later). Where you keep values in files of your "
                "own, add the lines there: an upgrade with those files alone takes them away again.",
            )
        hubs = list(dict.fromkeys(f.hub for f in self.shown if f.hub is not None and f.severity is not Severity.INFO))
        if not hubs:
            return
        where = f"--namespace {hubs[0].namespace} --release {hubs[0].release}" if len(hubs) == 1 else "--all-namespaces"
        self.row("after", "Wait until it is well:")
        self.block(folded_command(f"jhubdoctor run {where} --wait 10m", self.width - _LABEL - 4), "cyan")
        self.line()

    def first(self, f: Reported) -> None:
        """What to do first, once more."""
        self.line()
        self.line((f"Start with {self.number(f)} of {len(self.shown)}, above:", "bold"))
        self.wrapped(f"{sentence(capitalized(f.finding.says))} {f.fix.text}", head="  ")

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


def _bytes(n: int) -> str:
    return f"{n / 2**20:.1f} MiB" if n >= 2**20 else f"{n / 2**10:.0f} KiB"
