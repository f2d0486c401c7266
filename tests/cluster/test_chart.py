"""The chart of deploy/, installed by helm into a real control plane: it is admitted, and its rights are enough."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import MakeRelease
from .doctor import command, diagnose, environment
from .kubelet import Kubelet
from .plane import ControlPlane
from .release import Release

CHART = Path(__file__).parent.parent.parent / "deploy" / "helm" / "jhubdoctor"
CONFIG = '[[suppress]]\ncheck = "user-scheduler-without-autoscaler"\nreason = "a test"\n'

pytestmark = [pytest.mark.cluster, pytest.mark.skipif(not CHART.is_dir(), reason="deploy/ is not here")]

COMBINATIONS: list[list[dict[str, Any]]] = [
    [{"mode": "exporter"}, {"mode": "cronjob", "cronjob": {"output": ["ndjson", "json=/out/report.json"]}}],
    [
        {},
        {"rbac": {"scope": "namespace"}},
        {"rbac": {"secrets": False}},
        {"rbac": {"create": False}, "serviceAccount": {"create": False}},
    ],
    [
        {},
        {"networkPolicy": {"enabled": True, "egress": {"enabled": False}}},
        {
            "networkPolicy": {
                "enabled": True,
                "from": [{"podSelector": {"matchLabels": {"app": "prometheus"}}}],
                "egress": {"apiServer": {"to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}]}, "dns": {"ports": [53, 5353]}},
            }
        },
    ],
    [
        {},
        {"podSecurityContext": {"runAsUser": None, "runAsGroup": None}, "fullnameOverride": "doctor"},
        {
            "podSecurityContext": None,
            "securityContext": None,
            "nameOverride": "watch",
            "config": CONFIG,
            "dashboard": {"enabled": True},
            "scrapeAnnotations": {"enabled": True},
            "service": {"type": "NodePort", "annotations": {"a": "b"}},
            "extraEnv": [{"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
            "extraVolumes": [{"name": "out", "emptyDir": {}}],
            "extraVolumeMounts": [{"name": "out", "mountPath": "/out"}],
            "image": {"digest": f"sha256:{'0' * 64}", "pullSecrets": [{"name": "pull"}]},
            "podLabels": {"c": "d"},
            "podAnnotations": {"e": "f"},
            "tolerations": [{"operator": "Exists"}],
            "nodeSelector": {"g": "h"},
        },
    ],
]
"""What can be set apart from each other: one of each list is a combination. What the operator of Prometheus has kinds
for is not here, as its kinds are not in this cluster."""

Object = dict[str, Any]
Install = Callable[..., Release]


@pytest.fixture(scope="module")
def hub(module_release: MakeRelease) -> Release:
    return module_release()


@pytest.fixture
def install(
    plane: ControlPlane,
    kubelet: Kubelet,  # it runs the pods
    tmp_path: Path,
) -> Iterator[Install]:
    """Install the chart, each time into a namespace that takes no pod but a restricted one."""
    made: list[Release] = []

    def make(values: Object) -> Release:
        namespace = plane.namespace("doctor", {"pod-security.kubernetes.io/enforce": "restricted"})
        release = Release(plane, "doctor", namespace)
        made.append(release)
        file = tmp_path / f"{namespace}.json"
        file.write_text(json.dumps(values))
        release.helm("install", "doctor", str(CHART), "--values", str(file), "--wait", "--timeout", "60s")
        return release

    yield make
    for release in made:
        release.uninstall()


def account(release: Release) -> Path:
    """A kubeconfig with the token of the chart's service account, in its namespace as the pod would be."""
    plane = release.plane
    token = plane.token("doctor-jhubdoctor", release.namespace)
    return plane.kubeconfig(token=token, namespace=release.namespace)


def arguments(release: Release) -> list[str]:
    """What the chart has the container do."""
    found = release.plane.get(f"/apis/apps/v1/namespaces/{release.namespace}/deployments/doctor-jhubdoctor")
    assert found is not None
    args: list[str] = found["spec"]["template"]["spec"]["containers"][0]["args"]
    return args


def shared(args: list[str]) -> list[str]:
    """Of the exporter's options those that `run` has as well."""
    own = {"exporter": 1, "--listen": 2, "--interval": 2, "--metrics-only": 1}
    kept = list(args)
    for word, count in own.items():
        if word in kept:
            at = kept.index(word)
            del kept[at : at + count]
    return kept


def test_the_whole_cluster_can_be_looked_at(hub: Release, install: Install) -> None:
    release = install({})
    seen = diagnose(account(release), *shared(arguments(release)))

    assert f"{hub.namespace}/{hub.name}" in {f"{h['namespace']}/{h['release']}" for h in seen.report["hubs"]}
    assert seen.reads("forbidden") == {}
    assert "forbidden" not in " ".join(c["reason"] for c in seen.report["checks"])


def test_one_namespace_can_be_looked_at(hub: Release, install: Install) -> None:
    release = install({"rbac": {"scope": "namespace"}, "hubs": {"namespace": hub.namespace}})
    seen = diagnose(account(release), *shared(arguments(release)))
    refused = seen.reads("forbidden")

    assert [h["namespace"] for h in seen.report["hubs"]] == [hub.namespace]
    assert refused
    assert not [read for read in refused if read.endswith(f" in {hub.namespace}")]
    assert seen.code in {0, 1}, "what a Role cannot give is accepted"


def test_without_secrets_nothing_else_is_refused(hub: Release, install: Install) -> None:
    release = install({"rbac": {"secrets": False}, "hubs": {"namespace": hub.namespace}})
    seen = diagnose(account(release), *shared(arguments(release)))

    assert seen.reads("forbidden")
    assert all("secrets" in read for read in seen.reads("forbidden"))


def test_the_exporter_runs_with_the_rights_and_options_of_the_chart(
    hub: Release, install: Install, tmp_path: Path
) -> None:
    release = install({"config": CONFIG, "hubs": {"namespace": hub.namespace}})
    plane = release.plane
    words = arguments(release)
    mounted = plane.get(f"/api/v1/namespaces/{release.namespace}/configmaps/doctor-jhubdoctor")
    assert mounted is not None
    (tmp_path / "jhubdoctor.toml").write_text(mounted["data"]["jhubdoctor.toml"])
    words[words.index("--listen") + 1] = "127.0.0.1:0"
    words[words.index("--config") + 1] = str(tmp_path / "jhubdoctor.toml")
    process = subprocess.Popen(
        command(*words, "--kubeconfig", str(account(release))), env=environment(), stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        url = re.search(r"(http://\S+)/metrics", process.stderr.readline())
        assert url
        end = time.monotonic() + 60
        text = ""
        while "jhubdoctor_run_complete 1.0" not in text and time.monotonic() < end:
            time.sleep(0.2)
            with urllib.request.urlopen(f"{url[1]}/metrics", timeout=10) as answer:  # noqa: S310  - it is ours
                text = answer.read().decode()
    finally:
        process.kill()
        process.communicate(timeout=30)

    assert "jhubdoctor_run_complete 1.0" in text
    assert f'hub="{hub.namespace}/{hub.name}"' in text


def test_a_schedule_instead(hub: Release, install: Install) -> None:
    release = install({"mode": "cronjob", "hubs": {"namespace": hub.namespace}})
    plane = release.plane
    [job] = plane.items(f"/apis/batch/v1/namespaces/{release.namespace}/cronjobs")
    plane.apply(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "now", "namespace": release.namespace},
            "spec": job["spec"]["jobTemplate"]["spec"],
        }
    )
    path = f"/api/v1/namespaces/{release.namespace}/pods?labelSelector=job-name%3Dnow"

    [pod] = plane.wait(lambda: plane.items(path), "a pod that the namespace admits")
    assert pod["spec"]["containers"][0]["args"][0] == "run"
    assert plane.items(f"/apis/apps/v1/namespaces/{release.namespace}/deployments") == []


def test_the_api_server_knows_every_field_of_every_combination(plane: ControlPlane, tmp_path: Path) -> None:
    namespace = plane.namespace("doctor")
    release = Release(plane, "doctor", namespace)
    file = tmp_path / "values.json"
    asked = set()
    for chosen in itertools.product(*COMBINATIONS):
        file.write_text(json.dumps({k: v for values in chosen for k, v in values.items()}))
        shown = release.helm("template", "doctor", str(CHART), "--values", str(file)).stdout
        for found in filter(None, yaml.safe_load_all(shown)):
            text = json.dumps(found, sort_keys=True)
            if text not in asked:
                asked.add(text)
                path = plane.path(found["apiVersion"], found["kind"], found["metadata"].get("namespace", namespace))
                plane.request("POST", f"{path}?dryRun=All&fieldValidation=Strict", found)

    assert {json.loads(text)["kind"] for text in asked} == {
        "ClusterRole", "ClusterRoleBinding", "ConfigMap", "CronJob", "Deployment", "NetworkPolicy", "Role",
        "RoleBinding", "Service", "ServiceAccount",
    }  # fmt: skip
