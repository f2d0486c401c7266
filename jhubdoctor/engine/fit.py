"""A fix as it fits its hub: a patch of the values keeps what is set today."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jhubdoctor.model.finding import Fix
from jhubdoctor.model.hub import Hub
from jhubdoctor.model.values import Values
from jhubdoctor.privacy.values import list_at


def fitted(fix: Fix, hub: Hub | None) -> Fix:
    """The fix with what is set today in every list of its patch, for Helm replaces lists.

    A list that cannot be seen whole is no patch: words say what to add to it. Lists that the fix means to replace stand
    in `Fix.replaces`.
    """
    if hub is None or not fix.values:
        return fix
    unseen: dict[str, list[Any]] = {}
    patch = _carried(fix.values, (), hub.values, frozenset(fix.replaces), unseen)
    words = [
        f"Add to {path}, and keep what is in it today, which cannot be seen from here: {json.dumps(items)}."
        for path, items in unseen.items()
    ]
    return replace(fix, text=" ".join((fix.text, *words)), values=patch)


def _carried(
    patch: Mapping[str, Any],
    above: tuple[str, ...],
    values: Values | None,
    replaces: frozenset[str],
    unseen: dict[str, list[Any]],
) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in patch.items():
        place = (*above, key)
        path = ".".join(place)
        if isinstance(value, Mapping) and value:
            if below := _carried(value, place, values, replaces, unseen):
                kept[key] = below
        elif isinstance(value, list) and path not in replaces:
            today = list_at(values, place) if values is not None else None
            if today is None:
                unseen[path] = value
            else:
                kept[key] = _joined(today, value)
        else:
            kept[key] = value
    return kept


def _joined(today: list[Any], items: list[Any]) -> list[Any]:
    """What is there and what is added; of two items of one name (sysctls, Secrets) the one that is added."""
    names = {i["name"] for i in items if isinstance(i, Mapping) and "name" in i}
    left = [i for i in today if not (isinstance(i, Mapping) and i.get("name") in names)]
    return [*left, *(i for i in items if i not in left)]
