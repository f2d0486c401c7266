"""Which labels a pod asks of a node, and what the nodes have instead."""

from __future__ import annotations

from jhubdoctor.api import Node, PodSpec

PURPOSE = "hub.jupyter.org/node-purpose"
Requirement = tuple[str, str, list[str]]
"""On a label: key, operator, values."""


def wanted(spec: PodSpec) -> list[Requirement]:
    """The requirements on labels: key, operator, values; of the node selector and of all terms of the affinity."""
    found = [(k, "In", [v]) for k, v in sorted(spec.node_selector.items())]
    affinity = spec.affinity.node_affinity if spec.affinity else None
    for term in affinity.required.node_selector_terms if affinity and affinity.required else []:
        found += [(r.key, r.operator, list(r.values)) for r in term.match_expressions]
        found += [(r.key, r.operator, list(r.values)) for r in term.match_fields]
    return found


def unmet(spec: PodSpec, nodes: list[Node]) -> list[Requirement]:
    """The requirements that no node meets; all of them where only their combination is met by none."""
    asked = wanted(spec)
    lone = [r for r in asked if r[1] == "In" and not any(_label(n, r[0]) in r[2] for n in nodes)]
    lone += [r for r in asked if r[1] == "Exists" and not any(_label(n, r[0]) for n in nodes)]
    return lone or asked


def _label(node: Node, key: str) -> str | None:
    return node.name if key == "metadata.name" else node.labels.get(key)


def words(requirements: list[Requirement]) -> str:
    """Requirements in words: `pool=gpu and zone in a, b`."""
    parts = []
    for key, operator, values in requirements:
        if operator == "In":
            parts.append(f"{key}={values[0]}" if len(values) == 1 else f"{key} in {', '.join(values)}")
        else:
            parts.append(f"{key} {operator} {', '.join(values)}".strip())
    return " and ".join(dict.fromkeys(parts))


def instead(requirements: list[Requirement], nodes: list[Node]) -> list[str]:
    """What the nodes have for the labels in question."""
    found = []
    for key in dict.fromkeys(r[0] for r in requirements):
        values = sorted({v for n in nodes if (v := _label(n, key))})
        found.append(f"{key}: {', '.join(values[:6])}" if values else f"{key}: on no node")
    return found
