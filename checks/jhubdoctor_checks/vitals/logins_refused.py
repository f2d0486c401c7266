"""Logins that the hub refuses, again and again, or to everybody."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Evidence, Finding, Hub, PersistentVolumeClaim, Pod, Rung, Service, Severity, check
from jhubdoctor_checks.facts.traffic import Traffic
from jhubdoctor_checks.vitals._logins_refused import refusals, remedy, shape, users
from jhubdoctor_checks.vitals._said import nobody


@check(severity=Severity.ERROR, at=Rung.SERVED, symptom=True, passes_only_with=("user_pods", "claims"))
def logins_refused(
    hub: Hub,
    now: datetime,
    traffic: Traffic,
    user_pods: list[Pod] | None,
    claims: list[PersistentVolumeClaim] | None,
    public_services: list[Service] | None,
) -> Iterator[Finding]:
    """Users who log in are refused: by a form that does not count, by a rule, or whatever they type."""
    well = traffic.logged_in(now)
    for kind in refusals(traffic, users(traffic, user_pods, claims), now):
        last, number = kind.requests[-1], len(kind.requests)
        yield Finding(
            on=(hub.service_ref,),
            says=f"{number} of {number + len(well)} logins were refused ({kind.codes}) since "
            f"{traffic.since(now):%H:%M} UTC: {kind.says}",
            evidence=(
                Evidence("hub log", f"{last.method} {last.route}: {nobody(last.reason) or kind.word}", last.at),
                Evidence("hub log", "the first of them", kind.requests[0].at),
                Evidence("hub log", "the last login that succeeded", well[-1]) if well else None,
                *shape(kind, traffic),
            ),
            fix=remedy(hub, kind, public_services or []),
            severity=Severity.WARNING if kind.few or (well and well[-1] > last.at) else Severity.ERROR,
            cause=kind.word,
        )
