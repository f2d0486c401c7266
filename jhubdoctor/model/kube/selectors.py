"""Selectors, taints and tolerations, and whether they meet."""

from __future__ import annotations

from collections.abc import Iterable

from jhubdoctor.model.kube.meta import Struct


class Taint(Struct):
    """spec.taints[] of a node."""

    key: str = ""
    value: str = ""
    effect: str = ""

    def __str__(self) -> str:
        return f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"


class Toleration(Struct):
    """spec.tolerations[] of a pod."""

    key: str = ""
    operator: str = ""
    value: str = ""
    effect: str = ""


class Requirement(Struct):
    """matchExpressions[] and matchFields[]."""

    key: str = ""
    operator: str = ""
    values: list[str] = []


class NodeSelectorTerm(Struct):
    """nodeSelectorTerms[]."""

    match_expressions: list[Requirement] = []
    match_fields: list[Requirement] = []


class NodeSelector(Struct):
    """requiredDuringSchedulingIgnoredDuringExecution of a node affinity."""

    node_selector_terms: list[NodeSelectorTerm] = []


class LabelSelector(Struct):
    """matchLabels and matchExpressions."""

    match_labels: dict[str, str] = {}
    match_expressions: list[Requirement] = []

    def matches(self, labels: dict[str, str]) -> bool:
        """Whether an object with these labels is selected. An empty selector selects all."""
        return all(labels.get(k) == v for k, v in self.match_labels.items()) and all(
            requirement_met(r, labels) for r in self.match_expressions
        )


def requirement_met(requirement: Requirement, labels: dict[str, str]) -> bool:
    """One term of a label or node selector, by the rules of the API."""
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value is not None and value in requirement.values
        case "NotIn":
            return value is None or value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            try:
                bound, number = int(requirement.values[0]), int(value or "")
            except (ValueError, IndexError):
                return False
            return number > bound if requirement.operator == "Gt" else number < bound
        case _:
            return False


def tolerates(tolerations: Iterable[Toleration], taint: Taint) -> bool:
    """Whether one of the tolerations covers the taint.

    Source: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/.
    """
    return any(
        (not t.effect or t.effect == taint.effect)
        and (
            (t.operator == "Exists" and (not t.key or t.key == taint.key))
            or (t.operator in {"", "Equal"} and t.key == taint.key and t.value == taint.value)
        )
        for t in tolerations
    )
