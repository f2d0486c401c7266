"""Suppressions: findings that somebody decided to live with, each with the reason, and until when.

A suppressed finding is kept and shown as such; it neither counts nor explains others. What became of each rule is a
fact (`suppressions`), so that checks can find the expired and the unused ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from jhubdoctor.engine.declare import Check
from jhubdoctor.model.errors import UsageError
from jhubdoctor.model.finding import Ref
from jhubdoctor.privacy.text import clean

KEYS = ("check", "area", "object", "hub", "reason", "until")


@dataclass(frozen=True, slots=True)
class Suppression:
    """One rule. Every pattern is a glob, and all that are given must fit.

    Attributes:
        reason: why it is right to live with it.
        check: of the check's id.
        area: of the check's area.
        object: of `Kind/name` or `Kind/namespace/name`; it must fit every object that the finding is about.
        hub: of `namespace/release`.
        until: the last day on which it holds.
        place: the file that it stands in, and its number there.
    """

    reason: str
    check: str = ""
    area: str = ""
    object: str = ""
    hub: str = ""
    until: date | None = None
    place: str = ""

    def __str__(self) -> str:
        given = {"check": self.check, "area": self.area, "object": self.object, "hub": self.hub}
        return ", ".join(f"{k} {v}" for k, v in given.items() if v)

    @property
    def ref(self) -> Ref:
        """The rule as an object that a finding can be about. It is known by its patterns, not by its place."""
        return Ref("Suppression", str(self), api_version="jhubdoctor.toml", stable=f"Suppression/{self}")

    def expired(self, today: date) -> bool:
        """Whether it holds no longer."""
        return self.until is not None and self.until < today

    def names(self, check: Check) -> bool:
        """Whether it is about this check."""
        return _fits(self.check, check.id) and _fits(self.area, check.area) and not check.judges_rules

    def covers(self, check: Check, hub: str, on: Iterable[Ref]) -> bool:
        """Whether it is about this finding."""
        return (
            self.names(check)
            and _fits(self.hub, hub)
            and all(any(_fits(self.object, name) for name in _names(ref)) for ref in on)
        )

    def in_reach(self, hubs: Iterable[tuple[str, str]]) -> bool:
        """Whether a run over these hubs (namespace, label) can meet it at all, so that no hit means something."""
        parts = self.object.split("/")
        namespace = parts[1] if len(parts) == 3 else ""
        if not self.hub and not namespace:
            return True
        return any(_fits(self.hub, label) and _fits(namespace, name) for name, label in hubs)


def _fits(pattern: str, text: str) -> bool:
    return not pattern or fnmatchcase(text, pattern)


def _names(ref: Ref) -> tuple[str, ...]:
    short = f"{ref.kind}/{ref.name}"
    return (short, f"{ref.kind}/{ref.namespace}/{ref.name}") if ref.namespace else (short,)


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a rule in this run.

    Attributes:
        rule: the rule.
        hits: how many findings it suppressed; what an expired one would have suppressed.
        judged: whether every check that it names could look where it is about, so that no hit means none.
        nameless: whether it names no check that there is.
    """

    rule: Suppression
    hits: int = 0
    judged: bool = False
    nameless: bool = False


@dataclass(frozen=True, slots=True)
class Suppressions:
    """All rules of the configuration, and what became of each."""

    applied: tuple[Applied, ...] = ()


def parse(entries: Any, place: str, known: Collection[str] = KEYS) -> tuple[Suppression, ...]:
    """Rules from the `suppress` list of a configuration.

    Raises:
        UsageError: for what is no rule: a key that does not exist, no reason, nothing that it is about.
    """
    if not isinstance(entries, list):
        raise UsageError(f"{place}: suppress is not a list of tables.", "Write each rule under [[suppress]].")
    return tuple(_rule(e, f"{place}, suppress {i}", known) for i, e in enumerate(entries, 1))


def _rule(entry: Any, place: str, known: Collection[str]) -> Suppression:
    if not isinstance(entry, Mapping):
        raise UsageError(f"{place} is not a table.", "Write each rule under [[suppress]].")
    if extra := sorted(set(entry) - set(known)):
        raise UsageError(f"{place} has a key {extra[0]!r} that does not exist.", f"There are {', '.join(known)}.")
    texts = {k: entry.get(k, "") for k in KEYS[:-1]}
    for key, value in texts.items():
        if not isinstance(value, str):
            raise UsageError(f"{place}: {key} is not a text.", f'Write {key} = "...".')
    if not texts["reason"].strip():
        raise UsageError(f"{place} gives no reason.", 'Say why it is right to live with it: reason = "...".')
    if not any(texts[k] for k in ("check", "area", "object", "hub")):
        raise UsageError(f"{place} would suppress everything.", "Give a check, an area, an object or a hub.")
    cleaned = {k: clean(v, 500) for k, v in texts.items()}
    return Suppression(**cleaned, until=_day(entry.get("until"), place), place=place)


def _day(value: Any, place: str) -> date | None:
    if value is None:
        return None
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    if type(value) is date:
        return value
    raise UsageError(f"{place}: until is not a day.", "Write it as until = 2027-01-31.")
