"""The outcomes of all facts: each computed once, as soon as what it needs is there."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from graphlib import TopologicalSorter
from typing import Any

from jhubdoctor.engine import bug
from jhubdoctor.engine.declare import Check, Fact, NotApplicable
from jhubdoctor.engine.guard import own_copies, within_time
from jhubdoctor.engine.look import Coverage, Look
from jhubdoctor.engine.result import Gap
from jhubdoctor.engine.suppress import Suppressions
from jhubdoctor.model.hub import Hub, Scope
from jhubdoctor.privacy.text import clean
from jhubdoctor.sources.reader import Reader
from jhubdoctor.sources.reads import Answer, Query, ReadState, Unreadable


@dataclass
class FactOutcome:
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

OF_HUB = ("origin", "jupyterhub_version", "values", "installed", "kinds", "bounds")
"""Facts that are fields of a hub, also of a pack. They are told from what is read anyway: nothing is read for them.

But for where its values are set: without that no fix could say it."""


class Facts:
    """The outcomes of all facts, per hub where they depend on one."""

    def __init__(self, facts: Mapping[str, Fact], reader: Reader, scope: Scope) -> None:
        self.facts = facts
        self.reader = reader
        self.scope = scope
        self.coverage = Coverage()
        self.outcomes: dict[Key, FactOutcome] = {}
        self.queries: dict[Key, set[Query]] = {}
        self.of_hub = self._hub_scoped()
        self.hubs: list[Hub] = []
        self.suppressions = Suppressions()
        self.started = time.monotonic()

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

    def compute(self, names: Iterable[str], hubs: Iterable[int], pool: ThreadPoolExecutor | None) -> None:
        """Compute these facts, each as soon as what it needs is there; without a pool one after the other, here."""
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
        running: dict[Future[FactOutcome], Key] = {}
        while sorter.is_active():
            for key in sorter.get_ready():
                if key in self.outcomes:
                    sorter.done(key)
                elif pool is None:
                    self.outcomes[key] = self._one(key)
                    sorter.done(key)
                else:
                    running[pool.submit(self._one, key)] = key
            if not running:
                continue
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                key = running.pop(future)
                self.outcomes[key] = future.result()
                sorter.done(key)

    def forget(self, answers: Mapping[Query, str]) -> bool:
        """Take these answers for unreadable, each with its reason, and forget all outcomes; whether there are any."""
        for query, why in answers.items():
            self.coverage.rows[query] = Answer(ReadState.MALFORMED, [], detail=why)
        if answers:
            self.outcomes.clear()
            self.queries.clear()
        return bool(answers)

    def complete_hubs(self) -> None:
        """Give each hub what the facts say of it, and a file of its own for its patch where there are several."""
        for i, hub in enumerate(self.hubs):
            known = {name: value for name in OF_HUB if (value := self.value(name, i)) is not None}
            # no namespace has a dot in its name, so no two hubs share a file
            own = f"patch-{hub.label.replace('/', '.')}.yaml" if len(self.hubs) > 1 else hub.patch_file
            self.hubs[i] = replace(hub, patch_file=own, **known)

    def of(self, need: str, i: int | None) -> FactOutcome:
        """The outcome of a fact for a hub."""
        match need:
            case "hub":
                return FactOutcome(self.hubs[i]) if i is not None else FactOutcome(absent="no hub")
            case "now":
                return FactOutcome(self.reader.now())
            case "scope":
                return FactOutcome(self.scope)
            case "suppressions":
                return FactOutcome(self.suppressions)
        if need not in self.facts:
            return FactOutcome(absent="not asked for")
        return self.outcomes[need, i if need in self.of_hub else None]

    def value(self, need: str, i: int | None) -> Any:
        """The value of a fact for a hub, None where there is none."""
        found = self.of(need, i)
        return None if found.failed else found.value

    def arguments(self, of: Check | Fact, i: int | None) -> tuple[dict[str, Any], FactOutcome]:
        """The arguments of a check or a fact, and an outcome that says what is missing."""
        arguments: dict[str, Any] = {}
        missing = FactOutcome()
        absent: list[str] = []
        for need in of.needs:
            got = self.of(need.fact, i)
            missing.unseen += got.unseen
            if not got.failed:
                arguments[need.fact] = got.value
                missing.partial += got.partial
                missing.sampled += got.sampled
            elif need.optional and not got.broken:
                arguments[need.fact] = None
                firm = need.fact in of.passes_only_with
                missing.unseen += () if firm else got.gaps
                missing.partial += got.partial + (got.gaps if firm else ())
            else:
                # of what was read in part nobody can say that something is not there
                missing.gaps += got.gaps or got.partial
                missing.broken = missing.broken or got.broken
                absent += [got.absent] if got.absent and not got.partial else []
        if absent:
            # what is certainly not there outweighs what could not be read
            return {}, FactOutcome(absent=absent[0])
        return arguments, missing

    def cut(self, names: Iterable[str], i: int | None) -> tuple[Gap, ...]:
        """Of these facts what was read in part alone."""
        return tuple(dict.fromkeys(g for name in names for g in self.of(name, i).partial))

    def unread(self, names: Iterable[str], i: int | None) -> tuple[Gap, ...]:
        """What was not read of these facts, or in part alone."""
        found = [self.of(name, i) for name in names]
        return tuple(dict.fromkeys(g for o in found for g in (*o.partial, *o.gaps, *o.unseen)))

    def asked(self, facts: Iterable[Fact], i: int | None) -> frozenset[Query]:
        """What these facts asked for, for a hub, but for what they can do without.

        A hub that was found was seen, whatever of the others was not.
        """
        return frozenset(
            query
            for f in facts
            if i is None or f.name != "hubs"
            for query in self.queries.get((f.name, i if f.name in self.of_hub else None), ())
            if query.read in f.reads
        )

    def _one(self, key: Key) -> FactOutcome:
        name, i = key
        fact = self.facts[name]
        arguments, missing = self.arguments(fact, i)
        if missing.failed:
            return missing
        look = Look(self.reader, (*fact.reads, *fact.optional), self.coverage, time.monotonic)
        try:
            with own_copies(arguments, fact.function.__module__) as given:
                if fact.looks:
                    given["look"] = look
                value = within_time(partial(fact.function, **given), look.seconds)
        except Unreadable as e:
            # where it failed for want of something optional, that is the reason to tell
            return FactOutcome(gaps=missing.unseen + missing.partial or (Gap(e.query, e.state, e.detail),))
        except NotApplicable as e:
            return FactOutcome(absent=str(e), partial=missing.partial + _gaps(look))
        except KeyboardInterrupt:
            raise
        except BaseException as e:  # noqa: BLE001  - a bug in a fact is the result of the checks that need it
            return FactOutcome(broken=bug.broken(e, fact.function.__module__))
        finally:
            self.queries[key] = set(look.queries)
        return FactOutcome(
            value,
            partial=missing.partial + _gaps(look),
            unseen=missing.unseen,
            sampled=(*missing.sampled, *map(clean, look.sampled)),
        )


def _gaps(look: Look) -> tuple[Gap, ...]:
    """What could be read in part alone."""
    return tuple(Gap(p.query, p.state, p.detail, p.asked) for p in look.partial)
