"""Hubs that a real Helm installs and a real cluster does not take: the cause comes first, what follows is under it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from jhubdoctor.model.hub import Scope
from jhubdoctor.report import json_v1
from jhubdoctor.sources.live import LiveReader
from jhubdoctor.testing import judged, registry

from .conftest import MakePlane, MakeRelease
from .doctor import UNSURE, Diagnosis, diagnose
from .fate import crash_loop, creating, image_pull_back_off
from .kubelet import Kubelet
from .plane import ControlPlane
from .release import CHART, Release

pytestmark = pytest.mark.cluster

Object = dict[str, Any]

HEALTHY: Object = {
    "hub": {
        "config": {
            "JupyterHub": {"authenticator_class": "github"},
            "GitHubOAuthenticator": {
                "allow_all": True,
                "client_id": "a-client",
                "client_secret": "a-secret",
                "oauth_callback_url": "https://hub.example.org/hub/oauth_callback",
            },
        },
    },
}
"""What every real hub sets."""
NO_HOOK = {"prePuller": {"hook": {"enabled": False}}}
NO_SCHEDULER = {"scheduling": {"userScheduler": {"enabled": False}}}
NOT_FOUND = 'failed to resolve reference "quay.io/jupyterhub/k8s-singleuser-sample:4.4.0": not found'
MOST_REQUESTS = 49
"""For a hub with a user, all checks. Each is for another kind or object: a page more would show."""


class Later(LiveReader):
    """A look at the cluster as if it were later than it is: what waits is left some time before it is a fault."""

    def __init__(self, plane: ControlPlane, by: timedelta) -> None:
        super().__init__(str(plane.kubeconfig()))
        self.by = by

    def now(self) -> datetime:
        return super().now() + self.by


def look(release: Release, *, minutes: float = 0) -> Diagnosis:
    """Diagnose a hub, so many minutes later; nothing may be left unjudged."""
    start = time.monotonic()
    if minutes:
        reader = Later(release.plane, timedelta(minutes=minutes))
        reader.connect()
        report = judged(registry(), registry().select(), reader, Scope(release.namespace))
        reader.close()
        seen = Diagnosis(report.exit_code, json_v1.render(report), "", time.monotonic() - start)
    else:
        seen = diagnose(release.plane.kubeconfig(), "-n", release.namespace)
    assert seen.of(*UNSURE) == set(), [each for each in seen.report["checks"] if each["status"] in UNSURE]
    return seen


def await_user(release: Release, user: str, *, phase: str = "Running") -> Object:
    path = release.plane.path("v1", "Pod", release.namespace, f"jupyter-{user}")
    pod: Object = release.plane.wait(
        lambda: (pod := release.plane.request("GET", path))["status"].get("phase") == phase and pod, f"{user} {phase}"
    )
    return pod


def await_event(release: Release, reason: str, about: str = "") -> None:
    path = f"/api/v1/namespaces/{release.namespace}/events?fieldSelector=reason%3D{reason}"
    release.plane.wait(
        lambda: [one for one in release.plane.items(path) if one["involvedObject"]["name"].startswith(about)],
        f"an event {reason}",
    )


HUB_LOG = """\
[I 2026-01-05 11:00:00.000 JupyterHub app:3352] Running JupyterHub version 5.5.0
[I 2026-01-05 11:00:00.100 JupyterHub app:3382] Using Authenticator: oauthenticator.github.GitHubOAuthenticator-17.4.0
[I 2026-01-05 11:00:00.100 JupyterHub app:3382] Using Spawner: kubespawner.spawner.KubeSpawner-7.0.0
[I 2026-01-05 11:00:00.900 JupyterHub app:3770] JupyterHub is now running, internal Hub API at http://hub:8081/hub/
[I 2026-01-05 11:00:05.100 JupyterHub spawner:3001] Attempting to create pvc claim-ada, with timeout 3
[I 2026-01-05 11:00:05.200 JupyterHub spawner:3042] Attempting to create pod jupyter-ada, with timeout 3
[I 2026-01-05 11:00:17.300 JupyterHub base:1144] User ada took 12.345 seconds to start
"""


def test_a_healthy_hub(
    plane: ControlPlane, kubelet: Kubelet, hub_release: MakeRelease, figures: Callable[[str, object], None]
) -> None:
    release = hub_release(HEALTHY)
    kubelet.logs.append(
        lambda pod, name, _: HUB_LOG if name == "hub" and pod["metadata"]["namespace"] == release.namespace else None
    )
    plane.start_scheduler(f"{release.name}-user-scheduler")
    release.user_pod("ada")
    await_user(release, "ada")

    seen = look(release)
    plane.stop_scheduler(f"{release.name}-user-scheduler")

    assert seen.grave == []
    assert seen.code == 0
    assert len(seen.of("ok")) > 80
    assert seen.requests <= MOST_REQUESTS
    figures("requests for a healthy hub", seen.requests)
    figures("seconds for a healthy hub, start of Python included", round(seen.seconds, 2))
    assert kubelet.errors == []


def cannot_pull(kubelet: Kubelet) -> None:
    broken = image_pull_back_off(f"rpc error: code = NotFound desc = {NOT_FOUND}")
    kubelet.rules.append(lambda _, one: broken if one["name"] == "image-pull-singleuser" else None)


def test_a_hook_that_cannot_pull_until_helm_gives_up(kubelet: Kubelet, hub_release: MakeRelease) -> None:
    release = hub_release(install=False)
    cannot_pull(kubelet)
    release.install(HEALTHY, timeout="8s", check=False)

    seen = look(release)

    assert seen.causes[0] == "image-pull-failed"
    assert "k8s-singleuser-sample:4.4.0" in seen.roots[0]["message"]
    assert seen.folded("image-pull-failed") >= {"helm-release-not-deployed", "hook-leftovers"}
    assert seen.errors == ["image-pull-failed"]
    assert seen.code == 1


def test_a_hook_that_cannot_pull_while_somebody_gives_up(
    plane: ControlPlane, kubelet: Kubelet, hub_release: MakeRelease
) -> None:
    release = hub_release({**HEALTHY, "singleuser": {"image": {"tag": "4.3.0"}}})
    cannot_pull(kubelet)
    values = plane.directory / "upgrade.json"
    values.write_text(json.dumps(HEALTHY))
    command, environment = release.helm_command("upgrade", release.name, str(CHART), "--wait", f"--values={values}")
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as helm:
        await_event(release, "BackOff", "hook-image-puller")
        at_work = look(release)
        helm.kill()

    seen = look(release, minutes=20)

    assert at_work.causes[0] == seen.causes[0] == "image-pull-failed"
    assert at_work.folded("image-pull-failed") == set()
    assert seen.folded("image-pull-failed") >= {"hook-image-puller-stuck", "helm-release-not-deployed"}
    assert "pending-upgrade" in seen.finding("helm-release-not-deployed")["message"]
    assert seen.errors == ["image-pull-failed"]


def test_a_taint_that_nobody_tolerates(kubelet: Kubelet, hub_release: MakeRelease) -> None:
    release = hub_release({**HEALTHY, **NO_SCHEDULER, "singleuser": {"nodeSelector": {"pool": "gpu"}}})
    taint = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
    kubelet.node("gpu-1", labels={"pool": "gpu"}, taints=[taint])
    release.user_pod("ada", nodeSelector={"pool": "gpu"})
    await_event(release, "FailedScheduling", "jupyter-ada")
    young = look(release)

    seen = look(release, minutes=5)

    assert young.grave == []

    assert seen.causes[0] == "taint-not-tolerated"
    assert "nvidia.com/gpu" in seen.roots[0]["message"]
    assert "jupyter-ada" in seen.named("taint-not-tolerated")
    assert seen.errors == ["taint-not-tolerated"]


@pytest.fixture
def no_default_class(plane: ControlPlane, kubelet: Kubelet) -> Iterator[None]:
    """For a while no StorageClass is the default."""
    path = plane.path("storage.k8s.io/v1", "StorageClass", None, "standard")

    def default(value: str) -> None:
        meta = {"annotations": {"storageclass.kubernetes.io/is-default-class": value}}
        plane.request("PATCH", path, {"metadata": meta}, content_type="application/merge-patch+json")
        time.sleep(0.2)  # admission knows of classes by a watch

    default("false")
    yield
    default("true")


@pytest.mark.usefixtures("no_default_class")
def test_no_default_class(hub_release: MakeRelease) -> None:
    release = hub_release({**HEALTHY, **NO_HOOK}, wait=False)
    await_event(release, "FailedBinding", "hub-db-dir")
    await_event(release, "FailedScheduling", "hub-")

    seen = look(release)

    assert seen.causes[0] == "hub-volume-pending"
    assert seen.errors == ["hub-volume-pending"]
    assert "hub-db-dir" in seen.named("hub-volume-pending", "PersistentVolumeClaim")


def test_a_user_scheduler_that_crashes(kubelet: Kubelet, hub_release: MakeRelease) -> None:
    release = hub_release({**HEALTHY, **NO_HOOK})
    release.user_pod("ada")
    kubelet.rules.append(
        lambda pod, one: (
            crash_loop()
            if one["name"] == "kube-scheduler" and pod["metadata"]["namespace"] == release.namespace
            else None
        )
    )
    release.plane.wait(lambda: not ready(release, "user-scheduler"), "the user-scheduler not to be ready")

    seen = look(release, minutes=5)

    assert seen.causes[0] == "user-scheduler-down"
    assert "jupyter-ada" in seen.named("user-scheduler-down")
    assert seen.errors == ["user-scheduler-down"]


def test_no_user_scheduler_where_users_wait_for_one(hub_release: MakeRelease) -> None:
    release = hub_release({**HEALTHY, **NO_HOOK, **NO_SCHEDULER})
    release.user_pod("ada", schedulerName=f"{release.name}-user-scheduler")

    seen = look(release, minutes=5)

    assert seen.causes[0] == "user-scheduler-down"
    assert "jupyter-ada" in seen.named("user-scheduler-down")
    assert seen.errors == ["user-scheduler-down"]


def ready(release: Release, component: str) -> int:
    path = release.plane.path("apps/v1", "Deployment", release.namespace, component)
    count: int = release.plane.request("GET", path)["status"].get("readyReplicas", 0)
    return count


def test_an_upgrade_that_was_interrupted(kubelet: Kubelet, hub_release: MakeRelease) -> None:
    release = hub_release({**HEALTHY, **NO_HOOK})
    kubelet.rules.append(lambda _, one: creating() if one["name"] == "hub" else None)
    command, environment = release.helm_command(
        "upgrade", release.name, str(CHART), "--wait", "--reuse-values", "--set=hub.concurrentSpawnLimit=10"
    )
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as helm:
        release.plane.wait(lambda: release.status == "pending-upgrade", "the upgrade to begin")
        helm.kill()
    kubelet.rules.pop()
    release.plane.wait(lambda: ready(release, "hub"), "the hub to run")
    young = look(release)
    path = release.plane.path("v1", "Secret", release.namespace, f"sh.helm.release.v1.{release.name}.v2")
    hours_ago = {"metadata": {"labels": {"modifiedAt": str(int(time.time()) - 7200)}}}
    release.plane.request("PATCH", path, hours_ago, content_type="application/merge-patch+json")

    seen = look(release)

    assert young.grave == []
    assert seen.causes[0] == "helm-release-not-deployed"
    assert "pending-upgrade" in seen.roots[0]["message"]
    assert f"helm rollback {release.name} 1 --namespace {release.namespace}" in seen.roots[0]["fix"]["commands"]


def test_a_load_balancer_without_address(kubelet: Kubelet, hub_release: MakeRelease) -> None:
    kubelet.load_balancer = lambda _: None
    release = hub_release({**HEALTHY, **NO_HOOK}, wait=False)
    for component in ("hub", "proxy"):
        release.plane.wait(lambda of=component: ready(release, of), f"the {component} to run")  # type: ignore[misc]
    young = look(release)

    seen = look(release, minutes=30)

    assert young.grave == []
    assert seen.causes[0] == "proxy-no-external-address"
    assert seen.errors == ["proxy-no-external-address"]
    assert seen.named("proxy-no-external-address", "Service") == {"proxy-public"}


NOT_SERVED = "failed to list *v1beta1.PodDisruptionBudget: the server could not find the requested resource"
SCHEDULER_LOG = f"""\
I0105 11:00:01.000000       1 leaderelection.go:243] attempting to acquire leader lease jhub/user-scheduler-lock...
I0105 11:00:18.000000       1 leaderelection.go:253] successfully acquired lease jhub/user-scheduler-lock
E0105 11:00:19.000000       1 reflector.go:127] Failed to watch *v1beta1.PodDisruptionBudget: {NOT_SERVED}
E0105 11:00:50.000000       1 reflector.go:127] Failed to watch *v1beta1.PodDisruptionBudget: {NOT_SERVED}
"""
"""What kube-scheduler 1.19 says on a server that has dropped policy/v1beta1."""


@pytest.mark.old
def test_a_cluster_that_was_upgraded_underneath(make_plane: MakePlane, hub_release: MakeRelease) -> None:
    plane, kubelet = make_plane("1.24")
    release = hub_release(HEALTHY, plane=plane, legacy=True)
    release.user_pod("ada", schedulerName="default-scheduler")
    await_user(release, "ada")
    before = look(release)

    plane.restart("newest")
    kubelet.logs.append(lambda _, name, __: SCHEDULER_LOG if name == "kube-scheduler" else None)
    release.user_pod("bob")
    seen = look(release, minutes=5)

    assert not {"removed-api-in-release", "helm-upgrade-blocked", "user-scheduler-removed-api"} & before.of("found")
    assert before.errors == []
    assert {"helm-upgrade-blocked", "user-scheduler-removed-api"} <= seen.of("found")
    assert seen.causes[0] == "user-scheduler-removed-api"
    assert "jupyter-bob" in seen.named("user-scheduler-removed-api")
    refused = release.upgrade(check=False).stderr
    assert 'no matches for kind "PodDisruptionBudget" in version "policy/v1beta1"' in refused
    assert seen.errors == ["user-scheduler-removed-api"]
