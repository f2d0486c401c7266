"""Amounts of a patch as they fit those that are set: what is to be raised is, and no limit is below its request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jhubdoctor.model.bounds import Bound, Bounds
from jhubdoctor.model.hub import Hub
from jhubdoctor.model.kube.quantity import quantity, spawner_bytes
from jhubdoctor.model.traits import VALUES, trait_at, where_set
from jhubdoctor.model.values import leaves, put

Place = tuple[str, ...]
# What is measured; a uid, a tag or a priority is a number, too.
_AMOUNT = re.compile(
    r"\.(?:requests|limits|guarantees)\.[\w./-]+$|\.(?:memory|cpu)\.\w+$|_(?:limit|guarantee|timeout|capacity)$"
    r"|\.storage$|\.capacity$|[tT]imeout$|Seconds$|Threshold$|(?:Spawn|Server)Limit$|\.replicas$"
)
_OF_USERS = re.compile(r"(mem|cpu)_(limit|guarantee)")
_CLAIM = re.compile(r"\.pvc\.storage$|\.storage\.capacity$|\.storage_capacity$")
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)([A-Za-z]*)")


def amount(place: Place, value: Any) -> Decimal | None:
    """What is set there, as a number: memory of users counts as KubeSpawner reads it."""
    trait = trait_at(place)
    number = spawner_bytes(value) if trait is not None and trait.name.startswith("mem_") else None
    return quantity(value) if number is None else number


def raised(place: Place, value: Any, today: Any) -> Any:
    """An amount that is more than what is set today: twice that, where it is not less than the amount."""
    wanted, has = (amount(place, v) for v in (value, today))
    if wanted is None or has is None or has < wanted or not _AMOUNT.search(".".join(place)):
        return value
    return _twice(today)


def _twice(value: Any) -> Any:
    if isinstance(value, str) and (m := _NUMBER.fullmatch(value)):
        return f"{2 * Decimal(m[1]):f}{m[2]}"
    return value if isinstance(value, str) else 2 * value


def bound(place: Place, bounds: Bounds) -> Bound | None:
    """The most that can be set there; None where nothing is known against any amount."""
    *above, last = place
    trait = trait_at(place)
    users = trait is not None and trait.of_servers
    if trait is not None and (m := _OF_USERS.fullmatch(trait.name)):
        last = {"mem": "memory", "cpu": "cpu"}[m[1]]
        above = ["limits" if m[2] == "limit" else "requests"]
    elif _CLAIM.search(".".join(place)):
        return bounds.claims.get("storage")
    if above[-1:] == ["limits"]:
        return bounds.limits.get(last)
    if above[-1:] in (["requests"], ["guarantees"]):
        return (bounds.users if users else bounds.requests).get(last)
    return None


def written(place: Place, most: Decimal) -> Any:
    """An amount as it is written there, rounded down."""
    trait = trait_at(place)
    of_spawner = trait is not None and trait.of_servers and "extra" not in trait.name
    if place[-1] == "cpu" or (trait is not None and trait.name.startswith("cpu_")):
        return float(int(most * 10)) / 10 if of_spawner else f"{int(most * 1000)}m"
    return f"{int(most / 2**20)}M" if of_spawner and not _CLAIM.search(".".join(place)) else f"{int(most / 2**20)}Mi"


@dataclass(frozen=True)
class _Pair:
    """A request (a guarantee), and the limit that must not be below it.

    `name` is what a profile calls the resource (`mem`), empty where it sets none of it.
    """

    low: Place
    high: Place
    name: str = ""


def paired(patch: dict[str, Any], hub: Hub) -> Iterator[str]:
    """Raise each limit that would be below its request with this patch; words for what a profile sets of the two."""
    pairs = {p for place, _ in leaves(patch) if (p := _pair(place, hub))}
    root = f"{hub.values_root}." if hub.values_root else ""
    for pair in sorted(pairs, key=lambda p: p.low):
        low, high = (_after(patch, hub, place) for place in (pair.low, pair.high))
        asked, most = amount(pair.low, low), amount(pair.high, high)
        # what is zero is left out by KubeSpawner
        if asked and most and asked > most:
            top = bound(pair.high, hub.bounds)
            goes, value = (pair.low, high) if top is not None and asked > top.most else (pair.high, low)
            put(patch, goes, value)
            low = high = value
            yield f"{root}{'.'.join(goes)} goes with it: a limit below what is asked for is refused."
        if pair.name:
            yield from _in_profiles(pair, low, high, hub, root)


def _pair(place: Place, hub: Hub) -> _Pair | None:
    for word, other in (("requests", "limits"), ("guarantees", "limits"), ("limits", "requests")):
        if place[-2:-1] == (word,):
            partner = "guarantees" if word == "limits" and "extraResource" in place else other
            both = (place, (*place[:-2], partner, place[-1]))
            return _Pair(*(both if word != "limits" else both[::-1]))
    trait = trait_at(place)
    if trait is not None and (m := _OF_USERS.fullmatch(trait.name)):
        return _Pair(_in_force(f"{m[1]}_guarantee", hub), _in_force(f"{m[1]}_limit", hub), m[1])
    return None


def _in_force(trait: str, hub: Hub) -> Place:
    path = where_set(hub.values, trait)[0] if hub.values is not None else VALUES[trait]
    return tuple(path.split("."))


def at(data: Any, place: Place) -> Any:
    """What is set at a place; None where nothing is."""
    for key in place:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data


def _after(patch: Mapping[str, Any], hub: Hub, place: Place) -> Any:
    """What is set there with the patch."""
    found = at(patch, place)
    return found if found is not None or hub.values is None else at(hub.values.data, place)


def _in_profiles(pair: _Pair, low: Any, high: Any, hub: Hub, root: str) -> Iterator[str]:
    """What a profile sets of one of the two, so that the other, as the patch sets it, does not fit."""
    said: dict[str, None] = {}
    for kind in hub.kinds.all:
        guarantee, limit = (kind.sets.get(f"{pair.name}_{w}") for w in ("guarantee", "limit"))
        if (guarantee is None) == (limit is None):
            continue
        asked = amount(pair.low, guarantee[1] if guarantee else low)
        most = amount(pair.high, limit[1] if limit else high)
        if asked and most and asked > most:
            path, value = guarantee or limit or ("", None)
            sets, than = ("guarantee", "above this limit") if guarantee else ("limit", "below this guarantee")
            of = f"{root}{path} sets {pair.name}_{sets} to {value}"
            said[f"{of}, {than}, and such pods are refused: bring the two together there."] = None
    yield from said
