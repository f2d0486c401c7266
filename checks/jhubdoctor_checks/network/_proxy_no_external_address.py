"""What a LoadBalancer without an address asks for, and what controllers say of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from jhubdoctor.api import Event, Events, Evidence, Pod, Service, clean, excerpt
from jhubdoctor_checks.facts.network import LB_NAMESPACE, LB_SERVICE
from jhubdoctor_checks.network._routes import WAY
from jhubdoctor_checks.texts import known, most_telling
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


@dataclass(frozen=True)
class Held:
    """What keeps the pods from running by which k3s serves a LoadBalancer.

    Attributes:
        said: what is said of them, the most telling.
        by: the other LoadBalancers that hold one of their ports, each as `namespace/name`.
        evidence: what shows it.
    """

    said: str
    by: tuple[str, ...]
    evidence: tuple[Evidence, ...]


def held(service: Service, pods: list[Pod] | None) -> Held | None:
    """Why k3s does not serve a Service; None where its pods run, or there are none."""
    mine = [p for p in pods or () if _serves(p) == f"{service.namespace}/{service.name}"]
    if not mine or any(p.ready for p in mine):
        return None
    ports = {port for p in mine for port in _ports(p)}
    others = {
        _serves(p): sorted(ports & _ports(p)) for p in pods or () if p not in mine and p.ready and ports & _ports(p)
    }
    told = [t for p in mine if (t := _told(p))]
    said = most_telling(told, str, REFUSALS) if told else f"{mine[0].phase}, not ready"
    row = known(REFUSALS, said)
    shown = Evidence("pod.status", f"{mine[0].name}: {row.excerpt(said) if row else excerpt(said)}")
    taken = (Evidence("pod.spec", f"of Service {o}: port {', '.join(map(str, n))}") for o, n in sorted(others.items()))
    return Held(said, tuple(sorted(others)), (shown, *list(taken)[:2]))


def _serves(pod: Pod) -> str:
    return f"{pod.labels.get(LB_NAMESPACE) or pod.namespace}/{pod.labels.get(LB_SERVICE, '')}"


def _ports(pod: Pod) -> set[int]:
    return {port.container_port for c in pod.spec.containers for port in c.ports}


def _told(pod: Pod) -> str:
    placed = pod.condition("PodScheduled")
    waiting = [s.state.waiting for s in pod.statuses() if s.state.waiting and s.state.waiting.reason]
    if placed is not None and placed.status == "False":
        return placed.message
    return f"{waiting[0].reason}: {waiting[0].message}" if waiting else ""


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
