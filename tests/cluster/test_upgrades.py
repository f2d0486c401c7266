"""What an API server serves against the table of APIs, and a hub whose cluster is upgraded under it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from jhubdoctor_checks.data import apis

from .doctor import call, diagnose

if TYPE_CHECKING:
    from .conftest import MakePlane, MakeRelease
    from .plane import ControlPlane
    from .release import Release

pytestmark = pytest.mark.cluster


def kinds(plane: ControlPlane) -> set[tuple[str, str]]:
    """What a server says that it serves: group version and kind, without what is a part of other URLs."""
    groups = plane.request("GET", "/apis")["groups"]
    versions = ["v1", *(v["groupVersion"] for group in groups for v in group["versions"])]
    found = set()
    for version in versions:
        path = f"/apis/{version}" if "/" in version else f"/api/{version}"
        for resource in plane.request("GET", path)["resources"]:
            if "/" not in resource["name"]:
                found.add((version, resource["kind"]))
    return found


def minor(plane: ControlPlane) -> int:
    return int(plane.request("GET", "/version")["gitVersion"].split(".")[1])


def held_against_the_table(plane: ControlPlane) -> None:
    served, at = kinds(plane), minor(plane)
    rows = apis.table()

    missing = {key for key, a in rows.items() if a.served == "on" and a.served_in(at)} - served
    surplus = {key for key, a in rows.items() if not a.served_in(at)} & served
    unknown = {key for key in served if key not in rows and ("." not in key[0] or ".k8s.io/" in key[0])}

    assert not missing, "the table says that these are served"
    assert not surplus, "the table says that these are not served"
    assert not unknown, "the table does not know these"


def test_the_table_tells_what_the_newest_server_serves(plane: ControlPlane) -> None:
    held_against_the_table(plane)


@pytest.mark.old
def test_the_table_tells_what_an_old_server_serves(make_plane: MakePlane) -> None:
    plane, _ = make_plane("1.24")

    held_against_the_table(plane)


def upgrade(release: Release, *words: str) -> dict[str, Any]:
    """What `jhubdoctor upgrade` says of a release."""
    kubeconfig = str(release.plane.kubeconfig(namespace=release.namespace))
    done = call("upgrade", "--kubeconfig", kubeconfig, "-n", release.namespace, "-o", "json", *words)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["exit_code"] == done.code
    return found


def told(outcome: dict[str, Any], *severities: str) -> set[str]:
    return {f["check"] for f in outcome["report"]["findings"] if f["severity"] in severities}


@pytest.mark.old
def test_a_cluster_that_is_upgraded_before_the_chart_is_foretold_and_then_seen(
    make_plane: MakePlane, hub_release: MakeRelease
) -> None:
    plane, _ = make_plane("1.24")
    release = hub_release(plane=plane, legacy=True)

    plane.request("GET", f"/apis/batch/v1beta1/namespaces/{release.namespace}/cronjobs")
    today = diagnose(plane.kubeconfig(namespace=release.namespace), "-n", release.namespace)
    foretold = upgrade(release, f"--to-kubernetes=1.{apis.LAST}")
    along = upgrade(release, f"--to-kubernetes=1.{apis.LAST}", "--to-chart=4.4.0")

    assert not {"removed-api-in-release", "user-scheduler-removed-api", "helm-upgrade-blocked"} & today.of("found")
    assert "deprecated-api-in-use" in today.of("found")
    assert "batch/v1beta1 cronjobs" in today.finding("removed-api-requested")["message"]
    assert told(foretold, "error") >= {"removed-api-in-release", "user-scheduler-removed-api"}
    # a way is found that moves the chart before the cluster
    assert foretold["plans"][0]["blocked"] == []
    assert [f"{s['kind']} {s['to']}" for s in foretold["plans"][0]["steps"]][:2] == ["chart 2.0.0", "chart 3.3.8"]
    assert not told(along, "error")
    assert [f"{s['kind']} {s['to']}" for s in along["plans"][0]["steps"]] == [
        "chart 2.0.0",
        "chart 3.3.8",
        "kubernetes 1.28",
        "chart 4.4.0",
        f"kubernetes 1.{apis.LAST}",
    ]

    plane.restart("newest")

    held_against_the_table(plane)
    seen = diagnose(plane.kubeconfig(namespace=release.namespace), "-n", release.namespace)
    assert seen.of("found") >= {"removed-api-in-release", "user-scheduler-removed-api", "helm-upgrade-blocked"}
    assert "helm-upgrade-blocked" in seen.folded("removed-api-in-release")
    assert "kube-scheduler 1.19" in str(seen.finding("user-scheduler-removed-api")["evidence"])
    refused = release.upgrade(check=False)
    assert 'no matches for kind "PodDisruptionBudget" in version "policy/v1beta1"' in refused.stderr
