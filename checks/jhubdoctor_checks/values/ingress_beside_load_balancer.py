"""A second, plainer door beside the Ingress."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Severity, Values, check


@check(severity=Severity.INFO)
def ingress_beside_load_balancer(hub: Hub, values: Values) -> Iterator[Finding]:
    """The hub has an Ingress or HTTPRoute, and a LoadBalancer of its own beside it."""
    ways = [w for w in ("ingress", "httpRoute") if values.enabled(f"{w}.enabled")]
    open_to_all = not values.items("proxy.service.loadBalancerSourceRanges")
    if not ways or values.get("proxy.service.type") != "LoadBalancer" or not open_to_all:
        return
    yield Finding(
        on=(hub.ref,),
        says="users come in by the Ingress or HTTPRoute, and a LoadBalancer offers the hub once more, past its TLS",
        evidence=(
            *(("values", f"{w}.enabled: true") for w in ways),
            ("values", "proxy.service.type: LoadBalancer (the chart's default)"),
        ),
        fix=Fix(
            "Make the Service a ClusterIP, unless the LoadBalancer is wanted.",
            values={"proxy": {"service": {"type": "ClusterIP"}}},
            commands=(hub.helm_upgrade,),
            caution="Whoever uses the LoadBalancer's address loses it.",
        ),
    )
