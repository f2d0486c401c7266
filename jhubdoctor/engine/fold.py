"""Symptoms under their causes, and what the rules of the configuration suppress."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from jhubdoctor.engine.order import order
from jhubdoctor.engine.rank import ranked
from jhubdoctor.engine.registry import Registry
from jhubdoctor.engine.result import CheckStatus, Reported, Result
from jhubdoctor.engine.suppress import Applied, Suppression, Suppressions
from jhubdoctor.model.finding import Ref, Severity
from jhubdoctor.model.hub import Hub


def fold(findings: list[Reported]) -> None:
    """Give every symptom the fingerprint of its root cause.

    A symptom is folded where each of its objects is one that another finding is about and that fails there at a lower
    rung, or one that it affects and that does not get as far as the rung at which the symptom says it fails; or either
    of them, where its check names that of the symptom. Chains end at the root; a circle leaves its worst member as the
    root.
    """
    parents: dict[int, Reported] = {}
    for s in findings:
        keys = {r.key for r in s.finding.on}
        causes = [(c, suffering) for c in findings if c is not s and (suffering := keys & _suffering(c, s))]
        if causes and keys <= set().union(*(suffering for _, suffering in causes)):
            parents[id(s)] = max(causes, key=lambda cause: (len(cause[1]), -cause[0].severity.rank))[0]
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


def _suffering(c: Reported, s: Reported) -> set[tuple[str, str, str]]:
    """The objects on which one finding would explain another."""
    if c.hub is not None and c.hub != s.hub:
        return set()
    if c.severity is Severity.INFO and s.severity is not Severity.INFO:
        # advice is no reason for something that is broken
        return set()
    named = s.check.id in c.check.explains
    at = s.check.at if s.check.symptom else None
    suffering: tuple[Ref, ...] = ()
    if named or (at is not None and c.check.at is not None and c.check.at < at):
        suffering += c.finding.on
    if named or (at is not None and c.check.stops is not None and c.check.stops <= at):
        suffering += c.finding.affects
    return {r.key for r in suffering}


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
    active = ranked(active)
    order(active)
    return active, ranked([f for f in findings if f.suppression is not None])


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
    blind = {r.check.id for r in results if r.status in {CheckStatus.UNKNOWN, CheckStatus.BROKEN}}
    looked = {r.check.id for r in results} - blind
    places = [(h.namespace, h.label) for h in hubs]
    found = []
    for rule in rules:
        hits = sum(_covers(rule, f) for f in findings) if rule.expired(today) else sum(r is rule for r in by)
        named = {c.id for c in registry.checks.values() if rule.names(c)}
        found.append(Applied(rule, hits, judged=named <= looked and rule.in_reach(places), nameless=not named))
    return Suppressions(tuple(found))
