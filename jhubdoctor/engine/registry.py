"""Finds packs of checks by entry point, and selects among their checks."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import traceback
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TypeVar

from jhubdoctor.engine import bug
from jhubdoctor.engine.declare import Check, Fact
from jhubdoctor.engine.guard import OURS, FaultError, nothing_printed, pack_of, within_time
from jhubdoctor.engine.notes import GROUP
from jhubdoctor.model.errors import DoctorError, UsageError
from jhubdoctor.model.finding import Finding, Severity
from jhubdoctor.model.words import closest

T = TypeVar("T", Check, Fact)


UNUSABLE = "packs"
"""The area of what stands for packs that cannot be used."""


class PackError(DoctorError):
    """A pack cannot be used: two checks of one id, a parameter that is no fact, an import that fails."""


class Registry:
    """The checks and facts of all installed packs."""

    def __init__(self, checks: Iterable[Check], facts: Iterable[Fact], knows: Mapping[str, str] | None = None) -> None:
        self.knows = dict(knows or {})
        """How far the data of the packs reaches: `kubernetes` and `chart` to a version."""
        self.checks: dict[str, Check] = {}
        self.facts: dict[str, Fact] = {}
        for f in facts:
            if f.name in self.facts and self.facts[f.name] is not f:
                modules = f"{self.facts[f.name].function.__module__} and {f.function.__module__}"
                raise PackError(f"Two facts are called {f.name!r} ({modules}).", "Uninstall one of the packs.")
            self.facts[f.name] = f
        for c in checks:
            if c.id in self.checks and self.checks[c.id] is not c:
                modules = f"{self.checks[c.id].module} and {c.module}"
                raise PackError(f"Two checks are called {c.id!r} ({modules}).", "Uninstall one of the packs.")
            self.checks[c.id] = c
        for owner, need in self._all_needs():
            if need not in self.facts and need not in PROVIDED:
                close = closest(need, self.facts)
                hint = f"Did you mean {close[0]!r}?" if close else "Without it `jhubdoctor list --facts` names all."
                raise PackError(f"{owner} asks for a fact {need!r} that does not exist.", hint)
        for c in self.checks.values():
            if c.complete and (strange := set(c.complete) - self.closure([c]).keys()):
                raise PackError(
                    f"The check {c.id} must see {min(strange)!r} whole, and does not look at it.", "Correct `complete`."
                )
        self.checks = dict(sorted(self.checks.items()))

    def _all_needs(self) -> Iterator[tuple[str, str]]:
        for c in self.checks.values():
            for n in c.needs:
                yield f"The check {c.id}", n.fact
        for f in self.facts.values():
            for n in f.needs:
                yield f"The fact {f.name}", n.fact

    @property
    def unusable(self) -> list[Check]:
        """What stands for packs of which no check is known."""
        return [c for c in self.checks.values() if c.area == UNUSABLE]

    def _no_check(self, what: str, hint: str) -> UsageError:
        return UsageError(" ".join([what, *(c.title for c in self.unusable)]), hint)

    @property
    def areas(self) -> list[str]:
        """The areas that have checks."""
        return sorted({c.area for c in self.checks.values()})

    def select(self, select: Iterable[str] = (), ignore: Iterable[str] = ()) -> list[Check]:
        """The checks of these ids and areas, without those to ignore.

        Raises:
            UsageError: where a word is neither an id nor an area, with the closest that there is.
        """
        wanted = list(self._named(select)) if (select := tuple(select)) else list(self.checks.values())
        # nobody knows what they would have been
        wanted += self.unusable
        dropped = {c.id for c in self._named(ignore)}
        found = {c.id: c for c in wanted if c.id not in dropped}
        if not found:
            raise UsageError("No check is left to run.", "Loosen --select and --ignore; `jhubdoctor list` names all.")
        return [found[i] for i in sorted(found)]

    def _named(self, words: Iterable[str]) -> Iterator[Check]:
        for word in (w.strip() for entry in words for w in entry.split(",")):
            if word in self.checks:
                yield self.checks[word]
            elif word in self.areas:
                yield from (c for c in self.checks.values() if c.area == word)
            elif word:
                close = _closest(word, [*self.checks, *self.areas])
                hint = f"Did you mean {' or '.join(close)}?" if close else "`jhubdoctor list` names all."
                raise self._no_check(f"There is no check or area {word!r}.", hint)

    def find(self, name: str) -> Check:
        """One check by its id or an unambiguous prefix of it.

        Raises:
            UsageError: where none or several fit.
        """
        if name in self.checks:
            return self.checks[name]
        fitting = [i for i in self.checks if i.startswith(name)]
        if len(fitting) == 1:
            return self.checks[fitting[0]]
        if fitting:
            raise UsageError(f"{name!r} is the start of several checks.", f"Choose one: {', '.join(fitting)}.")
        close = closest(name, self.checks, 3, 0.5)
        hint = f"Did you mean {' or '.join(close)}?" if close else "`jhubdoctor list` names all."
        raise self._no_check(f"There is no check {name!r}.", hint)

    def closure(self, checks: Iterable[Check]) -> dict[str, Fact]:
        """The facts that these checks need, also through others."""
        return self.closure_of(*(n.fact for c in checks for n in c.needs))

    def closure_of(self, *names: str) -> dict[str, Fact]:
        """These facts and those that they need, also through others."""
        found: dict[str, Fact] = {}
        todo = list(names)
        while todo:
            name = todo.pop()
            if name not in found and name in self.facts:
                found[name] = self.facts[name]
                todo += [n.fact for n in self.facts[name].needs]
            if name == "hub" and "hubs" not in found:
                todo.append("hubs")
        return found

    def reads(self, checks: Iterable[Check], *, required: bool = False, optional: bool = False) -> dict[str, list[str]]:
        """The reads that these checks make, each with the ids of the checks.

        With `required` only those without which a check is unknown: not what a fact can do without (but with
        `optional`: it may need it where something asks for it, or to pass), nor what is behind an optional parameter,
        nor what the search for hubs looks at where it finds none: then there is nothing to judge.
        """
        found: dict[str, list[str]] = {}
        for c in checks:
            facts = self.required(c, to_pass=optional) if required else self.closure([c])
            left_out = {f.name for f in facts.values() if required and (not optional or f.name == "hubs")}
            for read in {r for f in facts.values() for r in (*f.reads, *(() if f.name in left_out else f.optional))}:
                found.setdefault(read, []).append(c.id)
        return {k: sorted(v) for k, v in sorted(found.items())}

    def required(self, check: Check, *, to_pass: bool = False) -> dict[str, Fact]:
        """The facts without which a check is unknown, also through others; with `to_pass` those too that `ok` takes."""
        found: dict[str, Fact] = {}
        todo = _required(check, to_pass=to_pass)
        while todo:
            name = todo.pop()
            if name in self.facts and name not in found:
                found[name] = self.facts[name]
                todo += _required(self.facts[name], to_pass=to_pass)
            if name == "hub":
                todo += [n for n in ("hubs",) if n not in found]
        return found


def _closest(word: str, names: list[str]) -> list[str]:
    """The names that are nearest to a word: spelled alike, or else with a part that it begins (`taints`)."""
    stem = word.removesuffix("s").replace("_", "-")
    return closest(word, names, 2) or [n for n in names if f"-{stem}" in f"-{n}"][:3]


def _required(of: Check | Fact, *, to_pass: bool) -> list[str]:
    return [n.fact for n in of.needs if not n.optional or (to_pass and n.fact in of.passes_only_with)]


PROVIDED = frozenset({"hub", "now", "scope", "suppressions"})
"""Facts that the engine itself provides: the hub at hand, the time of the look, what the command line says, what became
of the suppressions."""


@dataclass(frozen=True)
class Pack:
    """What a pack brings, and `KNOWS`: how far its data reaches."""

    name: str
    module: str
    checks: list[Check] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    knows: Mapping[str, str] = field(default_factory=dict)


def load() -> Registry:
    """The registry of all installed packs.

    A pack of somebody else that cannot be used is one check more, which is broken wherever checks are run.

    Raises:
        PackError: where the checks of jhubdoctor itself cannot be used.
    """
    entries = sorted(metadata.entry_points(group=GROUP), key=lambda e: (pack_of(e.value) not in OURS, e.name))
    facts = list(_objects_of("jhubdoctor.facts", Fact))
    packs: list[Pack] = []
    with nothing_printed():
        for entry in entries:
            if pack_of(entry.value) in OURS:
                packs.append(_pack(entry.name, entry.value))
                continue
            try:
                packs.append(within_time(partial(_pack, entry.name, entry.value)))
            except KeyboardInterrupt:
                raise
            except BaseException as e:  # noqa: BLE001  - a pack's modules may do anything while they are imported
                packs.append(_unusable(Pack(entry.name, entry.value), f"cannot be imported: {_reason(e)}"))
    try:
        return _of_all(facts, packs)
    except PackError:
        # which of them does not go with the others
        return _of_all(facts, _going_together(facts, packs))


def _of_all(facts: list[Fact], packs: Iterable[Pack]) -> Registry:
    checks = {id(c): c for p in packs for c in p.checks}
    unique = {id(f): f for f in (*facts, *(f for p in packs for f in p.facts))}
    return Registry(checks.values(), unique.values(), {k: v for p in packs for k, v in p.knows.items()})


def _going_together(facts: list[Fact], packs: Iterable[Pack]) -> list[Pack]:
    found: list[Pack] = []
    for pack in packs:
        try:
            _of_all(facts, [*found, pack])
        except PackError as e:
            if pack_of(pack.module) in OURS:
                raise
            taken = {c.id for p in found for c in p.checks}
            found.append(_unusable(pack, f"cannot be used: {_reason(e)}", taken))
        else:
            found.append(pack)
    return found


def _unusable(pack: Pack, why: str, taken: Container[str] = ()) -> Pack:
    """What stands for a pack: its checks, or one of its own where none is known, that say why and find nothing."""

    def fails() -> Iterator[Finding]:
        raise FaultError(why)

    title = f"The pack {pack.name} ({pack.module}) {why}."
    itself = Check(f"pack-{pack.name}", UNUSABLE, title, fails, Severity.ERROR, (), (), pack.module)
    known = [replace(itself, id=c.id, area=c.area, module=c.module) for c in pack.checks if c.id not in taken]
    return replace(pack, checks=known or [itself], facts=[], knows={})


def _pack(name: str, module: str) -> Pack:
    checks, facts = list(_objects_of(module, Check)), list(_objects_of(module, Fact))
    return Pack(name, module, checks, facts, dict(getattr(sys.modules[module], "KNOWS", {})))


def _reason(error: BaseException) -> str:
    """What stopped an import, and in which file and line; an ImportError says itself what is missing."""
    if isinstance(error, PackError):
        return error.what.rstrip(".")
    if isinstance(error, (ImportError, FaultError)):
        return str(error)
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__} in {bug.short(str(error.filename))}, line {error.lineno}"
    [*_, last] = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {bug.short(last.filename)}, line {last.lineno}"


def _objects_of(package: str, kind: type[T]) -> Iterator[T]:
    """All objects of a kind in the modules of a package."""
    root = importlib.import_module(package)
    modules = [root]
    if hasattr(root, "__path__"):
        for folder in (f for path in root.__path__ for f in Path(path).glob("*/")):
            if any(folder.glob("*.py")) and not (folder / "__init__.py").exists():
                raise PackError(
                    f"The folder {folder.name} of the package {package} has no __init__.py: its checks are not found.",
                    f"Create the empty file {folder / '__init__.py'}.",
                )
        modules += [importlib.import_module(m.name) for m in pkgutil.walk_packages(root.__path__, package + ".")]
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, kind):
                yield value
