"""TLS that is asked for with a Secret that is not there."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Finding, Hub, Pod, Rung, Severity, check, clean
from jhubdoctor_checks.facts.issuing import Issue
from jhubdoctor_checks.facts.network import ServedCertificate
from jhubdoctor_checks.network._secrets import made, why

PATIENCE = timedelta(minutes=10)
"""cert-manager makes the Secret only once the certificate is issued."""


@check(severity=Severity.ERROR, stops=Rung.MOUNTED)
def tls_secret_missing(
    hub: Hub,
    certificates: list[ServedCertificate],
    issuing: dict[str, Issue] | None,
    proxy_pods: list[Pod],
    now: datetime,
) -> Iterator[Finding]:
    """The Secret that holds the certificate for the hub is missing, or holds none."""
    for c in {(c.by, c.name): c for c in certificates}.values():
        if c.by.kind == "Deployment" and not c.private:
            # Traefik's own: acme-failed looks after it
            continue
        if c.renewed and now - c.since < PATIENCE:
            continue
        lacking = [] if c.secret is None else [k for k in (c.key, c.private) if k not in c.secret.data]
        if c.secret is not None and not lacking:
            continue
        name = clean(c.name, 80)
        mounted = c.by.kind == "Deployment"
        running = mounted and any(p.ready for p in proxy_pods)
        what = "does not exist" if c.secret is None else f"has no {' and no '.join(lacking)}"
        has = "none of this name" if c.secret is None else f"keys {', '.join(sorted(c.secret.data)[:5])}"
        then = "browsers get a certificate that they do not trust"
        if mounted:
            then = "the proxy will not start again" if running else "the proxy does not start"
        issue = (issuing or {}).get(c.name)
        row = why(issue)
        yield Finding(
            on=(c.by,),
            says=f"the Secret {name} for TLS {what}, so {then}" + (f": {row.says}" if row else ""),
            evidence=(
                (c.by.kind.lower(), f"{c.by.name} names the Secret {name}{_for(c.hosts)}"),
                ("secret", f"{name}: {has}"),
                ("ingress", "an annotation leaves the certificate to cert-manager") if c.renewed else None,
                *(issue.evidence if issue else ()),
            ),
            fix=made(hub, c, issue),
            severity=Severity.WARNING if running else None,
            cause=name if c.secret is None else f"{name}-keys",
            affects=(c.ref, *(tuple(p.ref for p in proxy_pods) if mounted else ())),
        )


def _for(hosts: tuple[str, ...]) -> str:
    return f" for {', '.join(clean(h, 80) for h in hosts[:3])}" if hosts else ""
