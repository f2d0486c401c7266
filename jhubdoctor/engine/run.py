"""Runs checks over a reader: facts as soon as what they need is there, then checks, then the folding of symptoms.

A failed read makes exactly those checks unknown that needed it; a crash is the result of the check that crashed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from jhubdoctor.engine import bug
from jhubdoctor.engine.declare import Check, NotApplicable
from jhubdoctor.engine.fold import applied, settled
from jhubdoctor.engine.outcomes import Facts, Outcome
from jhubdoctor.engine.registry import Registry
from jhubdoctor.engine.result import CoverageRow, Report, Reported, Result, Status, fingerprint
from jhubdoctor.engine.suppress import Suppression
from jhubdoctor.model.hub import Scope
from jhubdoctor.privacy.harmless import harmless
from jhubdoctor.sources.reader import Reader
from jhubdoctor.sources.reads import State


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
    facts = Facts(registry.closure(checks) | registry.closure_of("hubs", "server_version"), reader, scope)
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


def _jupyterhub_version(facts: Facts, i: int) -> str:
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


def _judge(check: Check, facts: Facts, i: int | None) -> tuple[Result, list[Reported]]:
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


def _coverage(registry: Registry, checks: list[Check], facts: Facts, results: list[Result]) -> list[CoverageRow]:
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
