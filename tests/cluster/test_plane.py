"""The control plane is real, and what plays the nodes around it does so as the tests say."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from .binaries import CONTROL_PLANE, RECIPES, ensure, missing
from .fate import cannot_mount, crash_loop, creating, image_pull_back_off, oom_killed
from .pki import Authority
from .plane import ApiError
from .release import CHART

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import MakePlane, MakeRelease
    from .kubelet import Kubelet
    from .plane import ControlPlane

pytestmark = pytest.mark.cluster

Object = dict[str, Any]


def deployment(name: str, image: str = "example.org/app:1") -> Object:
    """Make the smallest Deployment there is."""
    labels = {"name": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": image}]}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def pod(name: str, **spec: object) -> Object:
    """Make the smallest Pod there is."""
    body = {"containers": [{"name": "app", "image": "example.org/app:1"}], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": body}


def messages(plane: ControlPlane, namespace: str, reason: str) -> Callable[[], list[str]]:
    """Ask for the messages of the events with this reason."""
    path = f"/api/v1/namespaces/{namespace}/events?fieldSelector=reason%3D{reason}"
    return lambda: [event["message"] for event in plane.items(path)]


def the_pod(plane: ControlPlane, namespace: str, phase: str) -> Object:
    """Wait for the one pod of a namespace to be in a phase."""
    path = f"/api/v1/namespaces/{namespace}/pods?fieldSelector=status.phase%3D{phase}"
    [found] = plane.wait(
        lambda: [each for each in plane.items(path) if each["status"].get("containerStatuses")], f"a {phase} pod"
    )
    return found


def test_says_its_version(plane: ControlPlane) -> None:
    version = plane.request("GET", "/version")

    program = subprocess.run(
        [ensure("newest") / "kube-apiserver", "--version"], capture_output=True, text=True, check=True
    )
    assert program.stdout == f"Kubernetes {version['gitVersion']}\n"
    assert version["gitVersion"] >= "v1.36"


def test_serves_what_a_cluster_serves(plane: ControlPlane) -> None:
    groups = {group["name"] for group in plane.request("GET", "/apis")["groups"]}

    assert {"apps", "batch", "policy", "networking.k8s.io", "rbac.authorization.k8s.io", "storage.k8s.io"} <= groups
    assert plane.path("policy/v1", "PodDisruptionBudget", "n") == "/apis/policy/v1/namespaces/n/poddisruptionbudgets"


def test_a_deployment_comes_to_run(plane: ControlPlane, kubelet: Kubelet) -> None:
    namespace = plane.namespace()

    plane.apply(deployment("app"), namespace=namespace)

    found = the_pod(plane, namespace, "Running")
    scheduled = plane.wait(messages(plane, namespace, "Scheduled"), "the scheduler's event")
    assert found["spec"]["nodeName"] in {"core-1", "user-1"}
    assert scheduled == [
        f"Successfully assigned {namespace}/{found['metadata']['name']} to {found['spec']['nodeName']}"
    ]
    assert plane.wait(
        lambda: plane.request("GET", plane.path("apps/v1", "Deployment", namespace, "app"))["status"].get(
            "readyReplicas"
        ),
        "the Deployment to be ready",
    )
    assert kubelet.errors == []


def test_a_pod_that_is_deleted_goes(plane: ControlPlane, kubelet: Kubelet) -> None:
    namespace = plane.namespace()
    plane.apply(pod("app"), namespace=namespace)
    the_pod(plane, namespace, "Running")
    path = plane.path("v1", "Pod", namespace, "app")

    plane.request("DELETE", path)

    assert plane.wait(lambda: plane.get(path) is None, "the pod to go")
    assert kubelet.errors == []


def test_logs_come_from_the_kubelet(plane: ControlPlane, kubelet: Kubelet) -> None:
    namespace = plane.namespace()
    kubelet.rules.append(lambda pod, _: oom_killed() if pod["metadata"]["namespace"] == namespace else None)
    kubelet.logs.append(
        lambda pod, container, previous: (
            ("it was the memory" if previous else [(90, "old"), (5, "new"), (1, "newest")])
            if (pod["metadata"]["namespace"], container) == (namespace, "app")
            else None
        )
    )
    plane.apply(pod("app"), namespace=namespace)
    the_pod(plane, namespace, "Running")
    log = f"/api/v1/namespaces/{namespace}/pods/app/log"

    assert plane.request("GET", log) == "old\nnew\nnewest\n"
    assert plane.request("GET", f"{log}?tailLines=1") == "newest\n"
    assert plane.request("GET", f"{log}?sinceSeconds=60") == "new\nnewest\n"
    assert plane.request("GET", f"{log}?previous=true") == "it was the memory\n"
    assert plane.request("GET", f"{log}?timestamps=true&tailLines=1").endswith("Z newest\n")


def test_a_container_that_never_ran_has_no_log(plane: ControlPlane, kubelet: Kubelet) -> None:
    namespace = plane.namespace()
    error = "rpc error: code = NotFound desc = failed to pull and unpack image: not found"
    kubelet.rules.append(
        lambda pod, _: image_pull_back_off(error) if pod["metadata"]["namespace"] == namespace else None
    )
    plane.apply(pod("app"), namespace=namespace)

    found = the_pod(plane, namespace, "Pending")
    failed = plane.wait(messages(plane, namespace, "Failed"), "the kubelet's events")
    with pytest.raises(ApiError) as refused:
        plane.request("GET", f"/api/v1/namespaces/{namespace}/pods/app/log")

    assert found["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "ImagePullBackOff"
    assert f'Failed to pull image "example.org/app:1": {error}' in failed
    assert refused.value.code == 400
    assert 'container "app" in pod "app" is waiting to start: trying and failing to pull image' in str(refused.value)


def test_a_container_may_crash_or_hang(plane: ControlPlane, kubelet: Kubelet) -> None:
    namespace = plane.namespace()
    mount = cannot_mount("secret", 'secret "x" not found')
    fates = {"crash": crash_loop(exit_code=3), "hang": creating(mount)}
    kubelet.rules.append(
        lambda pod, _: fates[pod["metadata"]["name"]] if pod["metadata"]["namespace"] == namespace else None
    )
    for name in fates:
        plane.apply(pod(name), namespace=namespace)

    crashed = the_pod(plane, namespace, "Running")["status"]
    hangs = the_pod(plane, namespace, "Pending")["status"]

    assert crashed["containerStatuses"][0]["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert crashed["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 3
    assert hangs["containerStatuses"][0]["state"]["waiting"]["reason"] == "ContainerCreating"
    assert "podIP" not in hangs
    assert plane.wait(messages(plane, namespace, "FailedMount"), "the kubelet's event") == [mount.message]


def test_a_taint_that_nobody_tolerates_is_told_by_the_scheduler(plane: ControlPlane, kubelet: Kubelet) -> None:
    namespace = plane.namespace()
    kubelet.node("gpu-1", labels={"gpu": "yes"}, taints=[{"key": "gpu", "value": "yes", "effect": "NoSchedule"}])

    plane.apply(pod("app", nodeSelector={"gpu": "yes"}), namespace=namespace)

    [text] = plane.wait(messages(plane, namespace, "FailedScheduling"), "the scheduler's event")
    assert text.startswith("0/3 nodes are available: ")
    assert "1 node(s) had untolerated taint" in text
    assert "2 node(s) didn't match Pod's node affinity/selector" in text


def test_a_quota_refuses(plane: ControlPlane, kubelet: Kubelet) -> None:
    namespace = plane.namespace()
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": {"hard": {"pods": "0"}}}
    plane.apply(quota, namespace=namespace)
    path = plane.path("v1", "ResourceQuota", namespace, "few")
    plane.wait(lambda: plane.request("GET", path)["status"].get("used"), "the quota to be counted")

    with pytest.raises(ApiError) as refused:
        plane.apply(pod("app"), namespace=namespace)

    expected = 'pods "app" is forbidden: exceeded quota: few, requested: pods=1, used: pods=0, limited: pods=0'
    assert str(refused.value) == f"403: {expected}"
    assert kubelet.errors == []


def test_pod_security_refuses(plane: ControlPlane) -> None:
    namespace = plane.namespace(labels={"pod-security.kubernetes.io/enforce": "restricted"})

    with pytest.raises(ApiError) as refused:
        plane.apply(pod("app"), namespace=namespace)

    start = '403: pods "app" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false'
    assert str(refused.value).startswith(start)


def test_a_claim_without_a_class_is_told_by_the_controller(make_plane: MakePlane) -> None:
    plane, _ = make_plane()
    plane.request("DELETE", "/apis/storage.k8s.io/v1/storageclasses/standard")
    namespace = plane.namespace()
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "claim"}, "spec": spec}

    plane.apply(claim, namespace=namespace)

    told = plane.wait(messages(plane, namespace, "FailedBinding"), "the controller's event")
    assert told == ["no persistent volumes available for this claim and no storage class is set"]


def test_who_may_not_ask_is_refused_and_written_down(plane: ControlPlane) -> None:
    namespace = plane.namespace()
    plane.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nosy"}}, namespace=namespace)

    with pytest.raises(ApiError) as refused:
        plane.request("GET", f"/api/v1/namespaces/{namespace}/pods", token=plane.token("nosy", namespace))

    user = f"system:serviceaccount:{namespace}:nosy"
    assert refused.value.code == 403
    assert f'User "{user}" cannot list resource "pods"' in str(refused.value)
    assert [(ask.verb, ask.uri, ask.code) for ask in plane.audit(user)] == [
        ("list", f"/api/v1/namespaces/{namespace}/pods", 403)
    ]


def test_pages_expire_when_the_past_is_forgotten(make_plane: MakePlane) -> None:
    plane, _ = make_plane()
    namespace = plane.namespace()
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    for number in range(4):
        plane.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{number}"}}, namespace=namespace)
    token = plane.request("GET", f"{path}?limit=2")["metadata"]["continue"]
    plane.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "later"}}, namespace=namespace)

    plane.compact()

    plane.restart()  # the API server also answers from what it remembers itself
    with pytest.raises(ApiError) as refused:
        plane.request("GET", f"{path}?limit=2&continue={token}")
    assert refused.value.code == 410


def test_a_hub_is_installed_by_helm(plane: ControlPlane, kubelet: Kubelet, hub_release: MakeRelease) -> None:
    release = hub_release()

    assert release.status == "deployed"
    assert [hub["status"]["phase"] for hub in release.pods("hub")] == ["Running"]
    assert len(release.pods("user-scheduler")) == 2
    claim = plane.request("GET", plane.path("v1", "PersistentVolumeClaim", release.namespace, "hub-db-dir"))
    assert claim["status"]["phase"] == "Bound"
    service = plane.request("GET", plane.path("v1", "Service", release.namespace, "proxy-public"))
    assert service["status"]["loadBalancer"]["ingress"][0]["ip"]
    assert plane.get(plane.path("batch/v1", "Job", release.namespace, "hook-image-awaiter")) is None
    assert kubelet.errors == []


def test_a_hook_that_cannot_pull_fails_the_release(
    plane: ControlPlane, kubelet: Kubelet, hub_release: MakeRelease
) -> None:
    release = hub_release(install=False)
    error = "rpc error: code = NotFound desc = not found"
    kubelet.rules.append(lambda _, one: image_pull_back_off(error) if one["name"] == "image-pull-singleuser" else None)

    done = release.install(timeout="3s", check=False)

    assert "timed out waiting for the condition" in done.stderr
    assert release.status == "failed"
    assert plane.get(plane.path("batch/v1", "Job", release.namespace, "hook-image-awaiter"))


def test_a_hub_goes_and_leaves_nothing_in_the_cluster(
    plane: ControlPlane, kubelet: Kubelet, hub_release: MakeRelease
) -> None:
    release = hub_release({"scheduling": {"podPriority": {"enabled": True}}})
    selector = f"labelSelector=release%3D{release.name}"
    roles, classes = "/apis/rbac.authorization.k8s.io/v1/clusterroles", "/apis/scheduling.k8s.io/v1/priorityclasses"
    assert len(plane.items(f"{roles}?{selector}")) == 1
    assert len(plane.items(f"{classes}?{selector}")) == 3

    release.uninstall()

    volumes = "/api/v1/persistentvolumes"
    plane.wait(
        lambda: release.namespace not in {each["spec"]["claimRef"]["namespace"] for each in plane.items(volumes)},
        "the volume to be deleted",
    )
    assert not plane.items(f"{roles}?{selector}")
    assert not plane.items(f"{classes}?{selector}")
    assert kubelet.errors == []


def test_an_upgrade_that_is_interrupted_stays_pending(kubelet: Kubelet, hub_release: MakeRelease) -> None:
    release = hub_release({"prePuller": {"hook": {"enabled": False}}})
    kubelet.rules.append(lambda _, one: creating() if one["name"] == "hub" else None)
    command, environment = release.helm_command("upgrade", release.name, str(CHART), "--wait", "--set=hub.baseUrl=/x/")
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as helm:
        release.plane.wait(lambda: release.status == "pending-upgrade", "the upgrade to begin")

        helm.kill()

    assert release.status == "pending-upgrade"
    assert "another operation (install/upgrade/rollback) is in progress" in release.upgrade(check=False).stderr


def test_a_service_may_stay_without_address(kubelet: Kubelet, hub_release: MakeRelease) -> None:
    kubelet.load_balancer = lambda _: None

    release = hub_release(wait=False)

    path = release.plane.path("v1", "Service", release.namespace, "proxy-public")
    assert release.status == "deployed"
    assert release.plane.request("GET", path)["status"] == {"loadBalancer": {}}


def test_a_kubeconfig_may_be_wrong(plane: ControlPlane, hub_release: MakeRelease, tmp_path: Path) -> None:
    release = hub_release(install=False)

    def ask(**wrong: Any) -> str:
        release.kubeconfig = plane.kubeconfig(**wrong)
        return release.helm("list", check=False).stderr

    assert ask(groups=["system:masters"], user="root") == ""
    assert 'User "ada" cannot list resource "secrets"' in ask(user="ada")
    assert "the server has asked for the client to provide credentials" in ask(user="ada", days=-1)
    assert "the server has asked for the client to provide credentials" in ask(token="wrong")
    assert "certificate signed by unknown authority" in ask(ca=Authority(tmp_path, "other").path)
    assert "connection refused" in ask(server="https://127.0.0.1:1")


def test_a_user_scheduler_places_user_pods(plane: ControlPlane, kubelet: Kubelet, hub_release: MakeRelease) -> None:
    release = hub_release({"prePuller": {"hook": {"enabled": False}}})
    release.user_pod("ada")
    path = plane.path("v1", "Pod", release.namespace, "jupyter-ada")
    assert "nodeName" not in plane.request("GET", path)["spec"]

    plane.start_scheduler(f"{release.name}-user-scheduler")

    assert plane.wait(lambda: plane.request("GET", path)["status"]["phase"] == "Running", "the user's pod to run")
    plane.stop_scheduler(f"{release.name}-user-scheduler")
    assert kubelet.errors == []


@pytest.mark.old
def test_a_cluster_is_upgraded_under_a_hub(make_plane: MakePlane, hub_release: MakeRelease) -> None:
    plane, kubelet = make_plane("1.24")
    release = hub_release(plane=plane, legacy=True)
    assert plane.request("GET", "/version")["gitVersion"] == RECIPES["1.24"].release
    assert plane.items(f"/apis/policy/v1beta1/namespaces/{release.namespace}/poddisruptionbudgets")
    before = release.pods("hub")

    plane.restart("newest")

    assert plane.request("GET", "/version")["gitVersion"] >= "v1.36"
    assert [hub["metadata"]["uid"] for hub in release.pods("hub")] == [hub["metadata"]["uid"] for hub in before]
    assert release.status == "deployed"
    with pytest.raises(ApiError) as gone:
        plane.request("GET", "/apis/policy/v1beta1")
    assert gone.value.code == 404
    budgets = plane.items(f"/apis/policy/v1/namespaces/{release.namespace}/poddisruptionbudgets")
    assert {budget["metadata"]["name"] for budget in budgets} == {"user-placeholder", "user-scheduler"}
    secret = plane.request(
        "GET", plane.path("v1", "Secret", release.namespace, f"sh.helm.release.v1.{release.name}.v1")
    )
    stored = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))
    assert "policy/v1beta1" in stored["manifest"]
    assert stored["chart"]["metadata"]["version"] == "1.2.0"
    refused = release.upgrade(check=False)
    assert 'no matches for kind "PodDisruptionBudget" in version "policy/v1beta1"' in refused.stderr
    plane.apply(deployment("after"), namespace=plane.namespace())
    assert kubelet.errors == []


def test_says_what_to_do_where_nothing_can_be_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)

    assert missing("newest") == (
        "No control plane to test with (newest): install Go 1.21 or later (https://go.dev/dl)"
        " or let KUBEBUILDER_ASSETS name a folder with etcd and kube-apiserver."
    )

    for name in CONTROL_PLANE[:2]:
        (tmp_path / name).touch()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))

    assert missing("newest") is None
