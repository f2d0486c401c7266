"""Requests that the hub could not answer."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Evidence, Finding, Hub, HubLog, Rung, Severity, Spawns, check, grouped
from jhubdoctor_checks.facts.traffic import Traffic
from jhubdoctor_checks.vitals._requests_failing import failures, meant, place, told
from jhubdoctor_checks.vitals._said import came_from, nobody, weight


@check(severity=Severity.ERROR, at=Rung.SERVED, symptom=True)
def requests_failing(hub: Hub, now: datetime, hub_log: HubLog, traffic: Traffic, spawns: Spawns) -> Iterator[Finding]:
    """The hub answers requests with an error (5xx)."""
    requests = traffic.lately(now)
    for (route, kind), group in grouped(
        failures(requests, spawns, hub_log.current), lambda r: (place(r), r.raised and r.raised.kind)
    ):
        last = group[-1]
        well = [r.at for r in requests if place(r) == route and r.status < 400]
        severity = weight([r.at for r in group], well)
        if severity is None:
            continue
        says, fix = meant(last, hub, hub_log)
        answer = last.raised.answer if last.raised else ""
        yield Finding(
            on=(hub.service_ref,),
            says=f"the hub fails at {route}: {len(group)} of {len(group) + len(well)} requests since "
            f"{traffic.since(now):%H:%M} UTC ended in an error: {says}",
            evidence=(
                Evidence("hub log", f"HTTP {last.status} for {last.method} {route}: {told(last)}", last.at),
                Evidence("hub log", f"the API server's answer: {nobody(answer, 300)}", last.at) if answer else None,
                Evidence("hub log", "the first of them", group[0].at) if len(group) > 1 else None,
                Evidence("hub log", "the last that succeeded", well[-1]) if well else None,
                *came_from(last.raised, hub_log),
            ),
            fix=fix,
            severity=severity,
            cause=f"{last.handler} {kind or last.status}",
            unexplained=True,
        )
