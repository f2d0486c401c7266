"""The ends of the connections that a hub lives on, as NetworkPolicies see them."""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from jhubdoctor.api import (
    Deployment,
    EndpointSlice,
    Hub,
    Namespace,
    NetworkPolicy,
    Pod,
    PodSpec,
    Values,
    merged,
    nested,
)
from jhubdoctor_checks.data.components import path as path_to
from jhubdoctor_checks.facts.network import ClusterDNS, ready_addresses
from jhubdoctor_checks.facts.policies import EGRESS, End

ACCESS = "hub.jupyter.org/network-access-"
NAMESPACE_NAME = "kubernetes.io/metadata.name"
DNS_PORT = 53
CACHED_DNS = "the DNS on their node (NodeLocal DNSCache)"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _named(spec: PodSpec) -> dict[str, int]:
    return {p.name: p.container_port for c in spec.containers for p in c.ports if p.name}


def deployed(deployment: Deployment, namespace: Namespace | None, pods: Iterable[Pod], ports: Mapping[str, int]) -> End:
    """The pods of a Deployment."""
    template = deployment.spec.template
    return End(
        deployment.name,
        template.metadata.labels,
        tuple(p.status.pod_ip for p in pods if p.status.pod_ip),
        namespace.labels if namespace is not None else None,
        ports={**ports, **_named(template.spec)},
    )


def users(hub: Hub, user_pods: list[Pod], namespace: Namespace | None) -> End:
    """A user's server: one that runs, or what the chart makes of it.

    The label that lets it reach the hub is taken as given: its loss is the matter of network-access-label-lost.
    """
    lived = next((p for p in user_pods if not p.finished), None)
    core = hub.deployment.spec.template.metadata.labels if hub.deployment is not None else hub.labels
    keys = ("app", "release", "app.kubernetes.io/name", "app.kubernetes.io/instance")
    labels = dict(lived.labels) if lived is not None else {k: core[k] for k in keys if k in core}
    labels |= {"component": "singleuser-server", f"{ACCESS}hub": "true"}
    if lived is None and "app.kubernetes.io/component" in core:
        labels["app.kubernetes.io/component"] = "singleuser-server"
    return End(
        "users' servers",
        labels,
        tuple(p.status.pod_ip for p in user_pods if p.status.pod_ip),
        namespace.labels if namespace is not None else None,
        ports={"notebook-port": 8888},
    )


def dns(cluster_dns: ClusterDNS | None) -> End | None:
    """The pods that answer for names; None where they are not known."""
    if cluster_dns is None or not cluster_dns.pods or not cluster_dns.addresses:
        return None
    labels = cluster_dns.pods[0].labels
    return End("the cluster's DNS", labels, cluster_dns.addresses, {NAMESPACE_NAME: "kube-system"}, home=False)


def cached_dns(cluster_dns: ClusterDNS | None) -> End | None:
    """The node's own cache of names, which is no pod for NetworkPolicies; None where there is none."""
    local = cluster_dns.local if cluster_dns is not None else ()
    return End(CACHED_DNS, None, local, None, home=False) if local else None


def api(slices: list[EndpointSlice]) -> tuple[End, int] | None:
    """Where the API server answers, and the port; None where it is not known."""
    addresses = tuple(sorted({a for s in slices for a in ready_addresses(s)}))
    port = next((p.port for s in slices for p in s.ports if p.port), None)
    if not addresses or port is None:
        return None
    return End("the API server", None, addresses, None, home=False), port


def changed(policies: Iterable[NetworkPolicy]) -> datetime:
    """When one of these policies was last written."""
    return max(
        (t for p in policies for t in (p.created, *(f.time for f in p.metadata.managed_fields if f.time))),
        default=EPOCH,
    )


def may_reach(hub: Hub, values: Values | None, source: End, target: End, protocol: str) -> dict[str, Any]:
    """The values by which the chart's own policies let a connection through; empty where they have none for it.

    `egressAllowRules` came in chart 2.0; before, `egress` held rules alone.
    """
    place = path_to((source.labels or {}).get("component", ""), "networkPolicy")
    if target.name == CACHED_DNS:
        ports = [{"protocol": p, "port": DNS_PORT} for p in ("UDP", "TCP")]
        peers = [{"ipBlock": {"cidr": f"{a}/32"}} for a in target.addresses]
        return nested(f"{place}.egress", [{"to": peers, "ports": ports}])
    patch: dict[str, Any] = {}
    for end in (source, target):
        own = path_to((end.labels or {}).get("component", ""), "networkPolicy")
        if own and values is not None and values.get(f"{own}.enabled") is False:
            patch = merged(patch, nested(f"{own}.enabled", value=True))
    for rule in _rules(target, protocol) if place and hub.at_least("2.0.0") else ():
        path = f"{place}.egressAllowRules.{rule}"
        if values is None or values.get(path) is False:
            patch = merged(patch, nested(path, value=True))
    return patch


def _rules(target: End, protocol: str) -> tuple[str, ...]:
    """The rules of the chart that lead to what is no pod of the hub."""
    if protocol == "UDP":
        return ("dnsPortsKubeSystemNamespace", "dnsPortsPrivateIPs")
    if target.labels is None:
        return ("privateIPs",) if all(map(_private, target.addresses)) else ("nonPrivateIPs",)
    return ()


def allowing(hub: Hub, source: End, target: End, port: int, directions: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The policies that let a connection through where others keep it back, and open nothing else.

    Only where some policy holds already: the first one in a direction closes all that it does not allow.
    """
    # some networks judge by the Service's port, others by that behind it
    ports: list[dict[str, Any]] = [{"port": p} for p in sorted({443, port} if target.labels is None else {port})]
    if port == DNS_PORT:
        ports = [{"protocol": p, "port": port} for p in ("UDP", "TCP")]
    name = f"{_slug(source.name)}-to-{_slug(target.name)}"
    for direction in directions:
        here, there, peers = (source, target, "to") if direction == EGRESS else (target, source, "from")
        # what is no pod of the hub may be anywhere
        who = {peers: [{"podSelector": {"matchLabels": _own(there)}}]} if there.home and _own(there) else {}
        if not _own(here):
            continue
        yield {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": name if direction == EGRESS else f"{name}-in", "namespace": hub.namespace},
            "spec": {
                "podSelector": {"matchLabels": _own(here)},
                "policyTypes": [direction],
                direction.lower(): [{**who, "ports": ports}],
            },
        }


def _own(end: End) -> dict[str, str]:
    """The labels that tell its pods from all others."""
    return {k: v for k, v in (end.labels or {}).items() if k in {"app", "component", "release"}}


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower().removeprefix("the ").replace("'", "")).strip("-")


def _private(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_private
    except ValueError:
        return False
