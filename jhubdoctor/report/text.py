"""The report for people: root causes first, each with what was seen and what to do.

Cluster text arrives here already neutralised (`run.harmless`) and is only ever put into `Text` objects, so rich never
takes it for markup.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style
from rich.text import Text

from jhubdoctor import bug
from jhubdoctor.finding import Ref, Severity
from jhubdoctor.reads import State
from jhubdoctor.redact import clean
from jhubdoctor.report.parts import doc_url, fault
from jhubdoctor.run import Gap, Report, Reported, Status

_LOOK = {
    Severity.ERROR: ("\u2716", "ERROR", "bold red"),
    Severity.WARNING: ("\u25b2", "WARNING", "bold yellow"),
    Severity.INFO: ("\u25cf", "INFO", "bold cyan"),
}
_LABEL = 8
MOST_EVIDENCE = 8
NARROWEST = 60


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


def console(width: int, *, color: bool) -> Console:
    """A console that writes into memory, the same on every terminal and in every environment."""
    return Console(
        file=io.StringIO(),
        width=max(width, NARROWEST),
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        _environ={},
    )


def printed(page: Console) -> str:
    """What was printed on such a console, without blanks at the ends of lines."""
    file = page.file
    assert isinstance(file, io.StringIO)  # noqa: S101  - it was made so above
    return "\n".join(line.rstrip() for line in file.getvalue().split("\n"))


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
        lines = _wrapped(text, self.width - len(indent)) or [""]
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
        lines = _wrapped(_sentence(f.finding.says), self.width - len(word) - len(new) - 3)
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
            self.row("causes" if i == 0 else "", f"{s.check.id}: {_sentence(s.finding.says)}")
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
        by_gap: dict[str, tuple[Gap | None, list[str]]] = {}
        for r in self.report.results:
            if r.status is Status.BROKEN:
                by_gap.setdefault(f"broken: {clean(r.reason)}", (None, []))[1].append(r.check.id)
            elif r.status is Status.UNKNOWN:
                for missing in r.gaps:
                    by_gap.setdefault(_gap(missing), (missing, []))[1].append(r.check.id)
        for text, (gap, ids) in sorted(by_gap.items()):
            names = sorted(set(ids))
            shown = names if self.verbose or len(names) <= 3 else [*names[:2], f"{len(names) - 2} more checks"]
            word = "BROKEN" if gap is None else "UNKNOWN"
            head = f"? {word} "
            body = f"{_joined(shown)}: {text.removeprefix('broken: ')}"
            for i, part in enumerate(_wrapped(body, self.width - len(head))):
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
            for i, part in enumerate(_wrapped(f"{r.check.id}{reason}", self.width - 18)):
                self.line((f"  {r.status.value if i == 0 else '':<16}", "dim"), part)
        self.line()
        self.line(("Read", "bold"), (f"  {self.report.requests} requests, {_bytes(self.report.bytes_read)}", "dim"))
        for row in self.report.coverage:
            detail = f": {clean(row.detail, 200)}" if row.detail else ""
            for i, part in enumerate(_wrapped(f"{clean(str(row.query), 200)}{detail}", self.width - 18)):
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
            self.row("gone", f"{g['check']}: {_sentence(g['message'])}")

    def suppressed(self) -> None:
        """What rules hide, and why."""
        if not self.report.suppressed:
            return
        self.line(("Suppressed", "bold"))
        for f in self.report.suppressed:
            rule = f.suppression
            until = f", until {rule.until}" if rule and rule.until else ""
            reason = f" ({rule.reason}{until}; {rule.place})" if rule else ""
            for i, part in enumerate(_wrapped(f"{f.check.id}: {_sentence(f.finding.says)}{reason}", self.width - 18)):
                self.line((f"  {f.severity.value if i == 0 else '':<16}", "dim"), part)
        self.line()


# --- text ------------------------------------------------------------------------------------------------------------


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(width, 20), break_long_words=False, break_on_hyphens=False)


wrapped = _wrapped
"""Text in lines of a width, without breaking words."""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] if not re.match(r"\S*[/.\d]", text) else text


def _joined(names: list[str]) -> str:
    return ", ".join(names)


def objects(refs: Iterable[Ref], most: int = 3) -> str:
    """Objects in a line: all of a few, of many of one kind their number and an example."""
    kinds: dict[str, list[Ref]] = {}
    for r in dict.fromkeys(refs):
        kinds.setdefault(r.kind, []).append(r)
    parts = []
    for kind, found in kinds.items():
        names = [f"{r.namespace}/{r.name}" if r.namespace else r.name for r in found]
        inside = sorted({r.container for r in found if r.container})
        container = f" (container {', '.join(inside)})" if inside else ""
        if len(dict.fromkeys(names)) > most:
            names = list(dict.fromkeys(names))
            parts.append(f"{len(names)} {plural(kind)}, e.g. {names[0]}{container}")
        else:
            parts.append(f"{kind} {', '.join(dict.fromkeys(names))}{container}")
    return "; ".join(parts)


def plural(kind: str) -> str:
    """A kind in the plural, as people write it."""
    if kind.endswith(("ss", "x", "ch")):
        return f"{kind}es"
    return f"{kind[:-1]}ies" if kind.endswith("y") and kind[-2:-1] not in "aeiou" else f"{kind}s"


def values_yaml(values: Mapping[str, Any]) -> str:
    """A patch of values.yaml."""
    import yaml

    from jhubdoctor.report.json_v1 import _plain

    return str(yaml.dump(_plain(dict(values)), Dumper=dumper(), sort_keys=False, default_flow_style=False, width=1000))


def dumper() -> Any:
    """The safe dumper of libyaml where it is there: the one in Python takes ten times as long."""
    import yaml

    return getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def folded_command(command: str, width: int) -> list[str]:
    """A command on lines that fit, continued with a backslash before an option, so that it can still be pasted."""
    if len(command) <= width:
        return [command]
    pieces = re.split(r" (?=--?[a-zA-Z]|-- |\| |> |&& )", command)
    if any(q in command for q in "'\"") and any(p.count("'") % 2 or p.count('"') % 2 for p in pieces):
        return [command]
    if not any(q in command for q in "'\""):
        pieces = [part for p in pieces for part in ([p] if len(p) + 4 <= width else p.split(" "))]
    lines = [pieces[0]]
    for piece in pieces[1:]:
        if len(lines[-1]) + len(piece) + 3 <= width:
            lines[-1] += f" {piece}"
        else:
            lines.append(f"  {piece}")
    return [f"{line} \\" for line in lines[:-1]] + [lines[-1]]


def grant(gap: Gap) -> str:
    """The rule that would allow a read, in words."""
    rule = gap.rule or {}
    if "nonResourceURLs" in rule:
        return f"a ClusterRole rule: get on {', '.join(rule['nonResourceURLs'])}"
    group = rule["apiGroups"][0]
    where = f"in namespace {gap.query.namespace}" if gap.query.namespace else "in the whole cluster"
    return f"{', '.join(rule['verbs'])} on {rule['resources'][0]}{f' of {group}' if group else ''} {where}"


def _gap(gap: Gap) -> str:
    detail = f" ({clean(gap.detail, 200)})" if gap.detail else ""
    return f"cannot read {clean(str(gap.query), 200)}: {gap.state.value}{detail}"


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
