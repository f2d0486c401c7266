"""Errors that the hub logs again and again beside what users ask for."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Evidence, Finding, Hub, HubLog, Rung, Severity, Spawns, check, grouped, times
from jhubdoctor_checks.facts.starts import Starts
from jhubdoctor_checks.facts.traffic import Traffic
from jhubdoctor_checks.vitals._again import goes_on, kind_of, told
from jhubdoctor_checks.vitals._errors_go_on import aside
from jhubdoctor_checks.vitals._said import came_from, mend


@check(severity=Severity.WARNING, at=Rung.SERVED, symptom=True)
def errors_go_on(
    hub: Hub, now: datetime, hub_log: HubLog, traffic: Traffic, spawns: Spawns, starts: Starts
) -> Iterator[Finding]:
    """The hub logs the same error again and again, and no request and no start of a server is what fails."""
    entries = aside(hub_log.current, traffic, spawns, starts, now)
    for kind, found in grouped(entries, kind_of):
        at = [e.at for e in found if e.at is not None]
        if not goes_on(at, now):
            continue
        last = found[-1]
        yield Finding(
            on=(hub.ref,),
            says=f"the hub logs the same error again and again, {times(len(found))} since "
            f"{traffic.since(now):%H:%M} UTC: {told(last)}",
            evidence=(
                Evidence("hub log", told(last), last.at),
                Evidence("hub log", "the first of them", at[0]),
                *came_from(last.raised, hub_log),
            ),
            fix=mend(hub, last.raised, hub_log, kind.partition(" ")[0]),
            cause=kind,
            unexplained=True,
        )
