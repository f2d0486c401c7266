"""What others say, as data: a module a speaker, a row a kind of text. No row knows a check, or looks at a cluster."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Generic, TypeVar, overload

from jhubdoctor.api import LINE_LIMIT, RESTARTS, Fix, Hub, clean, excerpt

C = TypeVar("C")
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Known(Generic[C]):
    """One kind of text. `C` is what its table knows besides the text; None where that is nothing.

    Attributes:
        word: its stable name, a part of fingerprints.
        pattern: what the texts have in common, with its flags inside; it is compiled when it is first used.
        says: what it means, as the rest of a sentence; `{name}` stands for a group of the pattern, or for what the
            check knows by that name.
        fix: what to do, its text and commands with such names, and with those of `names_of`.
        source: where the text comes from: a file with its releases, or a public thread.
        also: what must hold besides.
        since: the first release that says so, where older ones are known that do not.
        until: the last one.
    """

    word: str
    pattern: str
    says: str
    fix: Fix
    source: str
    also: Callable[[C], bool] | None = None
    since: str = ""
    until: str = ""

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern: most rows are never asked."""
        return re.compile(self.pattern)

    def search(self, text: str) -> re.Match[str] | None:
        """Where a text says it."""
        return self.compiled.search(text)

    def excerpt(self, text: str, limit: int = 300) -> str:
        """What is around the words that it knows, to be shown; the start and the end where it knows none."""
        m = self.search(text)
        return excerpt(text, m.span() if m and m[0] else None, limit)

    def means(self, names: Mapping[str, str]) -> str:
        """What it means, with these names."""
        return self.says.format_map(names)

    def remedy(self, names: Mapping[str, str]) -> Fix:
        """What to do, with these names."""
        return filled(self.fix, names)


@overload
def known(rows: Iterable[Known[None]], text: str) -> Known[None] | None: ...


@overload
def known(rows: Iterable[Known[C]], text: str, about: C) -> Known[C] | None: ...


def known(rows: Iterable[Known[Any]], text: str, about: Any = None) -> Known[Any] | None:
    """The first row that the text matches, and what is known besides; None where none does."""
    return next((r for r in rows if (r.also is None or r.also(about)) and r.search(text)), None)


def most_telling(items: Sequence[T], text: Callable[[T], str], *tables: Iterable[Known[Any]]) -> T:
    """Of what was said, newest first, the first that a row of the first table knows, else of the next; else the first.

    What is said last is often the least: that a former failure is waited out, that a time was exceeded.
    """
    for rows in map(tuple, tables):
        for one in items:
            if any(r.also is None and r.search(text(one)) for r in rows):
                return one
    return items[0]


def last_words(text: str, most: int = 120) -> str:
    """The end of a text, from where one of its layers begins: what a fallback quotes.

    Layers put their words before those of the cause, with a colon between; containerd adds ": unknown".
    """
    layers = re.sub(r"(?:: unknown)+$", "", clean(text, LINE_LIMIT).strip(' ."')).split(": ")
    found = layers.pop()
    while layers and len(found) + len(layers[-1]) + 2 <= most:
        found = f"{layers.pop()}: {found}"
    return excerpt(found, limit=most)


def alike(text: str, most: int = 80) -> str:
    """What stays of a text from one object to the next: without what is quoted, numbers, paths and the pod's own names.

    Failures that no row knows are of one kind where this is the same.
    """
    rest = re.sub(r'"[^"]*"|\S*[/\d]\S*', " ", clean(text, LINE_LIMIT))
    return " ".join(rest.split())[:most].strip()


def on_nodes(nodes: Iterable[str]) -> str:
    """Where it happened, as ` on node a`; empty where no node is known."""
    found = sorted({n for n in nodes if n})
    return f" on node {found[0]}" if len(found) == 1 else f" on {len(found)} nodes" if found else ""


def filled(fix: Fix, names: Mapping[str, str]) -> Fix:
    """A fix with these names. A command that comes out empty, as an upgrade does under Argo CD, is left out."""
    commands = (c.format_map(names) for c in fix.commands)
    return replace(fix, text=fix.text.format_map(names), commands=tuple(filter(None, commands)))


def names_of(hub: Hub) -> dict[str, str]:
    """The names that fixes may use: `ns`, `release`, `hub` (the Deployment), `account`, `upgrade` (the command)."""
    names = {"ns": hub.namespace, "release": hub.release, "hub": "hub", "account": "hub", "upgrade": hub.helm_upgrade}
    if hub.deployment is not None:
        spec = hub.deployment.spec.template.spec
        names |= {"hub": hub.deployment.name, "account": spec.service_account_name or "default"}
    return names


def upgraded(text: str, values: Mapping[str, Any] | None = None, *first: str, caution: str = RESTARTS) -> Fix:
    """The fix that changes values, as `Hub.values_fix` makes it where the hub is known."""
    return Fix(text, values or {}, (*first, "{upgrade}"), caution)
