"""Logins that come back to the wrong place."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from jhubdoctor.api import Finding, Hub, Severity, Values, check, clean


@check(severity=Severity.WARNING)
def oauth_callback_wrong(hub: Hub, values: Values) -> Iterator[Finding]:
    """The address to which a login returns does not fit the hub."""
    known = _hosts(values)
    secure = _tls(values)
    path = str(values.get("hub.baseUrl", "/")).strip("/")
    right = f"/{path}/hub/oauth_callback".replace("//", "/")
    for section in _sections(values):
        given = str(values.get(f"hub.config.{section}.oauth_callback_url", ""))
        try:
            url = urlsplit(given)
            host = (url.hostname or "").lower()
        except ValueError:
            continue
        if not host or "{" in given:
            # a template, or only a path
            continue
        wrong: dict[str, tuple[str, Severity]] = {}
        if url.path.rstrip("/") != right:
            wrong["path"] = (
                f"its path is {clean(url.path, 80) or 'empty'}, and the hub listens at {right}",
                Severity.ERROR,
            )
        if known and not any(host == h or (h.startswith("*.") and host.partition(".")[2] == h[2:]) for h in known):
            wrong["host"] = (f"its host is none of {', '.join(known[:3])}", Severity.WARNING)
        if url.scheme == "http" and secure:
            wrong["scheme"] = (f"it begins with http, and {secure}", Severity.WARNING)
        named = next((h for h in known if not h.startswith("*.")), host) if "host" in wrong else host
        # all that is wrong is corrected by each of them: they set the same key
        fixed = f"{'https' if secure else url.scheme}://{named}{right}"
        for cause, (says, severity) in wrong.items():
            yield Finding(
                on=(hub.ref,),
                says=f"the oauth_callback_url of {clean(section, 60)} does not fit: {says}",
                evidence=(("values", f"hub.config.{clean(section, 60)}.oauth_callback_url: {clean(given, 120)}"),),
                fix=hub.values_fix(
                    "Correct it, here and where the hub is registered with the provider.",
                    {"hub": {"config": {section: {"oauth_callback_url": fixed}}}},
                ),
                severity=severity,
                cause=f"{section}-{cause}",
            )


def _sections(values: Values) -> list[str]:
    """The sections of hub.config with such an address that the authenticator in use reads."""
    config = values.mapping("hub.config")
    given = sorted(s for s, traits in config.items() if isinstance(traits, dict) and traits.get("oauth_callback_url"))
    chosen = str(values.get("hub.config.JupyterHub.authenticator_class", "")).rpartition(".")[2].lower()
    plain = chosen.replace("-", "").removesuffix("oauthenticator").removesuffix("authenticator")
    if plain in {"multi", "multiple"} or "JupyterHub.authenticator_class" in values.traits_in_code:
        return []
    own = [s for s in given if plain and s.lower().startswith(plain)]
    general = [s for s in given if s in {"OAuthenticator", "Authenticator"}]
    return own or general


def _hosts(values: Values) -> list[str]:
    """The hosts that the values name for the hub."""
    found = [*values.items("proxy.https.hosts"), *values.items("ingress.hosts"), *values.items("httpRoute.hostnames")]
    on = (
        values.enabled("ingress.enabled")
        or values.enabled("httpRoute.enabled")
        or values.enabled("proxy.https.enabled")
    )
    return [clean(str(h), 80).lower() for h in found if h] if on else []


def _tls(values: Values) -> str:
    """Where TLS ends, in words; empty where nothing is known of it."""
    if values.enabled("proxy.https.enabled"):
        return "proxy.https is on"
    return "the Ingress has TLS" if values.enabled("ingress.enabled") and values.items("ingress.tls") else ""
