"""Whether NetworkPolicies let a connection through, by the rules of the API.

Policies only ever allow: a pod that no policy selects in a direction is open in it, and one that several select may do
what any of them allows. https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from jhubdoctor.api import LabelSelector, NetworkPolicy, PolicyPeer, PolicyPort

INGRESS, EGRESS = "Ingress", "Egress"


@dataclass(frozen=True)
class End:
    """One end of a connection.

    Attributes:
        name: for people.
        labels: of the pod, None for what is no pod.
        addresses: where it is, as far as known.
        namespace: the labels of its namespace, None where they are unknown.
        home: whether it lies in the namespace of the policies.
        ports: its named ports.
    """

    name: str
    labels: Mapping[str, str] | None = None
    addresses: tuple[str, ...] = ()
    namespace: Mapping[str, str] | None = None
    home: bool = True
    ports: Mapping[str, int] = field(default_factory=dict)


def selecting(policies: Iterable[NetworkPolicy], end: End, direction: str) -> list[NetworkPolicy]:
    """The policies that hold for a pod in a direction.

    Without types a policy is for Ingress, and for Egress if it has such rules.
    """
    found = []
    for p in policies:
        types = p.spec.policy_types or [INGRESS, *([EGRESS] if p.spec.egress else [])]
        if end.labels is not None and direction in types and p.spec.pod_selector.matches(dict(end.labels)):
            found.append(p)
    return found


def walls(
    policies: Iterable[NetworkPolicy], source: End, target: End, port: int, protocol: str = "TCP"
) -> dict[str, list[NetworkPolicy]]:
    """The policies that keep source from target: none of them, at one end, allows it. Empty where it gets through.

    By the direction in which they hold: at the source, at the target, or at both.
    """
    policies = list(policies)
    found = {}
    for here, there, direction in ((source, target, EGRESS), (target, source, INGRESS)):
        own = selecting(policies, here, direction) if here.home else []
        if own and not any(_allows(p, there, target, port, protocol, direction) for p in own):
            found[direction] = sorted(own, key=lambda p: p.name)
    return found


def _allows(policy: NetworkPolicy, there: End, target: End, port: int, protocol: str, direction: str) -> bool:
    for rule in policy.spec.egress if direction == EGRESS else policy.spec.ingress:
        peers = rule.to if direction == EGRESS else rule.from_
        if rule.ports and not any(_port(p, target, port, protocol) for p in rule.ports):
            continue
        if not peers or any(_peer(p, there) for p in peers):
            return True
    return False


def _port(allowed: PolicyPort, target: End, port: int, protocol: str) -> bool:
    if allowed.protocol != protocol:
        return False
    if allowed.port is None:
        return True
    if isinstance(allowed.port, str) and not allowed.port.isdigit():
        return target.ports.get(allowed.port) == port
    return int(allowed.port) <= port <= (allowed.end_port or int(allowed.port))


def _peer(peer: PolicyPeer, there: End) -> bool:
    if peer.ip_block is not None:
        if not there.addresses:
            # no pod of it runs; where one will be is given the benefit of the doubt
            return True
        inside = [a for a in there.addresses if _within(a, peer.ip_block.cidr)]
        return any(not any(_within(a, e) for e in peer.ip_block.except_) for a in inside)
    if there.labels is None:
        return False
    if peer.namespace_selector is None:
        return there.home and peer.pod_selector is not None and peer.pod_selector.matches(dict(there.labels))
    return _namespace(peer.namespace_selector, there) and (
        peer.pod_selector is None or peer.pod_selector.matches(dict(there.labels))
    )


def _namespace(selector: LabelSelector, there: End) -> bool:
    # labels that could not be read are given the benefit of the doubt
    return there.namespace is None or selector.matches(dict(there.namespace))


def _within(address: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
