"""What provisioners say, and what their silence means."""

from typing import Any

import pytest

from jhubdoctor.testing import Example, findings_of

CHECK = "hub-volume-pending"
PENDING = {"spec": {"volumeName": None}, "status": {"phase": "Pending", "capacity": None}}
SELECTED = {"volume.kubernetes.io/selected-node": "core-1"}


def claim(*, annotations: dict[str, str] | None = None, age: str = "-2h", **spec: Any) -> dict[str, Any]:
    """The hub's claim, waiting."""
    return {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "hub-db-dir", "annotations": annotations or {}, "creationTimestamp": age},
        "spec": {"volumeName": None, **spec},
        "status": {"phase": "Pending", "capacity": None},
    }


def event(reason: str, message: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "Event",
        "metadata": {"name": f"e-{reason}"},
        "involvedObject": {"kind": "PersistentVolumeClaim", "name": "hub-db-dir"},
        "reason": reason,
        "message": message,
        "lastTimestamp": "-10s",
        **more,
    }


def storage_class(provisioner: str, **more: Any) -> dict[str, Any]:
    return {"kind": "StorageClass", "metadata": {"name": "standard"}, "provisioner": provisioner, **more}


def volume(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "", "capacity": {"storage": "5Gi"}, **spec},
        "status": {"phase": "Released" if "claimRef" in spec else "Available"},
    }


NO_DRIVER = {"kind": "CSIDriver", "metadata": {"name": "ebs.csi.aws.com"}, "$delete": True}
NO_VOLUME = {"kind": "PersistentVolume", "metadata": {"name": "pv-hub-db-dir"}, "$delete": True}


def causes(*documents: dict[str, Any]) -> list[str]:
    return [f.finding.cause for f in findings_of(Example(documents), CHECK)]


@pytest.mark.parametrize(
    ("modes", "message", "cause"),
    [
        # persistentvolume-controller of 1.20 and 1.36; without the group before 1.6
        (["ReadWriteOnce"], 'storageclass.storage.k8s.io "standard" not found', "class-missing"),
        (["ReadWriteOnce"], 'storageclass "standard" not found', "class-missing"),
        (["ReadWriteOnce"], "no volume plugin matched name: kubernetes.io/glusterfs", "plugin-gone"),
        # aws-ebs-csi-driver issue 2237
        (
            ["ReadWriteMany"],
            "desc = Volume capabilities MULTI_NODE_MULTI_WRITER not supported. Only AccessModes[ReadWriteOnce] suppo",
            "access-mode",
        ),
        # azuredisk-csi-driver issue 2122, and its releases before
        (
            ["ReadWriteMany"],
            "desc = mountVolume is not supported for access mode: MULTI_NODE_MULTI_WRITER",
            "access-mode",
        ),
        (["ReadWriteMany"], "rpc error: code = InvalidArgument desc = Volume capability not supported", "access-mode"),
        # ceph-csi, gcp-compute-persistent-disk-csi-driver, hetzner csi-driver issue 145, alibaba-cloud-csi-driver 902
        (["ReadWriteMany"], "multi node access modes are only supported on rbd `block` type volumes", "access-mode"),
        (
            ["ReadWriteMany"],
            "VolumeCapabilities is invalid: specified multi writer with mount access type",
            "access-mode",
        ),
        (["ReadWriteMany"], "code = InvalidArgument desc = capability at index 0 is not supported", "access-mode"),
        (["ReadWriteMany"], "with error: multi-node writing is only supported for block volume", "access-mode"),
        # in-tree provisioners, local-path-provisioner
        (["ReadWriteMany"], "invalid AccessModes [ReadWriteMany]: only AccessModes [ReadWriteOnce] are", "access-mode"),
        (
            ["ReadWriteMany"],
            "NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access mo",
            "access-mode",
        ),
        # the same words about something else: one node is all that was asked for
        (["ReadWriteOnce"], "rpc error: code = InvalidArgument desc = Volume capability not supported", "refused"),
        (["ReadWriteOnce"], "api error UnauthorizedOperation: You are not authorized to perform this op", "rights"),
        (["ReadWriteOnce"], "no EC2 IMDS role found, operation error ec2imds: GetMetadata, canceled", "rights"),
        (
            ["ReadWriteOnce"],
            'Code="AuthorizationFailed" Message="The client \'x\' does not have authorization to perform action',
            "rights",
        ),
        (["ReadWriteOnce"], "googleapi: Error 403: Quota 'SSD_TOTAL_GB' exceeded. Limit: 500.0", "room"),
        (["ReadWriteOnce"], "VolumeLimitExceeded: You have exceeded your maximum gp2 storage limit", "room"),
        (["ReadWriteOnce"], "rpc error: code = DeadlineExceeded desc = context deadline exceeded", "silent"),
        (["ReadWriteOnce"], "rpc error: code = Unavailable desc = connection error: desc = transport", "silent"),
        (["ReadWriteOnce"], "rpc error: code = Internal desc = something that nobody has seen before", "refused"),
    ],
)
def test_the_words_of_provisioners(modes: list[str], message: str, cause: str) -> None:
    said = event("ProvisioningFailed", f'failed to provision volume with StorageClass "standard": {message}')

    assert causes(claim(accessModes=modes), said) == [cause]


@pytest.mark.parametrize("text", ["code = Unavailable", "connection refused", "quota exceeded", "anything"])
def test_a_first_try_may_fail(text: str) -> None:
    assert causes(claim(age="-60s"), event("ProvisioningFailed", text)) == []


def test_a_try_that_failed_and_one_that_did_not() -> None:
    failed = event("ProvisioningFailed", "code = Unavailable", lastTimestamp="-2m")
    worked = event("ProvisioningSucceeded", "Successfully provisioned volume pv-1", lastTimestamp="-1m")

    assert causes(claim(), failed, worked) == []


def test_the_event_of_a_former_claim_of_this_name() -> None:
    old = event("ProvisioningFailed", "AccessDenied")
    old["involvedObject"]["uid"] = "before"
    now = claim()
    now["metadata"]["uid"] = "now"

    assert causes(now, old) == []


@pytest.mark.parametrize(
    ("version", "cause"),
    [("v1.22.17-eks", []), ("v1.23.1-eks-12", ["provisioner-absent"]), ("v0.0.0-master", ["provisioner-absent"])],
)
def test_in_tree_classes_need_the_driver_since_their_migration(version: str, cause: list[str]) -> None:
    documents = (
        {"kind": "Version", "gitVersion": version},
        storage_class("kubernetes.io/aws-ebs"),
        NO_DRIVER,
        claim(annotations=SELECTED, age="-90s"),
    )

    assert causes(*documents) == cause


@pytest.mark.parametrize(
    ("provisioner", "waits", "cause"),
    [
        ("ebs.csi.aws.com", "Provisioning", ["unbound"]),  # it answers, and is slow
        ("ebs.csi.aws.com", "", ["provisioner-silent"]),
        ("rancher.io/local-path", "", ["provisioner-silent"]),  # registers no driver, so only silence tells
        ("nfs.csi.k8s.io", "", ["provisioner-absent"]),
    ],
)
def test_who_does_not_answer(provisioner: str, waits: str, cause: list[str]) -> None:
    waiting = event("ExternalProvisioning", f"Waiting for a volume to be created ... '{provisioner}' or manually")
    documents = [storage_class(provisioner), claim(annotations=SELECTED), waiting]
    if waits:
        documents.append(event(waits, 'External provisioner is provisioning volume for claim "jhub/hub-db-dir"'))

    assert causes(*documents) == cause


def test_without_the_right_to_list_drivers_silence_still_tells() -> None:
    missing = {"kind": "Missing", "read": "csidrivers"}
    waiting = event("ExternalProvisioning", "Waiting for a volume to be created by 'ebs.csi.aws.com'")

    assert causes(NO_DRIVER, missing, claim(annotations=SELECTED), waiting) == ["provisioner-silent"]


@pytest.mark.parametrize(
    ("spec", "cause"),
    [
        ({"accessModes": ["ReadWriteMany"]}, ["access-mode"]),
        ({"accessModes": ["ReadWriteMany"], "volumeMode": "Block"}, []),
        ({"accessModes": ["ReadWriteOncePod"]}, []),
    ],
)
def test_a_disk_that_is_asked_to_be_shared(spec: dict[str, Any], cause: list[str]) -> None:
    assert causes(claim(annotations=SELECTED, age="-90s", **spec)) == cause


@pytest.mark.parametrize(
    ("volumes", "cause"),
    [
        ([], ["no-volume"]),
        ([volume("small", capacity={"storage": "500Mi"})], ["volume-unfit"]),
        ([volume("wrong", accessModes=["ReadWriteMany"])], ["volume-unfit"]),
        ([volume("taken", claimRef={"namespace": "other", "name": "x"})], ["volume-unfit"]),
        ([volume("other", storageClassName="fast")], ["no-volume"]),
        ([volume("fits")], []),
        ([volume("small", capacity={"storage": "500Mi"}), volume("fits")], []),
    ],
)
def test_volumes_made_by_hand(volumes: list[dict[str, Any]], cause: list[str]) -> None:
    assert causes(NO_VOLUME, claim(storageClassName="", age="-90s"), *volumes) == cause


def test_a_volume_that_fits_and_is_not_bound() -> None:
    assert causes(NO_VOLUME, claim(storageClassName=""), volume("fits")) == ["unbound"]


def test_a_class_need_not_exist_where_a_volume_carries_its_name() -> None:
    assert causes(NO_VOLUME, claim(storageClassName="nfs", age="-60s"), volume("a", storageClassName="nfs")) == []
    assert causes(NO_VOLUME, claim(storageClassName="nfs", age="-60s")) == ["class-missing"]


@pytest.mark.parametrize(
    ("version", "age", "cause"), [("v1.25.0", "-10s", 1), ("v1.26.0", "-10s", 0), ("v1.26.0", "-1h", 1)]
)
def test_a_default_that_came_after_the_claim(version: str, age: str, cause: int) -> None:
    found = causes({"kind": "Version", "gitVersion": version}, claim(storageClassName=None, age=age))

    assert found == ["default-came-late"] * cause


def test_before_1_26_the_claim_is_made_anew() -> None:
    no_default = {"kind": "StorageClass", "metadata": {"name": "standard", "annotations": None}}
    version = {"kind": "Version", "gitVersion": "v1.24.7"}

    [found] = findings_of(Example([version, no_default, claim(storageClassName=None)]), CHECK)

    assert [c.split(" ")[0] for c in found.fix.commands] == ["kubectl", "kubectl", "helm", "helm"]
    assert "delete persistentvolumeclaim hub-db-dir" in found.fix.commands[1]


def test_the_best_class_is_named_where_there_are_several() -> None:
    no_default = {"kind": "StorageClass", "metadata": {"name": "standard", "annotations": None}}
    share = {"kind": "StorageClass", "metadata": {"name": "a-share"}, "provisioner": "efs.csi.aws.com"}
    broken = {"kind": "StorageClass", "metadata": {"name": "a-broken"}, "provisioner": "disk.csi.azure.com"}
    efs = {"kind": "CSIDriver", "metadata": {"name": "efs.csi.aws.com"}}

    [found] = findings_of(Example([no_default, share, broken, efs, claim(storageClassName=None)]), CHECK)

    assert "patch storageclass standard" in found.fix.commands[0]


def test_a_claim_that_the_chart_did_not_make_gets_no_values() -> None:
    other = claim(storageClassName="gone")
    other["metadata"]["labels"] = {"component": None}

    [found] = findings_of(Example([other]), CHECK)

    assert not found.fix.values


def test_lost() -> None:
    lost = claim(volumeName="pv-hub-db-dir")
    lost["status"]["phase"] = "Lost"

    assert causes(NO_VOLUME, lost) == ["lost"]
