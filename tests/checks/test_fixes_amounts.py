"""No amount in a fix is blind to what is set: each case once more with other amounts set, also in its pods."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest

from jhubdoctor.engine.amounts import amount, at
from jhubdoctor.engine.result import Reported
from jhubdoctor.model.traits import VALUES, trait_at
from jhubdoctor.model.values import leaves, merged, nested
from jhubdoctor.testing import Example, diagnose
from tests import fixes

Place = tuple[str, ...]
LOWERS = {"cull-settings-contradict", "insufficient-resources", "limit-range-conflict", "resource-value-invalid"}
"""Whose fixes lower what is set, as it is too much."""
BY_VALUES = LOWERS | {"users-without-memory-guarantee", "culler-off"}
"""What is found in the values alone: with the patch it is gone."""
READERS = ("insufficient-resources", "limit-range-conflict", "quota-exhausted")
"""Which read nodes, LimitRanges and quotas."""
MEASURED = re.compile(
    r"(?:^|\.)(?:memory|cpu|storage|ephemeral-storage|capacity|replicas|guarantee|limit)$|[tT]imeout$|Seconds$|Limit$"
)


def amounts(f: Reported) -> dict[Place, Any]:
    """What a fix measures out."""
    patch = dict(f.finding.fix.values)
    return {p: v for p, v in leaves(patch) if MEASURED.search(".".join(p)) and amount(p, v)}


def partner(place: Place) -> tuple[Place, bool] | None:
    """The other of a pair, and whether it is the limit."""
    swaps = {"requests": "limits", "guarantees": "limits", "guarantee": "limit"}
    for i in (-1, -2):
        if place[i] in swaps or place[i] in swaps.values():
            lower = {v: k for k, v in swaps.items() if (k == "guarantees") == ("extraResource" in place)}
            other = list(place)
            other[i] = swaps.get(place[i]) or lower[place[i]]
            return tuple(other), place[i] in swaps
    return None


def times(value: Any, factor: Decimal) -> Any:
    """An amount, so many times."""
    if isinstance(value, str):
        m = re.fullmatch(r"(\d+(?:\.\d+)?)([A-Za-z]*)", value)
        if m is None:
            return value
        number = Decimal(m[1]) * factor
        for unit, (below, count) in {
            "Gi": ("Mi", 1024),
            "G": ("M", 1024),
            "Mi": ("Ki", 1024),
            "M": ("K", 1024),
        }.items():
            if m[2] == unit and number < 1:
                return f"{max(int(number * count), 1)}{below}"
        return f"{number.normalize():f}{m[2]}"
    number = Decimal(str(value)) * factor
    return int(number) if number == int(number) or isinstance(value, int) else float(number)


def today(f: Reported, place: Place) -> Any:
    return at(f.hub.values.data, place) if f.hub is not None and f.hub.values is not None else None


def fits(case: fixes.Case, more: list[dict[str, Any]], checks: set[str]) -> None:
    """What fixes set of a case, with other values laid over it, where checks measured something out."""
    for f in case.other(*more).findings:
        if f.check.id not in checks or f.hub is None or f.hub.values is None:
            continue
        after = merged(f.hub.values.data, f.finding.fix.values)
        for place, value in amounts(f).items():
            has = amount(place, today(f, place))
            if f.check.id not in LOWERS and has is not None:
                assert (amount(place, value) or 0) >= has, f"{f.check.id} lowers {'.'.join(place)} to {value}"
            if other := partner(place):
                pair = (amount(place, value), amount(other[0], at(after, other[0])))
                low, high = pair if other[1] else pair[::-1]
                assert not low or not high or low <= high, f"{f.check.id}: {'.'.join(place)}: {low} above {high}"
        profiles_fit(f)
        if f.check.id in BY_VALUES and f.finding.fix.values:
            mended = {"kind": "Values", "values": dict(f.finding.fix.values)}
            left = [o.finding.says for o in case.other(*more, mended).findings if o.fingerprint == f.fingerprint]
            assert not left, f"{f.check.id}: {dict(f.finding.fix.values)} mends nothing: {left}"


def bounded(case: fixes.Case, place: Place, value: Any) -> Iterator[list[dict[str, Any]]]:
    """Half of an amount as the most that a LimitRange, a quota or a node has for a pod."""
    half, resource = times(value, Decimal("0.5")), next((r for r in ("memory", "cpu", "storage") if r in place), "")
    if not resource and (t := next((n for n, path in VALUES.items() if path == ".".join(place)), "")):
        resource = {"mem": "memory", "cpu": "cpu"}.get(t[:3], "")
    if not resource or not half:
        return
    number = quantity_text(place, half)
    kind = "PersistentVolumeClaim" if resource == "storage" else "Container"
    spec = {"limits": [{"type": kind, "max": {resource: number}}]}
    yield [{"kind": "LimitRange", "metadata": {"name": "small"}, "spec": spec}]
    if resource != "storage" and partner(place):
        word = "requests" if partner(place)[1] else "limits"  # type: ignore[index]  # it has one
        quota = {"hard": {f"{word}.{resource}": number}}
        yield [{"kind": "ResourceQuota", "metadata": {"name": "small"}, "spec": quota, "status": quota}]
        if word == "requests":
            nodes = [d for d in case.whole if d.get("kind") == "Node"]
            yield [merged(n, {"status": {"allocatable": {resource: number}}}) for n in nodes]


def quantity_text(place: Place, value: Any) -> str:
    """An amount as the API server reads it."""
    return f"{int((amount(place, value) or 0) * 1000)}m"


def fits_in(case: fixes.Case, more: list[dict[str, Any]], place: Place, value: Any, checks: set[str]) -> None:
    """No fix sets more there than one pod can have."""
    most = amount(place, times(value, Decimal("0.5"))) or 0
    # the most is known where it is read anyway
    report = diagnose(Example([*case.whole, *more]), *(case.ids and {*case.ids, *READERS}))
    for f in report.findings:
        for where, sets in amounts(f).items():
            if where == place and f.check.id in checks - LOWERS:
                assert (amount(where, sets) or 0) <= most, f"{f.check.id}: {'.'.join(place)}: {sets}, beside {more}"


def profiles_fit(f: Reported) -> None:
    """A profile whose guarantee is above the limit that it is given, or the other way round, is named."""
    assert f.hub is not None
    given = {
        t: v for p, v in amounts(f).items() if (t := next((n for n, path in VALUES.items() if path == ".".join(p)), ""))
    }
    for kind in f.hub.kinds.all:
        for trait, value in given.items():
            own = kind.sets.get(
                trait.replace("limit", "guarantee") if "limit" in trait else trait.replace("guarantee", "limit")
            )
            if own is None or trait in kind.sets:
                continue
            pair = [amount(tuple(VALUES[trait].split(".")), v) or 0 for v in (value, own[1])]
            low, high = pair if "guarantee" in trait else pair[::-1]
            assert low <= high or own[0] in f.finding.fix.text, f"{f.check.id}: {trait} {value} beside {own}"


def scaled(value: Any, factor: Decimal) -> Any:
    """Objects with so many times the memory and cpu."""
    if isinstance(value, Mapping):
        return {
            k: times(v, factor)
            if k in {"memory", "cpu", "limit", "guarantee", "mem_limit", "cpu_limit", "mem_guarantee", "cpu_guarantee"}
            and isinstance(v, (str, int, float))
            else scaled(v, factor)
            for k, v in value.items()
        }
    return [scaled(v, factor) for v in value] if isinstance(value, list) else value


def others(case: fixes.Case) -> Iterator[list[dict[str, Any]]]:
    """More or less of what a fix sets and of what goes with it."""
    for f in case.report.findings:
        for place, value in amounts(f).items():
            if f.hub is None or f.hub.values is None or any("." in key for key in place):
                continue
            yield [{"kind": "Values", "values": nested(".".join(place), times(value, Decimal(8)))}]
            if (of := trait_at(place)) and of.plain and place[:2] != ("hub", "config"):
                own = nested(f"hub.config.{of.full}", times(value, Decimal(8)))
                yield [{"kind": "Values", "values": own}]
            if other := partner(place):
                factor = Decimal("0.125") if other[1] else Decimal(8)
                yield [{"kind": "Values", "values": nested(".".join(other[0]), times(value, factor))}]
                if trait := next((t for t, path in VALUES.items() if path == ".".join(other[0])), ""):
                    own = {"display_name": "Own", "kubespawner_override": {trait: times(value, factor)}}
                    yield [
                        {"kind": "Values", "values": {"singleuser": {"profileList": [{"display_name": "All"}, own]}}}
                    ]
    for factor in (Decimal(8), Decimal("0.125")):
        yield [scaled(d, factor) for d in case.whole if d.get("kind") in {"Pod", "Values"}]


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in fixes.cases()])
def test_an_amount_fits_what_is_set(case: fixes.Case) -> None:
    if checks := {f.check.id for f in case.report.findings if amounts(f)}:
        for more in ([], *others(case)):
            fits(case, more, checks)
        for place, value in {p: v for f in case.report.findings for p, v in amounts(f).items()}.items():
            for more in bounded(case, place, value):
                fits_in(case, more, place, value, checks)
