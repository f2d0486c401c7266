"""A patch as it counts: each value of it where the trait that it is for is set today."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jhubdoctor.engine.amounts import amount, at, bound, raised, written
from jhubdoctor.model.finding import Ref
from jhubdoctor.model.hub import Hub
from jhubdoctor.model.traits import Kind, Trait, trait_at
from jhubdoctor.model.values import Values, leaves, put

Place = tuple[str, ...]
# What makes placeholders and image pullers, which are given what users are.
_MADE_BY_TEMPLATES = ("StatefulSet/", "DaemonSet/")
_SHOWN = 4
UNCHANGED = object()
"""In the place of an amount of which no more is possible than is set."""


def counted(patch: Mapping[str, Any], hub: Hub, about: Iterable[Ref], *, raises: bool = True) -> Counted:
    """Each value of a patch where it counts for the servers that a finding is about, as `raises` says with more of it.

    What hub.config, code in hub.extraConfig or a profile sets wins over the chart's own value, which then changes
    nothing. For pods that the chart's templates make, its own value counts whatever they say.
    """
    found = Counted(hub, tuple(about), raises)
    for place, wanted in leaves(patch):
        found.count(place, wanted)
    return found


@dataclass
class Counted:
    """A patch as it counts.

    Attributes:
        hub: whose values it patches.
        about: what it is to mend.
        raises: whether it sets no amount that is less than today's.
        patch: what is left of it, at the places where it counts.
        words: what goes where no patch of the values can put it.
        moved: the paths that went elsewhere, with their new ones.
        amounts: those that were to be set, with what is set in their place.
    """

    hub: Hub
    about: tuple[Ref, ...]
    raises: bool
    patch: dict[str, Any] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    amounts: dict[str, str] = field(default_factory=dict)

    @property
    def void(self) -> bool:
        """Whether words are all that is left."""
        return not self.patch and bool(self.words)

    def count(self, place: Place, wanted: Any) -> None:
        """Set it where it counts, or say where that is."""
        hub, root, where = self.hub, f"{self.hub.values_root}." if self.hub.values_root else "", ".".join(place)
        users = [r for r in self.about if r.kind == "Pod" and not r.stable.startswith(_MADE_BY_TEMPLATES)]
        made = any(r.stable.startswith(_MADE_BY_TEMPLATES) for r in self.about)
        trait = trait_at(place)
        if trait is None or hub.values is None or (made and not users):
            self._set(place, wanted)
            return
        over, others = _profiles(trait, hub, users) if trait.of_servers else ((), True)
        if over and (value := self._more(place, wanted, [k.sets[trait.name][1] for k in over])) is not UNCHANGED:
            self.words.append(_of_profiles(trait, over, value, root))
        if not others:
            return
        owner = _configured(trait, place, hub.values)
        there = f"hub.config.{owner}.{trait.name}"
        if hub.values.traits_in_code & {f"{o}.{trait.name}" for o in trait.owners}:
            self.words.append(_of_code(trait, where, self._more(place, wanted, ()), root))
            if isinstance(wanted, (list, Mapping)) or not trait.plain:
                self._set(place, wanted)
        elif not owner:
            self._set(place, wanted)
        elif not trait.plain:
            self.words.append(
                f"{root}{there} is set, and it counts in the place of {root}{where}: change it there as well."
            )
            self._set(place, wanted)
        else:
            self.moved[where] = ".".join((there, *trait.below))
            self.words.append(f"It goes to {root}{there}, which is set, and counts in the place of {root}{where}.")
            self._set(("hub", "config", owner, trait.name, *trait.below), wanted)
            if made or wanted is None:
                self._set(place, wanted)

    def _set(self, place: Place, wanted: Any) -> None:
        today = [at(self.hub.values.data, place)] if self.hub.values is not None else []
        if (value := self._more(place, wanted, today)) is not UNCHANGED:
            put(self.patch, place, value)

    def _more(self, place: Place, wanted: Any, today: Iterable[Any]) -> Any:
        """What is wanted, or more where no less is set today, as far as one pod can be given it; else `UNCHANGED`."""
        if not self.raises:
            return wanted
        value, has = wanted, list(today)
        for before in has:
            value = raised(place, value, before)
        most = bound(place, self.hub.bounds)
        if most is not None and (amount(place, value) or 0) > most.most:
            value = written(place, most.most)
            self.words.append(f"{most.by[:1].upper()}{most.by[1:]} lets one pod have {value} at most.")
            if any((amount(place, v) or 0) >= (amount(place, value) or 0) for v in has):
                return UNCHANGED
        if value != wanted:
            self.amounts[str(wanted)] = str(value)
        return value


def _profiles(trait: Trait, hub: Hub, users: list[Ref]) -> tuple[tuple[Kind, ...], bool]:
    """The kinds of servers that set a trait themselves and that a finding is about, and whether it is about others too.

    Where it is about no server in particular, only what concerns all of them is told.
    """
    kinds = hub.kinds
    may_be = [kinds.of.get(r.name, ()) for r in users]
    known = bool(may_be) and all(may_be)
    concerned = tuple(dict.fromkeys(k for of in may_be for k in of)) if known else kinds.all
    over = kinds.setting(trait, concerned)
    if not users and len(over) < len(concerned):
        return (), True
    return over, len(over) < len(concerned) or not concerned


def _configured(trait: Trait, place: Place, values: Values) -> str:
    """The section of hub.config that sets a trait and wins over the chart's own value; empty where none does."""
    if place[:2] == ("hub", "config"):
        return ""
    config = values.mapping("hub.config")
    return next((o for o in trait.owners if isinstance(config.get(o), Mapping) and trait.name in config[o]), "")


def _of_profiles(trait: Trait, over: tuple[Kind, ...], value: Any, root: str) -> str:
    """What to change in which overrides."""
    names = {k.name.partition(", choice")[0]: None for k in over}
    paths = list(dict.fromkeys(k.sets[trait.name][0] for k in over))
    sets = "sets" if len(names) == 1 else "set"
    shown = ", ".join(list(names)[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    where = ", ".join(f"{root}{p}" for p in paths[:_SHOWN])
    return f"{shown[:1].upper()}{shown[1:]} {sets} {trait.name}, and that counts: {_change(trait, value)} in {where}."


def _change(trait: Trait, value: Any) -> str:
    name = ".".join((trait.name, *trait.below))
    if not trait.plain:
        return f"change {name}"
    if value is None:
        return f"take {name} out"
    said = json.dumps(value)
    return f"add {said} to {name}" if isinstance(value, list) else f"set {name} to {said}"


def _of_code(trait: Trait, where: str, value: Any, root: str) -> str:
    code = f"Code in {root}hub.extraConfig sets {trait.full}"
    if isinstance(value, (list, Mapping)) or not trait.plain:
        return f"{code}: where it puts its own in the place of {root}{where}, change it there as well."
    return f"{code}, and it counts in the place of {root}{where}: {_change(trait, value)} there."
