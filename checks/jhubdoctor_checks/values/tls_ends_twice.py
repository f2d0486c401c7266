"""Two places that both want to end TLS."""

from collections.abc import Iterator

from jhubdoctor.api import Deployment, Finding, Fix, Hub, Rung, Severity, Values, check


@check(severity=Severity.WARNING, stops=Rung.REACHED)
def tls_ends_twice(hub: Hub, values: Values, deployments: list[Deployment]) -> Iterator[Finding]:
    """An Ingress or HTTPRoute stands in front of a hub that gets certificates for itself."""
    ways = [w for w in ("ingress", "httpRoute") if values.enabled(f"{w}.enabled")]
    own = values.enabled("proxy.https.enabled") and values.get("proxy.https.type") == "letsencrypt"
    if not ways or not own or not values.items("proxy.https.hosts"):
        return
    yield Finding(
        on=(hub.ref,),
        says="the Ingress (or HTTPRoute) and the hub's own Traefik end TLS: requests are redirected in a circle",
        evidence=(
            *(("values", f"{w}.enabled: true") for w in ways),
            ("values", "proxy.https: enabled, type letsencrypt, with hosts"),
        ),
        fix=Fix(
            "Let one of them do it. Behind an Ingress or a Gateway, certificates belong there (cert-manager).",
            values={"proxy": {"https": {"enabled": False}, "service": {"type": "ClusterIP"}}},
            commands=(hub.helm_upgrade,),
            caution="autohttps goes: users are cut off for some seconds, their servers keep running.",
        ),
        affects=tuple(d.ref for d in deployments if d.component == "autohttps"),
    )
