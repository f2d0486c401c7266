"""What somebody deleted is missed, and the command that is prescribed brings it back."""

from __future__ import annotations

import json
import shlex

import pytest

from .conftest import MakeRelease
from .release import Release
from .test_scenarios import HEALTHY, NO_HOOK, look

pytestmark = pytest.mark.cluster

GONE = {
    "the way in": ["/api/v1/namespaces/{}/services/proxy-public"],
    "the hub": ["/apis/apps/v1/namespaces/{}/deployments/hub"],
    "an account and its rights": [
        "/api/v1/namespaces/{}/serviceaccounts/hub",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles/hub",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings/hub",
    ],
    "what pods mount": ["/api/v1/namespaces/{}/configmaps/hub", "/api/v1/namespaces/{}/secrets/hub"],
    "what the hub works without": [
        "/apis/policy/v1/namespaces/{}/poddisruptionbudgets/user-scheduler",
        "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies/hub",
        "/apis/apps/v1/namespaces/{}/daemonsets/continuous-image-puller",
    ],
}


@pytest.fixture(scope="module")
def release(module_release: MakeRelease) -> Release:
    return module_release({**HEALTHY, **NO_HOOK})


@pytest.mark.parametrize("paths", GONE.values(), ids=GONE)
@pytest.mark.usefixtures("kubelet")
def test_what_is_gone_comes_back(release: Release, paths: list[str]) -> None:
    gone = [path.format(release.namespace) for path in paths]
    for path in gone:
        release.plane.request("DELETE", path)

    seen = look(release)

    found = seen.finding("release-object-missing")
    assert "release-object-missing" in seen.causes
    assert {o["name"] for o in found["objects"]} == {path.rpartition("/")[2] for path in gone}
    helm, *words = shlex.split(found["fix"]["commands"][0])
    assert helm == "helm"
    release.helm(*words)
    assert all(release.plane.get(path) for path in gone)
    assert "release-object-missing" not in {f["check"] for f in look(release).report["findings"]}


def test_an_install_without_the_way_in(hub_release: MakeRelease) -> None:
    release = hub_release(install=False)
    quota = {
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "balancers", "namespace": release.namespace},
        "spec": {"hard": {"services.loadbalancers": "0"}},
    }  # fmt: skip
    path = f"/api/v1/namespaces/{release.namespace}/resourcequotas/balancers"
    release.plane.apply(quota)
    release.plane.wait(lambda: (release.plane.get(path) or {}).get("status"), "the quota to be counted")
    release.install({**HEALTHY, **NO_HOOK}, check=False, wait=False)

    seen = look(release, minutes=10)

    # nothing starts pods here
    assert "release-object-missing" in seen.causes
    assert seen.folded("release-object-missing") >= {"helm-release-not-deployed"}
    assert "exceeded quota: balancers" in json.dumps(seen.finding("release-object-missing")["evidence"])
    assert "release-object-missing" in seen.errors
