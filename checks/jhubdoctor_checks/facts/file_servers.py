"""File servers that run in the cluster: Services that volumes of a hub or its users name, and what is behind them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from jhubdoctor.api import (
    Deployment,
    EndpointSlice,
    Evidence,
    Hub,
    Look,
    Node,
    NotApplicable,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    PodSpec,
    Ref,
    ServerVersion,
    Service,
    StatefulSet,
    fact,
)
from jhubdoctor_checks.facts.network import ready_addresses
from jhubdoctor_checks.facts.storage import USER_STORAGE
from jhubdoctor_checks.facts.workloads import PATIENCE, Down, down, selects, trouble_of

MOST = 3
"""So many servers are looked into: a hub has one or two."""
BY_ADDRESS = 30
"""The first minor that finds a Service by its address (kubernetes/kubernetes#122541)."""
# `nfs.files.svc`, `nfs.files.svc.cluster.local`
_NAME = re.compile(r"([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.[a-z0-9.-]+)?\.?")


@dataclass(frozen=True)
class FileServer:
    """A server of files in the cluster that does not answer.

    Attributes:
        server: as volumes name it.
        ref: the Service.
        claims: the claims whose volumes lie on it.
        pods: the pods of this hub that mount it.
        homes: whether users' homes lie on it.
        down: why it has no ready pod; None where there is no such Service, or nothing behind it is known.
        evidence: what shows that nothing answers.
        exists: whether the Service does.
    """

    server: str
    ref: Ref
    claims: tuple[Ref, ...]
    pods: tuple[Pod, ...]
    homes: bool
    down: Down | None
    evidence: tuple[Evidence, ...]
    exists: bool = True


@dataclass
class _Use:
    claims: list[PersistentVolumeClaim]
    pods: list[Pod]
    homes: bool = False


@fact(optional=("services", "endpointslices", "deployments", "statefulsets", "pods"))
def silent_file_servers(
    look: Look,
    hub: Hub,
    known_claims: list[PersistentVolumeClaim],
    known_volumes: list[PersistentVolume],
    pods: list[Pod],
    user_pods: list[Pod],
    nodes: list[Node] | None,
    server_version: ServerVersion | None,
) -> list[FileServer]:
    """The file servers of the cluster that volumes of this hub name, and behind which nothing is ready."""
    uses = _uses(hub, known_claims, known_volumes, pods, user_pods)
    named = [s for s in sorted(uses) if _may_be_inside(s)]
    if not named:
        raise NotApplicable("no volume of the hub or its users names a file server of the cluster")
    found = []
    for server in named[:MOST]:
        service = _service(look, server, server_version)
        if (silent := _silent(look, server, service, uses[server], nodes)) is not None:
            found.append(silent)
    return found


def _uses(
    hub: Hub,
    claims: list[PersistentVolumeClaim],
    volumes: list[PersistentVolume],
    pods: list[Pod],
    user_pods: list[Pod],
) -> dict[str, _Use]:
    """What of the hub lies on which server."""
    on = {v.name: server for v in volumes if (server := _server_of(v))}
    of_claim = {c.name: on[c.spec.volume_name] for c in claims if c.spec.volume_name in on}
    found: dict[str, _Use] = {}
    for c in claims:
        if server := of_claim.get(c.name, ""):
            use = found.setdefault(server, _Use([], []))
            use.claims.append(c)
            use.homes = use.homes or c.component == USER_STORAGE
    for spec in [hub.deployment.spec.template.spec] if hub.deployment is not None else []:
        for server in _servers(spec, of_claim):
            found.setdefault(server, _Use([], []))
    for p in (*pods, *user_pods):
        for server in set(_servers(p.spec, of_claim)) if not p.finished else ():
            use = found.setdefault(server, _Use([], []))
            use.pods.append(p)
            use.homes = use.homes or p in user_pods
    return found


def _server_of(volume: PersistentVolume) -> str:
    if volume.spec.nfs is not None:
        return volume.spec.nfs.server
    attributes = volume.spec.csi.volume_attributes if volume.spec.csi is not None else None
    return attributes.server if attributes is not None else ""


def _servers(spec: PodSpec, of_claim: dict[str, str]) -> Iterator[str]:
    yield from (v.nfs.server for v in spec.volumes if v.nfs and v.nfs.server)
    yield from (of_claim[c] for c in spec.claims if c in of_claim)


def _may_be_inside(server: str) -> bool:
    """Whether a name is a Service's, or an address may be."""
    try:
        return not ip_address(server).is_global
    except ValueError:
        return _NAME.fullmatch(server) is not None


def _service(look: Look, server: str, version: ServerVersion | None) -> Service | Ref | None:
    """The Service that a server's name or address is of; a reference where the one that a name says is not there."""
    if named := _NAME.fullmatch(server):
        found: list[Service] = look.list("services", named[2], fields=f"metadata.name={named[1]}")
        missing = Ref("Service", named[1], named[2], "v1", stable=f"Service/{named[1]}")
        return found[0] if found else missing
    if version is not None and version.minor is not None and version.minor < BY_ADDRESS:
        found = look.list("services")
    else:
        found = look.list("services", fields=f"spec.clusterIP={server}")
    return next((s for s in found if s.spec.cluster_ip == server), None)


def _silent(
    look: Look, server: str, service: Service | Ref | None, use: _Use, nodes: list[Node] | None
) -> FileServer | None:
    claims, pods = tuple(c.ref for c in use.claims), tuple(use.pods)
    if service is None:
        # an address outside of the cluster
        return None
    if isinstance(service, Ref):
        shown = Evidence("service", f"{service.namespace}/{service.name} does not exist")
        return FileServer(server, service, claims, pods, use.homes, None, (shown,), exists=False)
    slices: list[EndpointSlice] = look.list(
        "endpointslices", service.namespace, labels=f"kubernetes.io/service-name={service.name}"
    )
    if any(ready_addresses(s) for s in slices) or service.spec.type == "ExternalName":
        return None
    if look.now - service.created < PATIENCE:
        return None
    shown = Evidence("endpointslice", f"{service.namespace}/{service.name}: no ready endpoint")
    behind = list(_behind(look, service))
    ends = [down(look, w, nodes) for w in behind]
    if not all(ends) or (not behind and _starting(look, service)):
        # it may be ready any moment
        return None
    return FileServer(server, service.ref, claims, pods, use.homes, next(iter(ends), None), (shown,))


def _starting(look: Look, service: Service) -> bool:
    """Whether a pod that nothing made for it has not been unready for long."""
    labels = ",".join(f"{k}={v}" for k, v in sorted(service.spec.selector.items()))
    pods: list[Pod] = look.list("pods", service.namespace, labels=labels) if labels else []
    return any(look.now - trouble_of(p, (), look.now).since < PATIENCE for p in pods if not p.finished)


def _behind(look: Look, service: Service) -> Iterable[Deployment | StatefulSet]:
    """What makes the pods that a Service selects."""
    if not service.spec.selector:
        return
    for read in ("deployments", "statefulsets"):
        for w in look.list(read, service.namespace):
            if selects(service, w):
                yield w
