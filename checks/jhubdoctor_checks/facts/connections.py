"""The connections that a hub lives on, as NetworkPolicies see them, and which of them the policies keep back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from jhubdoctor.api import Deployment, EndpointSlice, Hub, Look, Namespace, NetworkPolicy, NotApplicable, Pod, fact
from jhubdoctor_checks.facts.ends import api, cached_dns, changed, deployed, dns, users
from jhubdoctor_checks.facts.network import ClusterDNS
from jhubdoctor_checks.facts.policies import End, walls


@dataclass(frozen=True)
class Path:
    """A connection that must be possible.

    Attributes:
        by: the Deployment that needs it.
        source: where it begins.
        target: where it ends.
        port: at the target.
        protocol: TCP or UDP.
        proven: when it was last seen to work, None where nothing tells.
    """

    by: Deployment
    source: End
    target: End
    port: int
    protocol: str = "TCP"
    proven: datetime | None = None

    @property
    def ends(self) -> str:
        """`hub to the API server`."""
        return f"{self.source.name} to {self.target.name}"


@dataclass(frozen=True)
class Blocked:
    """A connection that no policy allows, with the policies that would have to.

    Attributes:
        path: the connection.
        walls: the policies, by name.
        directions: in which it is kept back: at its source, at its target, or at both.
    """

    path: Path
    walls: tuple[NetworkPolicy, ...]
    directions: tuple[str, ...] = ()

    @property
    def names(self) -> str:
        """The names of the policies."""
        return ", ".join(w.name for w in self.walls)

    @property
    def since(self) -> datetime:
        """When one of the policies was last written."""
        return changed(self.walls)


@fact()
def core_blocked(
    hub: Hub,
    network_policies: list[NetworkPolicy],
    api_slices: list[EndpointSlice],
    deployments: list[Deployment],
    pods: list[Pod],
    user_pods: list[Pod],
    cluster_dns: ClusterDNS | None,
    namespace: Namespace | None,
) -> list[Blocked]:
    """What policies keep the hub, the proxy and the user-scheduler from; not what was seen to work under them."""
    core = _deployment(hub, network_policies)
    found = _blocked(network_policies, _core(core, deployments, pods, user_pods, api_slices, cluster_dns, namespace))
    # a connection that was made after the policy was written is not kept back by it: nothing enforces it
    return [b for b in found if b.path.proven is None or b.path.proven <= b.since]


@fact("pods")
def cilium_pods(look: Look, network_policies: list[NetworkPolicy]) -> list[Pod]:
    """The agents of Cilium, where they run in kube-system; not looked for where no NetworkPolicy is."""
    return look.list("pods", "kube-system", labels="k8s-app=cilium") if network_policies else []


@fact(passes_only_with=("cluster_dns",))
def users_blocked(
    hub: Hub,
    network_policies: list[NetworkPolicy],
    deployments: list[Deployment],
    pods: list[Pod],
    user_pods: list[Pod],
    cluster_dns: ClusterDNS | None,
    namespace: Namespace | None,
) -> list[Blocked]:
    """What policies keep users' servers from, and what between them and the hub and the proxy."""
    core = _deployment(hub, network_policies)
    theirs = users(hub, user_pods, namespace)
    return list(_blocked(network_policies, _of_users(core, theirs, deployments, pods, cluster_dns, namespace)))


def _deployment(hub: Hub, policies: list[NetworkPolicy]) -> Deployment:
    if hub.deployment is None:
        raise NotApplicable("the hub is not installed yet")
    if not policies:
        raise NotApplicable("the namespace has no NetworkPolicy")
    return hub.deployment


def _blocked(policies: list[NetworkPolicy], paths: Iterator[Path]) -> Iterator[Blocked]:
    for path in paths:
        if found := walls(policies, path.source, path.target, path.port, path.protocol):
            yield Blocked(path, tuple(next(iter(found.values()))), tuple(found))


def _end(d: Deployment, pods: list[Pod], namespace: Namespace | None, ports: dict[str, int]) -> End:
    return deployed(d, namespace, [p for p in pods if p.component == d.component and not p.finished], ports)


def _core(
    hub: Deployment,
    deployments: list[Deployment],
    pods: list[Pod],
    user_pods: list[Pod],
    api_slices: list[EndpointSlice],
    cluster_dns: ClusterDNS | None,
    namespace: Namespace | None,
) -> Iterator[Path]:
    server, names = api(api_slices), dns(cluster_dns)
    me = _end(hub, pods, namespace, {"http": 8081})
    running = [s.state.running for p in pods if p.component == "hub" and p.ready for s in p.status.container_statuses]
    up = max((r.started_at for r in running if r and r.started_at), default=None)
    if server is not None:
        yield Path(hub, me, server[0], server[1], proven=max((p.created for p in user_pods), default=None))
    if names is not None:
        yield Path(hub, me, names, 53, "UDP", up)
    for d in deployments:
        if d.component == "proxy":
            proxy = _end(d, pods, namespace, {"http": 8000, "api": 8001})
            # a hub is ready only once it has told the proxy its routes
            yield Path(hub, me, proxy, 8001, proven=up)
            yield Path(d, proxy, me, 8081)
        elif d.component == "user-scheduler" and server is not None:
            placed = [c for p in user_pods if p.node for c in p.status.conditions if c.type == "PodScheduled"]
            at = max((c.last_transition_time for c in placed if c.last_transition_time), default=None)
            yield Path(d, _end(d, pods, namespace, {}), server[0], server[1], proven=at)


def _of_users(
    hub: Deployment,
    theirs: End,
    deployments: list[Deployment],
    pods: list[Pod],
    cluster_dns: ClusterDNS | None,
    namespace: Namespace | None,
) -> Iterator[Path]:
    me = _end(hub, pods, namespace, {"http": 8081, "api": 8001})
    yield Path(hub, theirs, me, 8081)
    yield Path(hub, me, theirs, 8888)
    for d in deployments:
        if d.component == "proxy":
            yield Path(d, _end(d, pods, namespace, {"http": 8000, "api": 8001}), theirs, 8888)
    for names in (dns(cluster_dns), cached_dns(cluster_dns)):
        if names is not None:
            yield Path(hub, theirs, names, 53, "UDP")
