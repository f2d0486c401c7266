"""A hub that anyone can reach and enter."""

from collections.abc import Iterator

from jhubdoctor.api import Evidence, Finding, Fix, HTTPRoute, Hub, Ingress, Service, Severity, Values, check
from jhubdoctor_checks.hub._dummy_authenticator_exposed import (
    PUBLISHED_NAME,
    from_inside_only,
    guarded,
    local_name,
    outer_points,
)
from jhubdoctor_checks.login import authenticator, is_dummy


@check(severity=Severity.WARNING)
def dummy_authenticator_exposed(
    hub: Hub, values: Values, public_services: list[Service], hub_ingresses: list[Ingress], hub_routes: list[HTTPRoute]
) -> Iterator[Finding]:
    """The authenticator for tests takes any name and password, and the hub can be reached from outside."""
    if not is_dummy(authenticator(values)) or "JupyterHub.authenticator_class" in values.traits_in_code:
        return
    if values.get("hub.config.DummyAuthenticator.password") or values.get("auth.dummy.password"):
        return
    addresses = [(s, a) for s in public_services if not _narrow(s, values) for a in outer_points(s)]
    doors = [Evidence("service", f"{s.name}: LoadBalancer {address}") for s, address in addresses]
    # the chart makes a load balancer by itself; each of these somebody asked for
    meant = [e for s, _ in addresses[:1] for e in _prepared(s, values)]
    for ingress in hub_ingresses:
        if not (from_inside_only(ingress) or guarded(ingress)):
            _enter(Evidence("ingress", ingress.name), [r.host for r in ingress.spec.rules], doors, meant)
    for route in hub_routes:
        _enter(Evidence("httproute", route.name), route.spec.hostnames, doors, meant)
    if not doors:
        return
    says = "anyone who reaches the hub can log in with any name: the authenticator is the one for tests"
    yield Finding(
        on=(hub.ref,),
        says=says + ("" if meant else " (the chart's default, for a first try)"),
        severity=None if meant else Severity.INFO,
        evidence=(
            Evidence("values", "hub.config.JupyterHub.authenticator_class: dummy, without a password"),
            *dict.fromkeys([*meant, *doors][:4]),
        ),
        fix=Fix(
            "Choose a real authenticator; until then set a password that all share, as shown; or let the hub be "
            "reached from inside only, which keeps users elsewhere out.",
            values={
                "hub": {
                    "config": {
                        "JupyterHub": {"authenticator_class": "dummy"},
                        "DummyAuthenticator": {"password": "CHOOSE"},
                    }
                }
            },
            commands=(hub.helm_upgrade,),
            caution="This restarts the hub; users have to log in again.",
        ),
    )


def _narrow(service: Service, values: Values) -> bool:
    """Whether the load balancer lets only some addresses in."""
    sources = service.spec.load_balancer_source_ranges or values.items("proxy.service.loadBalancerSourceRanges")
    return bool(sources) and not {"0.0.0.0/0", "::/0"} & set(map(str, sources))


def _prepared(service: Service, values: Values) -> Iterator[Evidence]:
    """What shows that the load balancer's address is meant for users, not for a first try."""
    if values.get("proxy.https.enabled") is True:
        hosts = ", ".join(map(str, values.items("proxy.https.hosts")[:3]))
        yield Evidence("values", f"proxy.https.enabled: true{f' for {hosts}' if hosts else ''}")
    if PUBLISHED_NAME in service.annotations:
        yield Evidence("service", f"{service.name}: external-dns publishes a name for it ({PUBLISHED_NAME})")
    if address := service.spec.load_balancer_ip:
        yield Evidence("service", f"{service.name}: loadBalancerIP {address}, an address of its own")


def _enter(way: Evidence, hosts: list[str], doors: list[Evidence], meant: list[Evidence]) -> None:
    """An Ingress or HTTPRoute is a door unless all its names are local; with a name for it the door is meant."""
    named = [h for h in hosts if h and not local_name(h)]
    if hosts and not named and all(hosts):
        return
    door = Evidence(way.source, f"{way.detail}: {', '.join(named) or 'any host'}")
    doors.append(door)
    if named:
        meant.append(door)
