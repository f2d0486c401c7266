"""Plans of `upgrade` that are followed to the letter, with the real charts and Helms, on clusters of two minors.

The charts come of a clone of their repository, which JHUBDOCTOR_CHARTS names; where it names none these are skipped:

    git clone --bare https://github.com/jupyterhub/zero-to-jupyterhub-k8s chart.git
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from jhubdoctor.model.hub import CHART_REPOSITORY
from jhubdoctor_checks.data import apis
from tests.upgrade import extract

from .binaries import RECIPES, Version, ensure
from .cures import Doctor
from .doctor import diagnose
from .kubelet import MERGE
from .pharmacy import Pharmacy, called
from .pki import Authority
from .test_upgrades import minor, upgrade

if TYPE_CHECKING:
    from .conftest import MakePlane, MakeRelease
    from .release import Release

REPOSITORY = os.environ.get("JHUBDOCTOR_CHARTS", "")
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not REPOSITORY, reason="JHUBDOCTOR_CHARTS names no clone of the chart's repository"),
]

Object = dict[str, Any]
VERSIONS = ("0.11.1", "1.2.0", "2.0.0", "3.3.8", "4.4.0")
LAST = f"1.{apis.LAST}"
PLUGIN = "https://github.com/helm/helm-mapkubeapis"
TOKEN = "0123456789abcdef" * 4

PLAIN: Object = {"proxy": {"secretToken": TOKEN}, "prePuller": {"hook": {"enabled": False}}}
OLD: Object = {**PLAIN, "hub": {"cookieSecret": TOKEN, "uid": 1000}}
"""What a hub of 2021 sets: a chart before 1.0 makes no secrets by itself."""
INGRESS: Object = {"ingress": {"enabled": True, "hosts": ["hub.example.org"]}}
BARE: Object = {
    "hub": {**OLD["hub"], "pdb": {"enabled": False}},
    "proxy": {**PLAIN["proxy"], "chp": {"pdb": {"enabled": False}}},
    "scheduling": {"userScheduler": {"enabled": False}, "userPlaceholder": {"enabled": False}},
    "prePuller": PLAIN["prePuller"],
}
"""Without all that ties a chart to some Kubernetes."""


def packed(version: str, at: Path) -> None:
    """The chart of a tag, as it is published."""
    (folder := at.parent / f"unpacked-{version}").mkdir()
    if version.startswith("0."):
        archive = subprocess.run(
            ["git", "-C", REPOSITORY, "archive", version, "jupyterhub"], check=True, capture_output=True
        )
        subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
        chart = folder / "jupyterhub"
    else:
        chart = extract.chart(REPOSITORY, version, folder)
    shutil.move(chart, at)
    called(version, at)
    values = at / "values.yaml"
    values.write_text(values.read_text().replace("set-by-chartpress", version))


@pytest.fixture(scope="module")
def pharmacy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pharmacy]:
    folder = tmp_path_factory.mktemp("walks")
    with Pharmacy(Authority(folder / "pki"), folder / "charts", VERSIONS, packed) as pharmacy:
        yield pharmacy


@pytest.fixture
def plugin(tmp_path: Path) -> dict[str, str]:
    """What lets git find the repository of mapkubeapis here, with what a release of it has built."""
    recipe = RECIPES["mapkubeapis"]
    module = ["go", "list", "-m", "-f", "{{.Dir}}", recipe.pinned]
    done = subprocess.run(
        module, cwd=recipe.source, env=os.environ | {"GOWORK": "off"}, check=True, capture_output=True, text=True
    )
    at = tmp_path / "plugin"
    shutil.copytree(done.stdout.strip(), at, copy_function=shutil.copy)
    # a module's files have no modes
    subprocess.run(["chmod", "-R", "u+wx", str(at)], check=True)
    (at / "bin").mkdir()
    shutil.copy(ensure("mapkubeapis") / "mapkubeapis", at / "bin")
    git = ["git", "-C", str(at), "-c", "user.name=test", "-c", "user.email=test@example.org"]
    for words in (["init", "-q"], ["add", "-Af"], ["commit", "-qm", "all"]):
        subprocess.run([*git, *words], check=True)
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{at}.insteadOf",
        "GIT_CONFIG_VALUE_0": PLUGIN,
        # its installer would download what is in bin already
        "HELM_LINTER_PLUGIN_NO_INSTALL_HOOK": "1",
    }


class Walker(Doctor):
    """Follows a plan. Nothing runs in the played hub: what is to be run in its pod runs in a folder instead."""

    def run(self, command: str) -> None:
        """Run a command of the plan as it stands."""
        at = self.folder / "pod"
        inside = "exec deployment/hub --container hub -- "
        if inside in command:
            if not at.exists():
                (at / "tmp").mkdir(parents=True)
                with sqlite3.connect(at / "jupyterhub.sqlite") as database:
                    database.execute("create table users (name text)")
            script = self.folder / "in-pod"
            script.write_text(f'#!/bin/sh\ncd {at} && exec "$@"\n')
            script.chmod(0o755)
            there = "/tmp/"  # noqa: S108  - of the hub's pod
            command = f"{script} {command.partition(inside)[2].replace(there, f'{at}{there}')}"
        super().run(command)


def installed(release: Release, chart: Path, values: Object) -> None:
    file = release.plane.directory / f"{release.name}.yaml"
    file.write_text(yaml.safe_dump(values))
    release.helm("install", release.name, str(chart), "--values", str(file))


def walk(walker: Walker, told: Object) -> list[str]:
    """Follow a plan; what was done, in words. After each step nothing of its chart is broken on its cluster."""
    release, plane = walker.release, walker.release.plane
    [plan] = told["plans"]
    assert not plan["blocked"]
    done = []
    for step in plan["steps"]:
        done.append(f"{step['kind']} {step['to']}")
        if step["kind"] == "kubernetes":
            # of all minors there are two here
            if int(step["to"].partition(".")[2]) > minor(plane):
                plane.restart("newest")
            continue
        for command in step["commands"]:
            walker.run(command)
        hub = plane.request("GET", f"/apis/apps/v1/namespaces/{release.namespace}/deployments/hub")
        assert hub["metadata"]["labels"]["chart"].partition("-")[2] == step["to"]
        assert release.status == "deployed"
        seen = diagnose(plane.kubeconfig(), "-n", release.namespace)
        assert not BROKEN & seen.of("found")
    return done


BROKEN = {"removed-api-in-release", "helm-upgrade-blocked", "user-scheduler-removed-api", "scheduler-config-removed"}
MakeWalker = Callable[..., Walker]


@pytest.fixture
def walker(pharmacy: Pharmacy, plugin: dict[str, str], tmp_path: Path) -> MakeWalker:
    def make(release: Release, helm: Version = "helm", **more: Any) -> Walker:
        (folder := tmp_path / "walker").mkdir()
        return Walker(release, folder, pharmacy.environment | plugin, helm, **more)

    return make


def changes(told: Object) -> list[Object]:
    return [c for plan in told["plans"] for s in plan["steps"] for c in s["changes"]]


def as_told(told: Object) -> Callable[[Object], None]:
    """Who does to the values what the errors and the caution of a plan say."""
    says = {path: c["action"] for c in changes(told) for path in c["touches"]} | {
        "": " ".join(c["action"] for c in changes(told) if "volume" in c["message"])
    }

    def edit(values: Object) -> None:
        hub = values.setdefault("hub", {})
        if "uid" in hub and "hub.uid" in says:
            assert "hub.containerSecurityContext.runAsUser" in says["hub.uid"]
            hub.setdefault("containerSecurityContext", {})["runAsUser"] = hub.pop("uid")
        if "hub.config.KubeSpawner.delete_pvc" in says[""]:
            hub.setdefault("config", {}).setdefault("KubeSpawner", {})["delete_pvc"] = False

    return edit


def arrived(release: Release, *words: str) -> None:
    """Nothing is left to do."""
    [plan] = upgrade(release, *words)["plans"]

    assert plan["steps"] == []
    assert plan["blocked"] == []
    assert not [p for p in plan["problems"] if p["severity"] == "error"]


# --- the newest cluster ----------------------------------------------------------------------------------------------


def test_a_hub_with_an_ingress_takes_the_next_chart(
    hub_release: MakeRelease, pharmacy: Pharmacy, walker: MakeWalker
) -> None:
    release = hub_release(install=False)
    installed(release, pharmacy.chart("3.3.8"), {**PLAIN, **INGRESS})

    done = walk(walker(release, "helm-4"), upgrade(release, "--to-chart=4.4.0"))

    assert done == ["chart 4.4.0"]
    arrived(release, "--to-chart=4.4.0")


def test_five_years_of_releases_are_gone_through_and_the_volumes_of_users_are_kept(
    hub_release: MakeRelease, pharmacy: Pharmacy, walker: MakeWalker
) -> None:
    release = hub_release(install=False)
    installed(release, pharmacy.chart("0.11.1"), {**BARE, **INGRESS})
    told = upgrade(release, "--to-chart=4.4.0")
    [caution] = [c for c in changes(told) if "deletes the user's volume" in c["message"]]

    done = walk(walker(release, edit=as_told(told)), told)

    assert caution["severity"] == "warning"
    assert done == ["chart 1.2.0", "chart 2.0.0", "chart 3.3.8", "chart 4.4.0"]
    assert release.values["hub"]["config"]["KubeSpawner"]["delete_pvc"] is False
    arrived(release, "--to-chart=4.4.0")


def test_a_chart_above_the_hubs_takes_its_own_next_release(
    hub_release: MakeRelease, pharmacy: Pharmacy, walker: MakeWalker, tmp_path: Path
) -> None:
    above = tmp_path / "charts" / "above"

    def depends(on: str) -> None:
        needs = {"name": "jupyterhub", "version": on, "alias": "lab", "repository": CHART_REPOSITORY}
        meta = {"apiVersion": "v2", "name": "above", "version": f"0.{on}".rpartition(".")[0], "dependencies": [needs]}
        (above / "Chart.yaml").write_text(yaml.safe_dump(meta))

    above.mkdir(parents=True)
    (above / "values.yaml").write_text(yaml.safe_dump({"lab": {**PLAIN, **INGRESS}}))
    depends("3.3.8")
    shutil.copytree(pharmacy.chart("3.3.8"), above / "charts" / "jupyterhub")
    release = hub_release(install=False)
    installed(release, above, {"lab": {"singleuser": {"memory": {"guarantee": "1G"}}}})
    told = upgrade(release, "--to-chart=4.4.0")
    [step] = told["plans"][0]["steps"]
    shutil.rmtree(above / "charts")
    depends("4.4.0")

    done = walk(walker(release, given={"YOUR_CHARTS": str(above.parent)}), told)

    assert "above" in str(step["before"])
    assert done == ["chart 4.4.0"]
    assert release.values["lab"]["singleuser"]["memory"]["guarantee"] == "1G"
    arrived(release, "--to-chart=4.4.0")


BUDGET = """---
apiVersion: policy/v1beta1
kind: PodDisruptionBudget
metadata:
  name: user-placeholder
spec:
  minAvailable: 0
  selector:
    matchLabels:
      component: user-placeholder
"""


def test_a_release_that_holds_what_is_gone_is_rewritten_first(
    hub_release: MakeRelease, pharmacy: Pharmacy, walker: MakeWalker
) -> None:
    release = hub_release(install=False)
    installed(release, pharmacy.chart("0.11.1"), BARE)
    path = f"/api/v1/namespaces/{release.namespace}/secrets/sh.helm.release.v1.{release.name}.v1"
    kept = base64.b64decode(base64.b64decode(release.plane.request("GET", path)["data"]["release"]))
    content = json.loads(gzip.decompress(kept))
    content["manifest"] += BUDGET
    again = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(content).encode()))).decode()
    release.plane.request("PATCH", path, {"data": {"release": again}}, content_type=MERGE)

    told = upgrade(release, "--to-chart=4.4.0")
    [step, *_] = told["plans"][0]["steps"]
    blocked = release.helm(
        "upgrade", release.name, str(pharmacy.chart("0.11.1")), "--reuse-values", "--dry-run=server", check=False
    )
    done = walk(walker(release, edit=as_told(told)), told)

    assert "no matches for kind" in blocked.stderr
    assert step["commands"][0] == f"helm plugin install {PLUGIN}"
    assert done[-1] == "chart 4.4.0"
    arrived(release, "--to-chart=4.4.0")


# --- two clusters ----------------------------------------------------------------------------------------------------


@pytest.fixture
def aged(make_plane: MakePlane, hub_release: MakeRelease, pharmacy: Pharmacy) -> Callable[[str, Object], Release]:
    """Installs a release of the chart on Kubernetes 1.24."""

    def make(version: str, values: Object) -> Release:
        plane, _ = make_plane("1.24")
        release = hub_release(plane=plane, install=False)
        installed(release, pharmacy.chart(version), values)
        return release

    return make


@pytest.mark.old
def test_a_hub_of_2021_comes_to_the_newest_cluster(aged: Callable[[str, Object], Release], walker: MakeWalker) -> None:
    release = aged("0.11.1", {**OLD, **INGRESS})
    told = upgrade(release, f"--to-kubernetes={LAST}", "--to-chart=4.4.0")

    done = walk(walker(release, edit=as_told(told)), told)

    assert done == ["chart 1.2.0", "chart 2.0.0", "chart 3.3.8", "kubernetes 1.28", "chart 4.4.0", f"kubernetes {LAST}"]
    arrived(release, f"--to-kubernetes={LAST}", "--to-chart=4.4.0")


@pytest.mark.old
def test_a_cluster_that_went_first_is_followed_by_its_hub(
    aged: Callable[[str, Object], Release], walker: MakeWalker
) -> None:
    release = aged("0.11.1", {**OLD, **INGRESS})
    release.plane.restart("newest")
    told = upgrade(release, "--to-chart=4.4.0")
    [step, *_] = told["plans"][0]["steps"]

    done = walk(walker(release, edit=as_told(told)), told)

    assert step["commands"][0] == f"helm plugin install {PLUGIN}"
    assert done == ["chart 3.3.8", "chart 4.4.0"]
    arrived(release, "--to-chart=4.4.0")


@pytest.mark.old
def test_a_hub_without_its_own_scheduler_stays_as_it_is(
    aged: Callable[[str, Object], Release], pharmacy: Pharmacy, walker: MakeWalker
) -> None:
    release = aged("1.2.0", {**PLAIN, "scheduling": {"userScheduler": {"enabled": False}}})
    told = upgrade(release, f"--to-kubernetes={LAST}")

    done = walk(walker(release), told)
    release.helm("upgrade", release.name, str(pharmacy.chart("1.2.0")), "--reuse-values")

    assert done == [f"kubernetes {LAST}"]
