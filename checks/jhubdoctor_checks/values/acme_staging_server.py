"""Certificates for testing, in use."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Severity, Values, check, clean


@check(severity=Severity.WARNING)
def acme_staging_server(hub: Hub, values: Values) -> Iterator[Finding]:
    """Certificates come from a staging server, which browsers do not trust."""
    server = str(values.get("proxy.https.letsencrypt.acmeServer", ""))
    in_use = values.enabled("proxy.https.enabled") and values.get("proxy.https.type") == "letsencrypt"
    if in_use and values.items("proxy.https.hosts") and "staging" in server:
        yield Finding(
            on=(hub.ref,),
            says="the hub's certificates come from a staging server, which browsers do not trust",
            evidence=(("values", f"proxy.https.letsencrypt.acmeServer: {clean(server, 120)}"),),
            fix=Fix(
                "Once staging works, ask the real server, and let Traefik forget the staging certificates.",
                values={
                    "proxy": {
                        "https": {"letsencrypt": {"acmeServer": "https://acme-v02.api.letsencrypt.org/directory"}}
                    }
                },
                commands=(
                    hub.helm_upgrade,
                    hub.kubectl("delete secret proxy-public-tls-acme --ignore-not-found"),
                    hub.kubectl("delete pod --selector component=autohttps"),
                ),
                caution="This cuts all users off for some seconds; their servers keep running.",
            ),
        )
