"""Nodes."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import msgspec

from jhubdoctor.model.kube.meta import Condition, Object, Struct
from jhubdoctor.model.kube.quantity import quantity
from jhubdoctor.model.kube.selectors import NodeSelector, Taint, requirement_met


class NodeSpec(Struct):
    """spec of a node."""

    taints: list[Taint] = []
    unschedulable: bool = False
    provider_id: str = msgspec.field(default="", name="providerID")


class NodeInfo(Struct):
    """status.nodeInfo."""

    kubelet_version: str = ""
    architecture: str = ""


class NodeStatus(Struct):
    """status of a node."""

    allocatable: dict[str, str | int | float] = {}
    conditions: list[Condition] = []
    node_info: NodeInfo = msgspec.field(default_factory=NodeInfo)


class Node(Object):
    """A node."""

    KIND: ClassVar[str] = "Node"

    spec: NodeSpec = msgspec.field(default_factory=NodeSpec)
    status: NodeStatus = msgspec.field(default_factory=NodeStatus)

    @property
    def ready(self) -> bool:
        """Whether the condition Ready is True."""
        return any(c.type == "Ready" and c.status == "True" for c in self.status.conditions)

    @property
    def virtual(self) -> bool:
        """Whether no machine is behind it: DaemonSets do not run there, images are not kept, its version is its own.

        As virtual-kubelet labels and taints its nodes (AKS' virtual nodes, ECI), and EKS those of Fargate.
        """
        fargate = self.labels.get("eks.amazonaws.com/compute-type") == "fargate"
        marked = any(t.key == "virtual-kubelet.io/provider" for t in self.spec.taints)
        return fargate or marked or self.labels.get("type") == "virtual-kubelet"

    @property
    def allocatable(self) -> dict[str, Decimal]:
        """status.allocatable as numbers in base units (cores, bytes, pods)."""
        return {k: v for k, raw in self.status.allocatable.items() if (v := quantity(raw)) is not None}

    @property
    def purpose(self) -> str:
        """The label hub.jupyter.org/node-purpose: `user`, `core` or empty."""
        return self.labels.get("hub.jupyter.org/node-purpose", "")

    @property
    def zone(self) -> str:
        """The zone label, in its present or its former name."""
        return self.labels.get("topology.kubernetes.io/zone") or self.labels.get(
            "failure-domain.beta.kubernetes.io/zone", ""
        )


def selector_matches(selector: NodeSelector, node: Node) -> bool:
    """Whether a node meets a required node selector: one of its terms, all requirements of that term."""
    fields = {"metadata.name": node.name}
    return any(
        (term.match_expressions or term.match_fields)
        and all(requirement_met(r, node.labels) for r in term.match_expressions)
        and all(requirement_met(r, fields) for r in term.match_fields)
        for term in selector.node_selector_terms
    )
