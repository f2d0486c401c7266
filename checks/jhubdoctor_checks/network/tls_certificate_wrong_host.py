"""Certificates for other hosts than those they are served for."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Hub, Severity, check, clean
from jhubdoctor_checks.facts.network import ServedCertificate
from jhubdoctor_checks.network._certificates import first
from jhubdoctor_checks.network._secrets import for_its_hosts


# it is about what serves the certificate, of which more can be wrong than that
@check(severity=Severity.WARNING, explains=("certificate-invalid",))
def tls_certificate_wrong_host(hub: Hub, certificates: list[ServedCertificate]) -> Iterator[Finding]:
    """A certificate is not for the host that it is served for."""
    for c in certificates:
        leaf = first(c.secret.data.get(c.key, "")) if c.secret else None
        if leaf is None or not leaf.hosts:
            continue
        # a wildcard in the Ingress is covered by the same wildcard, or by nothing that can be told here
        missed = [h for h in c.hosts if not leaf.covers(h)]
        if not missed:
            continue
        yield Finding(
            on=(c.by,),
            says=f"the certificate in {clean(c.name, 80)} is not for {', '.join(clean(h, 80) for h in missed[:3])},"
            " so browsers warn",
            evidence=(
                ("secret", f"{clean(c.name, 80)}: for {', '.join(leaf.hosts[:4])}"),
                (c.by.kind.lower(), f"{c.by.name}: tls.hosts {', '.join(clean(h, 80) for h in c.hosts[:4])}"),
            ),
            fix=for_its_hosts(hub, c),
            cause=c.name,
            affects=(c.ref,),
        )
