"""What the control plane says of itself: aggregated APIs, leases, components."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec

from jhubdoctor.model.kube.admission import WebhookService
from jhubdoctor.model.kube.meta import Condition, Object, Struct


class APIServiceSpec(Struct):
    """spec of an APIService."""

    service: WebhookService | None = None


class APIServiceStatus(Struct):
    """status of an APIService."""

    conditions: list[Condition] = []


class APIService(Object):
    """An APIService."""

    KIND: ClassVar[str] = "APIService"
    API_VERSION: ClassVar[str] = "apiregistration.k8s.io/v1"

    spec: APIServiceSpec = msgspec.field(default_factory=APIServiceSpec)
    status: APIServiceStatus = msgspec.field(default_factory=APIServiceStatus)


class LeaseSpec(Struct):
    """spec of a Lease."""

    holder_identity: str = ""
    renew_time: datetime | None = None


class Lease(Object):
    """A Lease."""

    KIND: ClassVar[str] = "Lease"
    API_VERSION: ClassVar[str] = "coordination.k8s.io/v1"

    spec: LeaseSpec = msgspec.field(default_factory=LeaseSpec)


class ComponentStatus(Object):
    """A ComponentStatus (deprecated since 1.19)."""

    KIND: ClassVar[str] = "ComponentStatus"

    conditions: list[Condition] = []
