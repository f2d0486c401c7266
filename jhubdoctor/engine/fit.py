"""A fix as it fits its hub: a patch keeps what is set today, and sets what the installed chart takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jhubdoctor.model.finding import Fix
from jhubdoctor.model.hub import VALUES_FILE, Hub, Installed
from jhubdoctor.model.values import Values
from jhubdoctor.privacy.values import list_at


def fitted(fix: Fix, hub: Hub | None) -> Fix:
    """The fix as this hub can take it; what of a patch it cannot, words say.

    Helm replaces lists: each holds what is set today as well, unless `Fix.replaces` names it. One that cannot be seen
    whole is no patch. Helm refuses keys that the chart does not have: they are no patch either.
    """
    if hub is None:
        return fix
    missing: dict[str, None] = {}
    patch = _taken(fix.values, (), hub.installed, missing) if hub.installed is not None else dict(fix.values)
    words = [f"{why[:1].upper()}{why[1:]}." for why in missing]
    unseen: dict[str, list[Any]] = {}
    patch = _carried(patch, (), hub.values, frozenset(fix.replaces), unseen)
    words += [
        f"Add to {path}, and keep what is in it today, which cannot be seen from here: {json.dumps(items)}."
        for path, items in unseen.items()
    ]
    left = bool(patch or unseen or not fix.values)
    if fix.values and left and hub.installed is not None and hub.installed.blocked:
        words.append(f"It takes effect when the chart is moved: {hub.installed.blocked}.")
    if fix.values and left and hub.manager:
        words.append(f"Set it in the values of {hub.manager}, or where that takes them from: it undoes what Helm does.")
    theirs = _HELM if hub.manager else ()
    commands = [c for c in fix.commands if not c.startswith(theirs) and (left or c != hub.helm_upgrade)]
    if hub.helm_upgrade in commands and (unseen or not patch):
        at = commands.index(hub.helm_upgrade)
        commands[at : at + 1] = hub.by_hand()
        words.append(f"Change it in {VALUES_FILE} before the upgrade.")
    return replace(
        fix,
        text=" ".join((fix.text, *words)),
        values=patch,
        commands=tuple(filter(None, commands)),
        caution=fix.caution if left else "",
    )


_HELM = ("helm upgrade ", "helm install ", "helm rollback ", "helm uninstall ", "helm plugin ", "helm mapkubeapis ")
"""What changes a release: where Argo CD or Flux holds it, they undo that, or it was never Helm's."""


def _taken(
    patch: Mapping[str, Any], above: tuple[str, ...], chart: Installed, missing: dict[str, None]
) -> dict[str, Any]:
    """What of a patch the chart has keys for."""
    kept: dict[str, Any] = {}
    for key, value in patch.items():
        place = (*above, key)
        if why := chart.lacks(".".join(place)):
            missing[why] = None
        elif isinstance(value, Mapping) and value:
            if below := _taken(value, place, chart, missing):
                kept[key] = below
        else:
            kept[key] = value
    return kept


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
