"""How much one pod of a hub can be given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from jhubdoctor.engine.declare import fact
from jhubdoctor.facts.users import Shape, may_run
from jhubdoctor.model.bounds import Bound, Bounds
from jhubdoctor.model.kube.nodes import Node
from jhubdoctor.model.kube.policy import LimitRange, ResourceQuota
from jhubdoctor.model.kube.quantity import quantity

# What a node has is not for one pod alone: agents run there, too.
_ROOM = Decimal("0.8")


@fact()
def bounds(
    nodes: list[Node] | None,
    limit_ranges: list[LimitRange] | None,
    resource_quotas: list[ResourceQuota] | None,
    shapes: list[Shape] | None,
) -> Bounds:
    """By LimitRanges, quotas and the largest node. It completes the hub."""
    pods, claims = (list(_ranges(limit_ranges or (), *kinds)) for kinds in (("Container", "Pod"), _CLAIMS))
    quotas = {k: list(_quotas(resource_quotas or (), k)) for k in ("requests", "limits")}
    for_users = [n for n in nodes or () if any(may_run(s.spec, n) for s in shapes or ())]
    return Bounds(
        requests=_least([*pods, *quotas["requests"], *_largest(nodes or (), "node")]),
        users=_least([*pods, *quotas["requests"], *_largest(for_users, "node that users' pods may run on")]),
        limits=_least([*pods, *quotas["limits"]]),
        claims=_least(claims),
    )


_CLAIMS = ("PersistentVolumeClaim",)
_Found = tuple[str, Bound]


def _least(found: Iterable[_Found]) -> dict[str, Bound]:
    """Of each resource the smallest bound."""
    least: dict[str, Bound] = {}
    for resource, bound in found:
        if resource not in least or bound.most < least[resource].most:
            least[resource] = bound
    return least


def _numbers(raw: Mapping[str, object]) -> Iterator[tuple[str, Decimal]]:
    for resource, value in sorted(raw.items()):
        if number := quantity(value):
            yield resource, number


def _ranges(ranges: Iterable[LimitRange], *kinds: str) -> Iterator[_Found]:
    for one in sorted(ranges, key=lambda r: r.name):
        for item in one.spec.limits:
            for resource, most in _numbers(item.max) if item.type in kinds else ():
                yield resource, Bound(most, f"the LimitRange {one.name}")


def _quotas(quotas: Iterable[ResourceQuota], kind: str) -> Iterator[_Found]:
    for one in sorted(quotas, key=lambda q: q.name):
        for name, most in _numbers(one.spec.hard):
            # a quota calls requests of cpu and memory by their names alone, too
            said, _, resource = name.rpartition(".")
            if (said or "requests") == kind and resource in {"cpu", "memory"}:
                yield resource, Bound(most, f"the quota {one.name}")


def _largest(nodes: Iterable[Node], what: str) -> Iterator[_Found]:
    for resource in ("cpu", "memory"):
        offered = [(n.allocatable[resource], n.name) for n in nodes if n.allocatable.get(resource)]
        if offered:
            most, name = max(offered)
            yield resource, Bound(most * _ROOM, f"{name}, the largest {what},")
