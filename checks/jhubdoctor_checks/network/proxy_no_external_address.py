"""A LoadBalancer that never got its address."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor import (
    Deployment,
    Events,
    Finding,
    Fix,
    HTTPRoute,
    Hub,
    Ingress,
    Service,
    Severity,
    check,
    clean,
)
from jhubdoctor_checks.network._load_balancers import STARTED, failures, refusal
from jhubdoctor_checks.network._routes import leading_to

PATIENCE = timedelta(minutes=5)


@check(severity=Severity.ERROR, explains=("acme-failed",))
def proxy_no_external_address(
    hub: Hub,
    services: list[Service],
    deployments: list[Deployment],
    events: Events | None,
    ingresses: list[Ingress] | None,
    http_routes: list[HTTPRoute] | None,
    now: datetime,
) -> Iterator[Finding]:
    """The Service that users come in by waits for an external address."""
    for s in services:
        if s.component != "proxy-public" or s.spec.type != "LoadBalancer":
            continue
        if any(p.ip or p.hostname for p in s.status.load_balancer.ingress):
            continue
        failed = failures(events, s)
        begun = max([s.created, *(e.at for e in (events.about("Service", s.name, *STARTED) if events else []))])
        if now - s.created < PATIENCE or (not failed and now - begun < PATIENCE):
            continue
        ways = leading_to(s, ingresses, http_routes)
        known = refusal(failed[0]) if failed else None
        evidence: list[tuple[str, str, datetime | None]] = [
            ("service.status", "loadBalancer.ingress: empty", None),
            ("service", "spec.type: LoadBalancer, created", s.created),
        ]
        if s.spec.load_balancer_ip:
            evidence.append(("service", f"spec.loadBalancerIP: {clean(s.spec.load_balancer_ip, 60)}", None))
        if s.spec.load_balancer_class:
            evidence.append(("service", f"spec.loadBalancerClass: {clean(s.spec.load_balancer_class, 80)}", None))
        if failed:
            evidence.append(("event", f"{failed[0].reason}: {clean(failed[0].message, 300)}", failed[0].at))
        elif events is not None:
            evidence.append(("event", "none by a controller that gives it an address (events last an hour)", None))
        evidence += [(type(way).__name__.lower(), f"{way.name} sends to {s.name}", None) for way in ways[:3]]
        if s.spec.external_ips:
            evidence.append(("service", f"spec.externalIPs: {', '.join(s.spec.external_ips[:3])}", None))
        text, values = _advice(known.fix if known else "", bool(ways), bool(failed))
        yield Finding(
            on=(s.ref,),
            says=f"the LoadBalancer {s.name} has no external address"
            + (f": {known.says}" if known else "")
            + (f"; users come in by {type(ways[0]).__name__} {ways[0].name} alone" if ways else ""),
            evidence=tuple(evidence),
            fix=Fix(
                text,
                values=values,
                commands=(hub.kubectl(f"describe service {s.name}"), hub.helm_upgrade if values else ""),
            ),
            severity=Severity.WARNING if ways or s.spec.external_ips else None,
            cause=known.cause if known else "",
            affects=tuple(d.ref for d in deployments if d.component == "autohttps"),
        )


def _advice(known: str, reached_otherwise: bool, failed: bool) -> tuple[str, dict[str, object]]:
    cluster_ip: dict[str, object] = {"proxy": {"service": {"type": "ClusterIP"}}}
    if known:
        return known, {}
    if reached_otherwise:
        return "Users do not need the LoadBalancer: make the Service a ClusterIP.", cluster_ip
    if failed:
        return "Read the controller's event and correct what it names; it tries again by itself.", {}
    text = (
        "Something in the cluster has to give out addresses: a cloud's controller or, on bare metal, MetalLB or such."
        " Without one, let users in by a NodePort (as below), or by an Ingress or HTTPRoute with type ClusterIP."
    )
    return text, {"proxy": {"service": {"type": "NodePort"}}}
