"""Facts about who uses which version of an API: the API server's count, the objects, the release, known programs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from jhubdoctor.api import (
    DaemonSet,
    Deployment,
    Hub,
    Ingress,
    Job,
    Listed,
    Look,
    NetworkPolicy,
    NotApplicable,
    Object,
    PodDisruptionBudget,
    PriorityClass,
    Query,
    ReadState,
    Ref,
    Release,
    Role,
    RoleBinding,
    ServerVersion,
    StatefulSet,
    Unreadable,
    clean,
    fact,
)
from jhubdoctor_checks.data import apis, scheduler
from jhubdoctor_checks.facts.api import Surface

# --- the API server's own gauge --------------------------------------------------------------------------------------

# apiserver_requested_deprecated_apis{group="",removed_release="1.22",resource="leases",subresource="",version="v1"} 1
# (alpha in 1.19, stable since 1.22; one line for each API that was requested since this API server started)
_GAUGE = r"(?m)^apiserver_requested_deprecated_apis\{([^}]*)\} 1$"
_LABEL = r'(\w+)="([^"]*)"'


@dataclass(frozen=True)
class Requested:
    """A deprecated API that was requested since the API server started.

    Attributes:
        api_version: its group version.
        resource: its plural, with the subresource after a slash.
        removed: the minor that drops it, as the API server says; None where that is not planned.
    """

    api_version: str
    resource: str
    removed: int | None

    def __str__(self) -> str:
        return f"{self.api_version} {self.resource}"


def parse_requested(text: str) -> tuple[Requested, ...]:
    """The lines of the gauge."""
    found = set()
    for m in re.finditer(_GAUGE, text):
        label = dict(re.findall(_LABEL, m[1]))
        version, group = clean(label.get("version", ""), 60), clean(label.get("group", ""), 100)
        resource = clean("/".join(filter(None, (label.get("resource", ""), label.get("subresource", "")))), 120)
        minor = re.fullmatch(r"1\.(\d+)", label.get("removed_release", ""))
        if version and resource:
            api_version = f"{group}/{version}" if group else version
            found.add(Requested(api_version, resource, int(minor[1]) if minor else None))
    return tuple(sorted(found, key=lambda r: (r.removed or 0, r.api_version, r.resource)))


@fact("metrics")
def requested_apis(look: Look) -> tuple[Requested, ...]:
    """Which deprecated APIs were requested since this API server started, by its own gauge."""
    return parse_requested(look.raw("metrics", "/metrics"))


# --- what wrote the objects ------------------------------------------------------------------------------------------

# They come with the cluster and change their versions with it, so what they wrote says nothing of the next upgrade.
_CONTROL_PLANE = r"kube-(?:controller-manager|scheduler|apiserver|proxy)|kubelet|cloud-controller-manager"


@dataclass(frozen=True)
class Use:
    """One sign that something uses an API.

    Attributes:
        api: which.
        on: the object.
        source: `release`, `managedFields`, `last-applied`, or `image`.
        detail: what was seen.
        time: when, if that is known.
    """

    api: apis.Api
    on: Ref
    source: str
    detail: str
    time: datetime | None = None

    @property
    def confidence(self) -> str:
        """How much it is worth: an annotation goes stale when a client changes, and server-side apply leaves none."""
        return {"image": "medium", "last-applied": "low"}.get(self.source, "high")

    @property
    def evidence(self) -> tuple[str, str, datetime | None]:
        """As evidence of a finding."""
        worth = "" if self.confidence == "high" else f" (confidence: {self.confidence})"
        return (self.source, f"{self.detail}{worth}", self.time)


def written(item: Object, kind: str) -> Iterator[Use]:
    """In which versions an object was last written by each of its managers, as far as these versions end some day."""
    newest: dict[str, tuple[datetime | None, str, str]] = {}
    for m in item.metadata.managed_fields:
        if re.fullmatch(_CONTROL_PLANE, m.manager):
            continue
        before = newest.get(m.manager)
        if before is None or before[0] is None or (m.time is not None and m.time >= before[0]):
            newest[m.manager] = (m.time, m.api_version, m.operation)
    for manager, (time, version, operation) in sorted(newest.items(), key=lambda e: e[0]):
        if (api := apis.find(version, kind)) is not None and api.removed is not None:
            by = clean(manager, 60)
            yield Use(api, item.ref, "managedFields", f"{item.name}: {by} wrote it as {version} ({operation})", time)
    version = item.annotations.get("jhubdoctor/last-applied-api-version", "")
    if (api := apis.find(version, kind)) is not None and api.removed is not None:
        yield Use(api, item.ref, "last-applied", f"{item.name}: kubectl apply was last given {version}")


_KINDS = (
    *("daemon_sets", "stateful_sets", "jobs", "ingresses", "network_policies", "disruption_budgets"),
    *("priority_classes", "roles", "role_bindings"),
)


@fact(passes_only_with=_KINDS)
def written_versions(
    hub: Hub,
    deployments: list[Deployment],
    daemon_sets: list[DaemonSet] | None,
    stateful_sets: list[StatefulSet] | None,
    jobs: list[Job] | None,
    ingresses: list[Ingress] | None,
    network_policies: list[NetworkPolicy] | None,
    disruption_budgets: list[PodDisruptionBudget] | None,
    priority_classes: list[PriorityClass] | None,
    roles: list[Role] | None,
    role_bindings: list[RoleBinding] | None,
) -> list[Use]:
    """What wrote the hub's objects in a version that ends some day."""
    kinds: dict[str, Sequence[Object] | None] = {
        "Deployment": deployments,
        "DaemonSet": daemon_sets,
        "StatefulSet": stateful_sets,
        "Job": jobs,
        "Ingress": ingresses,
        "NetworkPolicy": network_policies,
        "PodDisruptionBudget": disruption_budgets,
        "PriorityClass": [p for p in priority_classes or () if p.labels.get("release") == hub.release],
        "Role": roles,
        "RoleBinding": role_bindings,
    }
    # the lists of some kinds hold what is another hub's too
    return [u for kind, items in kinds.items() for item in items or () if hub.owns(item) for u in written(item, kind)]


# --- the release -----------------------------------------------------------------------------------------------------


@fact("helm-secrets")
def release_objects(look: Look, hub: Hub, deployed_release: Release | None) -> tuple[Listed, ...]:
    """What the deployed release holds; nothing where Helm keeps none, which is known only where one could look."""
    if deployed_release is not None:
        return (*deployed_release.objects, *deployed_release.hooks)
    if hub.release:
        labels = f"owner=helm,name={hub.release}"
        for item in look.list("helm-secrets", hub.namespace, labels=labels, metadata_only=True):
            if item.labels.get("status") == "deployed":
                raise Unreadable(Query("helm-secrets", hub.namespace, item.name), ReadState.MALFORMED, "")
    return ()


@fact()
def unknown_objects(surface: Surface, deployed_release: Release) -> list[Listed]:
    """What the manifest of the deployed release holds and the cluster does not know at all.

    Kinds that are not built in are known by discovery alone; without it their absence cannot be told.
    """
    found = [o for o in deployed_release.objects if surface.serves(o.api_version, o.kind) is False]
    foreign = [o for o in deployed_release.objects if apis.find(o.api_version, o.kind) is None]
    if foreign and not found and surface.discovery is None and not surface.planned:
        raise Unreadable(Query("discovery", name="/apis"), ReadState.FORBIDDEN, "")
    return found


# --- programs --------------------------------------------------------------------------------------------------------


@fact("deployments")
def cluster_autoscalers(look: Look) -> list[Deployment]:
    """The Deployments of cluster-autoscaler in kube-system. A cloud's own runs outside the cluster and is not seen."""
    found = look.list("deployments", "kube-system")
    return [d for d in found if any("cluster-autoscaler" in c.image for c in d.spec.template.spec.containers)]


def autoscaler_uses(deployments: Sequence[Deployment]) -> Iterator[Use]:
    """What these cluster-autoscalers list, by the minor of their images."""
    for d in deployments:
        for c in d.spec.template.spec.containers:
            minor = scheduler.minor_of(c.image, "cluster-autoscaler")
            for api in scheduler.lists(minor, scheduler.AUTOSCALER_LISTS) if minor is not None else ():
                if api.removed is not None:
                    yield Use(api, d.ref, "image", f"{clean(c.image, 200)}: cluster-autoscaler 1.{minor} lists it")


def scheduler_uses(deployments: Sequence[Deployment]) -> Iterator[Use]:
    """What the hub's user-scheduler lists, by the minor of its image."""
    for d in deployments:
        if d.component == "user-scheduler":
            for c in d.spec.template.spec.containers:
                minor = scheduler.minor_of(c.image)
                for api in scheduler.lists(minor) if minor is not None else ():
                    if api.removed is not None:
                        yield Use(api, d.ref, "image", f"{clean(c.image, 200)}: kube-scheduler 1.{minor} lists it")


@fact()
def deprecated_uses(
    surface: Surface,
    hub: Hub,
    deployments: list[Deployment],
    release_objects: tuple[Listed, ...] | None,
    other_releases: list[Release] | None,
    written_versions: list[Use],
    server_version: ServerVersion | None,
) -> list[Use]:
    """What of the hub uses an API that is served and deprecated.

    Unreadable where a part could not be seen and nothing was found.
    """
    if surface.minor is None:
        if server_version is None:
            raise Unreadable(Query("version", name="/version"), ReadState.FORBIDDEN, "")
        raise NotApplicable(f"the server does not tell its version ({server_version})")
    uses = [*scheduler_uses(deployments), *written_versions]
    held = {hub.release: release_objects or ()}
    held |= {r.revision.release: (*r.objects, *r.hooks) for r in other_releases or ()}
    for name, listed in held.items():
        for o in listed:
            if (api := apis.find(o.api_version, o.kind)) is not None and api.removed is not None:
                ref = Ref(o.kind, o.name, hub.namespace, o.api_version, stable=f"{o.kind}/{o.name}")
                uses.append(
                    Use(api, ref, "release", f"{o.name}: the deployed release {name} holds it as {o.api_version}")
                )
    found = [u for u in uses if _ending(u.api, surface)]
    if not found and (release_objects is None or other_releases is None):
        raise Unreadable(Query("helm-secrets", hub.namespace), ReadState.FORBIDDEN, "")
    return found


def _ending(api: apis.Api, surface: Surface) -> bool:
    """Whether it is served, and the server warns of it."""
    minor = surface.minor
    return minor is not None and api.deprecated_in(minor) and surface.serves(api.api_version, api.kind) is not False
