"""What makes pods: Deployments, StatefulSets, ReplicaSets, DaemonSets, Jobs."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from jhubdoctor.model.kube.meta import Condition, Object, Struct
from jhubdoctor.model.kube.pods import PodTemplate
from jhubdoctor.model.kube.selectors import LabelSelector


class Strategy(Struct):
    """spec.strategy and spec.updateStrategy."""

    type: str = ""


class DeploymentSpec(Struct):
    """spec of a Deployment or a StatefulSet."""

    replicas: int = 1
    selector: LabelSelector = msgspec.field(default_factory=LabelSelector)
    template: PodTemplate = msgspec.field(default_factory=PodTemplate)
    strategy: Strategy = msgspec.field(default_factory=Strategy)


class DeploymentStatus(Struct):
    """status of a Deployment or a StatefulSet."""

    replicas: int = 0
    ready_replicas: int = 0
    updated_replicas: int = 0
    conditions: list[Condition] = []


class Deployment(Object):
    """A Deployment."""

    KIND: ClassVar[str] = "Deployment"
    API_VERSION: ClassVar[str] = "apps/v1"

    spec: DeploymentSpec = msgspec.field(default_factory=DeploymentSpec)
    status: DeploymentStatus = msgspec.field(default_factory=DeploymentStatus)


class StatefulSet(Object):
    """A StatefulSet."""

    KIND: ClassVar[str] = "StatefulSet"
    API_VERSION: ClassVar[str] = "apps/v1"

    spec: DeploymentSpec = msgspec.field(default_factory=DeploymentSpec)
    status: DeploymentStatus = msgspec.field(default_factory=DeploymentStatus)


class ReplicaSet(Object):
    """A ReplicaSet."""

    KIND: ClassVar[str] = "ReplicaSet"
    API_VERSION: ClassVar[str] = "apps/v1"

    spec: DeploymentSpec = msgspec.field(default_factory=DeploymentSpec)


class DaemonSetSpec(Struct):
    """spec of a DaemonSet."""

    selector: LabelSelector = msgspec.field(default_factory=LabelSelector)
    template: PodTemplate = msgspec.field(default_factory=PodTemplate)


class DaemonSetStatus(Struct):
    """status of a DaemonSet."""

    desired_number_scheduled: int = 0
    current_number_scheduled: int = 0
    number_ready: int = 0


class DaemonSet(Object):
    """A DaemonSet."""

    KIND: ClassVar[str] = "DaemonSet"
    API_VERSION: ClassVar[str] = "apps/v1"

    spec: DaemonSetSpec = msgspec.field(default_factory=DaemonSetSpec)
    status: DaemonSetStatus = msgspec.field(default_factory=DaemonSetStatus)


class JobStatus(Struct):
    """status of a Job."""

    active: int = 0
    succeeded: int = 0
    failed: int = 0
    conditions: list[Condition] = []


class Job(Object):
    """A Job."""

    KIND: ClassVar[str] = "Job"
    API_VERSION: ClassVar[str] = "batch/v1"

    status: JobStatus = msgspec.field(default_factory=JobStatus)
