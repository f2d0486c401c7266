"""Pods: their containers, volumes, wishes and states."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import msgspec

from jhubdoctor.model.finding import Ref
from jhubdoctor.model.kube.meta import Condition, Meta, Object, Source, Struct, condition_of
from jhubdoctor.model.kube.quantity import quantity
from jhubdoctor.model.kube.selectors import NodeSelector, Toleration


class Waiting(Struct):
    """state.waiting."""

    reason: str = ""
    message: str = ""


class Running(Struct):
    """state.running."""

    started_at: datetime | None = None


class Terminated(Struct):
    """state.terminated and lastState.terminated."""

    exit_code: int = 0
    reason: str = ""
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


class ContainerState(Struct):
    """One of three, or none of them."""

    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Struct):
    """status.containerStatuses[]."""

    name: str = ""
    state: ContainerState = msgspec.field(default_factory=ContainerState)
    last_state: ContainerState = msgspec.field(default_factory=ContainerState)
    ready: bool = False
    restart_count: int = 0
    image: str = ""
    image_id: str = msgspec.field(default="", name="imageID")

    @property
    def waits(self) -> str:
        """The reason for which it waits, empty where it does not."""
        return self.state.waiting.reason if self.state.waiting else ""


class ContainerPort(Struct):
    """ports[]."""

    name: str = ""
    container_port: int = 0


class ConfigSource(Struct):
    """secretKeyRef: the name only."""

    name: str = ""


class EnvSource(Struct):
    """env[].valueFrom."""

    secret_key_ref: ConfigSource | None = None


class EnvVar(Struct):
    """env[]: where it comes from. There is no field for the value: it may be a secret."""

    value_from: EnvSource | None = None


class ResourceRequirements(Struct):
    """resources."""

    limits: dict[str, str | int | float] = {}
    requests: dict[str, str | int | float] = {}


class VolumeMount(Struct):
    """volumeMounts[]."""

    name: str = ""
    mount_path: str = ""
    sub_path: str = ""
    read_only: bool = False


class SecurityContext(Struct):
    """securityContext of a container or pod."""

    fs_group: int | None = None


class Container(Struct):
    """spec.containers[]."""

    name: str = ""
    image: str = ""
    command: list[str] = []
    args: list[str] = []
    ports: list[ContainerPort] = []
    env: list[EnvVar] = []
    resources: ResourceRequirements = msgspec.field(default_factory=ResourceRequirements)
    volume_mounts: list[VolumeMount] = []
    restart_policy: str = ""

    @property
    def requests(self) -> dict[str, Decimal]:
        """resources.requests as numbers in base units (cores, bytes)."""
        return {k: v for k, raw in self.resources.requests.items() if (v := quantity(raw)) is not None}

    @property
    def limits(self) -> dict[str, Decimal]:
        """resources.limits as numbers in base units."""
        return {k: v for k, raw in self.resources.limits.items() if (v := quantity(raw)) is not None}


class NodeAffinity(Struct):
    """affinity.nodeAffinity."""

    required: NodeSelector | None = msgspec.field(default=None, name="requiredDuringSchedulingIgnoredDuringExecution")


class Affinity(Struct):
    """affinity."""

    node_affinity: NodeAffinity | None = None


class ClaimSource(Struct):
    """volumes[].persistentVolumeClaim."""

    claim_name: str = ""


class SecretSource(Struct):
    """volumes[].secret."""

    secret_name: str = ""


class ConfigMapSource(Struct):
    """volumes[].configMap."""

    name: str = ""


class NFSSource(Struct):
    """volumes[].nfs and a PersistentVolume's nfs."""

    server: str = ""


class HostPathSource(Struct):
    """volumes[].hostPath."""

    path: str = ""
    type: str = ""


class Volume(Struct):
    """spec.volumes[]."""

    name: str = ""
    persistent_volume_claim: ClaimSource | None = None
    secret: SecretSource | None = None
    config_map: ConfigMapSource | None = None
    nfs: NFSSource | None = None
    host_path: HostPathSource | None = None
    empty_dir: Source | None = None


class SchedulingGate(Struct):
    """spec.schedulingGates[]."""

    name: str = ""


class PodSpec(Struct):
    """spec of a pod, or of a pod template."""

    containers: list[Container] = []
    init_containers: list[Container] = []
    volumes: list[Volume] = []
    node_name: str = ""
    node_selector: dict[str, str] = {}
    affinity: Affinity | None = None
    tolerations: list[Toleration] = []
    scheduler_name: str = ""
    scheduling_gates: list[SchedulingGate] = []
    priority_class_name: str = ""
    service_account_name: str = ""
    security_context: SecurityContext | None = None

    @property
    def requests(self) -> dict[str, Decimal]:
        """What the scheduler reserves: the sum of the containers, or the largest init container where that is more.

        Source: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
        (an init container with restartPolicy Always counts like an ordinary one).
        """
        total: dict[str, Decimal] = {}
        for c in self.containers:
            for k, v in c.requests.items():
                total[k] = total.get(k, Decimal(0)) + v
        for c in self.init_containers:
            for k, v in c.requests.items():
                if c.restart_policy == "Always":
                    total[k] = total.get(k, Decimal(0)) + v
                else:
                    total[k] = max(total.get(k, Decimal(0)), v)
        return total

    @property
    def claims(self) -> list[str]:
        """Names of the PersistentVolumeClaims that it mounts."""
        return [v.persistent_volume_claim.claim_name for v in self.volumes if v.persistent_volume_claim]


class PodStatus(Struct):
    """status of a pod."""

    phase: str = ""
    reason: str = ""
    message: str = ""
    conditions: list[Condition] = []
    container_statuses: list[ContainerStatus] = []
    init_container_statuses: list[ContainerStatus] = []
    pod_ip: str = msgspec.field(default="", name="podIP")
    nominated_node_name: str = ""


class Pod(Object):
    """A pod."""

    KIND: ClassVar[str] = "Pod"

    spec: PodSpec = msgspec.field(default_factory=PodSpec)
    status: PodStatus = msgspec.field(default_factory=PodStatus)

    @property
    def ref(self) -> Ref:
        """A reference whose `stable` part is the workload that made the pod."""
        return Ref("Pod", self.name, self.namespace, "v1", stable=self.owner)

    @property
    def owner(self) -> str:
        """The workload that made this pod and outlives it, as `Kind/name`; the pod itself where nothing does."""
        for o in self.metadata.owner_references:
            if o.kind == "ReplicaSet":
                suffix = "-" + self.labels.get("pod-template-hash", "\0")
                return f"Deployment/{o.name.removesuffix(suffix)}"
            if o.kind:
                return f"{o.kind}/{o.name}"
        return f"Pod/{self.name}"

    @property
    def phase(self) -> str:
        """status.phase."""
        return self.status.phase

    @property
    def node(self) -> str:
        """spec.nodeName, empty until it is scheduled."""
        return self.spec.node_name

    @property
    def ready(self) -> bool:
        """Whether the condition Ready is True."""
        return any(c.type == "Ready" and c.status == "True" for c in self.status.conditions)

    @property
    def unready_since(self) -> datetime:
        """Since when it is not ready, where it is not."""
        ready = self.condition("Ready")
        return (ready.last_transition_time if ready else None) or self.created

    @property
    def terminating(self) -> bool:
        """Whether it is being deleted."""
        return self.metadata.deletion_timestamp is not None

    @property
    def finished(self) -> bool:
        """Whether it has ended for good (Succeeded or Failed)."""
        return self.phase in {"Succeeded", "Failed"}

    @property
    def user(self) -> str:
        """The name of the user whose server it is, as the hub knows it; empty for other pods."""
        return self.annotations.get("hub.jupyter.org/username") or self.labels.get("hub.jupyter.org/username", "")

    def condition(self, kind: str) -> Condition | None:
        """The condition of this type."""
        return condition_of(self.status.conditions, kind)

    def container(self, name: str) -> Container | None:
        """The container, or init container, of this name in the spec."""
        return next((c for c in (*self.spec.containers, *self.spec.init_containers) if c.name == name), None)

    def statuses(self) -> Iterator[ContainerStatus]:
        """Statuses of init and ordinary containers, in the order in which they start."""
        yield from self.status.init_container_statuses
        yield from self.status.container_statuses

    def started_since(self, moment: datetime) -> bool:
        """Whether one of its containers was started then or later, so all that comes before that was there."""
        ends = (s.state.running or s.state.terminated for s in self.statuses())
        return any(e is not None and e.started_at is not None and e.started_at >= moment for e in ends)

    def container_ref(self, container: str) -> Ref:
        """A reference to one container."""
        return Ref("Pod", self.name, self.namespace, "v1", container, stable=self.owner)


class PodTemplate(Struct):
    """spec.template of a workload."""

    metadata: Meta = msgspec.field(default_factory=Meta)
    spec: PodSpec = msgspec.field(default_factory=PodSpec)
