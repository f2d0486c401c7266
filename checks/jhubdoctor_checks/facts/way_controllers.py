"""What stands behind the ways into a hub: the controllers of its Ingresses, HTTPRoutes and LoadBalancers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from jhubdoctor.api import (
    DaemonSet,
    Deployment,
    HTTPRoute,
    Ingress,
    IngressClass,
    Look,
    Node,
    NotApplicable,
    Pod,
    Ref,
    Service,
    fact,
)
from jhubdoctor_checks.data.controllers import METALLB, Controller, named, of_former_class
from jhubdoctor_checks.facts.network import FORMER_CLASS, LB_SERVICE
from jhubdoctor_checks.facts.ways_in import addressed
from jhubdoctor_checks.facts.workloads import PATIENCE, Down, down, has_ready, selects

INSTANCE = "app.kubernetes.io/instance"


@fact("daemonsets")
def all_daemon_sets(look: Look) -> list[DaemonSet]:
    """The DaemonSets of all namespaces; of very many those that are not well, and a sample of the others."""
    return look.list("daemonsets", survey=True)


@dataclass(frozen=True)
class WayController:
    """A way into the hub, with the controller that it goes through.

    Attributes:
        controller: the controller's name, as the class or the route has it.
        through: what leads to the hub by it: Ingresses, HTTPRoutes, the Service.
        served_by: its Deployments and DaemonSets, as far as they were found; empty where none was.
        down: why each of them has no ready pod; empty where one has.
        carries: whether requests go through its pods.
        bare: whether what leads to the hub by it has no address.
        waiting: its own LoadBalancers without an address, where what leads to the hub has none either.
        lb_pods: the pods by which k3s serves LoadBalancers, where one waits.
    """

    controller: str
    through: tuple[Ref, ...]
    served_by: tuple[Deployment | DaemonSet, ...] = ()
    down: tuple[Down, ...] = ()
    carries: bool = True
    bare: bool = False
    waiting: tuple[Service, ...] = ()
    lb_pods: tuple[Pod, ...] = ()


@dataclass(frozen=True)
class _Led:
    """What leads to the hub by a controller, before anybody has looked for that."""

    controller: str
    rows: tuple[Controller, ...]
    through: tuple[Ref, ...]
    instance: str = ""
    bare: bool = False


@fact(
    "deployments",
    optional=("pods", "services"),
    passes_only_with=("hub_ingresses", "hub_ingress_classes", "hub_routes", "all_daemon_sets"),
)
def way_controllers(
    look: Look,
    public_services: list[Service],
    hub_ingresses: list[Ingress] | None,
    hub_ingress_classes: list[IngressClass] | None,
    hub_routes: list[HTTPRoute] | None,
    all_daemon_sets: list[DaemonSet] | None,
    nodes: list[Node] | None,
) -> list[WayController]:
    """The ways into the hub that go through a controller of which it is known how it is installed."""
    led = [
        *_by_ingresses(hub_ingresses or [], hub_ingress_classes or []),
        *_by_routes(hub_routes or []),
        *_by_services(look, public_services),
    ]
    if not led:
        raise NotApplicable("nobody comes in through a controller of which it is known how it is installed")
    return [_way(look, one, row, all_daemon_sets or [], nodes) for one in led for row in one.rows]


def _by_ingresses(ingresses: list[Ingress], classes: list[IngressClass]) -> Iterator[_Led]:
    known = {c.name: c for c in classes}
    for i in ingresses:
        chosen, former = known.get(i.spec.ingress_class_name), i.annotations.get(FORMER_CLASS, "")
        name = chosen.spec.controller if chosen is not None else former
        rows = named(name) if chosen is not None else of_former_class(former)
        if rows:
            instance = chosen.labels.get(INSTANCE, "") if chosen is not None else ""
            yield _Led(name, tuple(rows), (i.ref,), instance, bare=not addressed(i))


def _by_routes(routes: list[HTTPRoute]) -> Iterator[_Led]:
    for r in routes:
        for name in dict.fromkeys(p.controller_name for p in r.status.parents):
            if rows := named(name):
                yield _Led(name, tuple(rows), (r.ref,))


def _by_services(look: Look, services: list[Service]) -> Iterator[_Led]:
    for s in services:
        if s.spec.type != "LoadBalancer":
            continue
        wanted = s.spec.load_balancer_class
        rows = named(wanted)
        if not wanted and not addressed(s) and look.now - s.created >= PATIENCE:
            rows = list(METALLB)
        if rows:
            yield _Led(wanted or "MetalLB", tuple(rows), (s.ref,), bare=not addressed(s))


def _way(
    look: Look, led: _Led, row: Controller, daemon_sets: list[DaemonSet], nodes: list[Node] | None
) -> WayController:
    found: list[Deployment | DaemonSet] = []
    if row.kind != "DaemonSet":
        deployments: list[Deployment] = look.list("deployments", labels=row.selector)
        found += [d for d in deployments if row.found_in(d.labels)]
    if row.kind != "Deployment":
        found += [d for d in daemon_sets if row.found_in(d.labels)]
    # of several installations the class belongs to that of its own release
    own = [w for w in found if led.instance and w.labels.get(INSTANCE) == led.instance]
    served_by = tuple(sorted(own or found, key=lambda w: (w.namespace, w.name)))
    way = WayController(led.controller, led.through, served_by, carries=row.carries, bare=led.bare)
    if any(has_ready(w) for w in served_by):
        return _unaddressed(look, way) if led.bare and row.carries else way
    ends = [down(look, w, nodes) for w in served_by]
    return replace(way, down=tuple(d for d in ends if d is not None)) if all(ends) else way


def _unaddressed(look: Look, way: WayController) -> WayController:
    """With the controller's own LoadBalancers that wait for an address."""
    waiting = []
    for w in way.served_by:
        services: list[Service] = look.list("services", w.namespace)
        lbs = [s for s in services if s.spec.type == "LoadBalancer" and selects(s, w)]
        if not any(addressed(s) for s in lbs):
            waiting += [s for s in lbs if look.now - s.created >= PATIENCE]
    if not waiting:
        return way
    pods: list[Pod] = look.list("pods", "kube-system", labels=LB_SERVICE)
    return replace(way, waiting=tuple(waiting), lb_pods=tuple(pods))
