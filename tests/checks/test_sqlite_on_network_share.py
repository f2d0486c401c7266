"""Which provisioners give shares, and which give disks."""

import pytest

from jhubdoctor.api import Severity
from jhubdoctor.testing import Example, findings_of
from jhubdoctor_checks.storage._drivers import is_csi, is_disk, share


@pytest.mark.parametrize(
    "provisioner",
    [
        "nfs",
        "nfs.csi.k8s.io",
        "k8s-sigs.io/nfs-subdir-external-provisioner",
        "cluster.local/nfs-subdir-external-provisioner",
        "cluster.local/myrelease-nfs-client-provisioner",
        "fuseim.pri/ifs",
        "org.democratic-csi.nfs",
        "efs.csi.aws.com",
        "example.com/aws-efs",
        "file.csi.azure.com",
        "kubernetes.io/azure-file",
        "filestore.csi.storage.gke.io",
        "smb.csi.k8s.io",
        "kubernetes.io/glusterfs",
        "nfs.manila.csi.openstack.org",
    ],
)
def test_shares(provisioner: str) -> None:
    assert share(provisioner)
    assert not is_disk(provisioner)


@pytest.mark.parametrize(
    "provisioner",
    [
        "ebs.csi.aws.com",
        "disk.csi.azure.com",
        "pd.csi.storage.gke.io",
        "rbd.csi.ceph.com",
        "rook-ceph.cephfs.csi.ceph.com",  # POSIX locks that hold
        "driver.longhorn.io",
        "rancher.io/local-path",
        "microk8s.io/hostpath",
        "",
    ],
)
def test_others(provisioner: str) -> None:
    assert not share(provisioner)


def test_only_csi_drivers_register_themselves() -> None:
    assert is_csi("rook-ceph.rbd.csi.ceph.com")
    assert is_csi("csi.vsphere.vmware.com")
    assert not is_csi("rancher.io/local-path")
    assert not is_csi("cluster.local/nfs-subdir-external-provisioner")
    assert not is_csi("k8s.io/minikube-hostpath")


@pytest.mark.parametrize(("volume", "severity"), [("pv-hub-db-dir", Severity.WARNING), ("", Severity.INFO)])
def test_what_is_not_kept_there_yet_is_advice(volume: str, severity: Severity) -> None:
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "hub-db-dir"}, "spec": {"volumeName": volume}}
    by_nfs = {"kind": "StorageClass", "metadata": {"name": "standard"}, "provisioner": "nfs.csi.k8s.io"}
    made = {
        "kind": "PersistentVolume",
        "metadata": {"name": "pv-hub-db-dir"},
        "spec": {"csi": {"driver": "nfs.csi.k8s.io"}},
    }

    [found] = findings_of(Example([claim, by_nfs, made]), "sqlite-on-network-share")

    assert found.severity is severity
