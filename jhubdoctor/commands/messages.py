"""The texts that clusters, hubs and clouds say, each with the checks that know it: what people paste into a search.

They come from the tables of known texts in the packs, and from the examples of the notes that make a check fire.
"""

from __future__ import annotations

import inspect
import itertools
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, is_dataclass
from functools import cache, partial
from re import _constants as op  # type: ignore[attr-defined]  # the parts of a pattern; typeshed has no types for them
from re import _parser as parser  # type: ignore[attr-defined]
from types import CodeType, FunctionType, ModuleType
from typing import Any

from jhubdoctor.engine import notes
from jhubdoctor.engine.registry import Registry
from jhubdoctor.testing import documents

GAP = "…"
# What is shorter ("403", "scope") means something in the place alone where the check looks for it.
LEAST_LETTERS = 10
LEAST_WORDS = 3
MOST_TEXTS = 24
MOST_LETTERS = 300

_ORDINARY = {"Scheduled", "Pulling", "Pulled", "Created", "Started", "TriggeredScaleUp", "Nominated", "Killing"}
# In so many places, and next to so many messages, that they lead nowhere.
_COMMON = {"Error", "Failed"}
_REASON = re.compile(r"[A-Z][A-Za-z]+")
_TROUBLE = re.compile(r"^(?!\[[ID] ).*(?i:^\[[EWC] |error|failed|denied|refused|timed? ?out|cannot|can't|unable)")
# What hub, Go programs, examples and Traefik write before what they say.
_HEADER = re.compile(
    r"^(?:\[[A-Z] [^\]]*\] ?|[EWIF]\d{4} \S+ +\d+ \S+\] |\{-\d+\w\} *|[\d-]{10}[T ][\d:.,]+Z? *|\d\d:\d\d:\d\d\.\d+ "
    r"|time=\S+ level=\w+ msg=)+"
)


@dataclass(frozen=True)
class Message:
    """What of one meaning is said.

    Attributes:
        texts: the texts; a gap stands for what differs.
        says: what they mean.
        checks: ids of the checks that look for them.
        pattern: by which they find them; None for what a note only quotes.
    """

    texts: tuple[str, ...]
    says: str
    checks: tuple[str, ...]
    pattern: re.Pattern[str] | None = None


def messages(registry: Registry) -> list[Message]:
    """All texts that are known, by check."""
    known = list(_of_tables(registry))
    # what a table says already is not said twice
    there = {(c, _bare(t)) for m in known for c in m.checks for t in m.texts}
    for check in registry.checks.values():
        texts = [t for t in _of_note(notes.of(check)) if (check.id, _bare(t)) not in there]
        if texts:
            known.append(Message(tuple(texts[:MOST_TEXTS]), check.title, (check.id,)))
    return sorted(known, key=lambda m: (m.checks, m.texts))


# --- tables ----------------------------------------------------------------------------------------------------------


def tables(packs: Iterable[str]) -> Iterator[Sequence[Any]]:
    """Every table of known texts: what is a sequence of structs with a pattern, under a name of a module."""
    found = {id(v): v for m in _modules(packs) for v in vars(m).values() if isinstance(v, tuple | list) and v}
    yield from (v for v in found.values() if all(is_dataclass(r) and hasattr(r, "pattern") for r in v))


def _of_tables(registry: Registry) -> Iterator[Message]:
    users = _users(registry)
    for table in tables({c.module.partition(".")[0] for c in registry.checks.values()}):
        for row in table:
            pattern = row.pattern if isinstance(row.pattern, re.Pattern) else re.compile(row.pattern)
            if (texts := readable(pattern)) and (checks := users[id(table)]):
                yield Message(tuple(texts), _words(row.says), tuple(checks), pattern)


def readable(pattern: re.Pattern[str]) -> list[str]:
    """What a pattern matches, as a person would write it: one text a choice, with a gap for what may be anything."""
    texts = (re.sub(rf"(?:\s*{GAP}\s*)+$|\s+", " ", t).strip() for t in _sequence(parser.parse(pattern.pattern)))
    return [t for t in dict.fromkeys(texts) if _letters(t) >= LEAST_LETTERS][:MOST_TEXTS]


def _sequence(items: Iterable[tuple[Any, Any]]) -> list[str]:
    choices = [_part(kind, value) for kind, value in items]
    combined = itertools.islice(itertools.product(*choices), 4 * MOST_TEXTS)
    return [re.sub(f"{GAP}+", GAP, "".join(parts)) for parts in combined]


def _part(kind: Any, value: Any) -> list[str]:
    if kind is op.LITERAL:
        return [chr(value)]
    if kind is op.SUBPATTERN:
        return _sequence(value[3])
    if kind is op.BRANCH:
        return [t for branch in value[1] for t in _sequence(branch)]
    if kind in {op.MAX_REPEAT, op.MIN_REPEAT} and value[1] == 1:
        return _sequence(value[2])  # what may be left out is written
    if kind is op.IN and all(k is op.LITERAL for k, _ in value):
        return [chr(value[0][1])]
    if kind in {op.AT, op.ASSERT, op.ASSERT_NOT}:
        return [""]
    return [GAP]


def _words(says: str) -> str:
    return re.sub(r"\{(\w+)\}(?:\{\w+\})*", lambda m: m[1].upper(), says)


# --- who looks for a table's texts -----------------------------------------------------------------------------------


def _modules(packs: Iterable[str]) -> list[ModuleType]:
    """The modules of these packages. They are imported already: a registry was loaded from them."""
    return [m for n, m in sorted(sys.modules.items()) if n.partition(".")[0] in packs]


def _users(registry: Registry) -> dict[int, list[str]]:
    """The identity of what a check uses, also through others or through its facts, to the ids of these checks."""
    users: dict[int, list[str]] = defaultdict(list)
    for check in registry.checks.values():
        todo: list[Any] = [check.function, *(f.function for f in registry.closure([check]).values())]
        seen: set[int] = set()
        while todo:
            value = todo.pop()
            if id(value) not in seen:
                seen.add(id(value))
                todo += _uses(value)
        for found in seen:
            users[found].append(check.id)
    return users


def _uses(value: Any) -> Iterator[Any]:
    """What a function, a class or a collection of the packs refers to by the names of its module."""
    value = inspect.unwrap(value) if callable(value) else value
    if isinstance(value, FunctionType):
        names = _names(value.__code__)
        found = [value.__globals__[n] for n in names if n in value.__globals__]
        yield from (v for v in found if not isinstance(v, ModuleType))
        yield from (vars(m)[n] for m in found if isinstance(m, ModuleType) for n in names if n in vars(m))
    elif isinstance(value, type):
        yield from (getattr(v, "fget", None) or getattr(v, "func", v) for v in vars(value).values())
    elif isinstance(value, partial):
        yield from (value.func, *value.args)
    elif isinstance(value, tuple | list):
        yield from value
    elif isinstance(value, dict):
        yield from value.values()


@cache
def _names(code: CodeType) -> frozenset[str]:
    """The names that code looks up, and those that the code within it does."""
    inside = (_names(c) for c in code.co_consts if isinstance(c, CodeType))
    return frozenset(code.co_names).union(*inside)


# --- notes -----------------------------------------------------------------------------------------------------------


def _of_note(note: notes.Note) -> list[str]:
    """What a note quotes, and the reasons, messages and lines of trouble in the examples that make its check fire."""
    prose = " ".join([note.intro, *(note.sections.get(h, "") for h in ("What it means", "Common causes"))])
    quoted = re.findall(r"`([^`]+)`", " ".join(re.sub(r"```.*?```", "", prose, flags=re.DOTALL).split()))
    texts = [t for t in quoted if len(t.split()) >= LEAST_WORDS and not t.startswith(("kubectl ", "helm ", "c."))]
    reasons: list[str] = []
    for document in (d for text in note.fires_on for d in documents(text)):
        if document.get("kind") == "Log":
            texts += [_HEADER.sub("", t).strip() for t in document["text"].splitlines() if _TROUBLE.search(t)]
        elif document.get("kind") != "Suppression":
            texts += _said(document)
            reasons += _reasons(document)
    texts = [t for t in texts if _letters(t) >= LEAST_LETTERS]
    return list({_bare(t): _short(t) for t in reversed(reasons + texts)}.values())[::-1]


def _reasons(value: Any) -> Iterator[str]:
    """The words by which pods, events and conditions say what is wrong: what `kubectl get pods` shows."""
    if isinstance(value, dict):
        reason = value.get("reason")
        if isinstance(reason, str) and _REASON.fullmatch(reason) and reason not in _ORDINARY | _COMMON:
            yield reason
        for below in value.values():
            yield from _reasons(below)
    elif isinstance(value, list):
        for below in value:
            yield from _reasons(below)


def _said(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value.get("reason") not in _ORDINARY:
        if isinstance(text := value.get("message"), str):
            yield " ".join(text.split())
        for below in value.values():
            yield from _said(below)
    elif isinstance(value, list):
        for below in value:
            yield from _said(below)


def _short(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else text[:MOST_LETTERS] + GAP


def _letters(text: str) -> int:
    return sum(c.isalpha() for c in text)


def _bare(text: str) -> str:
    """A text without numbers, so that two that count differently are one."""
    return re.sub(r"\d+", "0", text).casefold()
