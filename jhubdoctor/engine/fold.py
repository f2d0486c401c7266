"""Symptoms under their causes, and what the rules of the configuration suppress."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from jhubdoctor.engine.rank import ranked
from jhubdoctor.engine.registry import Registry
from jhubdoctor.engine.result import Reported, Result, Status
from jhubdoctor.engine.suppress import Applied, Suppression, Suppressions
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.hub import Hub


def fold(findings: list[Reported]) -> None:
    """Give every symptom the fingerprint of its root cause.

    A finding is a symptom of another whose check explains it, where each of its objects is among those that the causes
    are about or affect. Chains end at the root; a circle leaves its worst member as the root.
    """
    parents: dict[int, Reported] = {}
    for s in findings:
        causes = [
            c
            for c in findings
            if c is not s
            and s.check.id in c.check.explains
            and (c.hub is None or c.hub == s.hub)
            # advice is no reason for something that is broken
            and (c.severity is not Severity.INFO or s.severity is Severity.INFO)
        ]
        suffer = {c.fingerprint: {r.key for r in (*c.finding.on, *c.finding.affects)} for c in causes}
        keys = {r.key for r in s.finding.on}
        if not causes or not keys <= set().union(*suffer.values()):
            continue
        parents[id(s)] = max(causes, key=lambda c: (len(keys & suffer[c.fingerprint]), -c.severity.rank))
    for s in findings:
        path = [s]
        while (parent := parents.get(id(path[-1]))) is not None:
            if parent in path:
                # they explain each other: the worst of the circle is the root
                worst = min(
                    path[path.index(parent) :], key=lambda f: (f.severity.rank, -len(f.finding.affects), f.check.id)
                )
                del parents[id(worst)]
                path = [s]
                continue
            path.append(parent)
        if path[-1] is not s:
            s.explained_by = path[-1].fingerprint


def settled(
    findings: list[Reported], rules: Iterable[Suppression], today: date
) -> tuple[list[Reported], list[Reported]]:
    """The findings that count, folded and ranked, and those that a rule suppresses.

    A suppressed finding explains nothing: what would be folded under it is shown, for nobody decided about that.
    """
    holding = [r for r in rules if not r.expired(today)]
    for f in findings:
        f.explained_by = None
        f.suppression = next((r for r in holding if _covers(r, f)), None)
    active = [f for f in findings if f.suppression is None]
    fold(active)
    return ranked(active), ranked([f for f in findings if f.suppression is not None])


def _covers(rule: Suppression, f: Reported) -> bool:
    return rule.covers(f.check, f.hub.label if f.hub else "", f.finding.on)


def applied(
    rules: Iterable[Suppression],
    registry: Registry,
    results: list[Result],
    findings: list[Reported],
    hubs: Iterable[Hub],
    today: date,
) -> Suppressions:
    """What became of each rule: the first that fits suppresses a finding, an expired one is told what it would have."""
    holding = [r for r in rules if not r.expired(today)]
    by = [next((r for r in holding if _covers(r, f)), None) for f in findings]
    blind = {r.check.id for r in results if r.status in {Status.UNKNOWN, Status.BROKEN}}
    looked = {r.check.id for r in results} - blind
    places = [(h.namespace, h.label) for h in hubs]
    found = []
    for rule in rules:
        hits = sum(_covers(rule, f) for f in findings) if rule.expired(today) else sum(r is rule for r in by)
        named = {c.id for c in registry.checks.values() if rule.names(c)}
        found.append(Applied(rule, hits, judged=named <= looked and rule.in_reach(places), nameless=not named))
    return Suppressions(tuple(found))
