"""What limits pods: budgets, quotas, ranges, priorities, and the namespace's level."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from jhubdoctor.model.kube.meta import Condition, Object, Struct
from jhubdoctor.model.kube.selectors import LabelSelector


class BudgetSpec(Struct):
    """spec of a PodDisruptionBudget."""

    min_available: int | str | None = None
    max_unavailable: int | str | None = None
    selector: LabelSelector = msgspec.field(default_factory=LabelSelector)


class BudgetStatus(Struct):
    """status of a PodDisruptionBudget."""

    disruptions_allowed: int = 0
    current_healthy: int = 0
    expected_pods: int = 0


class PodDisruptionBudget(Object):
    """A PodDisruptionBudget."""

    KIND: ClassVar[str] = "PodDisruptionBudget"
    API_VERSION: ClassVar[str] = "policy/v1"

    spec: BudgetSpec = msgspec.field(default_factory=BudgetSpec)
    status: BudgetStatus = msgspec.field(default_factory=BudgetStatus)


class ScopeRequirement(Struct):
    """scopeSelector.matchExpressions[]."""

    scope_name: str = ""
    operator: str = ""


class ScopeSelector(Struct):
    """spec.scopeSelector."""

    match_expressions: list[ScopeRequirement] = []


class QuotaSpec(Struct):
    """spec of a ResourceQuota."""

    hard: dict[str, str | int | float] = {}
    scopes: list[str] = []
    scope_selector: ScopeSelector | None = None


class QuotaStatus(Struct):
    """status of a ResourceQuota."""

    hard: dict[str, str | int | float] = {}
    used: dict[str, str | int | float] = {}


class ResourceQuota(Object):
    """A ResourceQuota."""

    KIND: ClassVar[str] = "ResourceQuota"

    spec: QuotaSpec = msgspec.field(default_factory=QuotaSpec)
    status: QuotaStatus = msgspec.field(default_factory=QuotaStatus)


class LimitRangeItem(Struct):
    """spec.limits[]."""

    type: str = ""
    max: dict[str, str | int | float] = {}
    min: dict[str, str | int | float] = {}
    default: dict[str, str | int | float] = {}
    default_request: dict[str, str | int | float] = {}


class LimitRangeSpec(Struct):
    """spec of a LimitRange."""

    limits: list[LimitRangeItem] = []


class LimitRange(Object):
    """A LimitRange."""

    KIND: ClassVar[str] = "LimitRange"

    spec: LimitRangeSpec = msgspec.field(default_factory=LimitRangeSpec)


class PriorityClass(Object):
    """A PriorityClass."""

    KIND: ClassVar[str] = "PriorityClass"
    API_VERSION: ClassVar[str] = "scheduling.k8s.io/v1"

    value: int = 0


class RuntimeClass(Object):
    """A RuntimeClass: that it is there."""

    KIND: ClassVar[str] = "RuntimeClass"
    API_VERSION: ClassVar[str] = "node.k8s.io/v1"


class NamespaceStatus(Struct):
    """status of a Namespace."""

    phase: str = ""
    conditions: list[Condition] = []


class Namespace(Object):
    """A Namespace: its labels say which Pod Security level is enforced, its conditions what keeps it from going."""

    KIND: ClassVar[str] = "Namespace"

    status: NamespaceStatus = msgspec.field(default_factory=NamespaceStatus)

    @property
    def terminating(self) -> bool:
        """Whether it is being deleted, with all that is in it."""
        return self.metadata.deletion_timestamp is not None or self.status.phase == "Terminating"
