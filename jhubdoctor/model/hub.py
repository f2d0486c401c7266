"""One JupyterHub, and where to look for hubs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from packaging.version import InvalidVersion, Version

from jhubdoctor.model.bounds import Bounds
from jhubdoctor.model.finding import Fix, Ref
from jhubdoctor.model.kube.meta import Object
from jhubdoctor.model.kube.workloads import Deployment
from jhubdoctor.model.traits import Kinds
from jhubdoctor.model.values import Values, has_null

CHART_REPOSITORY = "https://hub.jupyter.org/helm-chart/"
PATCH_FILE = "patch.yaml"
VALUES_FILE = "values-today.yaml"
RESTARTS = "This restarts the hub; users' servers keep running."


# Helm, and what has its code in it: each writes objects under the name of its program (kube/client.go,
# getManagedFieldsManager). Who wrote the hub last will do so again.
_CLIENTS = {
    "helm": "",
    "terraform-provider-helm": "the helm_release of Terraform",
    "pulumi-resource-kubernetes": "the Release of Pulumi",
    "fleetagent": "the Bundle of Fleet",
}


@dataclass(frozen=True)
class Scope:
    """Where the command line says to look.

    Attributes:
        namespace: one namespace (`-n`), None where none was given.
        all_namespaces: `-A`.
        release: one release (`--release`).
        default_namespace: the namespace of the context, looked at first.
        kubernetes: the minor to judge against instead of the server's own (`upgrade --to-kubernetes`).
        chart: the chart's version to judge against (`upgrade --to-chart`), empty for none.
    """

    namespace: str | None = None
    all_namespaces: bool = False
    release: str | None = None
    default_namespace: str = "default"
    kubernetes: int | None = None
    chart: str = ""

    def searched(self, hubs: Iterable[Hub]) -> Search:
        """What was searched where these hubs were found: everywhere only if there is none where the context points."""
        everywhere = self.all_namespaces or all(h.namespace != self.default_namespace for h in hubs)
        return Search(self.namespace or (None if everywhere else self.default_namespace), self.release)


@dataclass(frozen=True)
class Search:
    """What was searched for hubs.

    Attributes:
        namespace: the one that was, None for all.
        release: the only one that was looked for, None for any.
    """

    namespace: str | None = None
    release: str | None = None

    def covers(self, label: str) -> bool:
        """Whether a hub of this label would have been found."""
        namespace, _, release = label.partition("/")
        return self.namespace in {None, namespace} and self.release in {None, release}


class Installed(Protocol):
    """What a pack knows of the release of the chart that is installed."""

    @property
    def blocked(self) -> str:
        """Why `helm upgrade` cannot install this release on this cluster; empty where nothing is known against it."""

    def lacks(self, path: str) -> str:
        """Why the chart does not take this key of the values; empty where it does."""


@dataclass(frozen=True)
class Origin:
    """What the hub was installed from, as far as Helm's storage and labels tell: there its values are set.

    Attributes:
        kept: whether Helm keeps a release of it; None where nobody could look.
        chart: the name of that release's own chart, empty where unknown.
        version: the version of that chart.
        root: the dotted key under which the hub's values lie: empty for its own chart, None where unknown.
        beside: other charts that objects of the release are labelled with: then the hub's own is none of its own.
    """

    kept: bool | None = None
    chart: str = ""
    version: str = ""
    root: str | None = None
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Hub:
    """One JupyterHub.

    Attributes:
        namespace: where it runs.
        release: the Helm release (label `release` or `app.kubernetes.io/instance`), empty where there is none.
        chart: the version of the jupyterhub chart as labelled, empty where unknown.
        z2jh: whether it is a Zero to JupyterHub install; if not, only what holds for any JupyterHub is checked.
        deployment: the hub's Deployment; None where an install stopped in its hooks, before there was one.
        argo_cd: whether Argo CD manages it.
        origin: what it was installed from.
        jupyterhub_version: what runs, as far as it is known.
        values: what is set today; None where nobody could see it.
        installed: what is known of the release of the chart; None where no pack knows anything.
        kinds: what may be started, and what the servers that are there were started as.
        bounds: the most that one pod can be given.
        patch_file: the file that the values of its fixes go to: a name of its own where there are other hubs.

    `origin`, `jupyterhub_version`, `values`, `installed`, `kinds` and `bounds` are facts, filled in when all facts are
    there: checks see them, facts do not.
    """

    namespace: str
    release: str
    chart: str = ""
    z2jh: bool = True
    deployment: Deployment | None = None
    argo_cd: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    origin: Origin = Origin()
    jupyterhub_version: str = ""
    values: Values | None = None
    installed: Installed | None = None
    kinds: Kinds = field(default_factory=Kinds)
    bounds: Bounds = field(default_factory=Bounds)
    patch_file: str = PATCH_FILE

    @property
    def label(self) -> str:
        """Namespace and release, as reports name it."""
        return f"{self.namespace}/{self.release or (self.deployment.name if self.deployment else '-')}"

    @property
    def version(self) -> Version | None:
        """The chart's version as a comparable one."""
        return chart_version(self.chart)

    @property
    def ref(self) -> Ref:
        """The hub's Deployment, or the release where there is none yet."""
        if self.deployment is not None:
            return self.deployment.ref
        return self.release_ref

    @property
    def service_ref(self) -> Ref:
        """The Service by which users and servers reach the hub: the chart gives it the Deployment's name."""
        return Ref("Service", self.ref.name, self.namespace)

    @property
    def release_ref(self) -> Ref:
        """A reference to the Helm release as a whole."""
        return Ref("Release", self.release, self.namespace, "helm.sh/v3", stable=f"Release/{self.release}")

    def pod_ref(self, name: str) -> Ref:
        """A reference to a pod of the hub's namespace by name, also to one that is gone (a failed spawn's)."""
        return Ref("Pod", name, self.namespace, "v1", stable=f"Pod/{name}")

    def owns(self, item: Object) -> bool:
        """Whether an object of the namespace belongs to this release: several hubs may share a namespace."""
        return not item.release or not self.release or item.release == self.release

    def at_least(self, version: str) -> bool | None:
        """Whether the chart is at least this version; None where its version is unknown."""
        return None if self.version is None else self.version >= Version(version)

    @property
    def application(self) -> str:
        """The name of Argo CD's Application, by the annotation or the label with which it marks what it made."""
        tracked = self.deployment.annotations.get("argocd.argoproj.io/tracking-id", "") if self.deployment else ""
        labels = (self.labels.get(k, "") for k in ("argocd.argoproj.io/instance", "app.kubernetes.io/instance"))
        return next((name for name in (tracked.partition(":")[0], *labels) if name), "APPLICATION")

    @property
    def helm_release(self) -> tuple[str, str]:
        """Namespace and name of Flux's HelmRelease; empty where Flux does not manage it."""
        name = self.labels.get("helm.toolkit.fluxcd.io/name", "")
        return (self.labels.get("helm.toolkit.fluxcd.io/namespace", self.namespace), name) if name else ("", "")

    @property
    def manager(self) -> str:
        """What holds the values in Helm's place, and would undo what `helm upgrade` does; empty where nothing does."""
        if self.argo_cd:
            return f"the Application {self.application} of Argo CD"
        namespace, name = self.helm_release
        if name:
            return f"the HelmRelease {name} of Flux in namespace {namespace}"
        writers = self.deployment.metadata.managed_fields if self.deployment else []
        by = [(w.time, kind) for w in writers for kind in _CLIENTS if w.time and w.manager.startswith(kind)]
        return _CLIENTS[max(by)[1]] if by else ""

    @property
    def values_root(self) -> str:
        """The key under which its values lie in those of its release; empty where they are its own, or unknown."""
        return self.origin.root or ""

    @property
    def by_helm(self) -> bool:
        """Whether `helm upgrade` reaches its values: there is a release, of a known chart, and nothing undoes it."""
        return bool(self.release and self.origin.kept and self.origin.root is not None and not self.manager)

    @property
    def set_elsewhere(self) -> str:
        """Where its values are set if no `helm upgrade` of ours reaches them, in sentences; empty where one does."""
        if self.by_helm:
            return ""
        deeper = "under the name by which that chart lists jupyterhub: elsewhere it is ignored without a word"
        other = f" Where another chart brings jupyterhub, put it {deeper}." if self.origin.root is None else ""
        if self.manager:
            place = f"Set it in the values of {self.manager}, or where that takes them from"
            return f"{place}: it undoes what Helm does.{other}"
        if self.origin.kept is False or not self.release:
            return f"Set it in the values of what renders the hub, and apply that: Helm keeps no release of it.{other}"
        if self.origin.beside:
            seen = f"{self.origin.beside[0]} is of it too"
            return f"The release {self.release} is of another chart than jupyterhub ({seen}): put it there, {deeper}."
        unseen = f"The chart that {self.release} was installed from cannot be seen from here; `helm list` tells it."
        return f"{unseen} For jupyterhub set it as it is, for another chart {deeper}."

    @property
    def done_elsewhere(self) -> str:
        """Who renders the release if no `helm upgrade` of ours can, as a sentence; empty where one can."""
        if self.by_helm:
            return ""
        if self.manager:
            return f"Have it done by {self.manager}, which undoes what Helm does."
        return "Do it the way that the hub was installed: no release that helm could upgrade is to be seen from here."

    @property
    def helm_upgrade(self) -> str:
        """The command that adds a patch to what is set today, with the real names; empty where it would not work.

        `--values` alone would forget all else that is set (an authenticator, TLS, storage), and `--reuse-values` would
        keep the defaults of the chart before. `--reset-then-reuse-values` came with Helm 3.14. Where a fix has no
        patch, the engine puts what `by_hand` gives in its place, and where it has a null what `setting` gives.
        """
        again = self.helm_again
        return again and f"{again} --reset-then-reuse-values --values {self.patch_file}"

    @property
    def helm_again(self) -> str:
        """The command that renders the release once more as it is: without new values Helm takes those of today."""
        if self.installed is not None and self.installed.blocked:
            return ""
        return self.upgrade_to(self.chart)

    def setting(self, patch: Mapping[str, Any]) -> tuple[str, ...]:
        """The commands that set this patch, which lies in `patch_file`; none where they would not work.

        A null in it takes a key out, but of the values of a release Helm before 3.21 drops it, and every Helm takes it
        for a return to the chart's default. In a file beside the others it means what it says.
        """
        if not self.helm_upgrade or not has_null(patch):
            return (self.helm_upgrade,) if self.helm_upgrade else ()
        return (self.values_saved, f"{self.helm_again} --values {VALUES_FILE} --values {self.patch_file}")

    def by_hand(self, chart: str = "") -> tuple[str, ...]:
        """The commands for what is no patch: write down what is set today, and apply it once it is changed."""
        again = self.upgrade_to(chart) if chart else self.helm_again
        return (self.values_saved, *self.fetching(again), f"{again} --values {VALUES_FILE}") if again else ()

    @property
    def parent_chart(self) -> str:
        """Where the chart lies that brings the hub's: what only its owner knows stands in capital letters."""
        return f"YOUR_CHARTS/{self.origin.chart}" if self.origin.chart else "YOUR_CHART"

    def fetching(self, command: str) -> tuple[str, ...]:
        """What fetches the hub's chart into its parent before this upgrade; nothing where that moves it nowhere.

        Helm takes what lies in the parent's `charts/`, also where Chart.yaml asks for another version by now.
        """
        stays = self.upgrade_to(self.chart)
        moves = self.values_root and command.startswith("helm upgrade ") and not command.startswith(stays)
        return (f"helm dependency update {self.parent_chart}",) if moves else ()

    def in_parent(self, *, moves: bool) -> str:
        """What the commands leave to the owner of the chart that brings the hub's, in sentences."""
        blank, _, name = self.parent_chart.partition("/")
        chart = f"your chart {name}".strip()
        if moves:
            first = f"First set the version of jupyterhub in the Chart.yaml of {chart}"
            return f"{first}; {blank} is the folder that holds that chart."
        built = "in a folder whose charts/ is not filled run `helm dependency build` before"
        return f"{blank} is the folder or repository that holds {chart}; {built}."

    @property
    def values_saved(self) -> str:
        """The command that writes down what is set today, whatever files it came from."""
        return f"helm get values {self.release} --namespace {self.namespace} --output yaml > {VALUES_FILE}"

    def upgrade_to(self, chart: str) -> str:
        """The command that moves the release to this version of the chart; empty where Helm is not who does it."""
        if not self.by_helm:
            return ""
        if self.values_root:
            version = f" --version {self.origin.version}" if chart == self.chart and self.origin.version else ""
            return f"helm upgrade {self.release} {self.parent_chart} --namespace {self.namespace}{version}"
        version = f" --version {chart}" if chart else ""
        return f"helm upgrade {self.release} jupyterhub --repo {CHART_REPOSITORY} --namespace {self.namespace}{version}"

    def values_fix(self, text: str, values: Mapping[str, Any], *first: str, caution: str = RESTARTS) -> Fix:
        """The fix that changes values: what to do, a patch of values.yaml, commands to run before, and the upgrade."""
        return Fix(text, values, (*first, self.helm_upgrade), caution)

    def kubectl(self, command: str) -> str:
        """A kubectl command in the hub's namespace."""
        return f"kubectl --namespace {self.namespace} {command}"


def chart_version(text: str) -> Version | None:
    """A version of the chart as a comparable one; None where it is none.

    Development versions are `3.3.8-0.dev.git.6789.habc1234` (on the way to 3.3.8) and, before 2.0,
    `1.1.3-n354.h751bc313` (354 commits after 1.1.3); in labels `+` is written `_`.
    """
    plain = text.strip().lstrip("v").replace("_", "+")
    if m := re.fullmatch(r"(\d+\.\d+\.\d+)-0\.dev\.git\.(\d+)\.h[0-9a-f]+", plain):
        plain = f"{m[1]}.dev{m[2]}"
    elif m := re.fullmatch(r"(\d+\.\d+(?:\.\d+)?)(?:-(alpha|beta|rc)\.?(\d+))?[.-]n(\d+)[.]h[0-9a-f]+", plain):
        plain = f"{m[1]}{(m[2] or '')}{m[3] or ''}.post{m[4]}"
    elif m := re.fullmatch(r"(\d+\.\d+\.\d+)-(alpha|beta|rc)\.?(\d+)(?:\.git\.\d+\.h[0-9a-f]+)?", plain):
        plain = f"{m[1]}{m[2]}{m[3]}"
    try:
        return Version(plain)
    except InvalidVersion:
        return None
