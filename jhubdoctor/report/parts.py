"""What several formats need of a report, in plain words."""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jhubdoctor import note_url
from jhubdoctor.engine.declare import Check
from jhubdoctor.engine.rank import for_everybody
from jhubdoctor.engine.result import CheckStatus, Gap, Report, Reported, Result
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.words import count
from jhubdoctor.privacy.text import clean
from jhubdoctor.report.lines import cannot_read, plural

CLUSTER = "cluster"
"""What stands for the hub where something is about the cluster as a whole."""
FAULT = "a fault of jhubdoctor: "
"""What stands before the reason where a check is broken."""


def label(item: Reported | Result) -> str:
    """The hub of a finding or a result as `namespace/release`, empty for the cluster as a whole."""
    return clean(item.hub.label) if item.hub else ""


def doc_url(check: Check) -> str:
    """Where the note of a check is published: below the `DOC_BASE` of its module, or of a package around it."""
    place, base = check.module, ""
    while place and not base:
        base = getattr(sys.modules.get(place), "DOC_BASE", "")
        place = place.rpartition(".")[0]
    return note_url(base, check.id)


def stopped(result: Result) -> bool:
    """Whether the check gave no verdict."""
    return not result.status.looked


def findings_of(report: Report, result: Result) -> list[Reported]:
    """The findings of a check for its hub."""
    return [f for f in report.findings if f.check is result.check and f.hub is result.hub]


def roots(report: Report, hub: Any) -> list[Reported]:
    """The root causes of a hub; of the cluster as a whole for None."""
    return [f for f in report.findings if f.hub is hub and f.explained_by is None]


def versions(report: Report, hub: Any) -> str:
    """Chart, JupyterHub and Kubernetes, as far as they are known."""
    words = []
    if hub is not None and hub.chart:
        words.append(f"z2jh {clean(hub.chart)}")
    if hub is not None and hub.jupyterhub_version:
        words.append(f"JupyterHub {hub.jupyterhub_version}")
    if report.server_version:
        words.append(f"Kubernetes {report.server_version}")
    return " \u00b7 ".join(words)


def counted(report: Report) -> str:
    """The root causes by severity in words, and what follows from them, could not look, is suppressed or hidden."""
    symptoms = sum(f.explained_by is not None for f in report.findings)
    words = ", ".join(count(report.causes(s), s.value) for s in Severity)
    words += f" (+{count(symptoms, 'symptom')})" if symptoms else ""
    if blind := sum(map(stopped, report.results)):
        words += f", {count(blind, 'check')} could not look"
    if report.suppressed:
        words += f", {len(report.suppressed)} suppressed"
    if report.hidden:
        words += f", {len(report.hidden)} hidden"
    return words


def headline(report: Report, hub: Any) -> tuple[str, str]:
    """How a hub is (the cluster as a whole for None): the worst severity, `unknown` or `ok`; and that in words."""
    weights = Counter(report.weight(f) for f in roots(report, hub))
    bad = [s for s in Severity if s is not Severity.INFO and weights[s]]
    results = [r for r in report.results if r.hub is hub]
    lost, looked = sum(map(stopped, results)), sum(r.status is CheckStatus.OK for r in results)
    hidden = sum(f.hub is hub and f.severity is not Severity.INFO for f in report.hidden)
    unseen = f"; {count(lost, 'check')} could not look" if lost else ""
    unseen += f"; {count(hidden, 'finding')} hidden by --min-severity" if hidden else ""
    if bad:
        number = sum(weights[s] for s in bad)
        each = f": {', '.join(count(weights[s], s) for s in bad)}" if number > 1 else ""
        return bad[0].value, f"{count(number, 'problem')}{each}{unseen}"
    if unseen:
        return "unknown", f"{count(looked, 'check')} looked and found no problem{unseen}"
    also = "; there is advice" if weights[Severity.INFO] else ""
    return "ok", f"All is well: {count(looked, 'check')} looked and found no problem{also}"


def concerned(report: Report, cause: Reported) -> str:
    """Whom a root cause concerns: the whole hub, or how many objects of which kinds."""
    members = (cause, *report.symptoms(cause))
    refs = {r.key: r for m in members for r in (*m.finding.on, *m.finding.affects)}
    if all(r.kind == "Release" for r in refs.values()):
        return "the release"
    if any(map(for_everybody, refs.values())):
        return "the whole hub" if cause.hub is not None else "the whole cluster"
    kinds = Counter(r.kind for r in refs.values())
    return ", ".join(f"{n} {kind if n == 1 else plural(kind)}" for kind, n in kinds.most_common(2))


def last_seen(report: Report, cause: Reported) -> datetime | None:
    """When the newest evidence of a root cause and of what follows from it is from; None where none has a time."""
    members = (cause, *report.symptoms(cause))
    times = (e.time for m in members for e in m.finding.proof if e.time)
    return max((t for t in times if t <= report.started_at), default=None)


@dataclass(frozen=True)
class Blind:
    """One reason why checks could not look: what could not be read, or a fault of ours."""

    text: str
    gap: Gap | None
    checks: tuple[str, ...]


def blind(report: Report) -> list[Blind]:
    """Why checks could not look, each reason with the checks that it stopped."""
    groups: dict[str, tuple[Gap | None, set[str]]] = {}
    for r in report.results:
        if r.status is CheckStatus.BROKEN:
            groups.setdefault(f"{FAULT}{clean(r.reason)}", (None, set()))[1].add(r.check.id)
        elif r.status is CheckStatus.UNKNOWN:
            for gap in r.gaps:
                groups.setdefault(cannot_read(gap), (gap, set()))[1].add(r.check.id)
    return [Blind(text, gap, tuple(sorted(ids))) for text, (gap, ids) in sorted(groups.items())]


def fault(report: Report) -> list[str]:
    """The text to report broken checks with: which, where, and the versions. Nothing of the cluster but these."""
    from jhubdoctor import __version__

    broken = {f"{r.check.id} ({r.check.module}): {clean(r.reason, 200)}" for r in report.results
              if r.status is CheckStatus.BROKEN}  # fmt: skip
    charts = {m[0] for h in report.hubs if (m := re.match(r"[\w.+-]{1,40}", h.chart))}
    kubernetes = re.match(r"v?\d+\.\d+", report.server_version)
    known = [f"jhubdoctor {__version__}", f"Kubernetes {kubernetes[0]}" if kubernetes else "",
             f"chart {', '.join(sorted(charts))}" if charts else ""]  # fmt: skip
    return [*sorted(broken), ", ".join(filter(None, known))]


def stamp(report: Report) -> str:
    """When the cluster was looked at."""
    return report.started_at.strftime("%Y-%m-%dT%H:%M:%SZ")
