"""Certificates that browsers refuse."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Evidence, Finding, Hub, Pod, Rung, Severity, check, clean, grouped
from jhubdoctor_checks.facts.network import ServedCertificate
from jhubdoctor_checks.facts.ways_in import Arrivals
from jhubdoctor_checks.vitals._certificate_invalid import look, refused


@check(
    severity=Severity.ERROR,
    at=Rung.SERVED,
    symptom=True,
    complete=("arrivals",),
    passes_only_with=("traefik_log",),
)
def certificate_invalid(
    hub: Hub,
    certificates: list[ServedCertificate],
    autohttps_pods: list[Pod],
    traefik_log: list[str] | None,
    arrivals: Arrivals,
    now: datetime,
) -> Iterator[Finding]:
    """Browsers refuse the hub: its certificate has ended, is for other hosts, or there is none."""
    for _, served in grouped(certificates, lambda c: c.name):
        first = served[0]
        found = refused(served, autohttps_pods, traefik_log, now)
        # what is in front of it may have a certificate of its own: then users come in
        if found is None or arrivals.since(found.since):
            continue
        hosts = ", ".join(clean(h, 80) for h in found.hosts[:3])
        yield Finding(
            on=(first.by if found.none else first.ref,),
            says=f"browsers refuse the hub: {found.says}{f' for {hosts}' if hosts and not found.none else ''}",
            evidence=(
                *found.shown,
                (first.by.kind.lower(), f"{first.by.name} serves it"),
                Evidence("hub log", "within the hour no page for a user from outside since then"),
            ),
            fix=look(hub, first, found),
            cause=found.word,
            affects=tuple(c.by for c in served),
            unexplained=True,
        )
