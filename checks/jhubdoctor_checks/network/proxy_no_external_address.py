"""A LoadBalancer that never got its address."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    Deployment,
    Events,
    Finding,
    Fix,
    HTTPRoute,
    Hub,
    Ingress,
    Pod,
    Rung,
    Service,
    Severity,
    check,
)
from jhubdoctor_checks.facts.routes import leading_to
from jhubdoctor_checks.facts.ways_in import LB_PATIENCE, addressed
from jhubdoctor_checks.network._proxy_no_external_address import STARTED, asked, failures, heard, reached
from jhubdoctor_checks.network._service_lb import held
from jhubdoctor_checks.texts import known, last_words
from jhubdoctor_checks.texts.load_balancer import REFUSALS


@check(severity=Severity.ERROR, at=Rung.REACHED, stops=Rung.REACHED, fires_only_with=("events",))
def proxy_no_external_address(
    hub: Hub,
    services: list[Service],
    deployments: list[Deployment],
    events: Events | None,
    ingresses: list[Ingress] | None,
    http_routes: list[HTTPRoute] | None,
    service_lb_pods: list[Pod] | None,
    now: datetime,
) -> Iterator[Finding]:
    """The Service that users come in by waits for an external address."""
    for s in services:
        if s.component != "proxy-public" or s.spec.type != "LoadBalancer":
            continue
        if addressed(s):
            continue
        failed = failures(events, s)
        begun = max([s.created, *(e.at for e in (events.about("Service", s.name, *STARTED) if events else []))])
        if now - s.created < LB_PATIENCE or (not failed and now - begun < LB_PATIENCE):
            continue
        ways = leading_to(s, ingresses, http_routes)
        kept = held(s, service_lb_pods)
        said = kept.said if kept else failed[0].message if failed else ""
        why = known(REFUSALS, said) if said else None
        by = f", by {', '.join(kept.by)}" if kept and kept.by else ""
        means = why.means({"by": by}) if why else f"its controller says: {last_words(said)}" if said else ""
        text, patch = _advice(why.fix.text if why else "", bool(ways), bool(said))
        yield Finding(
            on=(s.ref,),
            says=f"the LoadBalancer {s.name} has no external address"
            + (f": {means}" if means else "")
            + (f"; users come in by {type(ways[0]).__name__} {ways[0].name} alone" if ways else ""),
            evidence=(*asked(s), *heard(failed, events, kept), *reached(s, ways)),
            fix=Fix(
                text,
                values=patch,
                commands=(hub.kubectl(f"describe service {s.name}"), hub.helm_upgrade if patch else ""),
            ),
            severity=Severity.WARNING if ways or s.spec.external_ips else None,
            cause=why.word if why else "",
            affects=tuple(d.ref for d in deployments if d.component == "autohttps"),
        )


def _advice(known: str, reached_otherwise: bool, failed: bool) -> tuple[str, dict[str, object]]:
    cluster_ip: dict[str, object] = {"proxy": {"service": {"type": "ClusterIP"}}}
    if known:
        return known, {}
    if reached_otherwise:
        return "Users do not need the LoadBalancer: make the Service a ClusterIP.", cluster_ip
    if failed:
        return "Correct what its controller names; it tries again by itself.", {}
    text = (
        "Something in the cluster has to give out addresses: a cloud's controller or, on bare metal, MetalLB or such."
        " Without one, let users in by a NodePort, as shown, which changes the port in their address; or by an "
        "Ingress or HTTPRoute with type ClusterIP, which needs a controller."
    )
    return text, {"proxy": {"service": {"type": "NodePort"}}}
