"""No fix is set where it does not count: each case once more, with each trait that a fix is for set elsewhere too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jhubdoctor.engine.result import Reported
from jhubdoctor.model.traits import Trait, trait_at
from jhubdoctor.model.values import leaves, nested
from jhubdoctor.testing import Example, findings_of
from tests import fixes

CONCERNS_TEMPLATES = {
    "hook-image-puller-stuck", "image-puller-misses-nodes", "image-registry-frozen", "placeholders-hold-no-room",
    "placeholders-without-priority",
}  # fmt: skip
"""Whose pods the chart's templates make, by its own values."""


def traits(case: fixes.Case) -> dict[str, tuple[Trait, Any, set[str]]]:
    """What fixes of a case set of the spawner or the hub, each with something like it, and the checks that do."""
    found: dict[str, tuple[Trait, Any, set[str]]] = {}
    for f in case.report.findings:
        for place, value in leaves(dict(f.finding.fix.values)):
            if (trait := trait_at(place)) and f.hub is not None and f.hub.values is not None:
                found.setdefault(trait.full, (trait, own(trait, value), set()))[2].add(f.check.id)
    return found


def own(trait: Trait, value: Any) -> Any:
    """What somebody set there, which is not what the fix wants."""
    if not trait.plain:
        return {"image": "quay.io/our/own:1", "scheduler_name": "our-own"}.get(trait.name, [])
    for key in reversed(trait.below):
        value = {key: value}
    if isinstance(value, bool):
        return not value
    return _half(value) if isinstance(value, (str, int)) else value


def _half(value: str | int) -> Any:
    if isinstance(value, int):
        return max(value // 2, 1)
    return f"{max(int(value[:-1]) // 2, 1)}{value[-1]}" if value[:-1].isdigit() else "our-own"


def values_of(case: fixes.Case) -> dict[str, Any]:
    [values] = [d["values"] for d in Example(case.text).documents if d.get("kind") == "Values"] or [{}]
    return dict(values)


def profiles(case: fixes.Case, trait: Trait, value: Any) -> list[dict[str, Any]]:
    """Its profiles, or one, that all set a trait themselves."""
    singleuser = values_of(case).get("singleuser") or {}
    known = singleuser.get("profileList") or [{"display_name": "Only", "default": True}]
    return [{**p, "kubespawner_override": {**(p.get("kubespawner_override") or {}), trait.name: value}} for p in known]


def told(f: Reported, place: str, *words: str) -> None:
    sets = {".".join(p) for p, _ in leaves(dict(f.finding.fix.values))}
    there = any(s == place or s.startswith(f"{place}.") for s in sets)
    assert there or all(w in f.finding.fix.text for w in words), f"{f.check.id}: {sorted(sets)}: {f.finding.fix.text}"


def setting(findings: tuple[Reported, ...], checks: set[str], trait: Trait) -> Iterator[Reported]:
    """The findings whose fix was about this trait, as far as they are there and still are."""
    for f in findings:
        about = {t.name for p, _ in leaves(dict(f.finding.fix.values)) if (t := trait_at(p))}
        # a case may have another hub, which goes by its own values
        here = f.hub is not None and f.hub.label == "jhub/jhub"
        if here and f.check.id in checks - CONCERNS_TEMPLATES and trait.name in about | set(f.finding.fix.text.split()):
            yield f


CASES = [pytest.param(c, id=c.name) for c in fixes.cases()]


@pytest.mark.parametrize("case", CASES)
def test_a_fix_is_where_the_trait_is_set(case: fixes.Case) -> None:
    for trait, value, checks in traits(case).values():
        if trait.of_servers:
            override = profiles(case, trait, value)
            report = case.other({"kind": "Values", "values": nested("singleuser.profileList", override)})
            for f in setting(report.findings, checks, trait):
                told(f, "singleuser.profileList", trait.name, "rofile")
        for owner in trait.owners:
            values = {"hub": {"config": {owner: {trait.name: value}}}}
            for f in setting(case.other({"kind": "Values", "values": values}).findings, checks, trait):
                told(f, f"hub.config.{owner}.{trait.name}", f"hub.config.{owner}.{trait.name}")
            code = {"hub": {"extraConfig": {"own": f"c.{owner}.{trait.name} = ours\n"}}}
            for f in setting(case.other({"kind": "Values", "values": code}).findings, checks, trait):
                told(f, "-", "hub.extraConfig", f"{owner}.{trait.name}" if owner == trait.owner else trait.name)


KILLED = """
kind: Pod
metadata: {name: jupyter-ada, labels: {component: singleuser-server}}
spec:
  containers:
    - {name: notebook, image: "quay.io/our/large:1", resources: {requests: {memory: 1Gi}, limits: {memory: 2Gi}}}
status:
  phase: Running
  containerStatuses:
    - {name: notebook, ready: true, restartCount: 1, lastState: {terminated: {reason: OOMKilled, finishedAt: -3m}}}
---
kind: Values
values:
  singleuser:
    memory: {guarantee: 1G, limit: 1G}
    profileList:
      - {display_name: Small, kubespawner_override: {image: "quay.io/our/small:1", mem_limit: 1G}}
      - {display_name: Large, kubespawner_override: {image: "quay.io/our/large:1"LARGE}}
"""


@pytest.mark.parametrize(
    ("large", "counts"), [(", mem_limit: 2G", "profileList[1].kubespawner_override"), ("", "singleuser.memory.limit")]
)
def test_what_a_server_was_started_as_says_where_its_limit_is(large: str, counts: str) -> None:
    [found] = findings_of(KILLED.replace("LARGE", large), "user-pod-oom-killed")

    fix = found.finding.fix
    assert ("Small" in fix.text, "Large" in fix.text) == (False, bool(large))
    assert counts in (fix.text if large else [".".join(p) for p, _ in leaves(dict(fix.values))])
    assert not (large and fix.values)
    assert ("as below" if large else "as shown") in fix.text
