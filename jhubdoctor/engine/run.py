"""Facts as soon as what they need is there (`evaluate`), then checks and the folding of symptoms (`judge`).

A failed read makes exactly those checks unknown that needed it; a crash is the result of the check that crashed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

from jhubdoctor.engine import bug
from jhubdoctor.engine.declare import CannotSay, Check, NotApplicable
from jhubdoctor.engine.fit import fitted
from jhubdoctor.engine.fold import applied, settled
from jhubdoctor.engine.guard import OURS, FaultError, nothing_printed, own_copies, pack_of, within_time
from jhubdoctor.engine.outcomes import OF_HUB, FactOutcome, Facts
from jhubdoctor.engine.place import placed
from jhubdoctor.engine.registry import Registry
from jhubdoctor.engine.result import CheckStatus, CoverageRow, Gap, Report, Reported, Result, fingerprint
from jhubdoctor.engine.suppress import Suppression
from jhubdoctor.model.finding import Finding
from jhubdoctor.model.hub import Hub, Scope
from jhubdoctor.privacy.harmless import harmless
from jhubdoctor.sources.reader import Reader
from jhubdoctor.sources.reads import ReadState
from jhubdoctor.sources.witnesses import contradicted


def evaluate(
    registry: Registry,
    names: Iterable[str],
    reader: Reader,
    scope: Scope,
    *,
    concurrency: int = 8,
    progress: Callable[[str], None] = lambda _: None,
) -> Facts:
    """Read: the outcomes of these facts and of those that they need, for each hub. Nothing that a cluster does raises.

    The facts that complete a hub have of others what is there anyway.
    """
    wanted = registry.closure_of(*names, "hubs", "server_version", "newest_release")
    identity = {n: registry.facts[n] for n in OF_HUB if n in registry.facts}
    facts = Facts(wanted | identity, reader, scope)
    # one at a time needs no thread: starting it takes longer than a small cluster
    threads = ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="fact") if concurrency > 1 else None
    with threads or nullcontext() as pool, _interruptible(reader), nothing_printed():
        again = True
        while again:
            progress("looking for hubs")
            facts.compute(registry.closure_of("hubs"), (), pool)
            facts.hubs = list(facts.value("hubs", None) or ())
            places: dict[str, set[str]] = {}
            for hub in facts.hubs:
                places.setdefault(hub.namespace, set()).add(hub.release)
            reader.expect(places)
            progress("reading the cluster")
            facts.compute(facts.facts, range(len(facts.hubs)), pool)
            # a list that other answers contradict is no answer: what was told by it is told anew, without it
            again = facts.forget(contradicted(facts.coverage.rows))
    facts.complete_hubs()
    return facts


@contextmanager
def _interruptible(reader: Reader) -> Iterator[None]:
    """Let go of what is being read as soon as somebody interrupts: the threads that wait for it are waited for."""
    try:
        yield
    except BaseException:
        reader.cancel()
        raise


def judge(
    registry: Registry,
    checks: list[Check],
    facts: Facts,
    *,
    suppressions: Iterable[Suppression] = (),
    fail_on: str = "error",
    accept_unknown: bool = False,
) -> Report:
    """Judge what was read. The facts are those that the checks need, evaluated."""
    with nothing_printed():
        return _judged(registry, checks, facts, tuple(suppressions), fail_on=fail_on, accept_unknown=accept_unknown)


def _judged(
    registry: Registry,
    checks: list[Check],
    facts: Facts,
    rules: tuple[Suppression, ...],
    *,
    fail_on: str,
    accept_unknown: bool,
) -> Report:
    reader = facts.reader
    search = facts.of("hubs", None)
    results: list[Result] = []
    reported: list[Reported] = []
    # what a pack does to what it is given must not reach ours
    for c in sorted(checks, key=lambda c: (c.judges_rules, pack_of(c.module) not in OURS)):
        if rules and c.judges_rules:
            facts.suppressions = applied(rules, registry, results, reported, facts.hubs, reader.now().date())
        per_hub = any(n.fact in facts.of_hub for n in c.needs)
        if per_hub and (not facts.hubs or any(g.asked for g in search.partial)):
            # where not all could be looked through, there may be a hub that nobody saw; a dump says so once for all
            results.append(_without_hub(c, search))
        places: list[int | None] = [*range(len(facts.hubs))] if per_hub else [None]
        required = registry.required(c).values()
        for place in places:
            result, findings = _judge(c, facts, place)
            results.append(replace(result, rests_on=facts.asked(required, place)))
            reported += findings
    active, suppressed = settled(reported, rules, reader.now().date())
    return Report(
        started_at=reader.now(),
        duration=time.monotonic() - facts.started,
        source=reader.source,
        context=reader.context,
        server_version=str(facts.value("server_version", None) or ""),
        hubs=tuple(facts.hubs),
        results=tuple(results),
        findings=tuple(active),
        suppressed=tuple(suppressed),
        rules=facts.suppressions.applied,
        coverage=tuple(_coverage(registry, checks, facts)),
        search=facts.scope.searched(facts.hubs),
        requests=reader.requests,
        bytes_read=reader.bytes_read,
        notices=reader.notices,
        knows=registry.knows,
        fail_on=fail_on,
        accept_unknown=accept_unknown,
    )


def _without_hub(check: Check, found: FactOutcome) -> Result:
    if found.broken:
        return Result(check, None, CheckStatus.BROKEN, found.broken)
    if gaps := found.gaps or found.partial:
        return Result(check, None, CheckStatus.UNKNOWN, "; ".join(map(str, gaps)), gaps)
    return Result(check, None, CheckStatus.NOT_APPLICABLE, found.absent or "no hub was found")


def _judge(check: Check, facts: Facts, i: int | None) -> tuple[Result, list[Reported]]:
    hub = facts.hubs[i] if i is not None else None
    arguments, missing = facts.arguments(check, i)
    if missing.absent:
        return Result(check, hub, CheckStatus.NOT_APPLICABLE, missing.absent), []
    if missing.broken:
        return Result(check, hub, CheckStatus.BROKEN, missing.broken), []
    if missing.gaps:
        gaps = tuple(dict.fromkeys(missing.gaps))
        return Result(check, hub, CheckStatus.UNKNOWN, "; ".join(map(str, gaps)), gaps), []
    start = time.monotonic()
    reported: list[Reported] = []
    untold: tuple[Gap, ...] = ()
    try:
        with own_copies(arguments, check.module) as given:
            within_time(lambda: _collect(check, hub, given, reported))
    except CannotSay as e:
        untold = facts.unread(e.without, i)
    except NotApplicable as e:
        if partly := tuple(dict.fromkeys(missing.partial)):
            return Result(check, hub, CheckStatus.UNKNOWN, "; ".join(map(str, partly)), partly), []
        return Result(check, hub, CheckStatus.NOT_APPLICABLE, str(e)), []
    except KeyboardInterrupt:
        raise
    except BaseException as e:  # noqa: BLE001  - a bug in a check is that check's result
        why = bug.broken(e, check.module)
        return Result(check, hub, CheckStatus.BROKEN, why, duration=time.monotonic() - start), []
    duration = time.monotonic() - start
    partial, unseen = tuple(dict.fromkeys(missing.partial)), tuple(dict.fromkeys(missing.unseen))
    sampled = [f"rests on a sample: {s}" for s in dict.fromkeys(missing.sampled)]
    if reported:
        untold = facts.cut(check.complete, i) + facts.unread(check.fires_only_with, i)
    if reported and not untold:
        reason = "; ".join([*(f"not seen: {g}" for g in (*partial, *unseen)), *sampled])
        return Result(check, hub, CheckStatus.FOUND, reason, partial + unseen, duration), reported
    if gaps := tuple(dict.fromkeys(partial + untold)):
        return Result(check, hub, CheckStatus.UNKNOWN, "; ".join(map(str, gaps)), gaps, duration), []
    reason = "; ".join([*(f"not seen: {g}" for g in unseen), *sampled])
    return Result(check, hub, CheckStatus.OK, reason, unseen, duration), []


MOST_FINDINGS = 20_000
"""One a user of the largest hubs; more is a loop."""


def _collect(check: Check, hub: Hub | None, given: dict[str, Any], reported: list[Reported]) -> None:
    """Append what a check finds: what it found before a CannotSay counts."""
    for finding in check.function(**given):
        if not isinstance(finding, Finding):
            raise FaultError(f"it yields {type(finding).__name__}, which is no Finding")
        if len(reported) == MOST_FINDINGS:
            raise FaultError(f"it yields more than {MOST_FINDINGS} findings")
        reported.append(_reported(check, hub, finding))


def _reported(check: Check, hub: Hub | None, f: Finding) -> Reported:
    if hub is not None:
        there = tuple(placed(f.fix.commands, hub.namespace, (*f.on, *f.affects)))
        f = replace(f, fix=fitted(replace(f.fix, commands=there), hub, (*f.on, *f.affects)))
    return Reported(
        check,
        hub,
        harmless(f),
        f.severity or check.severity,
        fingerprint(check.id, hub, f),
    )


def _coverage(registry: Registry, checks: list[Check], facts: Facts) -> list[CoverageRow]:
    by_fact = {c.id: set(registry.closure([c])) for c in checks}
    rows = []
    for query, answer in facts.coverage.rows.items():
        readers = {name for (name, _), queries in facts.queries.items() if query in queries}
        rows.append(
            CoverageRow(
                query=query,
                state=ReadState.MALFORMED if answer.left_out and answer.state is ReadState.OK else answer.state,
                items=answer.surveyed or len(answer.items) or int(bool(answer.text)),
                detail=answer.detail,
                needed_by=tuple(sorted(i for i, names in by_fact.items() if names & readers)),
            )
        )
    return sorted(rows, key=lambda r: str(r.query))
