"""What pods ask for against what nodes have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from jhubdoctor.api import Node, Pod, Shape, human, nested
from jhubdoctor_checks.data.components import path as path_to
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.resources import with_room


def lacking(pod: Unplaced, nodes: list[Node]) -> list[str]:
    """The resources of which no node offers what the pod asks for; all of them where no node offers it all together.

    Empty where a node that is empty would do, or where it is not known what the pod asks for.
    """
    wanted = {k: v for k, v in pod.requests.items() if v > 0}
    if any(all(n.allocatable.get(k, Decimal(0)) >= v for k, v in wanted.items()) for n in nodes):
        return []
    each = [k for k, v in sorted(wanted.items()) if v > most(k, nodes)]
    return each or sorted(wanted)


def most(resource: str, nodes: Iterable[Node]) -> Decimal:
    """The largest amount that a node has of a resource."""
    return max((n.allocatable.get(resource, Decimal(0)) for n in nodes), default=Decimal(0))


def asked(requests: Mapping[str, Decimal], resources: Iterable[str]) -> str:
    """Amounts in words: `64Gi memory and 8 cpu`."""
    return " and ".join(f"{human(r, requests[r])} {r}" for r in resources if r in requests)


def offers(node: Node, resources: Iterable[str]) -> str:
    """What a node offers of these resources."""
    return f"{node.name}: allocatable {', '.join(f'{r} {human(r, most(r, [node]))}' for r in resources)}"


def held(resource: str, node: Node, pods: list[Pod]) -> str:
    """What a node has of a resource, and what pods of this hub reserve of it."""
    used = sum(
        (p.spec.requests.get(resource, Decimal(0)) for p in pods if p.node == node.name and not p.finished), Decimal(0)
    )
    here = node.allocatable.get(resource)
    return (
        f"{node.name}: allocatable {resource} {human(resource, here) if here else 'none'}, pods of this hub hold "
        + (human(resource, used) if used else "none")
    )


def smaller(
    pod: Unplaced, resources: list[str], nodes: list[Node], shapes: list[Shape] | None
) -> tuple[str, dict[str, Any]]:
    """Where the request of a pod is set, and a patch that makes it fit with some room left; either may be empty."""
    if path := path_to(pod.component, "resources"):
        offered = {r: human(r, most(r, nodes) * Decimal("0.8")) for r in resources if most(r, nodes)}
        return f"{path}.requests", nested(f"{path}.requests", offered) if offered else {}
    like = [s for s in shapes or [] if all(s.requests.get(r) == pod.requests.get(r) for r in resources)]
    if not pod.user or len({s.path for s in like}) != 1:
        return "", {}
    if like[0].path != "singleuser":
        return f"{like[0].path} ({like[0].name})", {}
    section: dict[str, Any] = {}
    for r in resources:
        section |= with_room(r, most(r, nodes))
    return "singleuser", {"singleuser": section} if section else {}
