"""What every object has: its metadata, its conditions, and the base of all structs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec

from jhubdoctor.model.finding import Ref

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Struct(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """Base of all: camelCase in JSON, absent fields take their defaults, unknown fields are dropped."""


class OwnerReference(Struct):
    """metadata.ownerReferences[]."""

    kind: str = ""
    name: str = ""


class ManagedField(Struct):
    """metadata.managedFields[], without the fields themselves: who wrote in which version, and when."""

    manager: str = ""
    operation: str = ""
    api_version: str = ""
    time: datetime | None = None


class Meta(Struct):
    """metadata. `annotations` holds only those that `jhubdoctor.privacy.objects` allows."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    owner_references: list[OwnerReference] = []
    finalizers: list[str] = []
    managed_fields: list[ManagedField] = []


class Object(Struct):
    """What every object has. Subclasses set KIND and, unless it is v1, API_VERSION: list items do not carry them."""

    KIND: ClassVar[str] = "Object"
    API_VERSION: ClassVar[str] = "v1"

    metadata: Meta = msgspec.field(default_factory=Meta)

    @property
    def name(self) -> str:
        """metadata.name."""
        return self.metadata.name

    @property
    def namespace(self) -> str:
        """metadata.namespace, empty for cluster-wide kinds."""
        return self.metadata.namespace

    @property
    def labels(self) -> dict[str, str]:
        """metadata.labels."""
        return self.metadata.labels

    @property
    def annotations(self) -> dict[str, str]:
        """The annotations that may be read."""
        return self.metadata.annotations

    @property
    def component(self) -> str:
        """The chart's component label, in its old or its new name."""
        return self.labels.get("component") or self.labels.get("app.kubernetes.io/component", "")

    @property
    def release(self) -> str:
        """The Helm release in its labels, by the chart's own name for it or by the common one; empty without."""
        return self.labels.get("release") or self.labels.get("app.kubernetes.io/instance", "")

    @property
    def created(self) -> datetime:
        """metadata.creationTimestamp, the epoch where it is missing."""
        return self.metadata.creation_timestamp or EPOCH

    @property
    def ref(self) -> Ref:
        """A reference to this object."""
        return Ref(self.KIND, self.name, self.namespace, self.API_VERSION, stable=f"{self.KIND}/{self.name}")


class PartialObject(Object):
    """metadata alone, of any kind."""


class Condition(Struct):
    """status.conditions[] of any kind."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None
    last_heartbeat_time: datetime | None = None
    """Of a node's conditions: when the kubelet wrote it last, by the clock of its machine."""


def condition_of(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """The condition of this type."""
    return next((c for c in conditions if c.type == kind), None)


class Source(Struct):
    """A source of a volume of which only matters that it is there."""


def prune(value: Any) -> Any:
    """The value without nulls, which the API uses for "not set" wherever it pleases."""
    if isinstance(value, dict):
        return {k: prune(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [prune(v) for v in value if v is not None]
    return value
