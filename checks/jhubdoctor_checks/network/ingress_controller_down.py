"""Controllers of Ingresses, Gateways and LoadBalancers that do not run."""

from collections.abc import Iterator

from jhubdoctor.api import Evidence, Finding, Fix, NotApplicable, Rung, Severity, check, some
from jhubdoctor_checks.facts.way_controllers import WayController
from jhubdoctor_checks.network._service_lb import held


# those three say that a way in has no address, or is not taken up, and not why
@check(
    severity=Severity.ERROR,
    at=Rung.REACHED,
    stops=Rung.REACHED,
    explains=("ingress-class-missing", "proxy-no-external-address", "httproute-not-accepted"),
    complete=("way_controllers",),
)
def ingress_controller_down(way_controllers: list[WayController]) -> Iterator[Finding]:
    """The controller that users come in by is down."""
    if not any(way.served_by for way in way_controllers):
        names = some(dict.fromkeys(way.controller for way in way_controllers))
        raise NotApplicable(
            f"nothing with the labels that {names} mostly has was found: nobody can tell whether it runs"
        )
    for way in way_controllers:
        if way.down:
            yield _down(way)
        elif way.waiting:
            yield _waiting(way)


def _leads(way: WayController) -> str:
    return some(f"{r.kind} {r.name}" for r in way.through)


def _down(way: WayController) -> Finding:
    first = way.down[0]
    start = f"kubectl --namespace {first.workload.namespace} scale deployment {first.workload.name} --replicas 1"
    scaled = first.word == "scaled-to-zero"
    so = "nobody gets in by it" if way.carries else "it gets no address" if way.bare else "no change reaches it"
    return Finding(
        on=tuple(r for d in way.down for r in (d.workload.ref, *d.pods)),
        says=f"the controller behind the {_leads(way)} is down, so {so}: {first.place} {first.says}",
        evidence=(
            *(e for d in way.down[:2] for e in d.evidence),
            *(Evidence(r.kind.lower(), f"{r.name} is served by {way.controller}") for r in way.through),
        ),
        fix=Fix(
            "Start it again, if nobody stopped it on purpose."
            if scaled
            else "Correct what keeps its pods from running.",
            commands=(start,) if scaled else first.look_closer(),
        ),
        severity=None if way.carries or way.bare else Severity.WARNING,
        cause=f"{first.place} {first.word}",
        affects=way.through,
    )


def _waiting(way: WayController) -> Finding:
    service = way.waiting[0]
    kept = held(service, way.lb_pods)
    name = f"{service.namespace}/{service.name}"
    by = f": its ports are held by {some(kept.by)}" if kept and kept.by else ""
    return Finding(
        on=tuple(s.ref for s in way.waiting),
        says=f"the controller behind the {_leads(way)} runs, and its own LoadBalancer {name} has no address{by}",
        evidence=(
            Evidence("service.status", f"{name}: loadBalancer.ingress: empty"),
            *(kept.evidence if kept else ()),
        ),
        fix=Fix(
            "Free the ports: k3s gives a port of a node to one LoadBalancer."
            if by
            else "See what its events say of the address; something has to give out addresses.",
            commands=(f"kubectl --namespace {service.namespace} describe service {service.name}",),
        ),
        severity=Severity.WARNING,
        cause=f"no-address {name}",
        affects=way.through,
    )
