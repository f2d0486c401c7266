"""Kubernetes objects as small typed structs: only the fields that facts and checks use.

They are decoded straight from the server's bytes. What is not a field here is never kept in memory, so it cannot reach
an output: environment values, Secret data and annotations that carry specs have no field on purpose.
Field names are those of the Kubernetes API reference (https://kubernetes.io/docs/reference/kubernetes-api/) in snake
case; units and meanings are the API's own.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

import msgspec

from jhubdoctor.model.finding import Ref

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Struct(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """Base of all: camelCase in JSON, absent fields take their defaults, unknown fields are dropped."""


# --- metadata --------------------------------------------------------------------------------------------------------


class OwnerReference(Struct):
    """metadata.ownerReferences[]."""

    kind: str = ""
    name: str = ""
    controller: bool = False


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
    generation: int = 0
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
    def created(self) -> datetime:
        """metadata.creationTimestamp, the epoch where it is missing."""
        return self.metadata.creation_timestamp or EPOCH

    @property
    def ref(self) -> Ref:
        """A reference to this object."""
        return Ref(self.KIND, self.name, self.namespace, self.API_VERSION, stable=f"{self.KIND}/{self.name}")


class PartialObject(Object):
    """metadata alone, of any kind."""


# --- pods ------------------------------------------------------------------------------------------------------------


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
    signal: int = 0
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
    started: bool | None = None
    restart_count: int = 0
    image: str = ""
    image_id: str = msgspec.field(default="", name="imageID")


class ContainerPort(Struct):
    """ports[]."""

    name: str = ""
    container_port: int = 0
    protocol: str = "TCP"


class ConfigSource(Struct):
    """configMapKeyRef, secretKeyRef, configMapRef, secretRef: the name only."""

    name: str = ""
    key: str = ""
    optional: bool = False


class EnvSource(Struct):
    """env[].valueFrom."""

    secret_key_ref: ConfigSource | None = None
    config_map_key_ref: ConfigSource | None = None


class EnvVar(Struct):
    """env[]: the name and where it comes from. There is no field for the value: it may be a secret."""

    name: str = ""
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


class Capabilities(Struct):
    """securityContext.capabilities."""

    add: list[str] = []


class SecurityContext(Struct):
    """securityContext of a container or pod."""

    privileged: bool = False
    run_as_user: int | None = None
    run_as_non_root: bool | None = None
    fs_group: int | None = None
    fs_group_change_policy: str = ""
    allow_privilege_escalation: bool | None = None
    capabilities: Capabilities | None = None


class Probe(Struct):
    """livenessProbe, readinessProbe: the timing."""

    initial_delay_seconds: int = 0
    period_seconds: int = 10
    failure_threshold: int = 3
    timeout_seconds: int = 1


class Container(Struct):
    """spec.containers[]."""

    name: str = ""
    image: str = ""
    image_pull_policy: str = ""
    command: list[str] = []
    args: list[str] = []
    ports: list[ContainerPort] = []
    env: list[EnvVar] = []
    resources: ResourceRequirements = msgspec.field(default_factory=ResourceRequirements)
    volume_mounts: list[VolumeMount] = []
    security_context: SecurityContext | None = None
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    restart_policy: str = ""

    @property
    def requests(self) -> dict[str, Decimal]:
        """resources.requests as numbers in base units (cores, bytes)."""
        return {k: v for k, raw in self.resources.requests.items() if (v := quantity(raw)) is not None}

    @property
    def limits(self) -> dict[str, Decimal]:
        """resources.limits as numbers in base units."""
        return {k: v for k, raw in self.resources.limits.items() if (v := quantity(raw)) is not None}


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
    toleration_seconds: int | None = None


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


class PreferredTerm(Struct):
    """preferredDuringSchedulingIgnoredDuringExecution[]."""

    weight: int = 0
    preference: NodeSelectorTerm = msgspec.field(default_factory=NodeSelectorTerm)


class NodeAffinity(Struct):
    """affinity.nodeAffinity."""

    required: NodeSelector | None = msgspec.field(default=None, name="requiredDuringSchedulingIgnoredDuringExecution")
    preferred: list[PreferredTerm] = msgspec.field(
        default_factory=list, name="preferredDuringSchedulingIgnoredDuringExecution"
    )


class Affinity(Struct):
    """affinity."""

    node_affinity: NodeAffinity | None = None


class ClaimSource(Struct):
    """volumes[].persistentVolumeClaim."""

    claim_name: str = ""


class SecretSource(Struct):
    """volumes[].secret."""

    secret_name: str = ""
    optional: bool = False


class ConfigMapSource(Struct):
    """volumes[].configMap."""

    name: str = ""
    optional: bool = False


class NFSSource(Struct):
    """volumes[].nfs and a PersistentVolume's nfs."""

    server: str = ""
    path: str = ""


class EmptyDirSource(Struct):
    """volumes[].emptyDir."""

    medium: str = ""
    size_limit: str = ""


class Volume(Struct):
    """spec.volumes[]."""

    name: str = ""
    persistent_volume_claim: ClaimSource | None = None
    secret: SecretSource | None = None
    config_map: ConfigMapSource | None = None
    nfs: NFSSource | None = None
    empty_dir: EmptyDirSource | None = None


class LocalReference(Struct):
    """imagePullSecrets[] and the like."""

    name: str = ""


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
    priority: int | None = None
    priority_class_name: str = ""
    service_account_name: str = ""
    image_pull_secrets: list[LocalReference] = []
    security_context: SecurityContext | None = None
    restart_policy: str = ""
    enable_service_links: bool | None = None
    host_network: bool = False
    runtime_class_name: str = ""

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


class Condition(Struct):
    """status.conditions[] of any kind."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None
    last_heartbeat_time: datetime | None = None


class PodStatus(Struct):
    """status of a pod."""

    phase: str = ""
    reason: str = ""
    message: str = ""
    conditions: list[Condition] = []
    container_statuses: list[ContainerStatus] = []
    init_container_statuses: list[ContainerStatus] = []
    pod_ip: str = msgspec.field(default="", name="podIP")
    start_time: datetime | None = None
    nominated_node_name: str = ""
    qos_class: str = msgspec.field(default="", name="qosClass")


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
        return next((c for c in self.status.conditions if c.type == kind), None)

    def container(self, name: str) -> Container | None:
        """The container, or init container, of this name in the spec."""
        return next((c for c in (*self.spec.containers, *self.spec.init_containers) if c.name == name), None)

    def statuses(self) -> Iterator[ContainerStatus]:
        """Statuses of init and ordinary containers, in the order in which they start."""
        yield from self.status.init_container_statuses
        yield from self.status.container_statuses

    def container_ref(self, container: str) -> Ref:
        """A reference to one container."""
        return Ref("Pod", self.name, self.namespace, "v1", container, stable=self.owner)


class PodTemplate(Struct):
    """spec.template of a workload."""

    metadata: Meta = msgspec.field(default_factory=Meta)
    spec: PodSpec = msgspec.field(default_factory=PodSpec)


# --- workloads -------------------------------------------------------------------------------------------------------


class LabelSelector(Struct):
    """matchLabels and matchExpressions."""

    match_labels: dict[str, str] = {}
    match_expressions: list[Requirement] = []

    def matches(self, labels: dict[str, str]) -> bool:
        """Whether an object with these labels is selected. An empty selector selects all."""
        return all(labels.get(k) == v for k, v in self.match_labels.items()) and all(
            requirement_met(r, labels) for r in self.match_expressions
        )


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
    available_replicas: int = 0
    observed_generation: int = 0
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
    status: DeploymentStatus = msgspec.field(default_factory=DeploymentStatus)


class DaemonSetSpec(Struct):
    """spec of a DaemonSet."""

    selector: LabelSelector = msgspec.field(default_factory=LabelSelector)
    template: PodTemplate = msgspec.field(default_factory=PodTemplate)


class DaemonSetStatus(Struct):
    """status of a DaemonSet."""

    desired_number_scheduled: int = 0
    current_number_scheduled: int = 0
    number_ready: int = 0
    updated_number_scheduled: int = 0
    number_misscheduled: int = 0
    observed_generation: int = 0


class DaemonSet(Object):
    """A DaemonSet."""

    KIND: ClassVar[str] = "DaemonSet"
    API_VERSION: ClassVar[str] = "apps/v1"

    spec: DaemonSetSpec = msgspec.field(default_factory=DaemonSetSpec)
    status: DaemonSetStatus = msgspec.field(default_factory=DaemonSetStatus)


class JobSpec(Struct):
    """spec of a Job."""

    backoff_limit: int | None = None
    template: PodTemplate = msgspec.field(default_factory=PodTemplate)


class JobStatus(Struct):
    """status of a Job."""

    active: int = 0
    succeeded: int = 0
    failed: int = 0
    start_time: datetime | None = None
    conditions: list[Condition] = []


class Job(Object):
    """A Job."""

    KIND: ClassVar[str] = "Job"
    API_VERSION: ClassVar[str] = "batch/v1"

    spec: JobSpec = msgspec.field(default_factory=JobSpec)
    status: JobStatus = msgspec.field(default_factory=JobStatus)


# --- events ----------------------------------------------------------------------------------------------------------


class EventSeries(Struct):
    """series."""

    count: int = 0
    last_observed_time: datetime | None = None


class InvolvedObject(Struct):
    """involvedObject."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    field_path: str = ""


class EventSource(Struct):
    """source."""

    component: str = ""
    host: str = ""


class Event(Object):
    """A v1 Event."""

    KIND: ClassVar[str] = "Event"

    involved_object: InvolvedObject = msgspec.field(default_factory=InvolvedObject)
    reason: str = ""
    message: str = ""
    type: str = ""
    count: int = 0
    source: EventSource = msgspec.field(default_factory=EventSource)
    reporting_component: str = ""
    series: EventSeries | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None
    first_timestamp: datetime | None = None

    @property
    def at(self) -> datetime:
        """When it was last seen. Events of the scheduler have eventTime alone, so the order of these matters."""
        series = self.series.last_observed_time if self.series else None
        return series or self.last_timestamp or self.event_time or self.first_timestamp or self.created

    @property
    def times(self) -> int:
        """How often it was seen."""
        return max(self.count, self.series.count if self.series else 0, 1)

    @property
    def about(self) -> tuple[str, str]:
        """Kind and name of the object that it is about."""
        return (self.involved_object.kind, self.involved_object.name)

    @property
    def container(self) -> str:
        """The container that it is about, from a field path such as `spec.containers{notebook}`."""
        found = re.search(r"\{([^}]*)\}", self.involved_object.field_path)
        return found[1] if found else ""


# --- nodes -----------------------------------------------------------------------------------------------------------


class NodeSpec(Struct):
    """spec of a node."""

    taints: list[Taint] = []
    unschedulable: bool = False
    provider_id: str = msgspec.field(default="", name="providerID")


class NodeInfo(Struct):
    """status.nodeInfo."""

    kubelet_version: str = ""
    architecture: str = ""
    operating_system: str = ""
    container_runtime_version: str = ""


class NodeStatus(Struct):
    """status of a node."""

    allocatable: dict[str, str | int | float] = {}
    capacity: dict[str, str | int | float] = {}
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


# --- storage ---------------------------------------------------------------------------------------------------------


class ClaimSpec(Struct):
    """spec of a claim."""

    access_modes: list[str] = []
    storage_class_name: str | None = None
    volume_name: str = ""
    volume_mode: str = ""
    resources: ResourceRequirements = msgspec.field(default_factory=ResourceRequirements)


class ClaimStatus(Struct):
    """status of a claim."""

    phase: str = ""
    capacity: dict[str, str | int | float] = {}
    conditions: list[Condition] = []


class PersistentVolumeClaim(Object):
    """A PersistentVolumeClaim."""

    KIND: ClassVar[str] = "PersistentVolumeClaim"

    spec: ClaimSpec = msgspec.field(default_factory=ClaimSpec)
    status: ClaimStatus = msgspec.field(default_factory=ClaimStatus)

    @property
    def storage_class(self) -> str | None:
        """The class it asks for: a name, `""` for none on purpose, None for the default class."""
        former = self.annotations.get("volume.beta.kubernetes.io/storage-class")
        return self.spec.storage_class_name if self.spec.storage_class_name is not None else former


class VolumeNodeAffinity(Struct):
    """spec.nodeAffinity of a volume."""

    required: NodeSelector | None = None


class CSISource(Struct):
    """spec.csi of a volume."""

    driver: str = ""


class ClaimRef(Struct):
    """spec.claimRef of a volume."""

    namespace: str = ""
    name: str = ""
    uid: str = ""


class Source(Struct):
    """A source of a volume of which only matters that it is there."""


class VolumeSpec(Struct):
    """spec of a PersistentVolume."""

    access_modes: list[str] = []
    storage_class_name: str = ""
    capacity: dict[str, str | int | float] = {}
    persistent_volume_reclaim_policy: str = ""
    claim_ref: ClaimRef | None = None
    node_affinity: VolumeNodeAffinity | None = None
    csi: CSISource | None = None
    nfs: NFSSource | None = None
    azure_file: Source | None = None
    glusterfs: Source | None = None
    mount_options: list[str] = []


class VolumeStatus(Struct):
    """status of a PersistentVolume."""

    phase: str = ""
    reason: str = ""
    message: str = ""


class PersistentVolume(Object):
    """A PersistentVolume."""

    KIND: ClassVar[str] = "PersistentVolume"

    spec: VolumeSpec = msgspec.field(default_factory=VolumeSpec)
    status: VolumeStatus = msgspec.field(default_factory=VolumeStatus)


class StorageClass(Object):
    """A StorageClass. `parameters` are left out: they can name credentials."""

    KIND: ClassVar[str] = "StorageClass"
    API_VERSION: ClassVar[str] = "storage.k8s.io/v1"

    provisioner: str = ""
    reclaim_policy: str = "Delete"
    volume_binding_mode: str = "Immediate"
    allow_volume_expansion: bool = False
    allowed_topologies: list[Source] = []
    mount_options: list[str] = []

    @property
    def is_default(self) -> bool:
        """Whether claims without a class get this one (annotation, in its present or its former name)."""
        return "true" in {
            self.annotations.get("storageclass.kubernetes.io/is-default-class"),
            self.annotations.get("storageclass.beta.kubernetes.io/is-default-class"),
        }


class CSIDriver(Object):
    """A CSIDriver: that the name is there is what matters."""

    KIND: ClassVar[str] = "CSIDriver"
    API_VERSION: ClassVar[str] = "storage.k8s.io/v1"


class VolumeLimits(Struct):
    """allocatable of a CSI driver on a node."""

    count: int | None = None


class CSINodeDriver(Struct):
    """spec.drivers[] of a CSINode."""

    name: str = ""
    allocatable: VolumeLimits | None = None


class CSINodeSpec(Struct):
    """spec of a CSINode."""

    drivers: list[CSINodeDriver] = []


class CSINode(Object):
    """A CSINode: which drivers run on a node and how many volumes they attach."""

    KIND: ClassVar[str] = "CSINode"
    API_VERSION: ClassVar[str] = "storage.k8s.io/v1"

    spec: CSINodeSpec = msgspec.field(default_factory=CSINodeSpec)


class AttachmentSource(Struct):
    """spec.source of a VolumeAttachment."""

    persistent_volume_name: str = ""


class AttachmentSpec(Struct):
    """spec of a VolumeAttachment."""

    attacher: str = ""
    node_name: str = ""
    source: AttachmentSource = msgspec.field(default_factory=AttachmentSource)


class AttachmentError(Struct):
    """status.attachError and detachError."""

    message: str = ""
    time: datetime | None = None


class AttachmentStatus(Struct):
    """status of a VolumeAttachment."""

    attached: bool = False
    attach_error: AttachmentError | None = None
    detach_error: AttachmentError | None = None


class VolumeAttachment(Object):
    """A VolumeAttachment: the volume that a node holds."""

    KIND: ClassVar[str] = "VolumeAttachment"
    API_VERSION: ClassVar[str] = "storage.k8s.io/v1"

    spec: AttachmentSpec = msgspec.field(default_factory=AttachmentSpec)
    status: AttachmentStatus = msgspec.field(default_factory=AttachmentStatus)


# --- network ---------------------------------------------------------------------------------------------------------


class ServicePort(Struct):
    """spec.ports[] of a Service."""

    name: str = ""
    port: int = 0
    target_port: int | str = 0
    protocol: str = "TCP"
    node_port: int = 0


class ServiceSpec(Struct):
    """spec of a Service."""

    type: str = "ClusterIP"
    selector: dict[str, str] = {}
    ports: list[ServicePort] = []
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    external_ips: list[str] = msgspec.field(default_factory=list, name="externalIPs")
    load_balancer_ip: str = msgspec.field(default="", name="loadBalancerIP")
    load_balancer_class: str = ""
    load_balancer_source_ranges: list[str] = []


class IngressPoint(Struct):
    """loadBalancer.ingress[]."""

    ip: str = ""
    hostname: str = ""


class LoadBalancer(Struct):
    """status.loadBalancer."""

    ingress: list[IngressPoint] = []


class ServiceStatus(Struct):
    """status of a Service or an Ingress."""

    load_balancer: LoadBalancer = msgspec.field(default_factory=LoadBalancer)


class Service(Object):
    """A Service."""

    KIND: ClassVar[str] = "Service"

    spec: ServiceSpec = msgspec.field(default_factory=ServiceSpec)
    status: ServiceStatus = msgspec.field(default_factory=ServiceStatus)


class EndpointConditions(Struct):
    """endpoints[].conditions."""

    ready: bool | None = None


class EndpointTarget(Struct):
    """endpoints[].targetRef."""

    kind: str = ""
    name: str = ""


class Endpoint(Struct):
    """endpoints[]."""

    addresses: list[str] = []
    conditions: EndpointConditions = msgspec.field(default_factory=EndpointConditions)
    target_ref: EndpointTarget | None = None


class EndpointPort(Struct):
    """ports[] of an EndpointSlice."""

    name: str = ""
    port: int | None = None
    protocol: str = "TCP"


class EndpointSlice(Object):
    """An EndpointSlice."""

    KIND: ClassVar[str] = "EndpointSlice"
    API_VERSION: ClassVar[str] = "discovery.k8s.io/v1"

    endpoints: list[Endpoint] = []
    ports: list[EndpointPort] = []

    @property
    def service(self) -> str:
        """The Service that it belongs to."""
        return self.labels.get("kubernetes.io/service-name", "")


class BackendService(Struct):
    """backend.service."""

    name: str = ""


class IngressBackend(Struct):
    """backend; `serviceName` is its form in v1beta1."""

    service: BackendService | None = None
    service_name: str = ""

    @property
    def target(self) -> str:
        """The Service's name."""
        return self.service.name if self.service else self.service_name


class IngressPath(Struct):
    """rules[].http.paths[]."""

    path: str = ""
    backend: IngressBackend = msgspec.field(default_factory=IngressBackend)


class IngressHTTP(Struct):
    """rules[].http."""

    paths: list[IngressPath] = []


class IngressRule(Struct):
    """rules[]."""

    host: str = ""
    http: IngressHTTP | None = None


class IngressTLS(Struct):
    """tls[]."""

    hosts: list[str] = []
    secret_name: str = ""


class IngressSpec(Struct):
    """spec of an Ingress."""

    ingress_class_name: str = ""
    rules: list[IngressRule] = []
    tls: list[IngressTLS] = []
    default_backend: IngressBackend | None = None


class Ingress(Object):
    """An Ingress."""

    KIND: ClassVar[str] = "Ingress"
    API_VERSION: ClassVar[str] = "networking.k8s.io/v1"

    spec: IngressSpec = msgspec.field(default_factory=IngressSpec)
    status: ServiceStatus = msgspec.field(default_factory=ServiceStatus)


class IngressClassSpec(Struct):
    """spec of an IngressClass."""

    controller: str = ""


class IngressClass(Object):
    """An IngressClass."""

    KIND: ClassVar[str] = "IngressClass"
    API_VERSION: ClassVar[str] = "networking.k8s.io/v1"

    spec: IngressClassSpec = msgspec.field(default_factory=IngressClassSpec)


class ParentRef(Struct):
    """parentRefs[] of an HTTPRoute."""

    name: str = ""
    namespace: str = ""


class RouteParent(Struct):
    """status.parents[] of an HTTPRoute."""

    parent_ref: ParentRef = msgspec.field(default_factory=ParentRef)
    controller_name: str = ""
    conditions: list[Condition] = []


class BackendRef(Struct):
    """rules[].backendRefs[] of an HTTPRoute."""

    kind: str = "Service"
    name: str = ""


class RouteRule(Struct):
    """rules[] of an HTTPRoute."""

    backend_refs: list[BackendRef] = []


class RouteSpec(Struct):
    """spec of an HTTPRoute."""

    parent_refs: list[ParentRef] = []
    hostnames: list[str] = []
    rules: list[RouteRule] = []


class RouteStatus(Struct):
    """status of an HTTPRoute."""

    parents: list[RouteParent] = []


class HTTPRoute(Object):
    """An HTTPRoute of the Gateway API."""

    KIND: ClassVar[str] = "HTTPRoute"
    API_VERSION: ClassVar[str] = "gateway.networking.k8s.io/v1"

    spec: RouteSpec = msgspec.field(default_factory=RouteSpec)
    status: RouteStatus = msgspec.field(default_factory=RouteStatus)


class IPBlock(Struct):
    """ipBlock."""

    cidr: str = ""
    except_: list[str] = msgspec.field(default_factory=list, name="except")


class PolicyPeer(Struct):
    """from[] and to[]."""

    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: IPBlock | None = None


class PolicyPort(Struct):
    """ports[]."""

    port: int | str | None = None
    protocol: str = "TCP"
    end_port: int | None = None


class PolicyRule(Struct):
    """ingress[] and egress[]; an absent peer list means everyone, an absent port list every port."""

    from_: list[PolicyPeer] | None = msgspec.field(default=None, name="from")
    to: list[PolicyPeer] | None = None
    ports: list[PolicyPort] | None = None


class NetworkPolicySpec(Struct):
    """spec of a NetworkPolicy."""

    pod_selector: LabelSelector = msgspec.field(default_factory=LabelSelector)
    policy_types: list[str] = []
    ingress: list[PolicyRule] = []
    egress: list[PolicyRule] = []


class NetworkPolicy(Object):
    """A NetworkPolicy."""

    KIND: ClassVar[str] = "NetworkPolicy"
    API_VERSION: ClassVar[str] = "networking.k8s.io/v1"

    spec: NetworkPolicySpec = msgspec.field(default_factory=NetworkPolicySpec)


# --- policy, quota, rights -------------------------------------------------------------------------------------------


class BudgetSpec(Struct):
    """spec of a PodDisruptionBudget."""

    min_available: int | str | None = None
    max_unavailable: int | str | None = None
    selector: LabelSelector = msgspec.field(default_factory=LabelSelector)


class BudgetStatus(Struct):
    """status of a PodDisruptionBudget."""

    disruptions_allowed: int = 0
    current_healthy: int = 0
    desired_healthy: int = 0
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
    values: list[str] = []


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
    max_limit_request_ratio: dict[str, str | int | float] = {}


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
    global_default: bool = False
    preemption_policy: str = ""


class Namespace(Object):
    """A Namespace: its labels say which Pod Security level is enforced."""

    KIND: ClassVar[str] = "Namespace"


class PolicyRuleRBAC(Struct):
    """rules[] of a Role or ClusterRole."""

    api_groups: list[str] = []
    resources: list[str] = []
    verbs: list[str] = []
    resource_names: list[str] = []


class Role(Object):
    """A Role."""

    KIND: ClassVar[str] = "Role"
    API_VERSION: ClassVar[str] = "rbac.authorization.k8s.io/v1"

    rules: list[PolicyRuleRBAC] = []


class ClusterRole(Object):
    """A ClusterRole."""

    KIND: ClassVar[str] = "ClusterRole"
    API_VERSION: ClassVar[str] = "rbac.authorization.k8s.io/v1"

    rules: list[PolicyRuleRBAC] = []


class RoleRef(Struct):
    """roleRef."""

    kind: str = ""
    name: str = ""


class Subject(Struct):
    """subjects[]."""

    kind: str = ""
    name: str = ""
    namespace: str = ""


class RoleBinding(Object):
    """A RoleBinding."""

    KIND: ClassVar[str] = "RoleBinding"
    API_VERSION: ClassVar[str] = "rbac.authorization.k8s.io/v1"

    role_ref: RoleRef = msgspec.field(default_factory=RoleRef)
    subjects: list[Subject] = []


class ClusterRoleBinding(Object):
    """A ClusterRoleBinding."""

    KIND: ClassVar[str] = "ClusterRoleBinding"
    API_VERSION: ClassVar[str] = "rbac.authorization.k8s.io/v1"

    role_ref: RoleRef = msgspec.field(default_factory=RoleRef)
    subjects: list[Subject] = []


class WebhookService(Struct):
    """clientConfig.service."""

    namespace: str = ""
    name: str = ""


class WebhookClient(Struct):
    """webhooks[].clientConfig."""

    service: WebhookService | None = None


class WebhookRule(Struct):
    """webhooks[].rules[]."""

    api_groups: list[str] = []
    resources: list[str] = []
    operations: list[str] = []


class Webhook(Struct):
    """webhooks[]."""

    name: str = ""
    failure_policy: str = ""
    timeout_seconds: int | None = None
    client_config: WebhookClient = msgspec.field(default_factory=WebhookClient)
    rules: list[WebhookRule] = []
    namespace_selector: LabelSelector | None = None
    object_selector: LabelSelector | None = None
    match_conditions: list[Source] = []


class WebhookConfiguration(Object):
    """A MutatingWebhookConfiguration or ValidatingWebhookConfiguration."""

    webhooks: list[Webhook] = []


class MutatingWebhookConfiguration(WebhookConfiguration):
    """Webhooks that may change what is created."""

    KIND: ClassVar[str] = "MutatingWebhookConfiguration"
    API_VERSION: ClassVar[str] = "admissionregistration.k8s.io/v1"


class ValidatingWebhookConfiguration(WebhookConfiguration):
    """Webhooks that may refuse what is created."""

    KIND: ClassVar[str] = "ValidatingWebhookConfiguration"
    API_VERSION: ClassVar[str] = "admissionregistration.k8s.io/v1"


class APIServiceSpec(Struct):
    """spec of an APIService."""

    group: str = ""
    version: str = ""
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
    lease_duration_seconds: int = 0
    renew_time: datetime | None = None
    acquire_time: datetime | None = None


class Lease(Object):
    """A Lease."""

    KIND: ClassVar[str] = "Lease"
    API_VERSION: ClassVar[str] = "coordination.k8s.io/v1"

    spec: LeaseSpec = msgspec.field(default_factory=LeaseSpec)


class ComponentStatus(Object):
    """A ComponentStatus (deprecated since 1.19)."""

    KIND: ClassVar[str] = "ComponentStatus"

    conditions: list[Condition] = []


class ConfigMap(Object):
    """A ConfigMap; `data` holds only what `jhubdoctor.privacy.objects` allows."""

    KIND: ClassVar[str] = "ConfigMap"

    data: dict[str, str] = {}


class Secret(Object):
    """A Secret. `data` is what `jhubdoctor.privacy.objects` leaves of it: never a credential.

    For the hub's Secret that is the key `values.yaml`, for a Helm release the key `release`, for a TLS Secret the
    public certificate; of every other key the name alone, with an empty value.
    """

    KIND: ClassVar[str] = "Secret"

    type: str = ""
    data: dict[str, str] = {}


# --- small rules of the API ------------------------------------------------------------------------------------------

_SUFFIX = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal(10) ** 3,
    "M": Decimal(10) ** 6,
    "G": Decimal(10) ** 9,
    "T": Decimal(10) ** 12,
    "P": Decimal(10) ** 15,
    "E": Decimal(10) ** 18,
    "Ki": Decimal(2) ** 10,
    "Mi": Decimal(2) ** 20,
    "Gi": Decimal(2) ** 30,
    "Ti": Decimal(2) ** 40,
    "Pi": Decimal(2) ** 50,
    "Ei": Decimal(2) ** 60,
}
MOST = Decimal(10) ** 24
_QUANTITY = re.compile(r"([+-]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:[eE][+-]?\d{1,3})?)([KMGTPE]i|[numkMGTPE]?)")


def quantity(raw: object) -> Decimal | None:
    """A resource quantity (`250m`, `1Gi`, `2e3`) in base units; None where it is none.

    Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/. The kubernetes package
    has the same function, but costs most of a second to import.
    """
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
        return None
    try:
        return _amount(str(raw).strip())
    except ValueError:  # an int of thousands of digits has no text
        return None


@functools.lru_cache(maxsize=4096)
def _amount(text: str) -> Decimal | None:
    """Thousands of nodes of one kind say the same."""
    try:
        found = _QUANTITY.fullmatch(text)
        amount = Decimal(found[1]) * _SUFFIX[found[2]] if found else None
    except (InvalidOperation, ValueError):
        return None
    # the API itself counts to 2 ** 63
    return amount if amount is not None and abs(amount) < MOST else None


def human_bytes(value: Decimal | int) -> str:
    """A number of bytes as people write it: `1.5Gi`."""
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        size = _SUFFIX[unit]
        if value >= size:
            return f"{(Decimal(value) / size).quantize(Decimal('0.1')).normalize():f}{unit}"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def human(resource: str, value: Decimal) -> str:
    """An amount of a resource as people write it: memory and storage in Gi, cpu with `m` below one core."""
    if resource.endswith(("memory", "storage")) or resource.startswith("hugepages"):
        return human_bytes(value)
    if resource.endswith("cpu") and value != value.to_integral_value():
        return f"{(value * 1000).to_integral_value()}m"
    return f"{value.normalize():f}"


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


def selector_matches(selector: NodeSelector, node: Node) -> bool:
    """Whether a node meets a required node selector: one of its terms, all requirements of that term."""
    fields = {"metadata.name": node.name}
    return any(
        (term.match_expressions or term.match_fields)
        and all(requirement_met(r, node.labels) for r in term.match_expressions)
        and all(requirement_met(r, fields) for r in term.match_fields)
        for term in selector.node_selector_terms
    )


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


def prune(value: Any) -> Any:
    """The value without nulls, which the API uses for "not set" wherever it pleases."""
    if isinstance(value, dict):
        return {k: prune(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [prune(v) for v in value if v is not None]
    return value
