"""What a way in that nobody serves says of itself, what its controller says of it, and where to look next."""

from __future__ import annotations

from collections.abc import Iterator

from jhubdoctor.api import Events, Evidence, Fix, HTTPRoute, Hub, Ingress, Service, clean, excerpt
from jhubdoctor_checks.facts.ways_in import WayIn, addressed
from jhubdoctor_checks.texts import most_telling
from jhubdoctor_checks.texts.load_balancer import REFUSALS


def shown(w: WayIn, events: Events) -> Iterator[Evidence]:
    """What the object says, and the most telling event about it."""
    way = w.way
    if w.by is not None and (c := w.by.unprogrammed) is not None:
        yield Evidence("gateway.status", f"{w.by.name}: Programmed: False, {excerpt(c.message, limit=200)}", w.since)
    elif isinstance(way, HTTPRoute):
        said = [
            f"{clean(p.parent_ref.name, 80)}: {c.type}: False, {clean(c.reason, 60)}: {excerpt(c.message, limit=200)}"
            for p in way.status.parents
            for c in p.conditions
            if c.status == "False"
        ]
        yield from (Evidence("httproute.status", s, w.since) for s in said[:3] or ["parents: empty since"])
    elif not addressed(way):
        yield Evidence(f"{way.KIND.lower()}.status", "loadBalancer.ingress: empty; asked for since", w.since)
    if isinstance(way, Ingress):
        asked = way.spec.ingress_class_name
        yield Evidence("ingress", f"{way.name}: ingressClassName {clean(asked, 80) or 'not set'}, made", way.created)
    about = events.about(way.KIND, way.name)
    warned = [e for e in about if e.type == "Warning"]
    if warned:
        worst = most_telling(warned, lambda e: e.message, REFUSALS)
        yield Evidence("event", f"{clean(worst.reason, 60)}: {excerpt(worst.message)}", worst.at)
    elif about:
        yield Evidence("event", f"{clean(about[0].reason, 60)}: {excerpt(about[0].message)}", about[0].at)
    else:
        yield Evidence("event", f"none about the {way.KIND} (events last an hour)")


def look(hub: Hub, w: WayIn) -> Fix:
    """Where to look next."""
    describe = hub.kubectl(f"describe {w.way.KIND.lower()} {w.way.name}")
    if isinstance(w.way, Service):
        return Fix(
            "See what gives out addresses in this cluster, and what it says of the Service.", commands=(describe,)
        )
    if isinstance(w.way, Ingress):
        return Fix(
            "See which controller should serve the Ingress, whether it runs, and whether it has an address itself.",
            commands=(describe, "kubectl get ingressclasses"),
        )
    gateways = dict.fromkeys((p.namespace or w.way.namespace, p.name) for p in w.way.spec.parent_refs)
    return Fix(
        "See what the Gateway says of its listeners, and whether its controller runs.",
        commands=(
            describe,
            *(f"kubectl --namespace {namespace} describe gateway {name}" for namespace, name in list(gateways)[:2]),
        ),
    )
