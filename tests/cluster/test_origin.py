"""How a fix is applied where the hub's chart is another's dependency, or where Helm keeps no release of it at all."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from jhubdoctor.model.values import nested
from jhubdoctor.report import patch

from .conftest import MakeRelease
from .cures import Doctor, cure
from .kubelet import Kubelet
from .pharmacy import Pharmacy
from .plane import ControlPlane
from .release import CHART, Release
from .test_scenarios import HEALTHY, NO_HOOK

pytestmark = pytest.mark.cluster

Object = dict[str, Any]
VALUES: Object = {**HEALTHY, **NO_HOOK}
# whoever computes without a browser is stopped
BROKEN: Object = {**VALUES, "cull": {"enabled": True, "timeout": 60, "every": 10}}
CHECK = "cull-settings-contradict"
HELMS = ["helm", "helm-4"]


@pytest.fixture(scope="module")
def repository(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pharmacy]:
    with Pharmacy(plane.authority, tmp_path_factory.mktemp("repository") / "charts", ["3.3.8", "4.4.0"]) as pharmacy:
        yield pharmacy


class Parent:
    """A chart of somebody's own, basehub, that brings jupyterhub under a name of its own."""

    def __init__(self, release: Release, folder: Path, repository: Pharmacy, helm: Any, name: str) -> None:
        folder.mkdir()
        given = {"YOUR_CHARTS": str(folder)}
        self.doctor = Doctor(release, folder, repository.environment, helm, minutes=30, given=given)
        self.chart, self.name = folder / "basehub", name
        (self.chart / "templates").mkdir(parents=True)
        own = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "our-own"}}
        (self.chart / "templates" / "own.yaml").write_text(yaml.safe_dump(own))

    def bring(self, version: str) -> None:
        """Set the version of jupyterhub in Chart.yaml, and no more."""
        one = {"name": "jupyterhub", "version": version, "repository": "https://hub.jupyter.org/helm-chart/"}
        one |= {"alias": self.name} if self.name != "jupyterhub" else {}
        meta = {"apiVersion": "v2", "name": "basehub", "version": "0.1.0", "dependencies": [one]}
        (self.chart / "Chart.yaml").write_text(yaml.safe_dump(meta))

    def install(self, values: Object) -> None:
        """As its owner does."""
        release = self.doctor.release
        (self.doctor.folder / "ours.yaml").write_text(yaml.safe_dump(nested(self.name, values)))
        self.doctor.run("helm dependency update YOUR_CHARTS/basehub")
        where = f"{release.name} YOUR_CHARTS/basehub --namespace {release.namespace}"
        self.doctor.run(f"helm install {where} --values ours.yaml --wait --timeout 60s")

    @property
    def values(self) -> Object:
        """What the hub gets."""
        release = self.doctor.release
        path = f"/api/v1/namespaces/{release.namespace}/secrets/hub"
        found: Object = yaml.safe_load(base64.b64decode(release.plane.request("GET", path)["data"]["values.yaml"]))
        return found


@pytest.mark.usefixtures("kubelet")
@pytest.mark.parametrize("helm", HELMS)
@pytest.mark.parametrize("name", ["jupyterhub", "lab"])
def test_under_a_parent_chart(
    helm: Any, name: str, hub_release: MakeRelease, repository: Pharmacy, tmp_path: Path
) -> None:
    parent = Parent(hub_release(install=False), tmp_path / "doctor", repository, helm, name)
    parent.bring("4.4.0")
    parent.install(BROKEN)

    cure(parent.doctor, CHECK)

    assert parent.values["cull"]["timeout"] == 3600
    assert parent.values["hub"]["config"]["JupyterHub"]["authenticator_class"] == "github"


@pytest.mark.usefixtures("kubelet")
@pytest.mark.parametrize("helm", HELMS)
def test_a_move_of_what_a_parent_chart_brings(
    helm: Any, hub_release: MakeRelease, repository: Pharmacy, tmp_path: Path
) -> None:
    parent = Parent(hub_release(install=False), tmp_path / "doctor", repository, helm, "jupyterhub")
    parent.bring("3.3.8")
    parent.install(VALUES)
    [found] = [f for f in parent.doctor.ask().findings if f.check.id == "chart-outdated"]

    assert "First set the version of jupyterhub in the Chart.yaml of your chart basehub" in found.fix.text
    parent.bring("4.4.0")

    cure(parent.doctor, "chart-outdated")

    [hub] = parent.doctor.ask().hubs
    assert hub.chart == "4.4.0"


@pytest.mark.usefixtures("kubelet")
@pytest.mark.parametrize("today", [{}, {"cmd": "start.sh"}], ids=["of-the-chart", "set-today"])
@pytest.mark.parametrize("helm", HELMS)
def test_a_null_under_a_parent_chart(
    helm: Any, today: Object, hub_release: MakeRelease, repository: Pharmacy, tmp_path: Path
) -> None:
    parent = Parent(hub_release(install=False), tmp_path / "doctor", repository, helm, "lab")
    parent.bring("4.4.0")
    parent.install({**VALUES, "singleuser": {**today, "startTimeout": 77}})
    [hub] = parent.doctor.ask().hubs
    out: Object = nested("lab.singleuser.cmd", None)
    (parent.doctor.folder / hub.patch_file).write_text(yaml.safe_dump(out))

    for command in hub.setting(out):
        parent.doctor.run(command)

    assert parent.values["singleuser"].get("cmd") is None
    assert parent.values["singleuser"]["startTimeout"] == 77


@pytest.mark.parametrize("helm", HELMS)
def test_without_a_release(
    helm: Any, hub_release: MakeRelease, kubelet: Kubelet, repository: Pharmacy, tmp_path: Path
) -> None:
    """What renders the hub is told the patch, and no helm upgrade is: it would not find a release."""
    release = hub_release(install=False)
    doctor = Doctor(release, tmp_path, repository.environment, helm, minutes=30)
    (tmp_path / "ours.yaml").write_text(yaml.safe_dump(BROKEN))
    render = f"helm template {release.name} {CHART} --no-hooks --namespace {release.namespace} --values ours.yaml"
    doctor.run(f"{render} | kubectl apply --namespace {release.namespace} --filename -")
    try:
        release.plane.wait(lambda: release.pods("hub"), "the hub's pod")
        report = doctor.ask()
        [hub] = report.hubs
        [found] = [f for f in report.findings if f.check.id == CHECK]

        assert not [
            c for f in report.findings for c in f.fix.commands if re.match("helm (upgrade|install|rollback)", c)
        ]
        assert "Set it in the values of what renders the hub, and apply that" in found.fix.text
        with pytest.raises(AssertionError, match="has no deployed releases"):
            doctor.run(f"helm upgrade {hub.release} {CHART} --namespace {hub.namespace} --reuse-values")
        [text] = patch.files(report, "patch.yaml").values()
        (tmp_path / "patch.yaml").write_text(text)
        doctor.run(f"{render} --values patch.yaml | kubectl apply --namespace {release.namespace} --filename -")
        assert found.fingerprint not in {f.fingerprint for f in doctor.ask().findings}
    finally:
        doctor.run(f"{render} | kubectl delete --wait=false --namespace {release.namespace} --filename -")
