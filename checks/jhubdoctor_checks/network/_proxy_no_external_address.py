"""What a LoadBalancer without an address asks for, and what controllers say of it."""

from collections.abc import Iterator

from jhubdoctor.api import Event, Events, Evidence, Service, clean, excerpt
from jhubdoctor_checks.facts.routes import WAY
from jhubdoctor_checks.network._service_lb import Held
from jhubdoctor_checks.texts import most_telling
from jhubdoctor_checks.texts.load_balancer import REFUSALS

FAILED = (
    "SyncLoadBalancerFailed",  # the service controller of clouds, Kubernetes 1.16 and later
    "CreatingLoadBalancerFailed",  # the same before 1.16
    "AllocationFailed",  # MetalLB
    "FailedBuildModel",  # AWS Load Balancer Controller
    "FailedDeployModel",
    "LoadBalancerMixedProtocolNotSupported",
)
STARTED = ("EnsuringLoadBalancer", "Type", "UpdatedLoadBalancer")


def failures(events: Events | None, service: Service) -> list[Event]:
    """The events that tell of a failure: the most telling first, then the newest."""
    found = events.about("Service", service.name, *FAILED) if events else []
    best = most_telling(found, lambda e: e.message, REFUSALS) if found else None
    return sorted(found, key=lambda e: e is not best)


def asked(s: Service) -> Iterator[Evidence]:
    """What a LoadBalancer without an address asks for."""
    yield Evidence("service.status", "loadBalancer.ingress: empty")
    yield Evidence("service", "spec.type: LoadBalancer, created", s.created)
    if s.spec.load_balancer_ip:
        yield Evidence("service", f"spec.loadBalancerIP: {clean(s.spec.load_balancer_ip, 60)}")
    if s.spec.load_balancer_class:
        yield Evidence("service", f"spec.loadBalancerClass: {clean(s.spec.load_balancer_class, 80)}")


def heard(failed: list[Event], events: Events | None, kept: Held | None) -> Iterator[Evidence]:
    """What the controllers said."""
    if kept is not None:
        yield from kept.evidence
    elif failed:
        yield Evidence("event", f"{failed[0].reason}: {excerpt(failed[0].message)}", failed[0].at)
    elif events is not None:
        yield Evidence("event", "none by a controller that gives it an address (events last an hour)")


def reached(s: Service, ways: list[WAY]) -> Iterator[Evidence]:
    """How else users come in."""
    yield from (Evidence(type(way).__name__.lower(), f"{way.name} sends to {s.name}") for way in ways[:3])
    if s.spec.external_ips:
        yield Evidence("service", f"spec.externalIPs: {', '.join(s.spec.external_ips[:3])}")
