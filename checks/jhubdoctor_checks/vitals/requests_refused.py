"""Requests that the hub refuses again and again."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import CannotSay, Evidence, Finding, Hub, Pod, Rung, Severity, Values, check, clean, times
from jhubdoctor_checks.facts.forgotten import Forgotten
from jhubdoctor_checks.facts.hub_graph import CORE
from jhubdoctor_checks.facts.traffic import Request, Traffic
from jhubdoctor_checks.vitals._callers import METRICS, by_address, by_services, who
from jhubdoctor_checks.vitals._requests_refused import objects, own, place, refusals, remedy, why


@check(severity=Severity.WARNING, at=Rung.SERVED, symptom=True)
def requests_refused(
    hub: Hub,
    now: datetime,
    traffic: Traffic,
    user_pods: list[Pod] | None,
    service_pods: list[Pod] | None,
    values: Values | None,
    forgotten: list[Forgotten] | None,
) -> Iterator[Finding]:
    """The hub refuses the same requests again and again (4xx), and never lets them in."""
    beside = by_address(p for p in service_pods or () if p.component not in CORE)
    pods = {**by_address(user_pods or ()), **beside}
    for group in refusals(by_services(traffic.lately(now), beside), beside):
        last = group[-1]
        if last.route.endswith("/activity") and {r.about for r in group} <= {f.pod.user for f in forgotten or ()}:
            # it is told of these servers themselves
            continue
        yield Finding(
            on=objects(hub, last),
            says=f"{who(group, pods)} refused {times(len(group))} at {place(last)} since "
            f"{traffic.since(now):%H:%M} UTC, and never let in",
            evidence=(
                Evidence("hub log", f"HTTP {last.status} for {last.method} {last.route}: {why(last.reason)}", last.at),
                Evidence("hub log", "the first of them", group[0].at),
            ),
            fix=remedy(hub, last),
            severity=_severity(group),
            cause=clean(f"{last.why or 'refused'} {last.name if last.service else last.caller} {last.route}", 120),
        )
    if values is None and any(r.refused and r.caller == "user" for r in traffic.lately(now)):
        # which of the users are services the values alone tell
        raise CannotSay("values")


def _severity(group: list[Request]) -> Severity:
    """How bad: users who cannot start their servers come first, and nobody suffers from a graph that is empty."""
    if group[-1].route == METRICS:
        return Severity.INFO
    # a service may be meant for some users only
    meant = group[-1].handler == "oauth2" and not own(group[-1])
    return Severity.ERROR if len({r.name for r in group}) > 1 and not meant else Severity.WARNING
