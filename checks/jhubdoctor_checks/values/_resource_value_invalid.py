"""Guarantees that no node could give even if it were empty."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from jhubdoctor.api import Node, Pod, Shape, human, may_run


@dataclass(frozen=True)
class Excess:
    """A resource of which some kinds of servers are guaranteed more than any node has in all.

    Attributes:
        resource: `cpu` or `memory`.
        bad: these kinds, each with the largest node that it may run on.
        every: whether that is all kinds for which there is a node.
    """

    resource: str
    bad: tuple[tuple[Shape, Node], ...]
    every: bool

    @property
    def names(self) -> str:
        """The first two kinds."""
        return ", ".join(s.name for s, _ in self.bad[:2]) + (" and others" if len(self.bad) > 2 else "")

    @property
    def _has(self) -> Decimal:
        return min(largest.allocatable[self.resource] for _, largest in self.bad)

    @property
    def most(self) -> str:
        """What the smallest of these nodes has."""
        return human(self.resource, self._has)

    def concerns(self, pod: Pod) -> bool:
        """Whether a pod asks for more than that."""
        return pod.spec.requests.get(self.resource, Decimal(0)) > self._has

    @property
    def evidence(self) -> Iterator[tuple[str, str]]:
        """The first four kinds, and their nodes."""
        r = self.resource
        for s, _ in self.bad[:4]:
            yield "values", f"{s.name} ({s.path}) asks for {r} {human(r, s.requests[r])}"
        for n in {n.name: n for _, n in self.bad[:4]}.values():
            yield "node", f"{n.name}, the largest: allocatable {r} {human(r, n.allocatable[r])}"


def excesses(shapes: list[Shape], nodes: list[Node]) -> Iterator[Excess]:
    """Of cpu and memory, where there is one."""
    for resource in ("cpu", "memory"):
        judged = [(s, n) for s in shapes if (n := _largest(s, nodes, resource)) is not None]
        bad = [(s, n) for s, n in judged if s.requests.get(resource, Decimal(0)) > n.allocatable[resource]]
        if bad:
            yield Excess(resource, tuple(bad), len(bad) == len(judged))


def _largest(shape: Shape, nodes: list[Node], resource: str) -> Node | None:
    able = [(has, n.name, n) for n in nodes if (has := n.allocatable.get(resource)) is not None]
    # the largest first: of the others nobody needs to know whether the pod may run there
    return next((n for *_, n in sorted(able, key=lambda a: a[:2], reverse=True) if may_run(shape.spec, n)), None)
