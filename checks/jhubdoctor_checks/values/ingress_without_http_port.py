"""An Ingress that sends to a port which was turned off."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Ingress, Severity, Values, check


# by a rung it would take in what else an Ingress lacks
@check(severity=Severity.ERROR, explains=("way-in-not-ready",))
def ingress_without_http_port(hub: Hub, values: Values, hub_ingresses: list[Ingress] | None) -> Iterator[Finding]:
    """The chart's Ingress or HTTPRoute sends to the HTTP port of proxy-public, which is turned off."""
    ways = [w for w in ("ingress", "httpRoute") if values.enabled(f"{w}.enabled")]
    if not ways or not values.enabled("proxy.service.disableHttpPort"):
        return
    yield Finding(
        on=(hub.ref,),
        says="the Ingress or HTTPRoute sends to the HTTP port of proxy-public, which disableHttpPort removes",
        evidence=(
            *(("values", f"{w}.enabled: true") for w in ways),
            ("values", "proxy.service.disableHttpPort: true"),
        ),
        fix=Fix(
            "Keep the port; with type ClusterIP it is not open to the outside.",
            values={"proxy": {"service": {"disableHttpPort": False, "type": "ClusterIP"}}},
            commands=(hub.helm_upgrade,),
        ),
        affects=tuple(i.ref for i in hub_ingresses or ()),
    )
