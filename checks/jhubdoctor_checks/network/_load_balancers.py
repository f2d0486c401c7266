"""What controllers of load balancers write into events, by cause."""

import re
from collections.abc import Iterator

from jhubdoctor.api import Event, Events, Evidence, Service, clean
from jhubdoctor_checks._known import table
from jhubdoctor_checks.network._routes import WAY

FAILED = (
    "SyncLoadBalancerFailed",  # the service controller of clouds, Kubernetes 1.16 and later
    "CreatingLoadBalancerFailed",  # the same before 1.16
    "AllocationFailed",  # MetalLB
    "FailedBuildModel",  # AWS Load Balancer Controller
    "FailedDeployModel",
    "LoadBalancerMixedProtocolNotSupported",
)
STARTED = ("EnsuringLoadBalancer", "Type", "UpdatedLoadBalancer")


# First match wins. Sources: kserve/kserve#2179 (AWS), chanzuckerberg/happy#637 (AWS subnets), metallb/metallb#2553 and
# #2891 (MetalLB, also after its change of 2025-12), kubernetes/cloud-provider-gcp (loadBalancerIP).
REFUSALS = table(
    (
        "quota",
        r"toomanyloadbalancers|quota|limit ?exceeded|exceeded.{0,20}limit",
        "the cloud account's quota for load balancers or addresses is used up",
        "Delete load balancers or addresses that nobody uses, or have the quota raised.",
    ),
    (
        "subnets",
        r"could not find any suitable subnets|unable to resolve at least one subnet|subnet.{0,40}not found",
        "no subnet is marked for load balancers",
        "Tag the subnets (kubernetes.io/role/elb for public, kubernetes.io/role/internal-elb for internal ones).",
    ),
    (
        "rights",
        (
            r"accessdenied|unauthorizedoperation|authorizationfailed|not authorized to perform"
            r"|permission.{0,20}denied"
        ),
        "the cluster's cloud identity may not create load balancers",
        "Give the cluster's cloud identity the right that the message names.",
    ),
    (
        "pool-exhausted",
        r"no available ips|\"?<nil>\"?.{0,3} is not allowed in config",
        "the address pool has no free address for it",
        "Add addresses to the pool, or free one.",
    ),
    (
        "address-not-usable",
        (
            r"is not allowed in config|requested (?:ip|address)|loadbalancerip|user supplied ip|"
            r"ip address.{0,40}(?:not found|does not exist|already|in use)|can't change sharing key"
        ),
        "the address that it asks for cannot be given to it",
        "Ask for an address that exists and is free, or for none (proxy.service.loadBalancerIP).",
    ),
    flags=re.IGNORECASE,
)


def failures(events: Events | None, service: Service) -> list[Event]:
    """The events that tell of a failure, newest first."""
    return events.about("Service", service.name, *FAILED) if events else []


def asked(s: Service) -> Iterator[Evidence]:
    """What a LoadBalancer without an address asks for."""
    yield Evidence("service.status", "loadBalancer.ingress: empty")
    yield Evidence("service", "spec.type: LoadBalancer, created", s.created)
    if s.spec.load_balancer_ip:
        yield Evidence("service", f"spec.loadBalancerIP: {clean(s.spec.load_balancer_ip, 60)}")
    if s.spec.load_balancer_class:
        yield Evidence("service", f"spec.loadBalancerClass: {clean(s.spec.load_balancer_class, 80)}")


def heard(failed: list[Event], events: Events | None) -> Iterator[Evidence]:
    """What the controllers said."""
    if failed:
        yield Evidence("event", f"{failed[0].reason}: {clean(failed[0].message, 300)}", failed[0].at)
    elif events is not None:
        yield Evidence("event", "none by a controller that gives it an address (events last an hour)")


def reached(s: Service, ways: list[WAY]) -> Iterator[Evidence]:
    """How else users come in."""
    yield from (Evidence(type(way).__name__.lower(), f"{way.name} sends to {s.name}") for way in ways[:3])
    if s.spec.external_ips:
        yield Evidence("service", f"spec.externalIPs: {', '.join(s.spec.external_ips[:3])}")
