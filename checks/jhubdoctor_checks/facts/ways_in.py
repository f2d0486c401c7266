"""The ways into a hub from outside: what each says of itself, and whether users came in."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from jhubdoctor.api import (
    Events,
    Gateway,
    HTTPRoute,
    Hub,
    Ingress,
    IngressClass,
    Pod,
    Query,
    ReadState,
    Ref,
    Service,
    Unreadable,
    clean,
    fact,
)
from jhubdoctor_checks.facts.network import FORMER_CLASS
from jhubdoctor_checks.facts.routes import WAY, ingress_backends, refusals_of
from jhubdoctor_checks.facts.traffic import Traffic

LB_PATIENCE, ROUTE_PATIENCE = timedelta(minutes=5), timedelta(minutes=5)
INGRESS_PATIENCE = timedelta(minutes=10)
"""Clouds take longer to serve an Ingress than to give a Service an address."""
# Controllers that write the address into every Ingress that they serve, unless told not to. Others may serve an Ingress
# without ever saying so (Traefik without publishedService, HAProxy), so of them an empty status proves nothing.
WRITE_ADDRESS = {"k8s.io/ingress-nginx", "ingress.k8s.aws/alb", "k8s.io/ingress-gce", "azure/application-gateway"}
# What a controller of load balancers writes when it begins; `Type` is for a Service that was something else before.
_BEGUN = ("EnsuringLoadBalancer", "Type")
# Pages that people look at. What servers and programs ask for goes to the API, and not through the door.
_PAGES = frozenset({"login", "page", "spawn", "pending", "user"})


class State(StrEnum):
    """What is known of a way in."""

    OPEN = "open"
    """It has an address, or its Gateway has taken it."""
    SHUT = "shut"
    """Who should serve it had time to, and did not."""
    UNCLEAR = "unclear"
    """It is new, or nothing that is read tells."""


@dataclass(frozen=True)
class WayIn:
    """A way into the hub from outside.

    Attributes:
        way: what asks for it: a Service of type LoadBalancer, an Ingress, an HTTPRoute.
        state: what is known of it.
        since: since when it should have been open.
        why: what keeps it shut, as the rest of a sentence; empty where it is not.
        sure: whether nothing else explains what it says than that nobody serves it.
        by: the Gateway that took it and does not work.
    """

    way: Service | WAY
    state: State
    since: datetime
    why: str = ""
    sure: bool = True
    by: Gateway | None = None

    @property
    def kind(self) -> str:
        """What it is called."""
        return "LoadBalancer" if isinstance(self.way, Service) else self.way.KIND

    @property
    def ref(self) -> Ref:
        """A reference to it."""
        return self.way.ref


@dataclass(frozen=True)
class Arrivals:
    """When users were answered within the last hour who came from outside, oldest first."""

    times: tuple[datetime, ...] = ()

    def since(self, at: datetime) -> bool:
        """Whether one came after that."""
        return any(t > at for t in self.times)


@fact()
def arrivals(traffic: Traffic | None, hub_pods: list[Pod], now: datetime) -> Arrivals:
    """When users who are logged in looked at pages of the hub: proof of a way in, whatever it is.

    Whoever forwards a port with kubectl comes from the pod's own address.
    """
    if traffic is None and any(p.node for p in hub_pods):
        raise Unreadable(Query("pods/log"), ReadState.FORBIDDEN, "the hub's log tells who came in")
    lately = traffic.lately(now) if traffic is not None else []
    return Arrivals(
        tuple(r.at for r in lately if r.caller == "user" and r.handler in _PAGES and not _loopback(r.address))
    )


def _loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


@fact(passes_only_with=("hub_gateways",))
def ways_in(
    hub: Hub,
    public_services: list[Service],
    ingresses: list[Ingress],
    hub_ingresses: list[Ingress],
    hub_ingress_classes: list[IngressClass] | None,
    hub_routes: list[HTTPRoute],
    hub_gateways: list[Gateway] | None,
    events: Events,
    now: datetime,
) -> list[WayIn]:
    """The ways into the hub that say of themselves whether they are open.

    What else may lead to a Service of another type (a NodePort, a router of the cluster) is not among them.
    """
    if hub_ingresses and hub_ingress_classes is None:
        raise Unreadable(Query("ingressclasses"), ReadState.FORBIDDEN, f"who serves the Ingresses of {hub.namespace}")
    return [
        *(_of_service(s, events, now) for s in public_services if s.spec.type == "LoadBalancer"),
        *(
            _without_port(i, public_services, now) or _of_ingress(i, ingresses, hub_ingress_classes or [], now)
            for i in hub_ingresses
        ),
        *(_of_route(r, hub_gateways, now) for r in hub_routes),
    ]


def _of_service(s: Service, events: Events, now: datetime) -> WayIn:
    since = max([s.created, *(e.began for e in events.about("Service", s.name, *_BEGUN))])
    if addressed(s):
        return WayIn(s, State.OPEN, since)
    if s.spec.external_ips or now - since < LB_PATIENCE:
        return WayIn(s, State.UNCLEAR, since)
    return WayIn(s, State.SHUT, since, "has no external address")


def _of_ingress(i: Ingress, all_of_them: list[Ingress], classes: list[IngressClass], now: datetime) -> WayIn:
    if addressed(i):
        return WayIn(i, State.OPEN, i.created)
    known = {c.name: c.spec.controller for c in classes}
    wanted, former = i.spec.ingress_class_name, i.annotations.get(FORMER_CLASS, "")
    name = clean(wanted or former, 80)
    if now - i.created < INGRESS_PATIENCE:
        return WayIn(i, State.UNCLEAR, i.created)
    if wanted and wanted not in known:
        return WayIn(i, State.SHUT, i.created, f"has no address, and its class {name} does not exist")
    if not (wanted or former or known):
        return WayIn(i, State.SHUT, i.created, "has no address and no class, and the cluster has no IngressClass")
    # without a class it is one of these that serves it, or none
    serving = {known[wanted or former]} if (wanted or former) in known else set() if former else set(known.values())
    served = [x for x in all_of_them if _class(x) == _class(i) and name and addressed(x)]
    if served or (serving and serving <= WRITE_ADDRESS):
        beside = f", and {served[0].name} of the same class has one" if served else ""
        return WayIn(i, State.SHUT, i.created, f"has no address{beside}", sure=False)
    return WayIn(i, State.UNCLEAR, i.created)


def _without_port(i: Ingress, services: list[Service], now: datetime) -> WayIn | None:
    """An Ingress, of whose backends none has a port that its Service has; None where one has, or names none."""
    ports = {s.name: {q for p in s.spec.ports for q in (p.name, p.port)} for s in services}
    asked = [(b.target, b.port) for b in ingress_backends(i) if b.target in ports]
    lost = [(name, port) for name, port in asked if port and port not in ports[name]]
    if not lost or len(lost) < len(asked) or now - i.created < INGRESS_PATIENCE:
        return None
    name, port = lost[0]
    has = ", ".join(sorted(str(p) for p in ports[name] if p))
    why = f"sends to port {clean(str(port), 60)} of {name}, which has no such port ({clean(has, 120) or 'none'})"
    return WayIn(i, State.SHUT, i.created, why)


def _class(i: Ingress) -> str:
    return i.spec.ingress_class_name or i.annotations.get(FORMER_CLASS, "")


def _of_route(r: HTTPRoute, gateways: list[Gateway] | None, now: datetime) -> WayIn:
    parents = r.status.parents
    refused = list(refusals_of(r, now, ROUTE_PATIENCE))
    if now - r.created < ROUTE_PATIENCE:
        return WayIn(r, State.UNCLEAR, r.created)
    if not parents:
        return WayIn(r, State.SHUT, r.created, "was taken by no Gateway")
    if len({id(p) for p, _ in refused}) == len(parents):
        parent, c = refused[0]
        said = f"{clean(c.type, 40)}: False" + (f", {clean(c.reason, 60)}" if c.reason else "")
        why = f"is not served by the Gateway {clean(parent.parent_ref.name, 80)} ({said})"
        return WayIn(r, State.SHUT, c.last_transition_time or r.created, why)
    taken = [p for p in parents if any(c.type == "Accepted" and c.status == "True" for c in p.conditions)]
    if gateways is None or not taken:
        return WayIn(r, State.UNCLEAR, r.created)
    known = {(g.namespace, g.name): g for g in gateways}
    through = [known.get((p.parent_ref.namespace or r.namespace, p.parent_ref.name)) for p in taken]
    idle = [(g, x) for g in through if g is not None and (x := g.unprogrammed) is not None]
    if len(idle) < len(taken):
        return WayIn(r, State.OPEN, r.created)
    gateway, unready = idle[0]
    since = unready.last_transition_time or r.created
    if now - since < LB_PATIENCE:
        return WayIn(r, State.UNCLEAR, since)
    reason = f" ({clean(unready.reason, 60)})" if unready.reason else ""
    why = f"was taken by the Gateway {gateway.name}, which is not programmed{reason}"
    return WayIn(r, State.SHUT, since, why, by=gateway)


def addressed(way: Service | Ingress) -> bool:
    """Whether it has an address outside."""
    return any(p.ip or p.hostname for p in way.status.load_balancer.ingress)
