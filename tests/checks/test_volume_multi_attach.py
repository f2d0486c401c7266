"""Who holds a disk, and what may be done about it."""

from typing import Any

import pytest

from jhubdoctor.testing import Example, findings_of

CLAIM = {
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "claim-ada", "labels": {"component": "singleuser-storage"}},
    "spec": {"accessModes": ["ReadWriteOnce"], "volumeName": "pv-ada"},
    "status": {"phase": "Bound"},
}


def pod(name: str, node: str, phase: str, *, user: str = "ada", **meta: Any) -> dict[str, Any]:
    labels = {"component": "singleuser-server", "hub.jupyter.org/username": user}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "creationTimestamp": "-10m", "labels": labels, **meta},
        "spec": {"nodeName": node, "volumes": [{"name": "home", "persistentVolumeClaim": {"claimName": "claim-ada"}}]},
        "status": {"phase": phase},
    }


def backup(release: str) -> dict[str, Any]:
    pod_ = pod("backup-1", "core-1", "Running", user="")
    pod_["metadata"]["labels"] = {"app": "backup", "release": release}
    return pod_


def attached(node: str, *, name: str = "csi-1", done: bool = True, **status: Any) -> dict[str, Any]:
    return {
        "kind": "VolumeAttachment",
        "metadata": {"name": name},
        "spec": {"nodeName": node, "source": {"persistentVolumeName": "pv-ada"}},
        "status": {"attached": done, **status},
    }


def node(name: str, ready: str = "True") -> dict[str, Any]:
    return {"kind": "Node", "metadata": {"name": name}, "status": {"conditions": [{"type": "Ready", "status": ready}]}}


DELETED = {"name": "csi-1", "deletionTimestamp": "-20m", "finalizers": ["external-attacher/ebs-csi-aws-com"]}
WAITS = pod("jupyter-ada", "user-1", "Pending")


def found(*documents: dict[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    reported = findings_of(Example([CLAIM, WAITS, *documents]), "volume-multi-attach")
    return [(f.finding.cause, f.fix.commands) for f in reported]


@pytest.mark.parametrize(
    ("documents", "cause", "command"),
    [
        ([attached("core-1"), pod("old", "core-1", "Running")], "in-use", "delete pod old"),
        ([attached("core-1"), pod("old", "core-1", "Running", user="bob")], "shared", "get pod old"),
        (
            [attached("core-1"), pod("old", "core-1", "Running", deletionTimestamp="-1h")],
            "terminating",
            "describe pod old",
        ),
        ([attached("core-1"), backup("backup")], "foreign", "get pod backup-1"),
        # nobody says whose it is
        ([attached("core-1"), backup("")], "foreign", "get pod backup-1"),
        ([attached("core-1")], "left-attached", "delete volumeattachment csi-1"),
        ([{**attached("core-1"), "metadata": DELETED}], "detaching", "get volumeattachment csi-1"),
        # the node is gone, and its driver has been asked
        ([{**attached("gone"), "metadata": DELETED}], "dead-node", "get volumeattachment csi-1"),
        # its containers have ended: the disk should have been let go
        ([attached("core-1"), pod("old", "core-1", "Failed")], "left-attached", "delete volumeattachment csi-1"),
        ([attached("gone"), pod("old", "gone", "Running")], "dead-node", "delete pod old --grace-period=0 --force"),
        ([attached("dead"), node("dead", "Unknown")], "dead-node", "node.kubernetes.io/out-of-service"),
        (
            [attached("dead"), node("dead", "Unknown"), {"kind": "Version", "gitVersion": "v1.24.1"}],
            "dead-node",
            "delete node dead",
        ),
    ],
)
def test_each_holder_has_its_way_out(documents: list[dict[str, Any]], cause: str, command: str) -> None:
    [(word, commands)] = found(*documents)

    assert word == cause
    assert command in commands[0]


@pytest.mark.parametrize(
    "documents",
    [
        [attached("user-1"), attached("core-1", name="csi-2")],  # it has arrived; the former is going
        [attached("core-1", done=False)],
        [],
    ],
)
def test_no_other_node_holds_it(documents: list[dict[str, Any]]) -> None:
    assert found(*documents) == []


@pytest.mark.parametrize("modes", [["ReadWriteMany"], ["ReadWriteOnce", "ReadOnlyMany"]])
def test_volumes_that_many_nodes_mount(modes: list[str]) -> None:
    many = {**CLAIM, "spec": {"accessModes": modes, "volumeName": "pv-ada"}}

    assert findings_of(Example([many, WAITS, attached("core-1")]), "volume-multi-attach") == []


def test_what_is_being_deleted_is_not_deleted_again() -> None:
    deleted, left = {**attached("gone"), "metadata": DELETED}, attached("gone", name="csi-2")

    for documents in ([deleted], [deleted, pod("old", "gone", "Running")], [deleted, left]):
        [(_, commands)] = found(*documents)

        assert not any(c.startswith("kubectl delete volumeattachment") and "csi-1" in c for c in commands)


def test_nothing_is_forced_without_a_warning() -> None:
    for documents in ([attached("gone")], [attached("dead"), node("dead", "Unknown")], [attached("core-1")]):
        [reported] = findings_of(Example([CLAIM, WAITS, *documents]), "volume-multi-attach")

        assert reported.fix.caution


def test_without_the_nodes_it_still_tells_who_holds_it() -> None:
    [(cause, _)] = found(attached("gone"), pod("old", "gone", "Running"), {"kind": "Missing", "read": "nodes"})

    assert cause == "in-use"
