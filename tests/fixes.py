"""Every fix that the project can be made to give: of all scenarios, and of all examples of notes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from jhubdoctor.engine import notes
from jhubdoctor.engine.result import Report
from jhubdoctor.testing import Example, diagnose, registry
from tests import accuracy


@dataclass(eq=False)
class Case:
    """A cluster with something wrong, and the checks that are asked about it; all where none is named."""

    name: str
    text: str
    ids: tuple[str, ...] = ()

    @cached_property
    def report(self) -> Report:
        """What is said of it."""
        return diagnose(self.text, *self.ids)

    @cached_property
    def whole(self) -> list[dict[str, Any]]:
        """All of the cluster, the healthy hub under it included."""
        return [{"kind": "Empty"}, *Example(self.text).documents]

    def other(self, *more: Mapping[str, Any]) -> Report:
        """What is said of it with `more` laid over it."""
        return diagnose(Example([*self.whole, *more]), *self.ids)

    def on_chart(self, version: str) -> Report:
        """What the checks that patch values here say as if another release of the chart were installed."""
        # a label that an example writes hides the base's, and only the whole tells which there are
        patching = {f.check.id for f in self.report.findings if f.fix.values}
        return diagnose(Example([relabelled(d, version) for d in self.whole]), *sorted(patching))


@cache
def cases() -> tuple[Case, ...]:
    """All of them."""
    found = [Case(name, accuracy.text_of(name)) for name in accuracy.scenarios()]
    for check in registry().checks.values():
        found += [Case(f"{check.id}-{i}", text, (check.id,)) for i, text in enumerate(notes.of(check).fires_on)]
    return tuple(found)


def relabelled(value: Any, chart: str) -> Any:
    """The same objects, made by another release of the chart."""
    if isinstance(value, Mapping):
        if value.get("name") == "jupyterhub" and "version" in value:
            return {**value, "version": chart}
        return {k: relabelled(v, chart) for k, v in value.items()}
    if isinstance(value, list):
        return [relabelled(v, chart) for v in value]
    if isinstance(value, str) and re.fullmatch(r"jupyterhub-\d+\.\d+\.\d+", value):
        return f"jupyterhub-{chart}"
    return value


def lists(patch: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    """The lists that a patch of the values sets, each with its place."""
    for key, value in patch.items():
        if isinstance(value, Mapping):
            yield from lists(value, (*above, key))
        elif isinstance(value, list):
            yield (*above, key), value
