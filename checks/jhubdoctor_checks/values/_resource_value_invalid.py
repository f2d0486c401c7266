"""Guarantees that no node could give even if it were empty."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from jhubdoctor.api import Autoscaler, Finding, Fix, Hub, Node, Pod, Severity, Shape, human, may_run, nested
from jhubdoctor_checks.resources import Given, amount, with_room

MOST_GIB = 64


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
    def has(self) -> Decimal:
        """What the smallest of these nodes has."""
        return min(largest.allocatable[self.resource] for _, largest in self.bad)

    @property
    def most(self) -> str:
        """The same in words."""
        return human(self.resource, self.has)

    def concerns(self, pod: Pod) -> bool:
        """Whether a pod asks for more than that."""
        return pod.spec.requests.get(self.resource, Decimal(0)) > self.has

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


def suffix(hub: Hub, tiny: list[Given]) -> Fix:
    """What a number without a suffix was meant to be: nobody gives a server thousands of gibibytes."""
    own = next((g for g in tiny if not g.in_profile), None)
    if own is None:
        return Fix("Add the suffix, M or G.", commands=(hub.helm_upgrade,))
    unit, other = "GM" if (amount("mem_limit", own.value) or 0) <= MOST_GIB else "MG"
    meant = f"{str(own.value).strip()}{unit}"
    return hub.values_fix(f"Add the suffix: {unit}, as shown, unless it was {other}.", nested(own.path, meant))


def _less(hub: Hub, excess: Excess) -> Fix:
    patch = with_room(excess.resource, excess.has) if all(s.path == "singleuser" for s, _ in excess.bad) else {}
    shown = ", as shown; or add larger nodes, which cost more." if patch else ", or add larger nodes."
    return Fix(
        f"Ask for less than {excess.most}{shown}",
        {"singleuser": patch} if patch else {},
        (hub.helm_upgrade,),
        lowers=True,
    )


def too_large(hub: Hub, excess: Excess, autoscaler: Autoscaler, pending: list[Pod]) -> Finding:
    """What is said of it."""
    larger = [("autoscaler", f"{a.kind} ({a.seen}) may add larger nodes") for a in (autoscaler,) if a]
    return Finding(
        on=(hub.ref,),
        says=f"more {excess.resource} is guaranteed to users than any node has in all ({excess.names})",
        evidence=(*excess.evidence, *larger),
        fix=_less(hub, excess),
        # where something else can still be started, it is only some users who cannot
        severity=Severity.INFO if autoscaler else None if excess.every else Severity.WARNING,
        cause=f"{excess.resource}-above-nodes",
        affects=tuple(p.ref for p in pending if excess.concerns(p)),
    )
