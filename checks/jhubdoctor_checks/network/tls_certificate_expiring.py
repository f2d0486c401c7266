"""Certificates that are about to end, or have ended."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Finding, Hub, Rung, Severity, check, clean
from jhubdoctor_checks.facts.issuing import Issue
from jhubdoctor_checks.facts.network import ServedCertificate
from jhubdoctor_checks.network._certificates import Certificate, leaves
from jhubdoctor_checks.network._secrets import renewed, why

SOON, VERY_SOON = timedelta(days=30), timedelta(days=7)


@check(severity=Severity.WARNING, at=Rung.GIVEN)
def tls_certificate_expiring(
    hub: Hub, certificates: list[ServedCertificate], issuing: dict[str, Issue] | None, now: datetime
) -> Iterator[Finding]:
    """A certificate that users of the hub get to see ends soon, or has ended."""
    for c in {c.name: c for c in certificates}.values():
        found = leaves(c.secret.data.get(c.key, "") if c.secret else "", c.key)
        if not found:
            continue
        issue = (issuing or {}).get(c.name)
        worst = min(found, key=lambda x: x.not_after)
        left = worst.not_after - now
        if worst.not_before > now + timedelta(hours=1):
            yield _finding(hub, c, issue, worst, "is not valid yet", Severity.ERROR, "not-yet-valid")
        elif left < _before_the_end(worst, renewed=c.renewed):
            bad = left < min(VERY_SOON, worst.lifetime / 9)
            says = f"ends in {_days(left)}" if left > timedelta(0) else f"ended {_days(-left)} ago"
            yield _finding(hub, c, issue, worst, says, Severity.ERROR if bad else Severity.WARNING, "ends")


def _days(span: timedelta) -> str:
    return {0: "less than a day", 1: "a day"}.get(span.days, f"{span.days} days")


def _before_the_end(certificate: Certificate, *, renewed: bool) -> timedelta:
    """When to speak up: a month before, or a third of a short life.

    cert-manager and Traefik renew at that very moment, so theirs is late only after a while.
    """
    soon = min(SOON, certificate.lifetime / 3)
    return soon * 7 / 10 if renewed else soon


def _finding(
    hub: Hub,
    c: ServedCertificate,
    issue: Issue | None,
    certificate: Certificate,
    says: str,
    severity: Severity,
    cause: str,
) -> Finding:
    row = why(issue)
    issuer = certificate.issuer or "an issuer without a name"
    hosts = ", ".join(clean(h, 80) for h in (certificate.hosts or c.hosts)[:3])
    says += f", and is not renewed: {row.says}" if row else ""
    return Finding(
        on=(c.ref,),
        says=f"the certificate{f' for {hosts}' if hosts else ''} {says}"
        + (f", and is not renewed: {row.says}" if row else ""),
        evidence=(
            ("secret", f"{clean(c.name, 80)}, key {c.key}: notAfter", certificate.not_after),
            ("secret", f"notBefore, issued by {issuer}", certificate.not_before),
            (c.by.kind.lower(), f"{c.by.name} serves it"),
            *(issue.evidence if issue else ()),
        ),
        fix=renewed(hub, c, issue),
        severity=severity,
        cause=cause,
        affects=(c.by,),
    )
