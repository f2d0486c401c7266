"""Fills a control plane with a hub of any size: nodes, running user pods, bound claims, events."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.cluster.plane import ControlPlane

WORKERS = 8
# A user pod of a real hub is about 11 kB of JSON: dozens of variables, and who set which field.
PADDING = [{"name": f"COURSE_SETTING_{i:02}", "value": "x" * 60} for i in range(40)]


def _each(make: Callable[[int], None], numbers: Iterable[int]) -> None:
    with ThreadPoolExecutor(WORKERS) as pool:
        for done in pool.map(make, numbers):
            del done


class Filler:
    """Makes objects in a namespace until there are as many as asked for."""

    def __init__(self, plane: ControlPlane, namespace: str, release: str) -> None:
        self.plane = plane
        self.namespace = namespace
        self.release = release
        self.pods = self.nodes = self.events = 0
        self._lock = threading.Lock()

    def _post(self, path: str, obj: dict[str, Any], status: dict[str, Any] | None = None) -> None:
        made = self.plane.request("POST", path, obj)
        if status is not None:
            meta = {k: v for k, v in made["metadata"].items() if k != "resourceVersion"}  # whoever wrote meanwhile
            body = {**made, "metadata": meta, "status": {**made.get("status", {}), **status}}
            self.plane.request("PUT", f"{path}/{obj['metadata']['name']}/status", body)

    def fill(self, *, pods: int, nodes: int) -> None:
        """Grow to this size: as many claims and events as pods."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        base = f"/api/v1/namespaces/{self.namespace}"
        _each(self._node, range(self.nodes, nodes))
        self.nodes = max(nodes, self.nodes)
        new = range(self.pods, pods)
        _each(self._volume, new)
        _each(lambda i: self._claim(base, i), new)
        _each(lambda i: self._pod(base, i, now), new)
        _each(lambda i: self._event(base, i, now), new)
        self.pods = max(pods, self.pods)

    def agents(self, *, daemon_sets: int, leases: int) -> None:
        """What runs beside a hub on a large cluster: agents on every node, and who leads what."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
        _each(self._daemon_set, range(daemon_sets))
        _each(lambda i: self._lease(i, now), range(leases))

    def _daemon_set(self, i: int) -> None:
        labels = {"app": f"agent-{i}"}
        container = {"name": "agent", "image": "registry.k8s.io/pause:3.10", "env": PADDING}
        counted = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady", "numberAvailable")
        self._post(
            "/apis/apps/v1/namespaces/kube-system/daemonsets",
            {
                "apiVersion": "apps/v1",
                "kind": "DaemonSet",
                "metadata": {"name": f"agent-{i}", "labels": labels},
                "spec": {
                    "selector": {"matchLabels": labels},
                    "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
                },
            },
            {**dict.fromkeys(counted, self.nodes), "numberMisscheduled": 0},
        )

    def _lease(self, i: int, now: str) -> None:
        self._post(
            "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases",
            {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": f"controller-{i}"},
                "spec": {"holderIdentity": f"controller-{i}-x", "leaseDurationSeconds": 15, "renewTime": now},
            },
        )

    def _node(self, i: int) -> None:
        name = f"bench-{i}"
        amounts = {"cpu": "16", "memory": "64Gi", "pods": "110", "ephemeral-storage": "200Gi"}
        self._post(
            "/api/v1/nodes",
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": name, "labels": {"hub.jupyter.org/node-purpose": "user"}},
                "spec": {},
            },
            {
                "allocatable": amounts,
                "capacity": amounts,
                "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
                "nodeInfo": dict.fromkeys(NODE_INFO, "x") | {"kubeletVersion": "v1.37.2", "architecture": "amd64"},
            },
        )

    def _claim(self, base: str, i: int) -> None:
        self._post(
            f"{base}/persistentvolumeclaims",
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {
                    "name": f"claim-user{i}",
                    "labels": {"component": "singleuser-storage", "release": self.release},
                    "annotations": {"hub.jupyter.org/username": f"user{i}"},
                },
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "storageClassName": "standard",
                    "volumeName": f"pv-user{i}",
                    "resources": {"requests": {"storage": "10Gi"}},
                },
            },
            {"phase": "Bound", "capacity": {"storage": "10Gi"}, "accessModes": ["ReadWriteOnce"]},
        )

    def _volume(self, i: int) -> None:
        claim = {"kind": "PersistentVolumeClaim", "namespace": self.namespace, "name": f"claim-user{i}"}
        self._post(
            "/api/v1/persistentvolumes",
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {
                    "name": f"pv-user{i}",
                    "annotations": {"pv.kubernetes.io/provisioned-by": "ebs.csi.aws.com"},
                },
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "capacity": {"storage": "10Gi"},
                    "claimRef": claim,
                    "csi": {"driver": "ebs.csi.aws.com", "fsType": "ext4", "volumeHandle": f"vol-{i:017x}"},
                    "persistentVolumeReclaimPolicy": "Delete",
                    "storageClassName": "standard",
                },
            },
            {"phase": "Bound"},
        )

    def _pod(self, base: str, i: int, now: str) -> None:
        labels = {
            "component": "singleuser-server",
            "app": "jupyterhub",
            "release": self.release,
            "hub.jupyter.org/username": f"user{i}",
            "hub.jupyter.org/network-access-hub": "true",
        }
        image = "quay.io/jupyterhub/k8s-singleuser-sample:4.4.0"
        self._post(
            f"{base}/pods",
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": f"jupyter-user{i}",
                    "labels": labels,
                    "annotations": {"hub.jupyter.org/username": f"user{i}"},
                },
                "spec": {
                    "nodeName": f"bench-{i % max(self.nodes, 1)}",
                    "automountServiceAccountToken": False,
                    "containers": [
                        {
                            "name": "notebook",
                            "image": image,
                            "env": PADDING,
                            "resources": {"requests": {"memory": "1Gi"}},
                        }
                    ],
                    "volumes": [{"name": "home", "persistentVolumeClaim": {"claimName": f"claim-user{i}"}}],
                    "tolerations": [{"key": "hub.jupyter.org/dedicated", "value": "user", "effect": "NoSchedule"}],
                },
            },
            {
                "phase": "Running",
                "podIP": f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}",
                "startTime": now,
                "conditions": [{"type": t, "status": "True"} for t in ("PodScheduled", "ContainersReady", "Ready")],
                "containerStatuses": [
                    {
                        "name": "notebook",
                        "ready": True,
                        "started": True,
                        "restartCount": 0,
                        "image": image,
                        "imageID": image,
                        "state": {"running": {"startedAt": now}},
                    }
                ],
            },
        )

    def _event(self, base: str, i: int, now: str) -> None:
        name = f"jupyter-user{i}"
        self._post(
            f"{base}/events",
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": f"{name}.started"},
                "involvedObject": {"kind": "Pod", "name": name, "namespace": self.namespace},
                "reason": "Started",
                "message": "Container started",
                "type": "Normal",
                "firstTimestamp": now,
                "lastTimestamp": now,
                "count": 1,
                "source": {"component": "kubelet"},
            },
        )


NODE_INFO = (
    "machineID systemUUID bootID kernelVersion osImage containerRuntimeVersion kubeletVersion kubeProxyVersion "
    "operatingSystem architecture"
).split()


def kubernetes_version(plane: ControlPlane) -> str:
    """The version of the control plane, for the record."""
    found: dict[str, Any] = plane.request("GET", "/version")
    return str(json.loads(json.dumps(found))["gitVersion"])
