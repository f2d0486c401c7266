"""Finds packs of checks by entry point, and selects among their checks."""

from __future__ import annotations

import importlib
import pkgutil
import traceback
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import TypeVar

from jhubdoctor.engine.declare import Check, Fact
from jhubdoctor.engine.notes import GROUP
from jhubdoctor.model.errors import DoctorError, UsageError
from jhubdoctor.model.words import closest

T = TypeVar("T", Check, Fact)


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
    def areas(self) -> list[str]:
        """The areas that have checks."""
        return sorted({c.area for c in self.checks.values()})

    def select(self, select: Iterable[str] = (), ignore: Iterable[str] = ()) -> list[Check]:
        """The checks of these ids and areas, without those to ignore.

        Raises:
            UsageError: where a word is neither an id nor an area, with the closest that there is.
        """
        wanted = list(self._named(select)) if (select := tuple(select)) else list(self.checks.values())
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
                raise UsageError(f"There is no check or area {word!r}.", hint)

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
        raise UsageError(f"There is no check {name!r}.", hint)

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


def load() -> Registry:
    """The registry of all installed packs.

    Raises:
        PackError: where a pack cannot be used.
    """
    checks: list[Check] = []
    facts: list[Fact] = list(_objects_of("jhubdoctor.facts", Fact))
    knows: dict[str, str] = {}
    for entry in sorted(metadata.entry_points(group=GROUP), key=lambda e: e.name):
        try:
            checks += _objects_of(entry.value, Check)
            facts += _objects_of(entry.value, Fact)
        except PackError:
            raise
        except (Exception, SystemExit) as e:  # a pack's modules may do anything while they are imported
            said = f"The pack {entry.name} ({entry.value}) cannot be imported: {_reason(e)}."
            raise PackError(said, "Reinstall it, or uninstall it.") from e
        knows |= getattr(importlib.import_module(entry.value), "KNOWS", {})
    unique = {id(f): f for f in facts}
    return Registry({id(c): c for c in checks}.values(), unique.values(), knows)


def _reason(error: BaseException) -> str:
    """What stopped an import, and in which file and line; an ImportError says itself what is missing."""
    if isinstance(error, ImportError):
        return str(error)
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__} in {error.filename}, line {error.lineno}"
    [*_, last] = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {last.filename}, line {last.lineno}"


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
