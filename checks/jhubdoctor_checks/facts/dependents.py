"""What of a namespace does not work while a pod of it does not: shown by mounts and by Services, never guessed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from jhubdoctor.api import Hub, Look, PersistentVolume, PersistentVolumeClaim, Pod, Ref, Service, fact

_PROXY = "proxy"


@dataclass(frozen=True)
class Dependent:
    """A pod that needs another.

    Attributes:
        pod: the pod that needs it.
        path: the socket of the other that it mounts from the node, empty where it needs a volume.
        server: the Service that its volumes lie on, empty where it needs a socket.
    """

    pod: Pod
    path: str = ""
    server: str = ""


@dataclass(frozen=True)
class Dependents:
    """Who needs whom.

    Attributes:
        hub: whose namespace.
        services: the Services of the release, and those of none.
        pods: all pods of the namespace that are known.
        files: of each claim the server of its NFS volume.
    """

    hub: Hub
    services: tuple[Service, ...] = ()
    pods: tuple[Pod, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    def services_of(self, pod: Pod) -> list[Service]:
        """The Services that lead to a pod."""
        found = [s for s in self.services if s.spec.selector and s.spec.selector.items() <= pod.labels.items()]
        return sorted(found, key=lambda s: s.name)

    def reached_by(self, pod: Pod) -> tuple[Ref, ...]:
        """What is reached through a pod: its Services; for the proxy the hub too, which tells it its routes."""
        through = (self.hub.ref,) if pod.component == _PROXY else ()
        return (*(s.ref for s in self.services_of(pod)), *through)

    def on(self, pods: Iterable[Pod]) -> list[Dependent]:
        """The pods that need one of these, which do not work: their sockets on a node, or their Services' files."""
        down = list(pods)
        own = {p.name for p in down}
        found = {d.pod.name: d for p in down for d in self._need(p) if d.pod.name not in own}
        return [found[name] for name in sorted(found)]

    def _need(self, pod: Pod) -> Iterator[Dependent]:
        folders = _folders(pod)
        names = {name for s in self.services_of(pod) if not self._others_ready(s, pod) for name in _names(s)}
        for other in self.pods:
            if other.finished:
                continue
            if other.node == pod.node and (path := next(_sockets(other, folders), "")):
                yield Dependent(other, path=path)
            elif server := next((s for s in self._servers(other) if s in names), ""):
                yield Dependent(other, server=server)

    def _others_ready(self, service: Service, pod: Pod) -> bool:
        selector = service.spec.selector.items()
        return any(p.ready and p.name != pod.name and selector <= p.labels.items() for p in self.pods)

    def _servers(self, pod: Pod) -> Iterator[str]:
        yield from (v.nfs.server for v in pod.spec.volumes if v.nfs)
        yield from (self.files[c] for c in pod.spec.claims if c in self.files)


def _folders(pod: Pod) -> list[str]:
    """The folders of its node in which a pod may make sockets."""
    writes = {m.name for c in pod.spec.containers for m in c.volume_mounts if not m.read_only}
    paths = [v.host_path.path.rstrip("/") for v in pod.spec.volumes if v.host_path and v.name in writes]
    return [p for p in paths if p]


def _sockets(pod: Pod, folders: list[str]) -> Iterator[str]:
    """The sockets in one of these folders that a pod mounts from its node."""
    for v in pod.spec.volumes:
        path = v.host_path.path if v.host_path else ""
        is_one = v.host_path is not None and (v.host_path.type == "Socket" or path.endswith(".sock"))
        if is_one and any(path.startswith(f"{f}/") for f in folders):
            yield path


def _names(service: Service) -> list[str]:
    """What a Service can be called by; without an address of its own it has none."""
    short = f"{service.name}.{service.namespace}"
    return [n for n in (service.spec.cluster_ip, short, f"{short}.svc", f"{short}.svc.cluster.local") if n != "None"]


@fact()
def dependents(
    hub: Hub,
    service_pods: list[Pod],
    user_pods: list[Pod] | None,
    services: list[Service] | None,
    known_claims: list[PersistentVolumeClaim] | None,
    known_volumes: list[PersistentVolume] | None,
) -> Dependents:
    """Who needs whom in the namespace, as far as it could be read."""
    servers = {v.name: v.spec.nfs.server for v in known_volumes or () if v.spec.nfs}
    files = {c.name: servers[c.spec.volume_name] for c in known_claims or () if c.spec.volume_name in servers}
    return Dependents(hub, tuple(services or ()), (*service_pods, *(user_pods or ())), files)


@fact("services")
def namespace_services(look: Look, hub: Hub) -> list[Service]:
    """All Services of the namespace, whosever they are: a database is mostly of a release of its own."""
    return look.list("services", hub.namespace)
