"""The table of everything that may be read from a cluster. Nothing else is ever asked for.

Each row says what a right has to allow, so `jhubdoctor rbac` can print exactly the rules that the selected checks need,
and a refused read can name the rule that is missing. All verbs are `get` and `list`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from jhubdoctor.model.kube.admission import MutatingWebhookConfiguration, ValidatingWebhookConfiguration
from jhubdoctor.model.kube.cluster import APIService, ComponentStatus, Lease
from jhubdoctor.model.kube.config import ConfigMap, Secret
from jhubdoctor.model.kube.custom import Certificate, Challenge, NodeClaim, NodePool
from jhubdoctor.model.kube.events import Event
from jhubdoctor.model.kube.meta import Object, PartialObject
from jhubdoctor.model.kube.network import (
    EndpointSlice,
    Gateway,
    HTTPRoute,
    Ingress,
    IngressClass,
    NetworkPolicy,
    Service,
)
from jhubdoctor.model.kube.nodes import Node
from jhubdoctor.model.kube.pods import Pod
from jhubdoctor.model.kube.policy import (
    LimitRange,
    Namespace,
    PodDisruptionBudget,
    PriorityClass,
    ResourceQuota,
    RuntimeClass,
)
from jhubdoctor.model.kube.rights import ClusterRole, ClusterRoleBinding, Role, RoleBinding, ServiceAccount
from jhubdoctor.model.kube.storage import (
    CSIDriver,
    CSINode,
    PersistentVolume,
    PersistentVolumeClaim,
    StorageClass,
    VolumeAttachment,
)
from jhubdoctor.model.kube.workloads import DaemonSet, Deployment, Job, ReplicaSet, StatefulSet
from jhubdoctor.privacy.text import LOG_LINES, LOG_SAMPLE


class ReadState(StrEnum):
    """How a read ended.

    `timeout` is also for a server that gave no usable answer until the last try (connection reset, HTTP 5xx).
    """

    OK = "ok"
    FORBIDDEN = "forbidden"
    ABSENT = "absent"
    TIMEOUT = "timeout"
    MALFORMED = "malformed"
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class Read:
    """One thing that may be read.

    Attributes:
        name: how coverage, `rbac` and facts call it.
        verbs: `list`, `get`, or both.
        group: the API group, empty for the core.
        versions: the versions to ask for, the first that is served wins.
        resource: the plural name, with the subresource after a slash; empty for paths that are no resource.
        type: the struct of one item.
        namespaced: whether it lies in namespaces.
        paths: for what is no resource, the paths (a trailing `*` as in nonResourceURLs).
        keep: of a text that is megabytes, how the lines begin that are kept; empty for all.
    """

    name: str
    verbs: tuple[str, ...] = ("list",)
    group: str = ""
    versions: tuple[str, ...] = ("v1",)
    resource: str = ""
    type: type[Object] = PartialObject
    namespaced: bool = False
    paths: tuple[str, ...] = ()
    keep: str = ""

    def kept(self, text: str) -> str:
        """What is kept of the text behind a path."""
        return "\n".join(re.findall(rf"^{re.escape(self.keep)}.*", text, re.MULTILINE)) if self.keep else text

    def path(self, version: str, namespace: str | None = None, name: str | None = None) -> str:
        """The URL path of the list, or of one object."""
        base = f"/apis/{self.group}/{version}" if self.group else f"/api/{version}"
        resource, _, sub = self.resource.partition("/")
        # names come from objects of the cluster and from the command line: none may lead to another path
        inside = f"/namespaces/{quote(namespace, safe='')}" if namespace else ""
        one = f"/{quote(name, safe=':')}" if name else ""
        return base + inside + f"/{resource}" + one + (f"/{sub}" if sub else "")

    def rule(self) -> dict[str, list[str]]:
        """The RBAC rule that allows it."""
        if self.paths:
            return {"nonResourceURLs": list(self.paths), "verbs": ["get"]}
        return {"apiGroups": [self.group], "resources": [self.resource], "verbs": sorted(self.verbs)}


def _core(resource: str, kind: type[Object], *, namespaced: bool = True, name: str = "", verbs: str = "list") -> Read:
    return Read(name or resource, tuple(verbs.split()), "", ("v1",), resource, kind, namespaced)


def _in(
    group: str,
    resource: str,
    kind: type[Object],
    *,
    namespaced: bool = True,
    versions: str = "v1",
    verbs: str = "list",
) -> Read:
    return Read(resource, tuple(verbs.split()), group, tuple(versions.split()), resource, kind, namespaced)


_TABLE: tuple[Read, ...] = (
    # paths that every signed-in client may get (system:discovery, system:public-info-viewer), but for /metrics
    Read("version", ("get",), paths=("/version",)),
    Read("livez", ("get",), paths=("/livez",)),
    Read("readyz", ("get",), paths=("/readyz",)),
    Read("healthz", ("get",), paths=("/healthz",)),
    Read("discovery", ("get",), paths=("/apis", "/apis/*")),
    Read("metrics", ("get",), paths=("/metrics",), keep="apiserver_requested_deprecated_apis{"),
    # cluster-wide
    _core("nodes", Node, namespaced=False),
    # the list is for many hubs in one cluster
    _core("namespaces", Namespace, namespaced=False, verbs="get list"),
    _core("persistentvolumes", PersistentVolume, namespaced=False),
    _core("componentstatuses", ComponentStatus, namespaced=False),
    _in("storage.k8s.io", "storageclasses", StorageClass, namespaced=False),
    _in("storage.k8s.io", "csidrivers", CSIDriver, namespaced=False, versions="v1 v1beta1"),
    _in("storage.k8s.io", "csinodes", CSINode, namespaced=False, versions="v1 v1beta1"),
    _in("storage.k8s.io", "volumeattachments", VolumeAttachment, namespaced=False),
    _in("scheduling.k8s.io", "priorityclasses", PriorityClass, namespaced=False),
    _in("node.k8s.io", "runtimeclasses", RuntimeClass, namespaced=False, versions="v1 v1beta1"),
    _in("networking.k8s.io", "ingressclasses", IngressClass, namespaced=False, versions="v1 v1beta1"),
    _in("apiregistration.k8s.io", "apiservices", APIService, namespaced=False, versions="v1 v1beta1"),
    _in("rbac.authorization.k8s.io", "clusterroles", ClusterRole, namespaced=False, verbs="get"),
    _in("rbac.authorization.k8s.io", "clusterrolebindings", ClusterRoleBinding, namespaced=False, verbs="get"),
    _in(
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations",
        MutatingWebhookConfiguration,
        namespaced=False,
        versions="v1 v1beta1",
    ),
    _in(
        "admissionregistration.k8s.io",
        "validatingwebhookconfigurations",
        ValidatingWebhookConfiguration,
        namespaced=False,
        versions="v1 v1beta1",
    ),
    _in("karpenter.sh", "nodepools", NodePool, namespaced=False, versions="v1 v1beta1"),
    _in("karpenter.sh", "nodeclaims", NodeClaim, namespaced=False, versions="v1 v1beta1"),
    # in the hub's namespace (workloads also in others, to find hubs and what serves them)
    _core("pods", Pod),
    _core("events", Event),
    _core("persistentvolumeclaims", PersistentVolumeClaim),
    _core("services", Service),
    _core("serviceaccounts", ServiceAccount),
    _core("configmaps", ConfigMap, verbs="get"),
    _core("secrets", Secret, verbs="get"),
    # Helm keeps its releases in one of the two; the list is read as metadata, then the newest revision alone
    _core("secrets", Secret, name="helm-secrets", verbs="get list"),
    _core("configmaps", ConfigMap, name="helm-configmaps", verbs="get list"),
    _core("resourcequotas", ResourceQuota),
    _core("limitranges", LimitRange),
    _core("pods/log", PartialObject, verbs="get"),
    _in("apps", "deployments", Deployment),
    _in("apps", "statefulsets", StatefulSet),
    _in("apps", "daemonsets", DaemonSet),
    _in("apps", "replicasets", ReplicaSet),
    _in("batch", "jobs", Job),
    _in("discovery.k8s.io", "endpointslices", EndpointSlice, versions="v1 v1beta1"),
    _in("networking.k8s.io", "ingresses", Ingress, versions="v1 v1beta1"),
    _in("networking.k8s.io", "networkpolicies", NetworkPolicy),
    _in("gateway.networking.k8s.io", "httproutes", HTTPRoute, versions="v1 v1beta1"),
    _in("gateway.networking.k8s.io", "gateways", Gateway, versions="v1 v1beta1", verbs="get"),
    _in("cert-manager.io", "certificates", Certificate),
    _in("acme.cert-manager.io", "challenges", Challenge),
    _in("policy", "poddisruptionbudgets", PodDisruptionBudget, versions="v1 v1beta1"),
    _in("rbac.authorization.k8s.io", "roles", Role),
    _in("rbac.authorization.k8s.io", "rolebindings", RoleBinding),
    _in("coordination.k8s.io", "leases", Lease),
)

READS: dict[str, Read] = {r.name: r for r in _TABLE}
PLURALS = {r.type.KIND: r.resource for r in _TABLE if r.type is not PartialObject}
"""Kind to the plural name under which the API serves it, of all kinds that are read."""


@dataclass(frozen=True, slots=True)
class Query:
    """One read with its scope: the unit of coverage, and the key under which a bundle keeps the answer.

    Attributes:
        read: the name in `READS`.
        namespace: None for all namespaces, or for what has none.
        name: of one object; for logs `pod/container`, with `/previous` for the run before; for paths the path.
        labels: a label selector.
        fields: a field selector.
        metadata_only: whether metadata is enough.
        survey: whether of very many only those that are not well are wanted in full, with a sample of the others; of
            a log, whether its last lines are enough.
    """

    read: str
    namespace: str | None = None
    name: str = ""
    labels: str = ""
    fields: str = ""
    metadata_only: bool = False
    survey: bool = False

    @property
    def lines(self) -> int:
        """Of a log, how many lines."""
        return LOG_SAMPLE if self.survey else LOG_LINES

    @property
    def asks(self) -> str:
        """What for: `list`, `object`, `path` or `log`."""
        if self.read == "pods/log":
            return "log"
        if READS[self.read].paths:
            return "path"
        return "object" if self.name else "list"

    def __str__(self) -> str:
        bits = [self.read]
        if self.name:
            bits.append(self.name)
        if self.namespace:
            bits.append(f"in {self.namespace}")
        if self.labels or self.fields:
            bits.append(f"with {', '.join(filter(None, (self.labels, self.fields)))}")
        return " ".join(bits)


@dataclass(slots=True)
class Answer:
    """What came of a read: items (structs), or text for paths and logs, and how it ended.

    `left_out` counts items that could not be understood; they are not in `items`. `surveyed` counts those that there
    are, where only some of them were read in full.
    """

    state: ReadState
    items: list[Any]
    text: str = ""
    detail: str = ""
    left_out: int = 0
    surveyed: int = 0
    asked: bool = True
    """False where nobody asked the server: the read is not in the dump."""


class Unreadable(Exception):  # noqa: N818  - a result, not a fault of the program
    """A fact cannot be told, because a read did not succeed."""

    def __init__(self, query: Query, state: ReadState, detail: str, *, asked: bool = True) -> None:
        super().__init__(f"{query}: {state.value}: {detail}")
        self.query = query
        self.state = state
        self.detail = detail
        self.asked = asked

    @property
    def not_served(self) -> bool:
        """Whether the server was asked and has no such kind or path: a dump without it says nothing about that."""
        return self.state is ReadState.ABSENT and self.asked


def rules(names: Iterable[str]) -> list[dict[str, list[str]]]:
    """The RBAC rules that allow these reads, one rule a group and set of verbs, sorted."""
    verbs_of: dict[tuple[str, str], set[str]] = {}
    urls: set[str] = set()
    for name in names:
        read = READS[name]
        urls.update(read.paths)
        if read.resource:
            verbs_of.setdefault((read.group, read.resource), set()).update(read.verbs)
    merged: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (group, resource), verbs in verbs_of.items():
        merged.setdefault((group, tuple(sorted(verbs))), []).append(resource)
    allowed = [
        {"apiGroups": [group], "resources": sorted(resources), "verbs": list(verbs)}
        for (group, verbs), resources in sorted(merged.items())
    ]
    if urls:
        allowed.append({"nonResourceURLs": sorted(urls), "verbs": ["get"]})
    return allowed
