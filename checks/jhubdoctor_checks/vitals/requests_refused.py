"""Requests that the hub refuses again and again."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Evidence, Finding, Hub, Pod, Rung, Severity, check, clean, times
from jhubdoctor_checks.facts.traffic import Traffic
from jhubdoctor_checks.vitals._requests_refused import objects, refusals, remedy, who, why


@check(severity=Severity.WARNING, at=Rung.SERVED, symptom=True)
def requests_refused(hub: Hub, now: datetime, traffic: Traffic, user_pods: list[Pod] | None) -> Iterator[Finding]:
    """The hub refuses the same requests again and again (4xx), and never lets them in."""
    for group in refusals(traffic.lately(now)):
        last = group[-1]
        yield Finding(
            on=objects(hub, last),
            says=f"{who(group, user_pods or [])} refused {times(len(group))} at {last.route} since "
            f"{traffic.since(now):%H:%M} UTC, and never let in",
            evidence=(
                Evidence("hub log", f"HTTP {last.status} for {last.method} {last.route}: {why(last.reason)}", last.at),
                Evidence("hub log", "the first of them", group[0].at),
            ),
            fix=remedy(hub, last),
            # users who cannot start their servers; a service may be meant for some of them
            severity=Severity.ERROR
            if len({r.name for r in group}) > 1 and last.handler != "oauth2"
            else Severity.WARNING,
            cause=clean(f"{last.why or 'refused'} {last.name if last.service else last.caller} {last.route}", 120),
        )
