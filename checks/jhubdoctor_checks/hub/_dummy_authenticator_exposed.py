"""What can be reached from outside, and what is meant to be."""

import ipaddress
import re

from jhubdoctor.api import Ingress, IngressPoint, Service

# Names that the public DNS never holds (RFC 6761, 6762 and 8375, and ICANN's choice of `internal` in 2024).
_LOCAL_NAMES = (".localhost", ".local", ".test", ".invalid", ".home.arpa", ".internal", ".lan")
# Services that answer with the address in the name itself, for clusters without a DNS of their own.
_NAMED_ADDRESS = r"(?:^|[.-])(\d{1,3}(?:[.-]\d{1,3}){3})\.(?:nip|sslip)\.io$"
# What makes a cloud's load balancer one of the private network, each with the values that do.
# Sources: kubernetes.io/docs/concepts/services-networking/service, documentation of the AWS Load Balancer Controller.
_INTERNAL = {
    "service.beta.kubernetes.io/aws-load-balancer-internal": {"true", "0.0.0.0/0"},
    "service.beta.kubernetes.io/aws-load-balancer-scheme": {"internal"},
    "service.beta.kubernetes.io/azure-load-balancer-internal": {"true"},
    "networking.gke.io/load-balancer-type": {"Internal"},
    "cloud.google.com/load-balancer-type": {"Internal"},
}
# The name that external-dns publishes for a Service.
PUBLISHED_NAME = "external-dns.alpha.kubernetes.io/hostname"
# Annotations by which ingress-nginx asks for a login of its own, or lets only some addresses in.
_GUARDS = tuple(
    f"nginx.ingress.kubernetes.io/{k}" for k in ("auth-url", "auth-type", "auth-tls-secret", "whitelist-source-range")
)


def private_address(address: str) -> bool:
    """Whether an address is one of a private network: kind, minikube, MetalLB at home."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    # addresses of documentation count as private in Python, and stand for public ones in examples
    return found.is_private and not address.startswith(("192.0.2.", "198.51.100.", "203.0.113."))


def private_point(point: IngressPoint) -> bool:
    """Whether the address that a load balancer gave is of a private network."""
    if point.ip:
        return private_address(point.ip)
    # Docker Desktop gives `localhost`; the names of AWS's internal load balancers begin so
    return point.hostname.startswith("internal-") or local_name(point.hostname)


def local_name(host: str) -> bool:
    """Whether a name means something in a private network only."""
    bare = host.removeprefix("*.").rstrip(".").lower()
    if found := re.search(_NAMED_ADDRESS, bare):
        return private_address(found[1].replace("-", "."))
    return "." not in bare or bare.endswith(_LOCAL_NAMES)


def outer_points(service: Service) -> list[str]:
    """The addresses outside of the private network that a load balancer has."""
    if service.spec.type != "LoadBalancer" or any(service.annotations.get(k) in v for k, v in _INTERNAL.items()):
        return []
    return [p.ip or p.hostname for p in service.status.load_balancer.ingress if not private_point(p)]


def from_inside_only(ingress: Ingress) -> bool:
    """Whether all addresses that an Ingress has are private ones; one that has none (yet) may get any."""
    points = ingress.status.load_balancer.ingress
    return bool(points) and all(map(private_point, points))


def guarded(ingress: Ingress) -> bool:
    """Whether something before the hub asks for a login, or lets only some addresses in."""
    return any(k in ingress.annotations for k in _GUARDS)
