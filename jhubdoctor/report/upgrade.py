"""The answer to "what breaks if I upgrade": as text, and as JSON (its own shape, versioned)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jhubdoctor import __version__
from jhubdoctor.model.finding import Severity
from jhubdoctor.privacy.text import clean
from jhubdoctor.report import json_v1
from jhubdoctor.report import text as text_report
from jhubdoctor.report.lines import SIGN, folded_command, plain
from jhubdoctor.report.page import Page
from jhubdoctor.upgrade.judge import UpgradeResult
from jhubdoctor.upgrade.plan import Change, Plan, Problem, Step

SCHEMA = "jhubdoctor-upgrade-v1"
_INDENT = 4


# --- JSON ------------------------------------------------------------------------------------------------------------


def render_json(outcome: UpgradeResult) -> str:
    """The outcome as JSON text."""
    return json.dumps(as_dict(outcome), indent=2, ensure_ascii=False) + "\n"


def as_dict(outcome: UpgradeResult) -> dict[str, Any]:
    """The outcome as plain data. Keys are only ever added; `report` is a report as `run -o json` gives it, or null."""
    kubernetes = outcome.target.kubernetes
    return {
        "schema": SCHEMA,
        "tool": {"name": "jhubdoctor", "version": __version__},
        "target": {
            "kubernetes": f"1.{kubernetes}" if kubernetes is not None else None,
            "chart": outcome.target.chart or None,
        },
        "knows": {"kubernetes": outcome.knows.get("kubernetes", ""), "chart": outcome.knows.get("chart", "")},
        "verdict": outcome.verdict,
        "exit_code": outcome.exit_code,
        "notices": [clean(n) for n in outcome.notices],
        "plans": [_plan(p) for p in outcome.plans],
        "report": json_v1.as_dict(outcome.report) if outcome.report is not None else None,
    }


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "hub": clean(plan.hub) or None,
        "from": {"chart": clean(plan.start["chart"]) or None, "kubernetes": plan.start["kubernetes"] or None},
        "to": {"chart": plan.target["chart"] or None, "kubernetes": plan.target["kubernetes"] or None},
        "values": clean(plan.values),
        "blocked": [clean(b) for b in plan.blocked],
        "steps": [
            {
                "kind": s.kind,
                "from": s.start or None,
                "to": s.end,
                "why": s.why,
                "before": [clean(b) for b in s.before],
                "commands": list(s.commands),
                "restarts": s.restarts,
                "check": list(s.check),
                "changes": [_change(c) for c in s.changes],
            }
            for s in plan.steps
        ],
        "problems": [_problem(p) for p in plan.problems],
        "notices": [clean(n) for n in plan.notices],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "since": change.since,
        "severity": change.severity.value,
        "message": clean(change.says),
        "action": clean(change.action),
        "touches": [clean(t) for t in change.touches],
        "source": change.source,
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "path": clean(problem.path),
        "severity": problem.severity.value,
        "message": clean(problem.says),
        "fix": {"text": clean(problem.fix), "values": plain(dict(problem.values))},
        "source": problem.source,
    }


# --- text ------------------------------------------------------------------------------------------------------------


def render_text(outcome: UpgradeResult, *, width: int = 80, color: bool = False, verbose: bool = False) -> str:
    """The outcome as text: for each hub the way, then what the values break, then the evidence of the cluster."""
    page = _PlanPage(width)
    for plan in outcome.plans:
        page.plan(plan)
    if not outcome.plans:
        page.line("There is no hub to plan for.")
        page.line()
    for notice in outcome.notices:
        page.wrapped(f"note: {clean(notice)}", style="yellow")
    out = page.text(color=color)
    if outcome.report is not None:
        to = f"Kubernetes 1.{outcome.target.kubernetes}" if outcome.target.kubernetes is not None else "this cluster"
        head = Page(width)
        head.line((f"What of today's hub does not fit {to}", "bold"))
        head.line()
        out += head.text(color=color) + text_report.render(outcome.report, width=width, color=color, verbose=verbose)
    return out


class _PlanPage(Page):
    def plan(self, plan: Plan) -> None:
        start, end = _versions(plan.start), _versions(plan.target)
        name = clean(plan.hub) or clean(plan.values)
        self.line((name, "bold"), (f"  {start + '  ' if start else ''}to  {end}", "dim"))
        self.line()
        for why in plan.blocked:
            self.wrapped(clean(why), style="bold", head=f"{'BLOCKED':<10}")
        if plan.blocked:
            self.line()
        if plan.steps:
            self.line(("In this order", "bold"))
            for i, step in enumerate(plan.steps, 1):
                self.step(i, step)
            self.line()
        if plan.problems:
            self.line((f"What is wrong with these values for chart {plan.target['chart']}", "bold"))
            for p in plan.problems:
                self.item(p.severity, p.says, p.fix, p.source)
            self.line()
        if plan.taken:
            says = f"The schema of chart {plan.target['chart']} takes these values; its templates were not rendered."
            self.wrapped(says, head=f"{SIGN['ok']} ", head_style="bold green")
            self.line()
        for notice in plan.notices:
            self.wrapped(f"note: {clean(notice)}", style="yellow")
        if plan.notices:
            self.line()

    def step(self, number: int, step: Step) -> None:
        what = "chart" if step.kind == "chart" else "Kubernetes"
        way = f"{step.start} to {step.end}" if step.start and step.start != step.end else step.end
        why = f": {clean(step.why)}" if step.why else ""
        self.wrapped(f"{what} {way}{why}", style="bold", head=f"{f'{number:>2}.':<{_INDENT}}")
        for change in step.changes:
            named = [clean(t) for t in change.touches if t not in change.says]
            touched = f" ({', '.join(named)})" if named else ""
            self.item(change.severity, f"{change.says}{touched}", change.action, "")
        for before in step.before:
            self.wrapped(clean(before), head=f"{'':<{_INDENT}}first: ")
        self.commands(step.commands)
        if step.restarts:
            self.wrapped(step.restarts, style="dim", head=" " * _INDENT)
        if step.check:
            self.line(" " * _INDENT, "then see whether it went well:")
            self.commands(step.check)

    def commands(self, commands: tuple[str, ...]) -> None:
        for command in commands:
            for part in folded_command(command, self.width - _INDENT - 2):
                self.line(" " * (_INDENT + 2), (part, "cyan"))

    def item(self, severity: Severity, says: str, action: str, source: str) -> None:
        word = severity.value.upper()
        self.wrapped(f"{clean(says)}. {clean(action)}", head=f"{'':<{_INDENT}}{word:<8} ")
        if source:
            self.line(" " * (_INDENT + 9), (source, "dim"))


def _versions(of: Mapping[str, str]) -> str:
    """`z2jh 4.4.0 · Kubernetes 1.37`, as far as they are known."""
    words = (("z2jh", of["chart"]), ("Kubernetes", of["kubernetes"]))
    return " \u00b7 ".join(f"{what} {clean(version)}" for what, version in words if version)
