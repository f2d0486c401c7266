"""A hub that anyone can reach and enter."""

from collections.abc import Iterator

from jhubdoctor import Evidence, Finding, Fix, HTTPRoute, Hub, Ingress, Service, Severity, Values, check
from jhubdoctor_checks.hub._login import authenticator, is_dummy


@check(severity=Severity.WARNING)
def dummy_authenticator_exposed(
    hub: Hub, values: Values, services: list[Service], ingresses: list[Ingress], http_routes: list[HTTPRoute]
) -> Iterator[Finding]:
    """The authenticator for tests takes any name and password, and the hub can be reached from outside."""
    if not is_dummy(authenticator(values)) or "JupyterHub.authenticator_class" in values.traits_in_code:
        return
    if values.get("hub.config.DummyAuthenticator.password") or values.get("auth.dummy.password"):
        return
    doors = list(_doors(hub, services, ingresses, http_routes))
    if not doors:
        return
    sources = values.items("proxy.service.loadBalancerSourceRanges")
    narrow = bool(sources) and "0.0.0.0/0" not in sources and all(d.source == "service" for d in doors)
    if narrow:
        return
    yield Finding(
        on=(hub.ref,),
        says="anyone who reaches the hub can log in with any name: the authenticator is the one for tests",
        evidence=(
            Evidence("values", "hub.config.JupyterHub.authenticator_class: dummy, without a password"),
            *doors[:3],
        ),
        fix=Fix(
            "Choose a real authenticator; until then set a password, or let the hub be reached from inside only.",
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


def _doors(hub: Hub, services: list[Service], ingresses: list[Ingress], routes: list[HTTPRoute]) -> Iterator[Evidence]:
    """Ways from outside that lead to the proxy."""
    public = {s.name for s in services if s.component == "proxy-public"}
    for s in services:
        if s.name in public and s.spec.type == "LoadBalancer":
            for point in s.status.load_balancer.ingress:
                if not _private(point.ip):
                    yield Evidence("service", f"{s.name}: LoadBalancer {point.ip or point.hostname}")
    for i in ingresses:
        backends = {
            p.backend.service.name
            for r in i.spec.rules
            if r.http
            for p in r.http.paths
            if p.backend.service is not None
        }
        if backends & public or (hub.owns(i) and i.component == "ingress"):
            hosts = ", ".join(r.host for r in i.spec.rules if r.host)
            yield Evidence("ingress", f"{i.name}: {hosts or 'any host'}")
    for r in routes:
        if hub.owns(r) and r.component == "httproute":
            yield Evidence("httproute", f"{r.name}: {', '.join(r.spec.hostnames) or 'any host'}")


def _private(address: str) -> bool:
    """Whether an address is one of a private network: kind, minikube, MetalLB at home."""
    import ipaddress

    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    # addresses of documentation count as private in Python, and stand for public ones in examples
    return found.is_private and not str(address).startswith(("192.0.2.", "198.51.100.", "203.0.113."))
