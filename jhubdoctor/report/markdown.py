"""Markdown for a forum post, an issue, or the summary of a CI job.

It is read by GitHub, GitLab and Discourse alike: headings, tables, fences, `<details>`. Text of the cluster is escaped,
and names nobody: an `@` in it is no mention.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from jhubdoctor import __version__
from jhubdoctor.engine.result import Report, Reported
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.words import count
from jhubdoctor.privacy.text import clean
from jhubdoctor.report.lines import capitalized, grant, objects, patch_place, values_yaml
from jhubdoctor.report.parts import CLUSTER, blind, concerned, counted, doc_url, headline, roots, stamp, versions
from jhubdoctor.report.patch import Patch, patch_of

_SIGN = {Severity.ERROR: "\u274c", Severity.WARNING: "\u26a0\ufe0f", Severity.INFO: "\u2139\ufe0f"}
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&$])")
MOST_EVIDENCE = 8


def render(report: Report) -> str:
    """The report: each root cause in a line, then each with what was seen and what to do."""
    lines = [f"## JupyterHub: {escaped(_verdict(report))}", ""]
    lines += [f"{escaped(counted(report))}.", ""]
    places = [None, *report.hubs] if roots(report, None) or not report.hubs else list(report.hubs)
    number = 0
    for hub in places:
        lines += [f"### {code(clean(hub.label)) if hub else CLUSTER.title()}", ""]
        if known := versions(report, hub):
            lines += [escaped(known), ""]
        lines += [f"{escaped(headline(report, hub)[1])}.", ""]
        found, patch = roots(report, hub), patch_of(report, hub) if hub else None
        causes = [f for f in found if f.severity is not Severity.INFO]
        if len(causes) > 1:
            lines += [f"{number + i}. {_SIGN[report.weight(f)]} {_brief(f, report)}" for i, f in enumerate(causes, 1)]
            lines.append("")
        for f in causes:
            number += 1
            lines += _finding(f, report, patch, f"{number}. " if len(causes) > 1 else "")
        lines += _patch(patch) if patch and patch.apart else []
        advice = [f for f in found if f.severity is Severity.INFO]
        if advice:
            lines += [f"<details><summary>{count(len(advice), 'piece')} of advice</summary>", ""]
            for f in advice:
                lines += _finding(f, report, patch)
            lines += ["</details>", ""]
    lines += _blind(report)
    lines += _suppressed(report)
    if report.baseline is not None:
        known_ = sum(f.known for f in report.findings)
        lines += [f"Compared with {code(clean(report.baseline.place))}: {len(report.findings) - known_} new, "]
        lines[-1] += f"{known_} known, {len(report.baseline.gone)} gone."
        lines.append("")
    lines += [f"> {escaped(n)}\n" for n in map(clean, report.notices)]
    lines += [f"<sub>jhubdoctor {__version__}, {stamp(report)}, {escaped(report.source)}</sub>", ""]
    return "\n".join(lines)


def _brief(f: Reported, report: Report) -> str:
    return escaped(f"{capitalized(f.finding.says)} ({concerned(report, f)})")


def _verdict(report: Report) -> str:
    return {"ok": "fine", "unknown": "no verdict", "info": "fine, with advice"}.get(report.verdict, report.verdict)


def _patch(patch: Patch) -> list[str]:
    """All values of a hub's fixes, and the one command for them."""
    lines = ["#### What these fixes set, in one patch", "", f"{patch_place(patch.hub)}:", ""]
    lines += [*fence(values_yaml(patch.values), "yaml"), ""]
    return [*lines, *fence("\n".join(patch.commands), "shell"), ""] if patch.commands else lines


def _finding(f: Reported, report: Report, patch: Patch | None, number: str = "") -> list[str]:
    new = " **(new)**" if report.baseline is not None and not f.known else ""
    lines = [
        f"#### {number}{_SIGN[report.weight(f)]} {escaped(capitalized(f.finding.says))}{new}",
        "",
        f"On {escaped(objects(f.finding.on))}.",
        "",
    ]
    proof = f.finding.proof
    for e in proof[:MOST_EVIDENCE]:
        when = f" ({e.time:%Y-%m-%d %H:%M} UTC)" if e.time else ""
        lines.append(f"- {escaped(e.source)}: {code(e.detail)}{when}")
    if len(proof) > MOST_EVIDENCE:
        lines.append(f"- and {len(proof) - MOST_EVIDENCE} more")
    lines += ["", f"**Fix.** {escaped(f.fix.text)}", ""]
    if f.fix.values:
        lines += [f"{patch_place(f.hub)}:", "", *fence(values_yaml(f.fix.values), "yaml"), ""]
    first, then = patch.around(f) if patch else (f.fix.commands, ())
    lines += [*fence("\n".join(first), "shell"), ""] if first else []
    lines += ["After the upgrade:", "", *fence("\n".join(then), "shell"), ""] if then else []
    if f.fix.caution:
        lines += [f"*{escaped(f.fix.caution)}*", ""]
    if symptoms := report.symptoms(f):
        lines += [f"<details><summary>It explains {len(symptoms)} more</summary>", ""]
        lines += [f"- {code(s.check.id)}: {escaped(capitalized(s.finding.says))}" for s in symptoms]
        lines += ["", "</details>", ""]
    return [*lines, f"[{f.check.id}]({doc_url(f.check)})", ""]


def _blind(report: Report) -> list[str]:
    reasons = blind(report)
    if not reasons:
        return []
    lines = ["### Could not look", ""]
    for b in reasons:
        right = f" Grant: {escaped(grant(b.gap))}." if b.gap is not None and b.gap.rule else ""
        lines.append(f"- {', '.join(map(code, b.checks))}: {escaped(b.text)}.{right}")
    return [*lines, ""]


def _suppressed(report: Report) -> list[str]:
    if not report.suppressed:
        return []
    lines = [f"<details><summary>{len(report.suppressed)} suppressed</summary>", ""]
    for f in report.suppressed:
        reason = escaped(f.suppression.reason) if f.suppression else ""
        lines.append(f"- {code(f.check.id)}: {escaped(capitalized(f.finding.says))}. Reason: {reason}")
    return [*lines, "", "</details>", ""]


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    # what would start a heading or a list, then, by a comment, what would be a mention, an issue, a link, an emoji
    plain = re.sub(r"^([-+#=])|^(\d+)([.)])", r"\2\\\1\3", _SPECIAL.sub(r"\\\1", text))
    return re.sub(r"([@#](?=\w)|(?<=[a-z]):(?=//)|:(?=\w+:))", r"\1<!-- -->", plain)


def code(text: str) -> str:
    """A code span, fenced by more backticks than the text has in a row."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * (longest + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}" if text else ""


def fence(text: str, language: str) -> Iterable[str]:
    """A block of code."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    ticks = "`" * (longest + 1)
    return (f"{ticks}{language}", *text.rstrip("\n").split("\n"), ticks)
