"""Which ways lead into a Service."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Condition, HTTPRoute, Ingress, IngressBackend, RouteParent, Service

WAY = Ingress | HTTPRoute


def backends(way: WAY) -> Iterator[str]:
    """The Services that an Ingress or HTTPRoute sends to."""
    if isinstance(way, HTTPRoute):
        for route_rule in way.spec.rules:
            yield from (b.name for b in route_rule.backend_refs if b.kind == "Service")
        return
    yield from (b.target for b in ingress_backends(way))


def ingress_backends(ingress: Ingress) -> Iterator[IngressBackend]:
    """All backends of an Ingress, that for what no rule matches first."""
    if ingress.spec.default_backend:
        yield ingress.spec.default_backend
    for rule in ingress.spec.rules:
        yield from (p.backend for p in (rule.http.paths if rule.http else []))


def leading_to(service: Service, *lists: Iterable[WAY] | None) -> list[WAY]:
    """Of these Ingresses and HTTPRoutes those that send to the Service, by name."""
    found = [way for ways in lists if ways for way in ways if service.name in set(backends(way))]
    return sorted(found, key=lambda way: (type(way).__name__, way.name))


def refusals_of(route: HTTPRoute, now: datetime, patience: timedelta) -> Iterator[tuple[RouteParent, Condition]]:
    """What its Gateways say of an HTTPRoute that they do not serve, and have said for a while."""
    for parent in route.status.parents:
        for c in parent.conditions:
            since = c.last_transition_time
            said_no = c.type in {"Accepted", "ResolvedRefs"} and c.status == "False"
            if said_no and (since is None or now - since >= patience):
                yield parent, c
