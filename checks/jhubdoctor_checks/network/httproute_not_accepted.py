"""HTTPRoutes that no Gateway takes."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Finding, Fix, HTTPRoute, Hub, Rung, Severity, check, clean, excerpt
from jhubdoctor_checks.facts.routes import refusals_of
from jhubdoctor_checks.facts.ways_in import ROUTE_PATIENCE

# Reasons of the conditions, from the Gateway API's specification (v1): what they mean and what to do.
REASONS = {
    "NotAllowedByListeners": "Allow the hub's namespace in the listener's allowedRoutes.",
    "NoMatchingListenerHostname": "Give the listener and httpRoute.hostnames a host in common.",
    "NoMatchingParent": "Name a listener that the Gateway has (sectionName, port).",
    "UnsupportedValue": "The controller does not know a value of the route; see its message.",
    "BackendNotFound": "The route names a Service that does not exist; helm upgrade restores it.",
    "RefNotPermitted": "Make a ReferenceGrant in the backend's namespace.",
    "InvalidKind": "The route sends to something that is no Service.",
}


@check(severity=Severity.ERROR, at=Rung.REACHED)
def httproute_not_accepted(hub: Hub, hub_routes: list[HTTPRoute], now: datetime) -> Iterator[Finding]:
    """The HTTPRoute that leads to the hub was not accepted by its Gateway."""
    # the chart's key was renamed on the way to 5.0
    key = "httpRoute.parentRefs" if hub.at_least("5.0.0.dev0") else "httpRoute.gateway"
    for r in hub_routes:
        if now - r.created < ROUTE_PATIENCE:
            continue
        parents = r.status.parents
        gateways = ", ".join(clean(f"{p.namespace or r.namespace}/{p.name}", 120) for p in r.spec.parent_refs)
        named = ("httproute", f"{r.name}: parentRefs {gateways or 'none'}")
        if not parents:
            yield Finding(
                on=(r.ref,),
                says=f"no Gateway has taken the HTTPRoute {r.name}",
                evidence=(named, ("httproute.status", "parents: empty")),
                fix=Fix(
                    f"Name a Gateway that exists in {key} (its namespace too where it is another one), or install a"
                    " controller for it.",
                    commands=("kubectl get gateways --all-namespaces", hub.helm_upgrade),
                ),
                cause="no-parent",
            )
            continue
        refused = list(refusals_of(r, now, ROUTE_PATIENCE))
        if not refused:
            continue
        works = len({id(p) for p, _ in refused}) < len(parents)
        parent, worst = refused[0]
        yield Finding(
            on=(r.ref,),
            says=f"the Gateway {clean(parent.parent_ref.name, 80)} does not serve the HTTPRoute {r.name}:"
            f" {clean(worst.reason, 60) or worst.type + ' is False'}",
            evidence=(
                named,
                *(
                    (
                        "httproute.status",
                        f"{c.type}: False, {clean(c.reason, 60)}: {excerpt(c.message, limit=200)}",
                        c.last_transition_time,
                    )
                    for _, c in refused[:4]
                ),
            ),
            fix=Fix(
                REASONS.get(worst.reason, "Correct what the controller's message names."),
                commands=(hub.kubectl(f"describe httproute {r.name}"), hub.helm_upgrade),
            ),
            severity=Severity.WARNING if works else None,
            cause=worst.reason or worst.type,
        )
