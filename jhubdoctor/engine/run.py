"""Runs checks over a reader: facts as soon as what they need is there, then checks, then the folding of symptoms.

A failed read makes exactly those checks unknown that needed it; a crash is the result of the check that crashed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from graphlib import TopologicalSorter
from typing import Any

from jhubdoctor.engine import bug
from jhubdoctor.engine.declare import Check, Fact, Need, NotApplicable
from jhubdoctor.engine.registry import Registry, dispensable
from jhubdoctor.engine.suppress import Applied, Suppression, Suppressions
from jhubdoctor.facts.hub import Hub, Scope
from jhubdoctor.model.finding import Evidence, Finding, Fix, Ref, Severity
from jhubdoctor.privacy.paste import pasteable
from jhubdoctor.privacy.text import clean
from jhubdoctor.sources.reader import Coverage, Look, Reader
from jhubdoctor.sources.reads import READS, Query, State, Unreadable


class Status(StrEnum):
    """The result of a check for a hub. `ok` means: looked, and fine."""

    OK = "ok"
    FOUND = "found"
    NOT_APPLICABLE = "not-applicable"
    UNKNOWN = "unknown"
    BROKEN = "broken"


@dataclass(frozen=True)
class Gap:
    """A read that failed, and the rule that would allow it where rights are what is missing."""

    query: Query
    state: State
    detail: str
    asked: bool = True
    """False where nobody asked the server: a dump may hold less than there is."""

    def __str__(self) -> str:
        return f"{self.query}: {self.state.value}" + (f" ({self.detail})" if self.detail else "")

    @property
    def rule(self) -> dict[str, list[str]] | None:
        """The RBAC rule to grant."""
        return READS[self.query.read].rule() if self.state is State.FORBIDDEN else None


@dataclass
class Result:
    """What came of one check for one hub (or for the cluster: `hub` is None)."""

    check: Check
    hub: Hub | None
    status: Status
    reason: str = ""
    gaps: tuple[Gap, ...] = ()
    duration: float = 0.0
    rests_on: frozenset[Query] = frozenset()
    """What was asked for the facts that the check cannot do without."""


@dataclass(eq=False)
class Reported:
    """A finding with its check, its place among the others and a fingerprint that outlives pods and texts."""

    check: Check
    hub: Hub | None
    finding: Finding
    severity: Severity
    fingerprint: str
    explained_by: str | None = None
    suppression: Suppression | None = None
    known: bool = False
    """Whether it is in the baseline, at this severity or a worse one."""

    @property
    def fix(self) -> Fix:
        """The fix; its values nested where the chart is a dependency of another."""
        fix = self.finding.fix
        if self.hub is not None and self.hub.values_root and fix.values:
            return Fix(fix.text, {self.hub.values_root: fix.values}, fix.commands, fix.caution)
        return fix


@dataclass
class Baseline:
    """An earlier report that this one was compared with.

    `gone` are those of its findings that are no more: their checks looked again. Each is the finding as JSON.
    """

    place: str
    gone: list[dict[str, Any]]


@dataclass
class CoverageRow:
    """One read: how it ended, how many items, and which checks it was for.

    `required_by` are those of `needed_by` that cannot do without it.
    """

    query: Query
    state: State
    items: int
    detail: str
    needed_by: list[str]
    required_by: list[str] = field(default_factory=list)


@dataclass
class Report:
    """All that a run found out. Formats are functions of this and nothing else."""

    started_at: datetime
    duration: float
    source: str
    context: str
    server_version: str
    hubs: list[Hub]
    results: list[Result]
    findings: list[Reported]
    coverage: list[CoverageRow]
    requests: int = 0
    bytes_read: int = 0
    notices: list[str] = field(default_factory=list)
    knows: dict[str, str] = field(default_factory=dict)
    fail_on: str = "error"
    accept_unknown: bool = False
    suppressed: list[Reported] = field(default_factory=list)
    """Findings that the configuration suppresses. They are in no other list and no count."""
    baseline: Baseline | None = None

    def count(self, status: Status) -> int:
        """How many results have this status."""
        return sum(r.status is status for r in self.results)

    def severities(self, severity: Severity) -> int:
        """How many findings have this severity."""
        return sum(f.severity is severity for f in self.findings)

    @property
    def verdict(self) -> str:
        """The worst of it: error, warning, unknown (something could not be judged), info, ok."""
        for severity in (Severity.ERROR, Severity.WARNING):
            if self.severities(severity):
                return severity.value
        if self.count(Status.UNKNOWN) or self.count(Status.BROKEN):
            return "unknown"
        return "info" if self.findings else "ok"

    @property
    def exit_code(self) -> int:
        """0 fine, 1 findings at or above `fail_on` that no baseline knows, 3 something could not be judged."""
        if any(self.fails(f) for f in self.findings):
            return 1
        if not self.accept_unknown and (self.count(Status.UNKNOWN) or self.count(Status.BROKEN)):
            return 3
        return 0

    def fails(self, finding: Reported) -> bool:
        """Whether this finding alone makes the run fail."""
        return self.fail_on != "never" and not finding.known and finding.severity.rank <= Severity(self.fail_on).rank

    @property
    def complete(self) -> bool:
        """Whether every check could look; with `accept_unknown` but for rights that are withheld on purpose."""
        return not any(
            r.status is Status.BROKEN
            or (
                r.status is Status.UNKNOWN
                and not (self.accept_unknown and r.gaps and all(g.state is State.FORBIDDEN for g in r.gaps))
            )
            for r in self.results
        )

    def symptoms(self, cause: Reported) -> list[Reported]:
        """The findings folded under this one."""
        return [f for f in self.findings if f.explained_by == cause.fingerprint]


# --- facts -----------------------------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """A fact's value, or why there is none; and what of it was not seen.

    With `partial` what is absent may be there after all.
    """

    value: Any = None
    gaps: tuple[Gap, ...] = ()
    absent: str = ""
    broken: str = ""
    partial: tuple[Gap, ...] = ()
    unseen: tuple[Gap, ...] = ()
    sampled: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether there is no value."""
        return bool(self.gaps or self.absent or self.broken)


Key = tuple[str, int | None]


class _Facts:
    """The outcomes of all facts, per hub where they depend on one."""

    def __init__(self, facts: Mapping[str, Fact], reader: Reader, scope: Scope) -> None:
        self.facts = facts
        self.reader = reader
        self.scope = scope
        self.coverage = Coverage()
        self.outcomes: dict[Key, Outcome] = {}
        self.queries: dict[Key, set[Query]] = {}
        self.of_hub = self._hub_scoped()
        self.hubs: list[Hub] = []
        self.suppressions = Suppressions()

    def _hub_scoped(self) -> frozenset[str]:
        found = {"hub"}
        grew = True
        while grew:
            grew = False
            for f in self.facts.values():
                if f.name not in found and any(n.fact in found for n in f.needs):
                    found.add(f.name)
                    grew = True
        return frozenset(found)

    def compute(self, names: Iterable[str], hubs: Iterable[int], pool: ThreadPoolExecutor) -> None:
        """Compute these facts, each as soon as what it needs is there."""
        indices = list(hubs)
        graph: dict[Key, set[Key]] = {}
        for name in names:
            for i in indices if name in self.of_hub else [None]:
                graph[name, i] = {
                    (n.fact, i if n.fact in self.of_hub else None)
                    for n in self.facts[name].needs
                    if n.fact in self.facts
                }
        sorter: TopologicalSorter[Key] = TopologicalSorter(graph)
        sorter.prepare()
        running: dict[Future[Outcome], Key] = {}
        while sorter.is_active():
            for key in sorter.get_ready():
                if key in self.outcomes:
                    sorter.done(key)
                else:
                    running[pool.submit(self._one, key)] = key
            if not running:
                continue
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                key = running.pop(future)
                self.outcomes[key] = future.result()
                sorter.done(key)

    def of(self, need: str, i: int | None) -> Outcome:
        """The outcome of a fact for a hub."""
        match need:
            case "hub":
                return Outcome(self.hubs[i]) if i is not None else Outcome(absent="no hub")
            case "now":
                return Outcome(self.reader.now())
            case "scope":
                return Outcome(self.scope)
            case "suppressions":
                return Outcome(self.suppressions)
        return self.outcomes[need, i if need in self.of_hub else None]

    def arguments(self, needs: Iterable[Need], i: int | None) -> tuple[dict[str, Any], Outcome]:
        """The arguments of a function, and an outcome that says what is missing."""
        arguments: dict[str, Any] = {}
        sum_ = Outcome()
        absent: list[str] = []
        for need in needs:
            got = self.of(need.fact, i)
            sum_.unseen += got.unseen
            if not got.failed:
                arguments[need.fact] = got.value
                sum_.partial += got.partial
                sum_.sampled += got.sampled
            elif dispensable(need, self.facts) and not got.broken:
                arguments[need.fact] = None
                sum_.unseen += got.gaps
                sum_.partial += got.partial
            else:
                # of what was read in part nobody can say that something is not there
                sum_.gaps += got.gaps or got.partial
                sum_.broken = sum_.broken or got.broken
                absent += [got.absent] if got.absent and not got.partial else []
        if absent:
            # what is certainly not there outweighs what could not be read
            return {}, Outcome(absent=absent[0])
        return arguments, sum_

    def cut(self, names: Iterable[str], i: int | None) -> bool:
        """Whether of one of these facts a part was not seen."""
        return any(self.of(name, i).partial for name in names)

    def asked(self, facts: Iterable[Fact], i: int | None) -> frozenset[Query]:
        """What these facts asked for, for a hub, but for what they can spare.

        A hub that was found was seen, whatever of the others was not.
        """
        return frozenset(
            query
            for f in facts
            if i is None or f.name != "hubs"
            for query in self.queries.get((f.name, i if f.name in self.of_hub else None), ())
            if query.read in f.reads
        )

    def _one(self, key: Key) -> Outcome:
        name, i = key
        fact = self.facts[name]
        arguments, sum_ = self.arguments(fact.needs, i)
        if sum_.failed:
            return sum_
        look = Look(self.reader, (*fact.reads, *fact.spare), self.coverage)
        try:
            value = fact.function(**arguments, **({"look": look} if fact.looks else {}))
        except Unreadable as e:
            # where it failed for want of something optional, that is the reason to tell
            return Outcome(gaps=sum_.unseen or (Gap(e.query, e.state, e.detail),))
        except NotApplicable as e:
            return Outcome(absent=str(e), partial=sum_.partial + _gaps(look))
        except Exception as e:  # noqa: BLE001  - a bug in a fact is the result of the checks that need it
            return Outcome(broken=bug.where(e))
        finally:
            self.queries[key] = set(look.queries)
        return Outcome(
            value,
            partial=sum_.partial + _gaps(look),
            unseen=sum_.unseen,
            sampled=(*sum_.sampled, *map(clean, look.sampled)),
        )


def _gaps(look: Look) -> tuple[Gap, ...]:
    """What could be read in part alone."""
    return tuple(Gap(p.query, p.state, p.detail, p.asked) for p in look.partial)


# --- the run ---------------------------------------------------------------------------------------------------------


def run(
    registry: Registry,
    checks: list[Check],
    reader: Reader,
    scope: Scope,
    *,
    concurrency: int = 8,
    suppressions: Iterable[Suppression] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Report:
    """Run checks and report. Nothing that a cluster does makes this raise."""
    start = time.monotonic()
    facts = _Facts(registry.closure(checks) | registry.closure_of("hubs", "server_version"), reader, scope)
    with ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="fact") as pool:
        progress("looking for hubs")
        facts.compute(registry.closure_of("hubs"), (), pool)
        found = facts.of("hubs", None)
        facts.hubs = [] if found.failed else list(found.value)
        progress("reading the cluster")
        facts.compute(facts.facts, range(len(facts.hubs)), pool)
    for i, hub in enumerate(facts.hubs):
        if "newest_release" in facts.facts and not (newest := facts.of("newest_release", i)).failed:
            hub.values_root = newest.value.values_root
        hub.jupyterhub_version = _jupyterhub_version(facts, i)
    progress("judging")
    results: list[Result] = []
    reported: list[Reported] = []
    rules = tuple(suppressions)
    # what judges the rules comes last: it wants to know what became of them
    for c in sorted(checks, key=lambda c: any(n.fact == "suppressions" for n in c.needs)):
        if rules and any(n.fact == "suppressions" for n in c.needs):
            facts.suppressions = applied(rules, registry, results, reported, facts.hubs, reader.now().date())
        per_hub = any(n.fact in facts.of_hub for n in c.needs)
        if per_hub and (not facts.hubs or any(g.asked for g in found.partial)):
            # where not all could be looked through, there may be a hub that nobody saw; a dump says so once for all
            results.append(_without_hub(c, found))
        places: list[int | None] = [*range(len(facts.hubs))] if per_hub else [None]
        required = registry.required(c).values()
        for place in places:
            result, findings = _judge(c, facts, place)
            result.rests_on = facts.asked(required, place)
            results.append(result)
            reported += findings
    version = facts.of("server_version", None)
    active, suppressed = settled(reported, rules, reader.now().date())
    return Report(
        started_at=reader.now(),
        duration=time.monotonic() - start,
        source=reader.source,
        context=reader.context,
        server_version=str(version.value) if not version.failed else "",
        hubs=facts.hubs,
        results=results,
        findings=active,
        suppressed=suppressed,
        coverage=_coverage(registry, checks, facts, results),
        requests=reader.requests,
        bytes_read=reader.bytes_read,
        knows=registry.knows,
    )


def _jupyterhub_version(facts: _Facts, i: int) -> str:
    """The version for the report's header, from what was read anyway."""
    for name in ("hub_log", "hub_secret_values", "user_pods"):
        outcome = facts.of(name, i) if name in facts.facts else Outcome(absent="not read")
        if outcome.failed:
            continue
        if name == "hub_log":
            # what runs says so itself; after an upgrade that the hub did not survive, the values would not be true
            said = [m[1] for _, m in outcome.value.find(r"Running JupyterHub version (\S+)")]
            found = said[-1] if said else ""
        elif name == "hub_secret_values":
            found = str(outcome.value.get("Chart.AppVersion", ""))
        else:
            pods = sorted(outcome.value, key=lambda p: p.created)
            found = pods[-1].annotations.get("hub.jupyter.org/jupyterhub-version", "") if pods else ""
        if re.fullmatch(r"[\w.+-]{1,40}", found):
            return found
    return ""


def _without_hub(check: Check, found: Outcome) -> Result:
    if found.broken:
        return Result(check, None, Status.BROKEN, found.broken)
    if gaps := found.gaps or found.partial:
        return Result(check, None, Status.UNKNOWN, "; ".join(map(str, gaps)), gaps)
    return Result(check, None, Status.NOT_APPLICABLE, found.absent or "no hub was found")


def _judge(check: Check, facts: _Facts, i: int | None) -> tuple[Result, list[Reported]]:
    hub = facts.hubs[i] if i is not None else None
    arguments, sum_ = facts.arguments(check.needs, i)
    if sum_.absent:
        return Result(check, hub, Status.NOT_APPLICABLE, sum_.absent), []
    if sum_.broken:
        return Result(check, hub, Status.BROKEN, sum_.broken), []
    if sum_.gaps:
        gaps = tuple(dict.fromkeys(sum_.gaps))
        return Result(check, hub, Status.UNKNOWN, "; ".join(map(str, gaps)), gaps), []
    start = time.monotonic()
    try:
        findings = list(check.function(**arguments))
    except NotApplicable as e:
        if partly := tuple(dict.fromkeys(sum_.partial)):
            return Result(check, hub, Status.UNKNOWN, "; ".join(map(str, partly)), partly), []
        return Result(check, hub, Status.NOT_APPLICABLE, str(e)), []
    except Exception as e:  # noqa: BLE001  - a bug in a check is that check's result
        return Result(check, hub, Status.BROKEN, bug.where(e), duration=time.monotonic() - start), []
    duration = time.monotonic() - start
    partial, unseen = tuple(dict.fromkeys(sum_.partial)), tuple(dict.fromkeys(sum_.unseen))
    sampled = [f"rests on a sample: {s}" for s in dict.fromkeys(sum_.sampled)]
    if findings and not facts.cut(check.whole, i):
        said = "; ".join([*(f"not seen: {g}" for g in (*partial, *unseen)), *sampled])
        reported = [
            Reported(check, hub, harmless(f), f.severity or check.severity, fingerprint(check.id, hub, f))
            for f in findings
        ]
        return Result(check, hub, Status.FOUND, said, partial + unseen, duration), reported
    if partial:
        return Result(check, hub, Status.UNKNOWN, "; ".join(map(str, partial)), partial, duration), []
    said = "; ".join([*(f"not seen: {g}" for g in unseen), *sampled])
    return Result(check, hub, Status.OK, said, unseen, duration), []


def harmless(finding: Finding) -> Finding:
    """The finding with every text of the cluster's neutralised: the one place where that is done for all formats."""
    fix = finding.fix
    commands = [clean(c, 4000) for c in fix.commands if c]
    safe = tuple(filter(pasteable, commands))
    left_out = " A command is left out: a name in it is not safe to paste." if len(safe) < len(commands) else ""
    return dataclasses.replace(
        finding,
        on=tuple(map(_harmless_ref, finding.on)),
        affects=tuple(map(_harmless_ref, finding.affects)),
        says=clean(finding.says, 600),
        evidence=tuple(Evidence(clean(e.source, 100), clean(e.detail, 600), e.time) for e in finding.proof),
        fix=Fix(
            clean(fix.text, 1500),
            {str(k): _harmless_value(v) for k, v in fix.values.items()},
            safe,
            clean(fix.caution + left_out, 600),
        ),
    )


def _harmless_ref(ref: Ref) -> Ref:
    return Ref(
        clean(ref.kind, 100),
        clean(ref.name, 253),
        clean(ref.namespace, 63),
        clean(ref.api_version, 120),
        clean(ref.container, 63),
        ref.stable,
    )


def _harmless_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {clean(str(k), 300): _harmless_value(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_harmless_value(v) for v in value]
    return clean(value, 1000) if isinstance(value, str) else value


def fingerprint(check_id: str, hub: Hub | None, finding: Finding) -> str:
    """What says in the next run that it is the same finding: check, hub, cause, owning objects."""
    where = f"{hub.namespace}/{hub.release}" if hub else ""
    owners = sorted({f"{r.namespace}/{r.stable or f'{r.kind}/{r.name}'}" for r in finding.on})
    text = "\n".join([check_id, where, finding.cause, *owners])
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


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
    return rule.covers(f.check.id, f.check.area, f.hub.label if f.hub else "", f.finding.on)


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
        named = {c.id for c in registry.checks.values() if rule.names(c.id, c.area)}
        found.append(Applied(rule, hits, judged=named <= looked and rule.in_reach(places), nameless=not named))
    return Suppressions(tuple(found))


# What these are about concerns those users whose pods, homes or nodes they are, or nobody's server (image pullers,
# placeholders, budgets). All other objects (the hub and the proxy, their Services and ways in, the user-scheduler, the
# release, quotas, the API server) are there for everybody.
_OF_SOME = frozenset(
    "Pod PersistentVolumeClaim PersistentVolume VolumeAttachment Node DaemonSet StatefulSet Job PodDisruptionBudget"
    " Suppression".split()
)


def for_everybody(ref: Ref) -> bool:
    """Whether an object is one that all users of a hub need; a pod of a Deployment (hub, proxy ...) is."""
    return ref.kind not in _OF_SOME or (ref.kind == "Pod" and ref.stable.startswith("Deployment/"))


def ranked(findings: list[Reported]) -> list[Reported]:
    """The order of a report: what to see to first.

    Root causes before symptoms; errors and what explains errors before warnings; what says why before what cannot; what
    concerns everybody before what concerns some, and of these what concerns more of them; then what explains most.
    """
    of: dict[str, list[Reported]] = {}
    for f in findings:
        of.setdefault(f.explained_by or f.fingerprint, []).append(f)

    def place(f: Reported) -> tuple[Any, ...]:
        # a symptom stands for itself: it comes after all causes anyway
        mine = of[f.fingerprint] if f.explained_by is None else [f]
        concerned = {r.key: r for m in mine for r in (*m.finding.on, *m.finding.affects)}
        return (
            f.explained_by is not None,
            min(m.severity.rank for m in mine),
            f.severity.rank,
            f.finding.unexplained,
            # more than everybody there are not
            -math.inf if any(map(for_everybody, concerned.values())) else -len(concerned),
            -len(mine),
            f.check.id,
            f.fingerprint,
        )

    return sorted(findings, key=place)


def _coverage(registry: Registry, checks: list[Check], facts: _Facts, results: list[Result]) -> list[CoverageRow]:
    by_fact = {c.id: set(registry.closure([c])) for c in checks}
    rows = []
    for query, answer in facts.coverage.rows.items():
        readers = {name for (name, _), queries in facts.queries.items() if query in queries}
        rows.append(
            CoverageRow(
                query=query,
                state=State.MALFORMED if answer.left_out and answer.state is State.OK else answer.state,
                items=answer.surveyed or len(answer.items) or int(bool(answer.text)),
                detail=answer.detail,
                needed_by=sorted(i for i, names in by_fact.items() if names & readers),
                required_by=sorted({r.check.id for r in results if query in r.rests_on}),
            )
        )
    return sorted(rows, key=lambda r: str(r.query))
