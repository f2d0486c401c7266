"""Facts about the cluster as a whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jhubdoctor.engine.declare import fact
from jhubdoctor.engine.look import Look
from jhubdoctor.model.jsontext import load_json
from jhubdoctor.model.kube.admission import MutatingWebhookConfiguration, ValidatingWebhookConfiguration
from jhubdoctor.model.kube.nodes import Node
from jhubdoctor.model.kube.storage import PersistentVolume, StorageClass
from jhubdoctor.privacy.text import clean
from jhubdoctor.sources.reads import Query, ReadState, Unreadable


@dataclass(frozen=True)
class ServerVersion:
    """The API server's version.

    Attributes:
        text: gitVersion as the server gives it (`v1.29.4-gke.1043002`).
        minor: 29; None where the server does not know its own (`v0.0.0-master` with empty fields).
    """

    text: str
    minor: int | None

    def __str__(self) -> str:
        return self.text

    @property
    def short(self) -> str:
        """`1.29`, or the text where the minor is unknown."""
        return f"1.{self.minor}" if self.minor is not None else self.text


def parse_server_version(git_version: str, minor: str = "") -> ServerVersion:
    """The version from `gitVersion`, else from the field `minor` (`27+` on some clouds)."""
    text = clean(git_version, 80)
    if (m := re.match(r"v?1\.(\d+)", text)) or (m := re.match(r"(\d+)", minor)):
        return ServerVersion(text, int(m[1]))
    return ServerVersion(text, None)


@fact("version")
def server_version(look: Look) -> ServerVersion:
    """What /version says."""
    text = look.raw("version", "/version")
    try:
        found = load_json(text)
        return parse_server_version(str(found["gitVersion"]), str(found.get("minor", "")))
    except (ValueError, KeyError, TypeError) as e:
        raise Unreadable(Query("version", name="/version"), ReadState.MALFORMED, "it is not a version") from e


@dataclass(frozen=True)
class Health:
    """The verbose answer of /livez, /readyz or /healthz.

    Attributes:
        path: which of them.
        failing: the items marked `[-]`, each with the rest of its line.
        passing: how many are marked `[+]`.
    """

    path: str
    failing: Mapping[str, str] = field(default_factory=dict)
    passing: int = 0


def parse_health(path: str, text: str) -> Health:
    """`[+]ping ok` and `[-]etcd failed: reason withheld`, line by line."""
    failing = {m[1]: clean(m[2], 300) for m in re.finditer(r"^\[-\](\S+)\s*(.*)$", text, re.MULTILINE)}
    return Health(path, failing, len(re.findall(r"^\[\+\]", text, re.MULTILINE)))


@dataclass(frozen=True)
class Served:
    """What the API server serves, from its discovery.

    Attributes:
        versions: the group versions, `v1` and `policy/v1` style.
        kinds: the kinds of those group versions that were looked into; a group version that is not a key was not.
    """

    versions: frozenset[str]
    kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def serves(self, api_version: str, kind: str = "") -> bool | None:
        """Whether it is served; None where its group version is, and its kinds were not looked into."""
        if api_version not in self.versions:
            return False
        if not kind:
            return True
        known = self.kinds.get(api_version)
        return None if known is None else kind in known


@fact("discovery")
def served(look: Look) -> Served:
    """The group versions that are served; of the built-in ones that are not stable yet also their kinds.

    Only those are ever removed, and a present server serves hardly any, so this is one answer, or a few. The core group
    is `v1` on every server.
    """
    found = _json(look, "/apis")
    groups = {
        str(v["groupVersion"])
        for g in found.get("groups") or []
        if isinstance(g, dict)
        for v in g.get("versions") or []
        if isinstance(v, dict) and "groupVersion" in v
    }
    if not groups:
        raise Unreadable(Query("discovery", name="/apis"), ReadState.MALFORMED, "it lists no API at all")
    kinds: dict[str, frozenset[str]] = {}
    for gv in sorted(g for g in groups if _built_in(g) and re.search(r"/v\d+(alpha|beta)\d+$", g)):
        listed = _json(look, f"/apis/{gv}")
        kinds[gv] = frozenset(str(r.get("kind")) for r in listed.get("resources") or [] if isinstance(r, dict))
    return Served(frozenset(groups | {"v1"}), kinds)


def _json(look: Look, path: str) -> dict[str, Any]:
    try:
        found = load_json(look.raw("discovery", path))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Unreadable(Query("discovery", name=path), ReadState.MALFORMED, "it is not a discovery document")
    return found


def _built_in(group_version: str) -> bool:
    group = group_version.rpartition("/")[0]
    return "." not in group or group.endswith(".k8s.io")


@fact("nodes")
def nodes(look: Look) -> list[Node]:
    """All nodes."""
    return look.list("nodes")


@fact("storageclasses")
def storage_classes(look: Look) -> list[StorageClass]:
    """All StorageClasses."""
    return look.list("storageclasses")


@fact("persistentvolumes")
def persistent_volumes(look: Look) -> list[PersistentVolume]:
    """All PersistentVolumes; of very many those that failed, and a sample of the others."""
    return look.list("persistentvolumes", survey=True)


Webhooks = list[MutatingWebhookConfiguration | ValidatingWebhookConfiguration]


@fact("mutatingwebhookconfigurations", "validatingwebhookconfigurations")
def webhooks(look: Look) -> Webhooks:
    """All admission webhook configurations."""
    return [*look.list("mutatingwebhookconfigurations"), *look.list("validatingwebhookconfigurations")]


@dataclass(frozen=True)
class Autoscaler:
    """A sign that something adds nodes; false where none was seen.

    Attributes:
        kind: what it is (`cluster-autoscaler`, `karpenter`, ...), empty where no sign was seen.
        seen: where the sign was.
    """

    kind: str = ""
    seen: str = ""

    def __bool__(self) -> bool:
        """Whether there is one."""
        return bool(self.kind)


_AUTOSCALED_LABELS = {
    "karpenter.sh/nodepool": "karpenter",
    "karpenter.sh/provisioner-name": "karpenter",
    "eks.amazonaws.com/compute-type": "EKS Auto Mode",
    "cloud.google.com/gke-provisioning": "GKE node auto-provisioning",
    "cloud.google.com/gke-autopilot": "GKE Autopilot",
    "karpenter.azure.com/sku-name": "karpenter",
}


@fact("configmaps", "deployments")
def autoscaler(look: Look, nodes: list[Node]) -> Autoscaler:
    """What adds nodes, as far as a sign of it was seen.

    Managed autoscalers (GKE, AKS) run outside the cluster; their status ConfigMap and labels are the only signs.
    """
    if look.get("configmaps", "cluster-autoscaler-status", "kube-system") is not None:
        return Autoscaler("cluster-autoscaler", "ConfigMap kube-system/cluster-autoscaler-status")
    for n in nodes:
        for label, kind in _AUTOSCALED_LABELS.items():
            if label in n.labels:
                return Autoscaler(kind, f"label {label} on node {n.name}")
    for d in look.list("deployments", "kube-system"):
        # cluster-proportional-autoscaler adds pods of the DNS, and no nodes
        adds = "autoscaler" in d.name and "cluster" in d.name and "proportional" not in d.name
        if adds or d.name == "karpenter":
            return Autoscaler(d.name, f"Deployment kube-system/{d.name}")
    return Autoscaler()
