"""Servers that a real hub could not start: what it says of them is the same whatever the cause, the doctor names it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import MakeRelease
from .fate import Fate, crash_loop, image_pull_back_off
from .hubs import PAIRS, RealHub, missing
from .kubelet import Kubelet
from .plane import ControlPlane
from .release import Release
from .test_scenarios import HEALTHY, NO_HOOK, await_event, look

pytestmark = [pytest.mark.cluster, pytest.mark.skipif(bool(missing()), reason=missing() or "")]

Object = dict[str, Any]
RunHub = Callable[[Release, str], RealHub]


def values(**singleuser: object) -> Object:
    """Values of a hub that gives servers eight seconds to start."""
    own = {"startTimeout": 8, "memory": {"guarantee": "64M"}, **singleuser}
    return {**HEALTHY, **NO_HOOK, "singleuser": own}


@pytest.fixture
def run_hub(kubelet: Kubelet, tmp_path: Path) -> Iterator[RunHub]:
    """Run real hubs for releases until the test ends."""
    with contextlib.ExitStack() as stack:

        def run(release: Release, pair: str) -> RealHub:
            return stack.enter_context(RealHub(release, kubelet, pair, tmp_path))

        yield run


@pytest.fixture
def late_class(plane: ControlPlane, kubelet: Kubelet) -> Iterator[str]:
    """Make a class whose volumes wait for the pod to be placed, as those of clouds do."""
    kubelet.storage_class("late", default=False, mode="WaitForFirstConsumer")
    yield "late"
    plane.request("DELETE", plane.path("storage.k8s.io/v1", "StorageClass", None, "late"))


@pytest.fixture
def user_scheduler(plane: ControlPlane) -> Iterator[Callable[[Release], None]]:
    """Run the user-schedulers of releases, which the played pods do not."""
    started: list[str] = []

    def start(release: Release) -> None:
        started.append(f"{release.name}-user-scheduler")
        plane.start_scheduler(started[-1])

    yield start
    for name in started:
        plane.stop_scheduler(name)


@pytest.mark.parametrize("pair", PAIRS)
def test_five_users_with_four_troubles(
    pair: str,
    late_class: str,
    kubelet: Kubelet,
    hub_release: MakeRelease,
    user_scheduler: Callable[[Release], None],
    run_hub: RunHub,
) -> None:
    gpu = {"node_selector": {"pool": "gpu"}}
    profiles = [
        {"display_name": "Small", "slug": "small", "default": True},
        {"display_name": "GPU", "slug": "gpu", "kubespawner_override": gpu},
        {"display_name": "Disk", "slug": "disk", "kubespawner_override": {**gpu, "storage_class": "standard"}},
        {"display_name": "New", "slug": "new", "kubespawner_override": {"image": "example.org/new:1"}},
    ]
    release = hub_release(values(profileList=profiles, storage={"dynamic": {"storageClass": late_class}}))
    user_scheduler(release)
    kubelet.node("gpu-1", labels={"pool": "gpu"}, taints=[{"key": "gpu", "value": "yes", "effect": "NoSchedule"}])
    broken = image_pull_back_off("failed to resolve reference: example.org/new:1: not found")
    kubelet.rules.append(lambda _, one: broken if one["image"] == "example.org/new:1" else None)
    hub = run_hub(release, pair)
    hub.answers.add("ada")
    kubelet.provisions = lambda claim: claim["metadata"]["name"] != "claim-ian"

    hub.spawn("ian", profile="disk")
    await_event(release, "FailedScheduling", "jupyter-ian")
    kubelet.provisions = lambda _: True
    hub.spawn("ada")
    hub.spawn("bob", profile="new")
    hub.spawn("gus", profile="gpu")
    hub.spawn("tim")
    hub.wait_for("User ada took")
    for user in ("bob", "gus", "ian"):
        hub.wait_for(f"{user}'s server failed to start in 8 seconds")
    hub.wait_for("tim's server never showed up")
    seen = look(release)

    assert seen.named("image-pull-failed") >= {"jupyter-bob"}
    assert "example.org/new:1" in seen.finding("image-pull-failed")["message"]
    assert seen.named("taint-not-tolerated") == {"jupyter-gus"}
    assert "gpu=yes:NoSchedule" in seen.finding("taint-not-tolerated")["message"]
    assert seen.named("spawn-http-timeout") == {"jupyter-tim"}
    # Of ian's pod no event says more than that it once waited for its volume, which was there soon.
    [rest] = [one for one in seen.roots if one["check"] == "spawn-timeout"]
    assert [one["name"] for one in rest["objects"]] == ["jupyter-ian"]
    assert "no node would take the pod" in rest["message"]
    assert sorted(seen.errors) == ["image-pull-failed", "spawn-http-timeout", "spawn-timeout", "taint-not-tolerated"]
    assert seen.folded("image-pull-failed") >= {"spawn-timeout"}
    assert seen.folded("taint-not-tolerated") == {"spawn-timeout"}
    concerned = {one["name"] for each in seen.report["findings"] for one in (*each["objects"], *each["affects"])}
    assert "jupyter-ada" not in concerned


@pytest.mark.parametrize("pair", PAIRS)
def test_a_quota_and_pod_security_refuse(
    pair: str, plane: ControlPlane, hub_release: MakeRelease, run_hub: RunHub
) -> None:
    release = hub_release(values(storage={"type": "none"}))
    hub = run_hub(release, pair)
    quota = plane.path("v1", "ResourceQuota", release.namespace, "few")
    few = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": {"hard": {"pods": "1"}}}
    plane.apply(few, namespace=release.namespace)
    plane.wait(lambda: plane.request("GET", quota)["status"].get("used"), "the quota to be counted")

    hub.spawn("ada")
    hub.wait_for("ada's server")
    by_quota = look(release)
    plane.request("DELETE", quota)
    label = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
    path = f"/api/v1/namespaces/{release.namespace}"
    plane.request("PATCH", path, label, content_type="application/merge-patch+json")
    hub.spawn("bob")
    hub.wait_for("bob's server")
    by_security = look(release)

    assert by_quota.causes == ["quota-exhausted"]
    assert by_quota.folded("quota-exhausted") == {"spawn-rejected"}
    assert "quota few is used up" in by_quota.finding("spawn-rejected")["message"]
    assert by_security.causes[0] == "pod-security-blocks-users"
    # two failed in a row by then, and the newest of them is refused for this
    assert by_security.folded("pod-security-blocks-users") == {"spawn-rejected", "consecutive-failure-abort"}
    assert by_security.named("pod-security-blocks-users") >= {"jupyter-bob"}
    assert by_security.finding("pod-security-blocks-users")["fix"]["values"] == {
        "singleuser": {"cloudMetadata": {"blockWithIptables": False}}
    }
    for seen in (by_quota, by_security):
        assert hub.token not in seen.stdout


def test_a_user_scheduler_that_crashes(kubelet: Kubelet, hub_release: MakeRelease, run_hub: RunHub) -> None:
    release = hub_release(values())
    kubelet.rules.append(
        lambda pod, one: (
            crash_loop()
            if one["name"] == "kube-scheduler" and pod["metadata"]["namespace"] == release.namespace
            else None
        )
    )
    hub = run_hub(release, "5.5.1+7.1.0")

    hub.spawn("ada")
    hub.wait_for("ada's server failed to start in 8 seconds")
    seen = look(release, minutes=5)

    assert seen.causes[0] == "user-scheduler-down"
    assert seen.folded("user-scheduler-down") == {"spawn-timeout"}
    assert seen.errors == ["user-scheduler-down"]


def test_a_hub_that_stops_itself(
    kubelet: Kubelet, hub_release: MakeRelease, user_scheduler: Callable[[Release], None], run_hub: RunHub
) -> None:
    release = hub_release(values())
    user_scheduler(release)
    broken = image_pull_back_off("failed to resolve reference: 401 Unauthorized")
    kubelet.rules.append(lambda _, one: broken if one["name"] == "notebook" else None)
    hub = run_hub(release, "5.5.1+7.1.0")

    for number in range(5):
        hub.spawn(f"user-{number}")
    hub.wait_for("Aborting due to 5 consecutive spawn failures")
    hub.process.wait(timeout=30)
    kubelet.rules.append(lambda _, one: failed_once() if one["name"] == "hub" else None)
    hub.start()
    seen = look(release, minutes=5)

    assert seen.causes[0] == "image-pull-failed"
    assert seen.folded("image-pull-failed") == {"consecutive-failure-abort", "spawn-timeout"}
    assert seen.named("image-pull-failed") >= {f"jupyter-user-{number}" for number in range(5)}
    assert seen.errors == ["image-pull-failed"]


def failed_once() -> Fate:
    """It runs again after it has ended with exit code 1."""
    return Fate("running", restarts=1, last_reason="Error", last_exit_code=1)
