"""A fix as it fits its hub: a patch keeps what is set today, and sets what the installed chart takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from jhubdoctor.engine.amounts import paired
from jhubdoctor.engine.in_force import counted
from jhubdoctor.model.finding import Fix, Ref
from jhubdoctor.model.hub import RESTARTS, VALUES_FILE, Hub, Installed
from jhubdoctor.model.values import Values
from jhubdoctor.privacy.values import list_at


def fitted(fix: Fix, hub: Hub | None, about: Iterable[Ref] = ()) -> Fix:
    """The fix as this hub can take it for what a finding is about; what of a patch it cannot, words say.

    Helm replaces lists: each holds what is set today as well, unless `Fix.replaces` names it. One that cannot be seen
    whole is no patch. Helm refuses keys that the chart does not have: they are no patch either. A patch that no command
    would apply gets the one that does.
    """
    if hub is None:
        return fix
    there = counted(fix.values, hub, about, raises=not fix.lowers)
    text = fix.text.replace("as shown", "as below") if there.void else fix.text
    for wanted, more in there.amounts.items():
        text = re.sub(rf"\b{re.escape(wanted)}\b", more, text)
    fix = replace(
        fix,
        text=text,
        values=there.patch,
        replaces=tuple(there.moved.get(path, path) for path in fix.replaces),
    )
    missing: dict[str, None] = {}
    patch = _taken(fix.values, (), hub.installed, missing) if hub.installed is not None else dict(fix.values)
    words = [*there.words, *(f"{why[:1].upper()}{why[1:]}." for why in missing)]
    unseen: dict[str, list[Any]] = {}
    patch = _carried(patch, (), hub.values, frozenset(fix.replaces), unseen)
    words += [*paired(patch, hub)]
    below = f"{hub.values_root}." if hub.values_root else ""
    words += [
        f"Add to {below}{path}, and keep what is in it today, which cannot be seen from here: {json.dumps(items)}."
        for path, items in unseen.items()
    ]
    if blanks := dict.fromkeys(_blanks(fix.values)) if patch else {}:
        words.append(f"Before the upgrade put your own in place of {', '.join(blanks)}.")
    left = bool(patch or unseen or not fix.values)
    if fix.values and left and hub.installed is not None and hub.installed.blocked:
        words.append(f"It takes effect when the chart is moved: {hub.installed.blocked}.")
    if not hub.by_helm and left:
        # a check that wanted an upgrade, and has nothing else, got an empty command
        bare = "" in fix.commands and not any(fix.commands)
        words.append(hub.set_elsewhere if fix.values else hub.done_elsewhere if bare else "")
    theirs = () if hub.by_helm else _HELM if hub.manager or not hub.origin.kept else _RENDERS
    commands = [c for c in fix.commands if not c.startswith(theirs) and (left or c != hub.helm_upgrade)]
    if patch and hub.helm_upgrade and not any(c.startswith("helm upgrade ") for c in commands):
        commands.append(hub.helm_upgrade)
    upgrade = hub.helm_upgrade
    if upgrade and upgrade in commands and (unseen or not patch):
        at = commands.index(upgrade)
        commands[at : at + 1] = hub.by_hand()
        under = f" (under {hub.values_root})" if hub.values_root else ""
        words.append(f"Change it in {VALUES_FILE}{under} before the upgrade.")
    elif upgrade in commands:
        at = commands.index(upgrade)
        commands[at : at + 1] = hub.setting(patch)
    if hub.values_root and any(hub.parent_chart in c for c in commands):
        commands = [step for c in commands for step in (*hub.fetching(c), c)]
        words.append(hub.in_parent(moves=any(map(hub.fetching, commands))))
    caution = fix.caution if left else ""
    if any(map(_SETS.search, commands)) and not _TELLS.search(caution):
        # what says half of it is taken in
        caution = RESTARTS if caution.rstrip(".").lower() in RESTARTS.lower() else f"{caution} {RESTARTS}"
    return replace(
        fix,
        text=" ".join(filter(None, (fix.text, *words))),
        values=patch,
        commands=tuple(filter(None, commands)),
        caution=caution,
    )


_SETS = re.compile(r"^helm upgrade .*--values ")
"""What sets values: the hub starts anew with each change of them, for its pods carry their checksum."""
_TELLS = re.compile(r"(?i)restart|anew|cut off|cuts all|away|stop")

_BLANK = re.compile(r"\b[A-Z]{4,}(?: [A-Za-z0-9-]+)*")


def _blanks(value: Any) -> Iterator[str]:
    """What a patch leaves to its reader, which stands in capital letters."""
    if isinstance(value, Mapping):
        for below in value.values():
            yield from _blanks(below)
    elif isinstance(value, list):
        for below in value:
            yield from _blanks(below)
    elif isinstance(value, str):
        yield from (m[0] for m in _BLANK.finditer(value))


_RENDERS = ("helm upgrade ", "helm install ")
_HELM = (*_RENDERS, "helm rollback ", "helm uninstall ", "helm plugin ", "helm mapkubeapis ")
"""What changes a release: where Argo CD or Flux holds it, they undo that, or there is none, or of another chart."""


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
