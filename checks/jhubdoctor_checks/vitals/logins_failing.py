"""Logins that end in an error of the hub."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Evidence, Finding, Hub, HubLog, Rung, Severity, check, count, grouped
from jhubdoctor_checks.facts.database_errors import is_database
from jhubdoctor_checks.facts.traffic import Traffic
from jhubdoctor_checks.vitals._logins_failing import cause_of, reason_of, remedy
from jhubdoctor_checks.vitals._said import came_from, weight


@check(severity=Severity.ERROR, at=Rung.SERVED, symptom=True)
def logins_failing(hub: Hub, now: datetime, hub_log: HubLog, traffic: Traffic) -> Iterator[Finding]:
    """Users who log in get an error (5xx)."""
    well = traffic.logged_in(now)
    failed = [r for r in traffic.lately(now) if r.handler == "login" and r.failed and not is_database(r.raised)]
    for cause, group in grouped(failed, cause_of):
        last = group[-1]
        times = [r.at for r in group]
        severity = weight(times, well)
        if severity is None:
            continue
        whom = "logins fail" if well else "nobody can log in"
        fix, known = remedy(hub, last, hub_log)
        why = known or reason_of(last)
        yield Finding(
            on=(hub.service_ref,),
            says=f"{whom}: {count(len(group), 'try') if len(group) == 1 else f'{len(group)} tries'} ended in an error, "
            f"{count(len(well), 'login')} succeeded since {traffic.since(now):%H:%M} UTC: {why}",
            evidence=(
                Evidence("hub log", f"HTTP {last.status} for {last.method} {last.route}: {reason_of(last)}", last.at),
                Evidence("hub log", "the first of them", times[0]) if len(times) > 1 else None,
                *came_from(last.raised, hub_log),
            ),
            fix=fix,
            severity=severity,
            cause=cause,
            unexplained=not known,
        )
