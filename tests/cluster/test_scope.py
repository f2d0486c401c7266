"""Which hubs a run looks at: where the context points, all of them, those of a namespace, or that of one release."""

from __future__ import annotations

import pytest

from .conftest import MakeRelease
from .doctor import Diagnosis, call, diagnose
from .fate import image_pull_back_off
from .kubelet import Kubelet
from .plane import ControlPlane
from .release import Release

pytestmark = pytest.mark.cluster

BARE = {"prePuller": {"hook": {"enabled": False}}, "scheduling": {"userScheduler": {"enabled": False}}}


@pytest.fixture(scope="module")
def alone(module_release: MakeRelease) -> Release:
    """A hub in a namespace of its own."""
    return module_release(BARE)


@pytest.fixture(scope="module")
def pair(plane: ControlPlane, module_release: MakeRelease) -> tuple[Release, Release]:
    """Two hubs in one namespace, called by the names of their releases; the proxy of the second has no address."""
    first = module_release(install=False)
    second = Release(plane, "blue", first.namespace)
    first.install({**BARE, "fullnameOverride": first.name})
    second.install(
        {
            **BARE,
            "fullnameOverride": "blue",
            "scheduling": {"podPriority": {"enabled": True}, "userPlaceholder": {"replicas": 0}},
        },
        wait=False,
    )
    return first, second


def hubs(seen: Diagnosis) -> set[tuple[str, str]]:
    return {(each["namespace"], each["release"]) for each in seen.report["hubs"]}


def labels(seen: Diagnosis) -> set[str]:
    return {check["hub"] for check in seen.report["checks"] if check["hub"]}


@pytest.mark.usefixtures("pair")
def test_where_the_context_points(plane: ControlPlane, alone: Release) -> None:
    seen = diagnose(plane.kubeconfig(namespace=alone.namespace))

    assert hubs(seen) == {(alone.namespace, alone.name)}
    assert seen.stderr == ""
    assert seen.report["hubs"][0]["chart_version"] == "4.4.0"


def test_elsewhere_if_there_is_none_and_it_says_so(
    plane: ControlPlane, alone: Release, pair: tuple[Release, Release]
) -> None:
    empty = plane.namespace()

    seen = diagnose(plane.kubeconfig(namespace=empty))

    assert hubs(seen) >= {(each.namespace, each.name) for each in (alone, *pair)}
    assert seen.stderr == f"jhubdoctor: no hub in namespace {empty}; looked in all namespaces.\n"


def test_all_namespaces(plane: ControlPlane, alone: Release, pair: tuple[Release, Release]) -> None:
    seen = diagnose(plane.kubeconfig(namespace=alone.namespace), "-A")

    wanted = {(each.namespace, each.name) for each in (alone, *pair)}
    assert hubs(seen) >= wanted
    assert labels(seen) >= {f"{namespace}/{name}" for namespace, name in wanted}
    assert seen.stderr == ""


def test_both_of_a_namespace(plane: ControlPlane, pair: tuple[Release, Release]) -> None:
    seen = diagnose(plane.kubeconfig(), "-n", pair[0].namespace)

    assert hubs(seen) == {(each.namespace, each.name) for each in pair}
    assert seen.of("unknown", "broken") == set()


@pytest.mark.parametrize("which", [0, 1])
def test_one_release_of_a_namespace(plane: ControlPlane, pair: tuple[Release, Release], which: int) -> None:
    seen = diagnose(plane.kubeconfig(), "-n", pair[which].namespace, "--release", pair[which].name)

    assert hubs(seen) == {(pair[which].namespace, pair[which].name)}
    assert labels(seen) == {f"{pair[which].namespace}/{pair[which].name}"}


@pytest.mark.usefixtures("alone")
def test_no_hub_is_no_verdict(plane: ControlPlane) -> None:
    empty = plane.namespace()

    seen = call("run", "--kubeconfig", str(plane.kubeconfig()), "-n", empty)

    assert (seen.code, seen.stdout) == (3, "")
    assert seen.stderr.startswith(f"jhubdoctor: No hub was found in namespace {empty}.\n  ")


def test_no_such_release_is_no_verdict(plane: ControlPlane, alone: Release) -> None:
    seen = call("run", "--kubeconfig", str(plane.kubeconfig()), "-n", alone.namespace, "--release", "green")

    assert (seen.code, seen.stdout) == (3, "")
    assert (
        f"No hub of the release green was found in namespace {alone.namespace}: there is {alone.namespace}/"
        in seen.stderr
    )


def test_a_finding_names_the_hub_that_it_is_about(
    plane: ControlPlane, kubelet: Kubelet, pair: tuple[Release, Release]
) -> None:
    first, second = pair
    broken = image_pull_back_off("rpc error: code = NotFound desc = not found")
    kubelet.rules.append(lambda _, one: broken if one["image"] == "example.org/none:1" else None)
    first.user_pod("ada", image="example.org/none:1")
    second.user_pod("bob")
    plane.wait(lambda: waiting(plane, first, "jupyter-ada"), "the image not to be pulled")

    seen = diagnose(plane.kubeconfig(), "-n", first.namespace)

    found = seen.finding("image-pull-failed")
    assert seen.causes[0] == "image-pull-failed"
    assert found["hub"] == f"{first.namespace}/{first.name}"
    assert seen.named("image-pull-failed") == {"jupyter-ada"}
    assert {one["hub"] for one in seen.report["findings"] if one["severity"] == "error"} == {found["hub"]}


def waiting(plane: ControlPlane, release: Release, pod: str) -> bool:
    status = plane.request("GET", plane.path("v1", "Pod", release.namespace, pod))["status"]
    return any("waiting" in one["state"] for one in status.get("containerStatuses", ()))
