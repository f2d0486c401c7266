"""Installs hubs: the chart of charts/minihub, by the real helm, into a namespace of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .binaries import ensure
from .fate import COMPLETED, RUNNING, Fate, Object, Rule
from .plane import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .plane import ControlPlane

CHART = Path(__file__).parent / "charts" / "minihub"
LEGACY = {"version": "1.2.0", "appVersion": "1.5.0"}


class HelmError(RuntimeError):
    """Helm ended with an error; the message is its own."""


@dataclass
class Release:
    """A hub as Helm knows it. `name` is also the name of its namespace, unless one was given."""

    plane: ControlPlane
    name: str
    namespace: str
    legacy: bool = False
    kubeconfig: Path = field(init=False)
    """What helm runs with; a test may put another one here."""

    def __post_init__(self) -> None:
        """Run helm as the administrator."""
        self.kubeconfig = self.plane.kubeconfig(namespace=self.namespace)

    def helm_command(self, *arguments: str) -> tuple[list[str], dict[str, str]]:
        """Give the command line and the environment, for a test that wants to start helm and interrupt it."""
        home = self.plane.directory / "helm"
        homes = {f"HELM_{kind}_HOME": str(home / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("HELM_", "KUBE"))}
        where = ["--kubeconfig", str(self.kubeconfig), "--namespace", self.namespace]
        return [str(ensure("helm") / "helm"), *arguments, *where], {**clean, **homes}

    def helm(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run helm and wait for its end."""
        command, environment = self.helm_command(*arguments)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise HelmError(done.stderr)
        return done

    def install(
        self, values: Mapping[str, Any] | None = None, *, timeout: str = "60s", check: bool = True, wait: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run `helm install`; with `wait` until everything is ready."""
        return self.helm(*self._arguments("install", values, timeout, wait=wait), check=check)

    def upgrade(
        self, values: Mapping[str, Any] | None = None, *, timeout: str = "60s", check: bool = True, wait: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run `helm upgrade`."""
        return self.helm(*self._arguments("upgrade", values, timeout, wait=wait), check=check)

    def uninstall(self) -> None:
        """Take away what the release made in the whole cluster, and its namespace, without waiting for its end."""
        self.helm("uninstall", self.name, "--no-hooks", check=False)
        try:
            self.plane.request("DELETE", f"/api/v1/namespaces/{self.namespace}")
        except ApiError as error:
            if error.code != 404:
                raise

    @property
    def status(self) -> str:
        """What `helm list` says: deployed, failed, pending-upgrade, ..."""
        listed = json.loads(self.helm("list", "--all", "--output", "json").stdout)
        found: str = next(row["status"] for row in listed if row["name"] == self.name)
        return found

    def pods(self, component: str) -> list[Object]:
        """Give the release's pods of one component, e.g. `hub` or `user-scheduler`."""
        return self.plane.items(f"/api/v1/namespaces/{self.namespace}/pods?labelSelector=component%3D{component}")

    def user_pod(self, user: str, *, image: str | None = None, **spec: object) -> Object:
        """Make the pod that KubeSpawner 7 would make for a user; keys of `spec` go into the pod's spec."""
        every = self.values
        values = every["singleuser"]
        labels = {
            "component": "singleuser-server", "app": "jupyterhub", "release": self.name,
            "app.kubernetes.io/component": "singleuser-server", "app.kubernetes.io/name": "jupyterhub",
            "app.kubernetes.io/instance": self.name, "app.kubernetes.io/managed-by": "kubespawner",
            "hub.jupyter.org/username": user, "hub.jupyter.org/servername": "", **values["extraLabels"],
        }  # fmt: skip
        annotations = {
            "hub.jupyter.org/username": user, "hub.jupyter.org/servername": "",
            "hub.jupyter.org/kubespawner-version": "7.0.0", "hub.jupyter.org/jupyterhub-version": "5.5.0",
        }  # fmt: skip
        container = {
            "name": "notebook", "image": image or f"{values['image']['name']}:{values['image']['tag']}",
            "args": [values["cmd"]], "ports": [{"name": "notebook-port", "containerPort": 8888}],
            "resources": {"requests": {"memory": values["memory"]["guarantee"]}},
        }  # fmt: skip
        scheduling = every["scheduling"]
        scheduler = f"{every['fullnameOverride'] or self.name}-user-scheduler"
        own = {"schedulerName": scheduler} if scheduling["userScheduler"]["enabled"] else {}
        return self.plane.apply({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": f"jupyter-{user}", "namespace": self.namespace, "labels": labels, "annotations": annotations,
            },
            "spec": {
                **own, "containers": [container], "restartPolicy": "OnFailure", "automountServiceAccountToken": False,
                "tolerations": scheduling["userPods"]["tolerations"], **spec,
            },
        })  # fmt: skip

    @property
    def values(self) -> dict[str, Any]:
        """All values of the release, as helm computes them."""
        found: dict[str, Any] = json.loads(self.helm("get", "values", self.name, "--all", "--output", "json").stdout)
        return found

    def _arguments(self, verb: str, values: Mapping[str, Any] | None, timeout: str, *, wait: bool) -> Sequence[str]:
        folder = self.plane.directory / "helm"
        folder.mkdir(exist_ok=True)
        file = folder / f"{self.namespace}-{self.name}.json"
        file.write_text(json.dumps({**(values or {}), "legacy": self.legacy}))
        chart = self._legacy_chart(folder) if self.legacy else CHART
        ready = ["--wait"] if wait else []
        return [verb, self.name, str(chart), "--values", str(file), "--timeout", timeout, *ready]

    @staticmethod
    def _legacy_chart(folder: Path) -> Path:
        """Copy the chart under the version that its legacy shape has, which helm reads from Chart.yaml alone."""
        copy = folder / "minihub-legacy"
        shutil.copytree(CHART, copy, dirs_exist_ok=True)
        text = (copy / "Chart.yaml").read_text()
        for key, version in LEGACY.items():
            text = re.sub(rf"^{key}: .*", f"{key}: {version}", text, flags=re.MULTILINE)
        (copy / "Chart.yaml").write_text(text)
        return copy


def image_awaiter(plane: ControlPlane) -> Rule:
    """Play the program in the hook-image-awaiter: it ends when the images are on every node, and not before."""

    def rule(pod: Object, container: Object) -> Fate | None:
        if container["name"] != "hook-image-awaiter":
            return None
        name = next(word.partition("=")[2] for word in container["command"] if word.startswith("-daemonset="))
        path = f"/apis/apps/v1/namespaces/{pod['metadata']['namespace']}/daemonsets/{name}"
        daemonset = plane.get(path)
        if daemonset is None:
            return RUNNING
        status, generation = daemonset["status"], daemonset["metadata"]["generation"]
        seen = status.get("observedGeneration") == generation
        return COMPLETED if seen and status["numberReady"] >= status["desiredNumberScheduled"] else RUNNING

    return rule
