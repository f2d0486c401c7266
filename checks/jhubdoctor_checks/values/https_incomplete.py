"""HTTPS that was begun and not finished."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Severity, Values, check, clean

TYPES = ("letsencrypt", "manual", "offload", "secret")
_HOST = "NAME OF THE HOST"


def _mail(kind: str) -> dict[str, object]:
    """The address that the chart asks for with Let's Encrypt; what is set of it is not for us to see."""
    return {"letsencrypt": {"contactEmail": "YOUR E-MAIL ADDRESS"}} if kind == "letsencrypt" else {}


@check(severity=Severity.WARNING)
def https_incomplete(hub: Hub, values: Values) -> Iterator[Finding]:
    """HTTPS is set in part, so the hub does not serve it."""
    enabled, kind = values.get("proxy.https.enabled"), values.get("proxy.https.type", "")
    hosts = [clean(str(h), 80) for h in values.items("proxy.https.hosts")]
    # where an Ingress or a Gateway ends TLS, what is left under proxy.https does not matter
    fronted = values.enabled("ingress.enabled") or values.enabled("httpRoute.enabled")
    patch: dict[str, object] = {}
    if enabled is False and hosts and not fronted and hub.at_least("0.10.0"):
        cause, why = "not-enabled", "proxy.https.hosts is set and proxy.https.enabled is false"
        patch = {"enabled": True, **_mail(kind)}
    elif enabled is True and kind == "letsencrypt" and not hosts:
        cause, why = "no-hosts", "Let's Encrypt is asked for no host, so there is no autohttps and no port 443"
        patch = {"hosts": [_HOST], **_mail(kind)}
    elif enabled is True and kind == "secret" and not values.get("proxy.https.secret.name"):
        cause, why = "no-secret", "proxy.https.type is secret and proxy.https.secret.name is not set"
        patch = {"secret": {"name": "NAME OF THE SECRET"}}
    elif enabled is True and kind not in TYPES:
        cause, why = (
            "no-type",
            f"proxy.https.type is {clean(str(kind), 40) or 'not set'}, so nothing listens on port 443",
        )
        patch = {"type": "letsencrypt", "hosts": hosts or [_HOST], **_mail("letsencrypt")}
    else:
        return
    yield Finding(
        on=(hub.ref,),
        says=f"HTTPS is not served: {why}",
        evidence=(
            ("values", f"proxy.https.enabled: {str(enabled).lower()}, type: {clean(str(kind), 40) or 'null'}"),
            ("values", f"proxy.https.hosts: {', '.join(hosts[:3]) or 'empty'}"),
        ),
        fix=Fix(
            "Finish it, as shown; or remove what is set of it, and passwords go over the network in the clear.",
            values={"proxy": {"https": patch}},
            commands=(hub.helm_upgrade,),
            caution="The proxy restarts: users are cut off for some seconds, their servers keep running.",
        ),
        cause=cause,
    )
