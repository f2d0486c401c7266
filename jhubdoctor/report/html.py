"""The report as one HTML file: no script, nothing loaded from anywhere; for a phone, a printer, a dark room.

Everything that comes from a cluster passes `_e`; the tests feed it markup, and a policy in the page forbids the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from jhubdoctor import __version__
from jhubdoctor.engine.result import Report, Reported
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.hub import Hub
from jhubdoctor.model.words import count
from jhubdoctor.privacy.text import clean
from jhubdoctor.report.lines import SIGN, capitalized, folded_command, grant, objects, patch_place, values_yaml
from jhubdoctor.report.parts import CLUSTER, blind, concerned, doc_url, headline, label, roots, stopped, versions
from jhubdoctor.report.patch import Patch, patch_of

_VERDICT = {
    "ok": "All is well",
    "info": "All is well; there is advice",
    "warning": "Something needs attention",
    "error": "Something is broken",
    "unknown": "No verdict: something could not be looked at",
}
MOST_EVIDENCE = 20
MOST_OPEN = 8
"""Of so many findings each is open; of more only the first, and the rest at a click."""

_STYLE = """
:root { color-scheme: light dark; --back: #fff; --card: #f7f7f8; --text: #1c1e21; --dim: #5c6370; --line: #d9dce1;
  --error: #b3261e; --warning: #8a5300; --info: #0b5cad; --ok: #1a6e37; --unknown: #7b2cbf; --code: #eceef1; }
@media (prefers-color-scheme: dark) { :root { --back: #131518; --card: #1c1f24; --text: #e4e6ea; --dim: #9aa2ae;
  --line: #33383f; --error: #ff8a80; --warning: #ffc36b; --info: #86bdff; --ok: #7ddb9c; --unknown: #d3a4ff;
  --code: #262a31; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .2rem; }
h3 { font-size: 1rem; margin: 0; } p { margin: .5rem 0; }
a { color: var(--info); } .dim { color: var(--dim); font-size: .9rem; }
header { border-bottom: 1px solid var(--line); padding-bottom: .8rem; }
.verdict { font-weight: 600; }
ul.counts { list-style: none; padding: 0; margin: .8rem 0 0; display: flex; flex-wrap: wrap; gap: .5rem; }
ul.counts li { background: var(--card); border: 1px solid var(--line); border-radius: 999px; padding: .1rem .8rem; }
article { background: var(--card); border: 1px solid var(--line); border-left: .35rem solid var(--line);
  border-radius: .4rem; padding: .9rem 1rem; margin: .9rem 0; }
article.error { border-left-color: var(--error); } article.warning { border-left-color: var(--warning); }
article.info { border-left-color: var(--info); } article.unknown { border-left-color: var(--unknown); }
.error h3 .mark, li.error b { color: var(--error); } .warning h3 .mark, li.warning b { color: var(--warning); }
.info h3 .mark, li.info b { color: var(--info); } .unknown h3 .mark, li.unknown b { color: var(--unknown); }
.ok { color: var(--ok); }
dl { display: grid; grid-template-columns: 5rem 1fr; gap: .3rem .8rem; margin: .7rem 0 0; }
dt { color: var(--dim); } dd { margin: 0; min-width: 0; } dd ul { margin: 0; padding-left: 1.1rem; }
pre { background: var(--code); border-radius: .3rem; padding: .6rem .7rem; margin: .4rem 0; white-space: pre-wrap;
  overflow-wrap: anywhere; font: .85rem/1.45 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; }
.caution { color: var(--warning); }
.new { border: 1px solid; border-radius: .3rem; padding: 0 .35rem; font-size: .8rem; }
details { margin: .9rem 0; } summary { cursor: pointer; font-weight: 600; }
article > details { margin: 0; } article summary h3 { display: inline; }
ol.overview { padding-left: 1.8rem; margin: .5rem 0; } ol.overview li { margin: .2rem 0; }
fieldset { border: 0; padding: 0; margin: .8rem 0 0; display: flex; flex-wrap: wrap; gap: .2rem 1rem; }
legend { float: left; margin-right: 1rem; color: var(--dim); } ol .mark { font-weight: 600; }
li.error .mark { color: var(--error); } li.warning .mark { color: var(--warning); }
li.info .mark { color: var(--info); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .5rem; border-bottom: 1px solid var(--line); }
@media (max-width: 34rem) { dl { grid-template-columns: 1fr; gap: 0; } dt { margin-top: .5rem; }
  table { font-size: .8rem; } th, td { padding: .25rem; } }
@media print { fieldset { display: none; } article > details::details-content { content-visibility: visible; }
  body { max-width: none; font-size: 10pt; } article, pre { break-inside: avoid; }
  a { color: inherit; } a.note::after { content: " " attr(href); word-break: break-all; }
  :root { --back: #fff; --card: #fff; --text: #000; --dim: #444; --line: #999; --code: #f2f2f2; --error: #900;
  --warning: #640; --info: #036; --ok: #040; --unknown: #406; } }
"""


def render(report: Report) -> str:
    """The page."""
    at = f"{report.started_at:%Y-%m-%d %H:%M UTC}"
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="referrer" content="no-referrer">',
        f"<title>{_e(_VERDICT[report.verdict])} \u00b7 jhubdoctor \u00b7 {at}</title>",
        f"<style>{_STYLE}{_filters(report)}</style>",
        "</head>",
        "<body>",
        *_header(report, at),
        "<main>",
    ]
    places: list[Any] = [*report.hubs]
    if roots(report, None) or not places:
        places.insert(0, None)
    causes = [f for hub in places for f in roots(report, hub)]
    if len(causes) > 1:
        parts += _choice(causes, report)
    for hub in places:
        parts += _place(report, hub, opened=causes[:MOST_OPEN])
    parts += [*_blind(report), *_known(report), *_suppressed(report), *_checks(report), *_reads(report), "</main>"]
    knows = report.knows
    reach = f"; knows Kubernetes to {knows['kubernetes']} and the chart to {knows.get('chart', '?')}" if knows else ""
    parts += [f'<footer class="dim"><p>jhubdoctor {_e(__version__)}{_e(reach)}</p></footer>', "</body>", "</html>"]
    return "\n".join(parts) + "\n"


def _e(text: object) -> str:
    """Text as HTML shows it, also inside an attribute."""
    return escape(str(text), quote=True)


def _header(report: Report, at: str) -> Iterable[str]:
    source = " \u00b7 ".join({w: w for w in (clean(report.context), report.source) if w not in {"", "live"}})
    yield "<header>"
    yield f'<h1>JupyterHub: <span class="verdict">{_e(_VERDICT[report.verdict])}</span></h1>'
    yield f'<p class="dim">{_e(at)} \u00b7 {_e(source)} \u00b7 {report.duration:.1f} s</p>'
    for notice in report.notices:
        yield f'<p class="caution"><strong>{_e(clean(notice))}</strong></p>'
    yield '<ul class="counts">'
    for severity in Severity:
        number = count(report.causes(severity), severity.value)
        yield f'<li class="{severity.value}"><b>{SIGN[severity]}</b> {number}</li>'
    if symptoms := sum(f.explained_by is not None for f in report.findings):
        yield f"<li>+{count(symptoms, 'symptom')}</li>"
    if lost := sum(map(stopped, report.results)):
        yield f'<li class="unknown"><b>?</b> {count(lost, "check")} could not look</li>'
    if report.suppressed:
        yield f"<li>{len(report.suppressed)} suppressed</li>"
    yield "</ul>"
    yield "</header>"


def _filters(report: Report) -> str:
    """The rules that hide what is not ticked: a page without a script can do no more, and no less."""
    areas = sorted({f.check.area for f in report.findings})
    kinds = [*(s.value for s in Severity), *(f"in-{_word(a)}" for a in areas)]
    return "".join(f"body:has(#show-{k}:not(:checked)) .{k}.root {{ display: none; }}\n" for k in kinds)


def _word(area: str) -> str:
    """An area as a part of a class: packs of others name theirs as they like."""
    return re.sub(r"[^\w-]", "_", area)


def _choice(causes: list[Reported], report: Report) -> Iterable[str]:
    """Boxes to tick: severities and areas to show."""
    severities = [s for s in Severity if any(report.weight(f) is s for f in causes)]
    groups = {
        "Severity": [(s.value, s.value) for s in severities],
        "Area": [(f"in-{_word(a)}", a) for a in sorted({f.check.area for f in causes})],
    }
    for legend, boxes in groups.items():
        if len(boxes) > 1:
            ticks = "".join(
                f'<label><input type="checkbox" id="show-{_e(k)}" checked> {_e(word)}</label>' for k, word in boxes
            )
            yield f"<fieldset><legend>{legend}</legend>{ticks}</fieldset>"


def _classes(f: Reported, report: Report) -> str:
    return _e(f"{report.weight(f).value} in-{_word(f.check.area)} root")


def _place(report: Report, hub: Any, opened: list[Reported]) -> Iterable[str]:
    name = clean(hub.label) if hub is not None else CLUSTER.title()
    yield "<section>"
    yield f"<h2>{_e(name)}</h2>"
    other = "" if hub is None or hub.z2jh else " \u00b7 a JupyterHub that is not z2jh"
    yield f'<p class="dim">{_e(versions(report, hub))}{_e(other)}</p>'
    state, text = headline(report, hub)
    yield f'<p class="{state}"><strong>{SIGN[state]} {_e(text)}.</strong></p>'
    causes = roots(report, hub)
    if len(causes) > 1:
        rows = [
            f'<li class="{_classes(f, report)}"><span class="mark">{report.weight(f).value}</span> '
            f'<a href="#f-{_e(f.fingerprint)}">{_e(capitalized(f.finding.says))}</a> '
            f'<span class="dim">({_e(concerned(report, f))})</span></li>'
            for f in causes
        ]
        yield f'<ol class="overview">{"".join(rows)}</ol>'
    patch = patch_of(report, hub) if hub is not None else None
    for f in causes:
        yield from _finding(f, report, patch, opened=f in opened)
    if patch is not None and patch.apart:
        yield '<article class="patch"><h3>What these fixes set, in one patch</h3>'
        yield from _set(patch.hub, patch.values)
        yield from _run(patch.commands, "Then run")
        yield "</article>"
    yield "</section>"


def _set(hub: Hub | None, values: Mapping[str, Any]) -> Iterable[str]:
    if values:
        yield f"<p>{patch_place(hub)}:</p><pre>{_e(values_yaml(values).rstrip())}</pre>"


def _run(commands: Iterable[str], words: str) -> Iterable[str]:
    if commands:
        yield f"<p>{words}:</p>"
        yield "".join(f"<pre>{_e(chr(10).join(folded_command(c, 80)))}</pre>" for c in commands)


def _finding(f: Reported, report: Report, patch: Patch | None, *, opened: bool) -> Iterable[str]:
    new = ' <span class="new">new</span>' if report.baseline is not None and not f.known else ""
    weight = report.weight(f)
    yield f'<article class="{_classes(f, report)}" id="f-{_e(f.fingerprint)}">'
    mark = f'<span class="mark">{SIGN[weight]} {weight.value}</span>'
    yield f"<details{' open' if opened else ''}>"
    yield f"<summary><h3>{mark} {_e(capitalized(f.finding.says))}{new}</h3></summary>"
    yield "<dl>"
    yield f"<dt>on</dt><dd>{_e(objects(f.finding.on))}</dd>"
    proof = f.finding.proof
    rows = []
    for e in proof[:MOST_EVIDENCE]:
        when = f' <span class="dim">({e.time:%Y-%m-%d %H:%M} UTC)</span>' if e.time else ""
        rows.append(f"<li>{_e(e.source)}: {_e(e.detail)}{when}</li>")
    if len(proof) > MOST_EVIDENCE:
        rows.append(f"<li>and {len(proof) - MOST_EVIDENCE} more</li>")
    yield f"<dt>seen</dt><dd><ul>{''.join(rows)}</ul></dd>"
    yield f"<dt>fix</dt><dd>{_e(f.fix.text)}"
    later = patch is not None and patch.apart and f in patch.of
    words = "First run" if later else "Then run" if f.fix.values else "Run"
    first, then = patch.around(f) if patch is not None else (f.fix.commands, ())
    yield from _set(f.hub, f.fix.values)
    yield from _run(first, words)
    yield from _run(then, "After the upgrade run")
    if f.fix.caution:
        yield f'<p class="caution">{_e(f.fix.caution)}</p>'
    yield "</dd>"
    if symptoms := report.symptoms(f):
        rows = [f"<li>{_e(s.check.id)}: {_e(capitalized(s.finding.says))}</li>" for s in symptoms]
        yield f"<dt>causes</dt><dd><ul>{''.join(rows)}</ul></dd>"
    yield f'<dt>more</dt><dd><a class="note" href="{_e(doc_url(f.check))}">{_e(f.check.id)}</a></dd>'
    yield "</dl>"
    yield "</details>"
    yield "</article>"


def _blind(report: Report) -> Iterable[str]:
    reasons = blind(report)
    if not reasons:
        return
    yield "<section><h2>Could not look</h2>"
    for b in reasons:
        yield '<article class="unknown">'
        yield f'<h3><span class="mark">?</span> {_e(b.text)}</h3>'
        yield f"<p>{_e(', '.join(b.checks))}</p>"
        if b.gap is not None and b.gap.rule:
            yield f"<p>Grant: {_e(grant(b.gap))}. <code>jhubdoctor rbac</code> prints all rules.</p>"
        yield "</article>"
    yield "</section>"


def _known(report: Report) -> Iterable[str]:
    if report.baseline is None:
        return
    known = sum(f.known for f in report.findings)
    yield "<section><h2>Since the baseline</h2>"
    yield f"<p>{len(report.findings) - known} new, {known} known, {len(report.baseline.gone)} gone.</p>"
    if report.baseline.gone:
        rows = [f"<li>{_e(g['check'])}: {_e(g['message'])}</li>" for g in report.baseline.gone]
        yield f"<p>Gone:</p><ul>{''.join(rows)}</ul>"
    yield "</section>"


def _suppressed(report: Report) -> Iterable[str]:
    if not report.suppressed:
        return
    yield f"<details><summary>{len(report.suppressed)} suppressed</summary><ul>"
    for f in report.suppressed:
        rule = f.suppression
        until = f", until {rule.until}" if rule and rule.until else ""
        yield (
            f"<li>{_e(f.check.id)}: {_e(capitalized(f.finding.says))}<br>"
            f'<span class="dim">{_e(rule.reason if rule else "")}{_e(until)}</span></li>'
        )
    yield "</ul></details>"


def _checks(report: Report) -> Iterable[str]:
    rows = (
        (
            f'<a href="{_e(doc_url(r.check))}">{_e(r.check.id)}</a>',
            *map(_e, (label(r), r.status.value, clean(r.reason, 300))),
        )
        for r in sorted(report.results, key=lambda r: (r.check.area, r.check.id, label(r)))
    )
    return _table(count(len(report.results), "result"), ("check", "hub", "status", "reason"), rows)


def _reads(report: Report) -> Iterable[str]:
    rows = (
        (
            _e(clean(str(r.query), 300)) + (f"<br>{_e(clean(r.detail, 300))}" if r.detail else ""),
            _e(r.state.value),
            str(r.items),
        )
        for r in report.coverage
    )
    return _table(count(len(report.coverage), "read"), ("read", "state", "items"), rows)


def _table(summary: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterable[str]:
    """A table that opens on a click; its cells are HTML."""
    columns = "".join(f"<th>{h}</th>" for h in heads)
    yield f"<details><summary>{summary}</summary>"
    yield f"<table><thead><tr>{columns}</tr></thead><tbody>"
    yield from (f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    yield "</tbody></table></details>"
