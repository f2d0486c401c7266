"""Why k3s does not serve a LoadBalancer: its pods hold the Service's ports on each node, and a port has one holder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jhubdoctor.api import Evidence, Pod, Service, excerpt
from jhubdoctor_checks.facts.network import LB_NAMESPACE, LB_SERVICE
from jhubdoctor_checks.texts import known, most_telling
from jhubdoctor_checks.texts.load_balancer import REFUSALS


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


def held(service: Service, pods: Iterable[Pod] | None) -> Held | None:
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
