"""Traefik in front of a proxy that it does not find."""

from collections.abc import Iterator

from jhubdoctor.api import Deployment, Finding, Fix, Hub, Service, Severity, Values, check

# templates/proxy/autohttps/_configmap-dynamic.yaml writes http://proxy-http:8000/ whatever fullnameOverride says, in
# every chart from 1.0 (which brought fullnameOverride) to 4.4.
WRITTEN = "proxy-http"


@check(severity=Severity.ERROR)
def autohttps_backend_missing(
    hub: Hub, autohttps: Deployment, services: list[Service], values: Values
) -> Iterator[Finding]:
    """The autohttps pod sends to a Service whose name was changed by fullnameOverride."""
    there = sorted(s.name for s in services if s.component == "autohttps")
    if not there or WRITTEN in {s.name for s in services} or values.mapping("proxy.traefik.extraDynamicConfig"):
        return
    url = f"http://{there[0]}:8000/"
    patch = {"http": {"services": {"default": {"loadBalancer": {"servers": [{"url": url}]}}}}}
    yield Finding(
        on=(autohttps.ref,),
        says=f"Traefik sends to the Service {WRITTEN}, and with fullnameOverride it is called {there[0]}:"
        " every page is an error",
        evidence=(
            ("services", f"of autohttps: {', '.join(there)}; none is called {WRITTEN}"),
            ("values", f"fullnameOverride: {'set' if values.get('fullnameOverride') else 'null'}"),
        ),
        fix=Fix(
            "Tell Traefik the name.",
            values={"proxy": {"traefik": {"extraDynamicConfig": patch}}},
            commands=(hub.helm_upgrade,),
        ),
    )
