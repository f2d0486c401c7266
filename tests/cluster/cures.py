"""Break, ask, do, ask again: what a report prescribes is done to the letter, and then the fault is gone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from jhubdoctor.model.finding import Severity
from jhubdoctor.model.hub import VALUES_FILE, Scope
from jhubdoctor.model.values import joined, merged
from jhubdoctor.report.patch import parted
from jhubdoctor.sources.live import LiveReader
from jhubdoctor.testing import judged, registry
from tests.fixes import LOOKS

from .binaries import Version, ensure
from .kubelet import MERGE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jhubdoctor.engine.result import Report, Reported

    from .kubelet import Kubelet
    from .plane import ControlPlane
    from .release import Release

Object = dict[str, Any]
MOST_ROUNDS = 3


class CureError(AssertionError):
    """A command of a fix failed."""


class _Later(LiveReader):
    def __init__(self, plane: ControlPlane, by: timedelta) -> None:
        super().__init__(str(plane.kubeconfig()))
        self.by = by

    def now(self) -> datetime:
        return super().now() + self.by


@dataclass
class Doctor:
    """Asks about one release, and does what is said.

    Attributes:
        folder: where the commands run, and the patch lies.
        environment: besides where the cluster is; what sends Helm to the chart.
        helm: which Helm runs them.
        minutes: how much later it is for the doctor.
        edit: what a person changes in the values that a command has written down, as the words of the fix say.
        given: words that stand for something only a person has (a password), and what is put there.
    """

    release: Release
    folder: Path
    environment: Mapping[str, str]
    helm: Version = "helm"
    minutes: float = 0
    given: Mapping[str, str] = field(default_factory=dict)
    edit: Callable[[Object], None] | None = None

    def ask(self) -> Report:
        """What the doctor says."""
        reader = _Later(self.release.plane, timedelta(minutes=self.minutes))
        reader.connect()
        try:
            return judged(registry(), registry().select(), reader, Scope(self.release.namespace))
        finally:
            reader.close()

    def do(self, found: list[Reported]) -> list[str]:
        """Do what these findings of one report say, and nothing else; the commands that ran.

        The values of all go into one patch, as `--patch` writes it, and the `helm upgrade` for it comes once.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        ready = [f for f in found if f.waits is None]
        hubs = [f.hub for f in ready if f.hub is not None]
        values: Object = {}
        for f in ready:
            values = joined(values, f.fix.values)
        if values:
            (self.folder / hubs[0].patch_file).write_text(self._filled(yaml.safe_dump(values, sort_keys=False)))
        setting = {f.fingerprint: f.hub.setting(f.fix.values) if f.hub is not None else () for f in ready}
        around = [parted(f.fix.commands, setting[f.fingerprint]) for f in ready]
        commands = list(dict.fromkeys(c for first, _ in around for c in first))
        if any(f.fix.values and set(setting[f.fingerprint]) & set(f.fix.commands) for f in ready):
            last = hubs[0].setting(values)
            commands += [c for c in last if c not in commands]
        commands += dict.fromkeys(c for _, then in around for c in then)
        for command in commands:
            self.run(command)
        return commands

    def _filled(self, text: str) -> str:
        for word, what in self.given.items():
            text = text.replace(word, what)
        return text

    def run(self, command: str) -> None:
        text = self._filled(command)
        home = self.folder / "home"
        env = {
            n: v for n, v in os.environ.items() if not n.startswith(("HELM_", "KUBE", "HTTP", "http", "no_p", "NO_P"))
        }
        path = [ensure("kubectl"), ensure(self.helm), Path(sys.executable).parent]
        env |= {"PATH": os.pathsep.join([*map(str, path), env["PATH"]]), "KUBECONFIG": str(self._kubeconfig())}
        env |= {f"HELM_{kind}_HOME": str(home / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", text], cwd=self.folder, env=env | dict(self.environment),
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        # what only shows something has to run, whatever it ends with
        if done.returncode and not LOOKS.search(command):
            raise CureError(f"{text}\n{done.stderr}{done.stdout}")
        if self.edit is not None and command.endswith(f"> {VALUES_FILE}"):
            values = yaml.safe_load((self.folder / VALUES_FILE).read_text())
            self.edit(values)
            (self.folder / VALUES_FILE).write_text(yaml.safe_dump(values))

    def _kubeconfig(self) -> Path:
        file = self.folder / "kubeconfig"
        if not file.exists():
            # of no namespace: a command says its own
            file.write_bytes(self.release.plane.kubeconfig().read_bytes())
        return file


def roots(report: Report) -> list[Reported]:
    """The findings that no other explains."""
    return [f for f in report.findings if f.explained_by is None]


def grave(report: Report) -> dict[str, str]:
    """All errors and warnings by their fingerprints: the check, and what it says."""
    return {
        f.fingerprint: f"{f.check.id}: {f.finding.says}" for f in report.findings if f.severity is not Severity.INFO
    }


def load(
    release: Release, documents: list[Object], values: Mapping[str, Any], kubelet: Kubelet | None = None
) -> list[str]:
    """Put an example into the cluster; the paths of what it made outside the release's namespace.

    Its values come over these. Objects are merged into those that are there; status is written as who sets it would. A
    node that is not there yet is one of the kubelet's; what the others say of themselves stays theirs.
    """
    here = json.loads(re.sub(r"\bjhub\b", release.namespace, json.dumps(documents)))
    plane, made = release.plane, []
    over = [d["values"] for d in here if d["kind"] == "Values"]
    if over:
        release.upgrade(reduce(merged, over, dict(values)), wait=False)
    for d in here:
        if d["kind"] == "Values":
            continue
        d.setdefault("apiVersion", KINDS.get(d["kind"], "v1"))
        meta, status = d["metadata"], _timed(d.pop("status", None))
        meta.pop("creationTimestamp", None)
        path = plane.path(d["apiVersion"], d["kind"], meta.get("namespace", release.namespace), meta["name"])
        there = plane.get(path)
        if d["kind"] == "Node" and kubelet is not None:
            if not there:
                kubelet.node(meta["name"], labels=meta.get("labels"), taints=d.get("spec", {}).get("taints", ()))
            status, there = None, plane.get(path)
        own = f"/namespaces/{release.namespace}/" in path
        if own:
            meta["labels"] = {"app": "jupyterhub", "release": release.name, **meta.get("labels", {})}
        _complete(d, release.namespace, new=not there)
        if there:
            plane.request("PATCH", path, d, content_type=MERGE)
        else:
            plane.request("POST", path.rpartition("/")[0], d)
            # what others share stays
            made += [] if own else [path]
        if status and d["kind"] not in _CONTROLLED:
            plane.request("PATCH", f"{path}/status", {"status": status}, content_type=MERGE)
    return made


_CONTROLLED = {"Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"}
"""Whose status the cluster's own controllers write."""
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _timed(value: Any) -> Any:
    """The same with the times that examples count back from the look."""
    if isinstance(value, dict):
        return {k: _timed(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_timed(v) for v in value]
    if isinstance(value, str) and (m := re.fullmatch(r"-(\d+)([smhd])", value)):
        return (datetime.now(UTC) - timedelta(**{_UNITS[m[2]]: int(m[1])})).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def _complete(d: Object, namespace: str, *, new: bool) -> None:
    """What the API server asks for and examples leave out."""
    for webhook in d.get("webhooks", ()):
        webhook |= {"sideEffects": "None", "admissionReviewVersions": ["v1"]}
        # nobody else is to suffer from it
        webhook["namespaceSelector"] = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
        for rule in webhook["rules"]:
            rule.setdefault("apiVersions", ["v1"])
    spec = d.get("spec") or {}
    for rule in spec.get("rules") or ():
        for path in (rule.get("http") or {}).get("paths") or ():
            path.setdefault("pathType", "Prefix")
            path["backend"].get("service", {}).setdefault("port", {"name": "http"})
    if d["kind"] == "Pod" and new:
        d.setdefault("spec", spec)
        d["metadata"].pop("ownerReferences", None)
        for one in spec.setdefault("containers", [{"name": "main"}]):
            one.setdefault("image", "quay.io/example/main:1")
    if d["kind"] == "PersistentVolumeClaim" and new:
        d.setdefault("spec", spec)
        spec.setdefault("accessModes", ["ReadWriteOnce"])
        spec.setdefault("resources", {"requests": {"storage": "1Gi"}})


KINDS = {
    "Deployment": "apps/v1", "DaemonSet": "apps/v1", "StatefulSet": "apps/v1", "Ingress": "networking.k8s.io/v1",
    "IngressClass": "networking.k8s.io/v1", "NetworkPolicy": "networking.k8s.io/v1", "Job": "batch/v1",
    "ReplicaSet": "apps/v1", "ClusterRoleBinding": "rbac.authorization.k8s.io/v1",
    "StorageClass": "storage.k8s.io/v1", "CSIDriver": "storage.k8s.io/v1", "Lease": "coordination.k8s.io/v1",
    "PodDisruptionBudget": "policy/v1", "PriorityClass": "scheduling.k8s.io/v1",
    "EndpointSlice": "discovery.k8s.io/v1", "Role": "rbac.authorization.k8s.io/v1",
    "ValidatingWebhookConfiguration": "admissionregistration.k8s.io/v1",
    "MutatingWebhookConfiguration": "admissionregistration.k8s.io/v1",
}  # fmt: skip
"""Where kinds of examples are that are not of v1."""


def cure(doctor: Doctor, check: str, *, after_it: Callable[[], None] | None = None, patience: float = 12) -> None:
    """Ask, do what is said of this check and of all errors and warnings, and ask until it is well; else it fails.

    It is asked twice before: what goes by itself would prove nothing.

    `after_it` is what others do then: a user starts a server once more.
    """
    before = doctor.ask()
    wanted = [f for f in roots(before) if f.check.id == check]
    assert wanted, f"{check} is not found: {[*grave(before).values()]}"
    time.sleep(1)
    now = doctor.ask()
    stays = {f.fingerprint for f in now.findings}
    assert all(f.fingerprint in stays for f in wanted), f"{check} goes by itself"
    for _ in range(MOST_ROUNDS):
        # what waits for another is asked about again once that is done
        theirs = [f for f in roots(now) if f.check.id == check]
        doctor.do([f for f in roots(now) if f in theirs or f.severity is not Severity.INFO])
        if not any(f.waits for f in theirs):
            break
        now = doctor.ask()
    if after_it is not None:
        after_it()
    ill = {f.fingerprint for f in wanted}
    deadline = time.monotonic() + patience
    while True:
        after = doctor.ask()
        left = [f.finding.says for f in after.findings if f.fingerprint in ill]
        new = [says for which, says in grave(after).items() if which not in grave(before)]
        if not left and not new:
            return
        if time.monotonic() > deadline:
            raise CureError(f"{check} is still there: {left}; new: {new}")
        time.sleep(0.3)
