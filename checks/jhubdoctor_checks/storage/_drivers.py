"""What is known of provisioners: which need a CSI driver, which give disks, which give network shares."""

import re
from collections.abc import Iterable

from jhubdoctor.api import CSIDriver, PersistentVolume, StorageClass

NO_PROVISIONER = "kubernetes.io/no-provisioner"

# In-tree provisioner -> (CSI driver, first minor of Kubernetes that hands its calls to that driver by default).
# Source: https://kubernetes.io/blog/2022/09/26/storage-in-tree-to-csi-migration-status-update-1.25/ and the
# feature gates CSIMigrationAWS, ...GCE, ...OpenStack, ...AzureDisk, ...AzureFile, ...vSphere, ...Portworx.
IN_TREE = {
    "kubernetes.io/aws-ebs": ("ebs.csi.aws.com", 23),
    "kubernetes.io/gce-pd": ("pd.csi.storage.gke.io", 23),
    "kubernetes.io/cinder": ("cinder.csi.openstack.org", 21),
    "kubernetes.io/azure-disk": ("disk.csi.azure.com", 23),
    "kubernetes.io/azure-file": ("file.csi.azure.com", 24),
    "kubernetes.io/vsphere-volume": ("csi.vsphere.vmware.com", 25),
    "kubernetes.io/portworx-volume": ("pxd.portworx.com", 31),
}

# How each cloud installs its driver, where a cluster comes without it.
INSTALL = {
    "ebs.csi.aws.com": "the EKS add-on aws-ebs-csi-driver with its IAM role "
    "(aws eks create-addon --cluster-name CLUSTER --addon-name aws-ebs-csi-driver)",
    "efs.csi.aws.com": "the EKS add-on aws-efs-csi-driver with its IAM role "
    "(aws eks create-addon --cluster-name CLUSTER --addon-name aws-efs-csi-driver)",
    "pd.csi.storage.gke.io": "the GKE add-on "
    "(gcloud container clusters update CLUSTER --update-addons=GcePersistentDiskCsiDriver=ENABLED)",
    "filestore.csi.storage.gke.io": "the GKE add-on "
    "(gcloud container clusters update CLUSTER --update-addons=GcpFilestoreCsiDriver=ENABLED)",
    "disk.csi.azure.com": "the AKS driver (az aks update --name CLUSTER --resource-group GROUP --enable-disk-driver)",
    "file.csi.azure.com": "the AKS driver (az aks update --name CLUSTER --resource-group GROUP --enable-file-driver)",
    "nfs.csi.k8s.io": "the Helm chart csi-driver-nfs (https://github.com/kubernetes-csi/csi-driver-nfs)",
}

# Provisioners of disks: one node mounts a file system on them at a time. Each refuses ReadWriteMany for a file system
# in its documentation or in CreateVolume; vSphere, Longhorn, Portworx and Trident are left out, they can share files.
DISKS = frozenset({
    "ebs.csi.aws.com",  # "Volume capabilities MULTI_NODE_MULTI_WRITER not supported. Only AccessModes[Read..."
    "disk.csi.azure.com",  # "mountVolume is not supported for access mode: MULTI_NODE_MULTI_WRITER" (issue 2122)
    "pd.csi.storage.gke.io",  # "specified multi writer with mount access type"
    "cinder.csi.openstack.org",  # docs/cinder-csi-plugin/features.md: multi-attach for raw block volumes alone
    "rbd.csi.ceph.com",  # "multi node access modes are only supported on rbd `block` type volumes"
    "dobs.csi.digitalocean.com",  # "volume capabilities invalid: ... only SINGLE_NODE_WRITER"
    "csi.hetzner.cloud",  # "capability at index 0 is not supported" (issue 145)
    "linodebs.csi.linode.com",
    "block.csi.vultr.com",
    "csi.exoscale.com",
    "csi.scaleway.com",
    "blockvolume.csi.oraclecloud.com",
    "diskplugin.csi.alibabacloud.com",  # "multi-node writing is only supported for block volume" (pull request 902)
    "vpc.block.csi.ibm.io",
    "topolvm.io",
    "topolvm.cybozu.com",
    "openebs.io/local",
    "local.csi.openebs.io",
    "zfs.csi.openebs.io",
    "rancher.io/local-path",  # "NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes"
    "kubernetes.io/aws-ebs",  # "invalid AccessModes [ReadWriteMany]: only AccessModes [ReadWriteOnce] are supported"
    "kubernetes.io/gce-pd",
    "kubernetes.io/azure-disk",
    "kubernetes.io/cinder",
})  # fmt: skip

# Provisioners of shares over the network on which SQLite's locks are slow or do not work, and what they are.
# Source: https://www.sqlite.org/faq.html#q5 and https://www.sqlite.org/useovernet.html.
# CephFS is left out: its locks are those of a local file system.
SHARES: tuple[tuple[str, str], ...] = (
    (r"(^|[./-])efs\.csi\.aws\.com$|aws-efs$", "Amazon EFS (NFS)"),
    (r"^file\.csi\.azure\.com$|^kubernetes\.io/azure-file$", "Azure Files (SMB)"),
    (r"^(\w+\.)?filestore\.csi\.storage\.gke\.io$", "Filestore (NFS)"),
    (r"^smb\.csi\.k8s\.io$", "SMB"),
    (r"^kubernetes\.io/glusterfs$|gluster", "GlusterFS"),
    (r"^fsx\.openzfs\.csi\.aws\.com$", "Amazon FSx for OpenZFS (NFS)"),
    (r"^fsx\.csi\.aws\.com$", "Amazon FSx for Lustre"),
    (r"^nasplugin\.csi\.alibabacloud\.com$", "Alibaba Cloud NAS (NFS)"),
    (r"^fss\.csi\.oraclecloud\.com$", "OCI File Storage (NFS)"),
    (r"^gcsfuse\.csi\.|^s3\.csi\.|^blob\.csi\.azure\.com$", "an object store"),
    (r"^csi\.juicefs\.com$", "JuiceFS"),
    # nfs.csi.k8s.io, k8s-sigs.io/nfs-subdir-external-provisioner, cluster.local/REL-nfs-client-provisioner,
    # nfs.manila.csi.openstack.org, fuseim.pri/ifs (the example name of the old nfs-client-provisioner)
    (r"(^|[./-])nfs([./-]|$)|^fuseim\.pri/ifs$", "NFS"),
)


def driver_of(provisioner: str, minor: int | None) -> str:
    """The CSI driver that serves a provisioner; the provisioner itself where it is none of the migrated ones."""
    driver, since = IN_TREE.get(provisioner, ("", 0))
    return driver if driver and (minor is None or minor >= since) else provisioner


def is_csi(driver: str) -> bool:
    """Whether a provisioner is a CSI driver, which registers a CSIDriver object; others (local-path) do not."""
    return bool(re.search(r"(^|[./-])csi([./-]|$)", driver))


def is_disk(provisioner: str) -> bool:
    """Whether it surely gives disks, on which one node at a time mounts a file system."""
    return provisioner in DISKS


def share(provisioner: str) -> str:
    """What kind of network share a provisioner gives; empty where none is known of it."""
    return next((what for pattern, what in SHARES if re.search(pattern, provisioner)), "")


def provisioner_of(volume: PersistentVolume) -> str:
    """What made a volume, or what kind of source it has."""
    spec = volume.spec
    if spec.csi is not None and spec.csi.driver:
        return spec.csi.driver
    if spec.nfs is not None:
        return "nfs"
    if spec.azure_file is not None:
        return "kubernetes.io/azure-file"
    if spec.glusterfs is not None:
        return "kubernetes.io/glusterfs"
    return volume.annotations.get("pv.kubernetes.io/provisioned-by", "")


def usable(classes: Iterable[StorageClass], drivers: list[CSIDriver] | None, minor: int | None) -> list[StorageClass]:
    """The classes that can make a volume as far as can be seen: disks first, then others, by name."""
    names = None if drivers is None else {d.name for d in drivers}
    found = []
    for c in classes:
        driver = driver_of(c.provisioner, minor)
        if c.provisioner == NO_PROVISIONER or (names is not None and is_csi(driver) and driver not in names):
            continue
        found.append(c)
    return sorted(found, key=lambda c: (bool(share(c.provisioner)), not c.is_default, c.name))
