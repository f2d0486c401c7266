"""A cluster with more than a page of pods, and one that breaks while it is being read."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from jhubdoctor.engine.result import CheckStatus, Report
from jhubdoctor.model.hub import Scope
from jhubdoctor.sources.live import PAGE, SAMPLE, LiveReader
from jhubdoctor.testing import judged, registry

from .binaries import missing, missing_controllers
from .conftest import furnished
from .doctor import Diagnosis, command, diagnose, environment
from .plane import ControlPlane
from .release import Release

pytestmark = pytest.mark.cluster

PODS = PAGE + 120
NOT_RUNNING = "component%3Dsingleuser-server&fieldSelector=status.phase%21%3DRunning"
"""What is in the request for those pods of users that are looked at one by one, however many there are."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    """A hub whose users' pods nobody schedules, in a control plane that may be broken.

    Its API server asks etcd for every page but the first: from its own memory it would never say that one has expired.
    """
    if reason := missing("newest", "helm") or missing_controllers():
        pytest.skip(reason)
    flags = ["--feature-gates=ListFromCacheSnapshot=false"]
    with (
        ControlPlane(directory=tmp_path_factory.mktemp("large"), apiserver_flags=flags) as plane,
        furnished(plane),
        ThreadPoolExecutor(8) as pool,
    ):
        namespace = plane.namespace("hub")
        release = Release(plane, namespace, namespace)
        release.install({"prePuller": {"hook": {"enabled": False}}})
        template = release.user_pod("user-0", schedulerName="nobody")
        list(pool.map(lambda number: another(plane, template, f"user-{number}"), range(1, PODS)))
        yield release


def another(plane: ControlPlane, pod: dict[str, Any], user: str) -> None:
    """Make the same pod for another user."""
    meta = pod["metadata"]
    labels = {**meta["labels"], "hub.jupyter.org/username": user}
    annotations = {**meta["annotations"], "hub.jupyter.org/username": user}
    path = f"/api/v1/namespaces/{meta['namespace']}/pods"
    spec = {**pod["spec"], "volumes": []}
    plane.request(
        "POST",
        path,
        {"metadata": {"name": f"jupyter-{user}", "labels": labels, "annotations": annotations}, "spec": spec},
    )


class Watched(LiveReader):
    """A reader that tells when an answer has come."""

    def __init__(self, kubeconfig: Path, after: Callable[[str], None]) -> None:
        super().__init__(str(kubeconfig))
        self.after = after

    def _request(self, path: str, *arguments: Any, **options: Any) -> Any:
        reply = super()._request(path, *arguments, **options)
        self.after(path)
        return reply


def forget(plane: ControlPlane, times: int) -> Callable[[str], None]:
    """Let etcd forget what a first page of users' pods was read from, so many times."""
    left = iter(range(times))

    def after(path: str) -> None:
        if NOT_RUNNING in path and "continue" not in path and next(left, None) is not None:
            plane.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "later-"}})
            plane.compact()

    return after


def pages(plane: ControlPlane, user: str) -> list[int]:
    """How the requests for pages of users' pods that do not run ended."""
    return [one.code for one in plane.audit(user) if NOT_RUNNING in one.uri]


def pods_read(report: Report) -> tuple[str, int]:
    [row] = [row for row in report.coverage if row.query.labels == "component=singleuser-server"]
    return row.state.value, row.items


def test_all_pages_are_read(large: Release) -> None:
    kubeconfig = large.plane.kubeconfig(user="reader", groups=["system:masters"])

    seen = diagnose(kubeconfig, "-n", large.namespace)

    [row] = [one for one in seen.report["coverage"] if "component=singleuser-server" in one["read"]]
    assert (row["state"], row["items"]) == ("ok", PODS)
    assert pages(large.plane, "reader") == [200, 200]
    assert seen.of("unknown", "broken") == set()
    assert seen.seconds < 20


def test_a_list_whose_token_expired_is_read_again(large: Release) -> None:
    kubeconfig = large.plane.kubeconfig(user="late", groups=["system:masters"])

    report = judged(
        registry(), registry().select(), Watched(kubeconfig, forget(large.plane, 1)), Scope(large.namespace)
    )

    assert pages(large.plane, "late") == [200, 410, 200, 200]
    assert pods_read(report) == ("ok", PODS)
    assert report.count(CheckStatus.UNKNOWN) == report.count(CheckStatus.BROKEN) == 0


def test_a_list_that_expires_again_is_no_whole_list(large: Release) -> None:
    kubeconfig = large.plane.kubeconfig(user="too-late", groups=["system:masters"])

    report = judged(
        registry(), registry().select(), Watched(kubeconfig, forget(large.plane, 2)), Scope(large.namespace)
    )

    needed = {
        one for row in report.coverage if row.query.labels == "component=singleuser-server" for one in row.needed_by
    }
    ok = {result.check.id for result in report.results if result.status is CheckStatus.OK}
    assert pages(large.plane, "too-late") == [200, 410, 200, 410]
    assert pods_read(report)[0] == "truncated"
    assert not needed & ok


def provisioned_by(plane: ControlPlane, claim: dict[str, Any], name: str) -> None:
    """Let the volume of a claim be one that this provisioner has made."""
    patch = {"metadata": {"annotations": {"pv.kubernetes.io/provisioned-by": name}}}
    path = f"/api/v1/persistentvolumes/{claim['spec']['volumeName']}"
    plane.request("PATCH", path, patch, content_type="application/merge-patch+json")


def test_the_volume_of_the_database_is_found_among_very_many(large: Release) -> None:
    """Of so many volumes a sample is read, and the one that matters comes last."""
    plane = large.plane
    claim = plane.request("GET", f"/api/v1/namespaces/{large.namespace}/persistentvolumeclaims/hub-db-dir")
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "left",
        "nfs": {"server": "192.0.2.1", "path": "/"},
    }
    with ThreadPoolExecutor(8) as pool:
        made = [{"metadata": {"name": f"a-{i}"}, "spec": spec} for i in range(SAMPLE + 20)]
        list(pool.map(lambda volume: plane.request("POST", "/api/v1/persistentvolumes", volume), made))
    kubeconfig = plane.kubeconfig(user="librarian", groups=["system:masters"])
    words = ("-n", large.namespace, "--select", "sqlite-on-network-share")

    before = diagnose(kubeconfig, *words)
    provisioned_by(plane, claim, "efs.csi.aws.com")
    seen = diagnose(kubeconfig, *words)

    assert before.of("ok") == {"sqlite-on-network-share"}
    assert seen.of("found") == {"sqlite-on-network-share"}
    [row] = [r for r in seen.report["coverage"] if r["read"] == "persistentvolumes"]
    assert f"{SAMPLE} examined" in row["detail"]
    assert row["items"] > SAMPLE


def test_an_api_server_that_dies_meanwhile(large: Release, tmp_path: Path) -> None:
    plane = large.plane
    kubeconfig = plane.kubeconfig(user="unlucky", groups=["system:masters"])
    outputs = ["-o", "text", "-o", f"json={tmp_path / 'report.json'}"]
    words = [
        "run",
        "--kubeconfig",
        str(kubeconfig),
        "-n",
        large.namespace,
        "--concurrency",
        "2",
        "--timeout",
        "20",
        *outputs,
    ]
    start = time.monotonic()

    with subprocess.Popen(command(*words), env=environment(), stdout=-1, stderr=-1, text=True) as doctor:
        plane.wait(lambda: len(plane.audit("unlucky")) > 8, "the run to be under way")
        doctor.send_signal(signal.SIGSTOP)
        plane.kill_apiserver()
        doctor.send_signal(signal.SIGCONT)
        text, said = doctor.communicate(timeout=60)
    seen = Diagnosis(doctor.returncode, (tmp_path / "report.json").read_text(), said, time.monotonic() - start)
    plane.restart()

    assert "Traceback" not in text + said
    assert "the connection was refused" in " ".join(text.split())
    assert seen.code == 3
    assert seen.of("unknown")
    assert seen.reads("ok")
    assert set(seen.reads("timeout").values()) <= {
        "the connection was refused",
        "the connection was reset",
        "out of time",
    }
    assert seen.of("broken") == set()
    assert seen.report["summary"]["errors"] == 0
    assert seen.seconds < 40
