"""Requests that end in an exception of the hub's database."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Evidence, Finding, Fix, Hub, Rung, Severity, check, clean, some, times
from jhubdoctor_checks.facts.database_errors import DatabaseError
from jhubdoctor_checks.facts.traffic import HOUR, Traffic
from jhubdoctor_checks.vitals._said import weight


@check(severity=Severity.ERROR, at=Rung.SERVED, symptom=True)
def database_failing(
    hub: Hub, now: datetime, traffic: Traffic, database_errors: tuple[DatabaseError, ...]
) -> Iterator[Finding]:
    """The hub's database gives it exceptions instead of answers."""
    lately = [e for e in database_errors if now - e.at <= HOUR]
    # whoever is known by name was looked up there
    well = [r.at for r in traffic.lately(now) if r.name and r.status < 400]
    severity = weight([e.at for e in lately], well)
    if severity is None:
        return
    kinds = list(dict.fromkeys(e.kind for e in lately))
    telling = next((e for e in reversed(lately) if e.driver), lately[-1])
    yield Finding(
        on=(hub.service_ref,),
        says=f"the hub's database fails: {some(kinds)}, {times(len(lately))} since {traffic.since(now):%H:%M} UTC",
        evidence=(
            Evidence("hub log", clean(f"{telling.driver or telling.kind}: {telling.text}", 200), telling.at),
            *(Evidence("hub log", f"{k}: {times(sum(e.kind == k for e in lately))}") for k in kinds[:3]),
            Evidence("hub log", "the last answer to a user whom the database knew", well[-1]) if well else None,
        ),
        fix=Fix(
            "See that the database server runs and takes the hub's account, and what its own log says at that time; "
            "for SQLite see the volume that it lies on. A restart of the hub opens its connections anew.",
            commands=(
                hub.kubectl(f"logs deployment/{hub.ref.name} --container hub --tail 5000 | grep -i 'error) '"),
                hub.kubectl(f"rollout restart deployment/{hub.ref.name}"),
            ),
            caution="This restarts the hub; users' servers keep running.",
        ),
        severity=severity,
        cause=telling.kind,
        unexplained=True,
    )
