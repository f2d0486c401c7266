"""A share that is there for the homes is offered where it is free, and where nothing can make volumes."""

from __future__ import annotations

from typing import Any

from jhubdoctor.testing import Example, findings_of

Object = dict[str, Any]
CLASSLESS: Object = {"kind": "StorageClass", "metadata": {"name": "standard"}, "$delete": True}
SHARE: Object = {
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "nfs"},
    "spec": {"accessModes": ["ReadWriteMany"], "volumeName": "nfs"},
    "status": {"phase": "Bound"},
}
HOME: Object = {
    "kind": "PersistentVolumeClaim",
    "metadata": {
        "name": "claim-bob",
        "creationTimestamp": "-4m",
        "labels": {"component": "singleuser-storage"},
        "annotations": {"hub.jupyter.org/username": "bob"},
    },
    "spec": {"accessModes": ["ReadWriteOnce"]},
    "status": {"phase": "Pending"},
}


def patch(*objects: Object) -> Any:
    """The values that the fix sets."""
    [found] = findings_of(Example([HOME, SHARE, *objects]), "user-volume-pending")
    return found.fix.values


def pod(claim: str, **labels: str) -> Object:
    """A pod that mounts a claim."""
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]
    return {"kind": "Pod", "metadata": {"name": "p", "labels": labels}, "spec": {"volumes": volumes}}


def test_a_free_share_is_for_the_homes() -> None:
    assert patch(CLASSLESS) == {"singleuser": {"storage": {"type": "static", "static": {"pvcName": "nfs"}}}}


def test_a_share_that_something_mounts_or_will_mount_is_left_alone() -> None:
    assert not patch(CLASSLESS, pod("nfs"))
    assert not patch(CLASSLESS, pod("nfs", release="mysql"))
    for volumes in (
        [{"name": "data", "persistentVolumeClaim": {"claimName": "nfs"}}],
        {"data": {"name": "data", "persistentVolumeClaim": {"claimName": "nfs"}}},
    ):
        values = {"singleuser": {"storage": {"extraVolumes": volumes}}}
        assert not patch(CLASSLESS, {"kind": "Values", "values": values})


def test_where_a_class_makes_volumes_it_is_named() -> None:
    no_default = {"kind": "StorageClass", "metadata": {"name": "standard", "annotations": None}}
    [found] = findings_of(Example([HOME, SHARE, no_default]), "user-volume-pending")
    assert "nfs" not in found.fix.text


def test_a_claim_for_one_node_is_no_share() -> None:
    assert not patch(CLASSLESS, {**SHARE, "spec": {"accessModes": ["ReadWriteOnce"]}})
