"""What a hub stands on, in other namespaces: the controller of its way in, agents of nodes, a file server."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import MakeRelease
from .fate import crash_loop, creating
from .kubelet import Kubelet
from .plane import ControlPlane
from .release import Release
from .test_scenarios import HEALTHY, NO_HOOK, NO_SCHEDULER, await_user, look

pytestmark = pytest.mark.cluster

Object = dict[str, Any]
QUIET = {**HEALTHY, **NO_HOOK, **NO_SCHEDULER}


@pytest.fixture
def beneath(plane: ControlPlane) -> Iterator[str]:
    """A namespace beside the hub's."""
    name = f"beneath-{secrets.token_hex(3)}"
    plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    plane.request("DELETE", f"/api/v1/namespaces/{name}")


def workload(kind: str, name: str, namespace: str, labels: Object, **spec: Any) -> Object:
    meta = {"name": name, "namespace": namespace, "labels": labels}
    pod = {"containers": [{"name": name, "image": "example.org/image:1"}], "tolerations": [{"operator": "Exists"}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    body = {"selector": {"matchLabels": labels}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": body}


def own(pod: Object, namespace: str) -> bool:
    return bool(pod["metadata"]["namespace"] == namespace)


@pytest.mark.usefixtures("kubelet")
def test_a_controller_that_is_scaled_to_zero(plane: ControlPlane, hub_release: MakeRelease, beneath: str) -> None:
    labels = {"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/instance": beneath}
    plane.apply({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
        "metadata": {"name": beneath, "labels": labels}, "spec": {"controller": "k8s.io/ingress-nginx"},
    })  # fmt: skip
    plane.apply(workload("Deployment", "controller", beneath, labels, replicas=1))
    path = f"/apis/apps/v1/namespaces/{beneath}/deployments/controller"
    plane.wait(lambda: plane.request("GET", path)["status"].get("readyReplicas"), "the controller to run")
    release = hub_release(QUIET)
    backend = {"service": {"name": "proxy-public", "port": {"name": "http"}}}
    rule = {"host": "hub.example.org", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    ingress = f"/apis/networking.k8s.io/v1/namespaces/{release.namespace}/ingresses/jupyterhub"
    plane.apply({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "jupyterhub", "namespace": release.namespace},
        "spec": {"ingressClassName": beneath, "rules": [rule]},
    })  # fmt: skip
    address = {"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}}
    plane.request("PATCH", f"{ingress}/status", address, content_type="application/merge-patch+json")
    before = look(release, minutes=20)

    plane.request("PATCH", path, {"spec": {"replicas": 0}}, content_type="application/merge-patch+json")
    plane.wait(lambda: not plane.request("GET", path)["status"].get("replicas"), "the controller to be gone")
    seen = look(release, minutes=20)

    assert "ingress-controller-down" not in before.of("found")
    assert seen.errors == ["ingress-controller-down"]
    assert "controller" in seen.named("ingress-controller-down", "Deployment")
    start = f"kubectl --namespace {beneath} scale deployment controller --replicas 1"
    assert seen.finding("ingress-controller-down")["fix"]["commands"] == [start]
    plane.request("DELETE", f"/apis/networking.k8s.io/v1/ingressclasses/{beneath}")


def test_an_agent_that_crashes_where_a_server_is(
    plane: ControlPlane, kubelet: Kubelet, hub_release: MakeRelease, beneath: str
) -> None:
    release = hub_release(QUIET)
    ill = "core-1"
    kubelet.rules.append(
        lambda pod, one: (
            crash_loop()
            if one["name"] == "kube-proxy" and own(pod, beneath) and pod["spec"]["nodeName"] != ill
            else creating()
            if one["name"] == "notebook" and own(pod, release.namespace)
            else None
        )
    )
    plane.apply(workload("DaemonSet", "kube-proxy", beneath, {"k8s-app": "kube-proxy"}))
    release.user_pod("ada")
    await_user(release, "ada", phase="Pending")
    node = plane.wait(
        lambda: plane.request("GET", plane.path("v1", "Pod", release.namespace, "jupyter-ada"))["spec"].get("nodeName"),
        "ada to have a node",
    )

    seen = look(release, minutes=10)

    assert node != ill
    assert "node-agent-down" in seen.causes
    assert node in seen.finding("node-agent-down")["message"]
    assert ill not in seen.finding("node-agent-down")["message"]
    assert "jupyter-ada" in seen.named("node-agent-down")
    assert seen.errors == ["node-agent-down"]


def homes_on(release: Release, server: str) -> None:
    """A home of ada's on an NFS server, mounted by her server."""
    plane, volume = release.plane, f"home-{release.name}"
    spec: Object = {"accessModes": ["ReadWriteMany"], "storageClassName": "", "volumeName": volume}
    labels, room = {"component": "singleuser-storage"}, {"storage": "1Gi"}
    plane.apply({
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": volume},
        "spec": {
            "accessModes": ["ReadWriteMany"], "capacity": room, "storageClassName": "",
            "persistentVolumeReclaimPolicy": "Retain", "nfs": {"server": server, "path": "/homes/ada"},
            "claimRef": {"namespace": release.namespace, "name": "claim-ada"},
        },
    })  # fmt: skip
    plane.apply({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "claim-ada", "namespace": release.namespace, "labels": labels},
        "spec": {**spec, "resources": {"requests": room}},
    })  # fmt: skip


def test_a_file_server_without_endpoints(
    plane: ControlPlane, kubelet: Kubelet, hub_release: MakeRelease, beneath: str
) -> None:
    labels = {"app": "nfs-server"}
    plane.apply(workload("Deployment", "nfs-server", beneath, labels, replicas=0))
    service = plane.apply({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "nfs-server", "namespace": beneath},
        "spec": {"selector": labels, "ports": [{"port": 2049}]},
    })  # fmt: skip
    release = hub_release(QUIET)
    homes_on(release, service["spec"]["clusterIP"])
    kubelet.rules.append(
        lambda pod, one: creating() if one["name"] == "notebook" and own(pod, release.namespace) else None
    )
    claim = {"name": "home", "persistentVolumeClaim": {"claimName": "claim-ada"}}
    release.user_pod("ada", volumes=[claim])
    await_user(release, "ada", phase="Pending")

    seen = look(release, minutes=10)

    # the agent of another test may still be on its way out of the cluster that all share
    assert [i for i in seen.errors if i != "node-agent-down"] == ["file-server-down"]
    assert {"nfs-server"} == seen.named("file-server-down", "Service")
    assert {"jupyter-ada"} <= seen.named("file-server-down")
    assert f"Deployment {beneath}/nfs-server is scaled to 0" in seen.finding("file-server-down")["message"]
    plane.request("DELETE", f"/api/v1/persistentvolumes/home-{release.name}")
