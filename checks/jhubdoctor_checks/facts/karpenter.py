"""What Karpenter has asked the cloud for, while pods wait for a node."""

from __future__ import annotations

from dataclasses import dataclass

from jhubdoctor.api import Look, NodeClaim, NodePool, NotApplicable, Served, Unreadable, fact
from jhubdoctor_checks.facts.schedule import Unplaced

_GROUP = "karpenter.sh/"


@dataclass(frozen=True)
class Karpenter:
    """Karpenter's own objects.

    Attributes:
        pools: what it may make nodes of.
        claims: the machines that it has asked for.
    """

    pools: tuple[NodePool, ...]
    claims: tuple[NodeClaim, ...]


@fact("nodepools", "nodeclaims")
def karpenter(look: Look, unplaced: list[Unplaced], served: Served | None) -> Karpenter:
    """Karpenter's objects, where it is installed and a pod waits for a node; else they are not looked at."""
    if not any(p.pod for p in unplaced):
        raise NotApplicable("no pod waits for a node")
    if served is not None and not any(v.startswith(_GROUP) for v in served.versions):
        raise NotApplicable("Karpenter is not installed")
    try:
        found = Karpenter(tuple(look.list("nodepools")), tuple(look.list("nodeclaims")))
    except Unreadable as e:
        if e.not_served:
            raise NotApplicable("Karpenter is not installed") from e
        raise
    if not found.pools and not found.claims:
        raise NotApplicable("Karpenter has no NodePool")
    return found
