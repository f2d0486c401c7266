"""Claims, volumes, their classes and drivers, and what is attached where."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec

from jhubdoctor.model.kube.meta import Condition, Object, Source, Struct
from jhubdoctor.model.kube.pods import NFSSource, ResourceRequirements
from jhubdoctor.model.kube.selectors import NodeSelector


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


class CSIAttributes(Struct):
    """spec.csi.volumeAttributes of a volume: the server of csi-driver-nfs, and nothing else of any driver."""

    server: str = ""


class CSISource(Struct):
    """spec.csi of a volume."""

    driver: str = ""
    volume_attributes: CSIAttributes | None = None


class ClaimRef(Struct):
    """spec.claimRef of a volume."""

    namespace: str = ""
    name: str = ""
    uid: str = ""


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
