"""A hub that stands still for seconds, or answers slowly."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    Events,
    Evidence,
    Finding,
    Fix,
    Hub,
    HubLog,
    Pod,
    Rung,
    Severity,
    check,
    times,
)
from jhubdoctor_checks.facts.traffic import Traffic
from jhubdoctor_checks.vitals._hub_unresponsive import SLOW, pages, pauses, shown, slow, took, unanswered

_OFTEN, _ALL = 3, 30.0
_LONG_ANSWERS = f"grep '{'[0-9]' * 5}[.][0-9]*ms'"


@check(severity=Severity.WARNING, at=Rung.SERVED, symptom=True, passes_only_with=("events",))
def hub_unresponsive(
    hub: Hub, now: datetime, hub_log: HubLog, traffic: Traffic, hub_pods: list[Pod], events: Events | None
) -> Iterator[Finding]:
    """The hub stands still for seconds, or takes as long for its pages, and everybody waits."""
    found = pauses(hub_log, traffic, now)
    whole, worst = sum(s for _, s in found), max((s for _, s in found), default=0.0)
    if len(found) < _OFTEN or whole < _ALL:
        if probe := unanswered(hub_pods, events, now):
            yield Finding(
                on=(hub.service_ref,),
                says=f"the hub is called ready, and left a probe unanswered {times(probe.times)} since "
                f"{probe.began:%H:%M} UTC",
                evidence=shown(probe, traffic, now),
                fix=_fix(hub, _LONG_ANSWERS),
                cause="probe",
                unexplained=True,
            )
        else:
            yield from _slowly(hub, now, traffic)
        return
    yield Finding(
        on=(hub.service_ref,),
        says=f"the hub stood still {times(len(found))} since {traffic.since(now):%H:%M} UTC, for {worst:.0f} seconds "
        f"at worst and {whole:.0f} in all",
        evidence=(
            Evidence("hub log", f"Event loop was unresponsive for {found[-1][1]:.1f} s", found[-1][0]),
            Evidence("hub log", "the first of them", found[0][0]),
        ),
        fix=_fix(hub, "grep -B 5 unresponsive"),
        unexplained=True,
    )


def _slowly(hub: Hub, now: datetime, traffic: Traffic) -> Iterator[Finding]:
    """Pages that take long, by a hub that does not tell of pauses, or waits for another."""
    seen = pages(traffic, now)
    if found := slow(seen, now):
        worst = max(found, key=lambda r: r.seconds)
        yield Finding(
            on=(hub.service_ref,),
            says=f"the hub answers slowly: {len(found)} of {len(seen)} pages since {traffic.since(now):%H:%M} UTC took "
            f"{SLOW:.0f} seconds or more",
            evidence=(
                took(worst),
                Evidence("hub log", "the first of them", found[0].at),
                Evidence("hub log", f"the last of them took {found[-1].seconds:.0f} s", found[-1].at),
            ),
            fix=_fix(hub, _LONG_ANSWERS),
            cause="slow",
            unexplained=True,
        )


def _fix(hub: Hub, search: str) -> Fix:
    return Fix(
        "Give the hub the CPU that it asks for (no limit below 1 in hub.resources.limits). Then see what it does "
        "at these times: a database on a network share, code in hub.extraConfig or an authenticator that waits "
        "without await, thousands of users on /hub/admin.",
        commands=(
            hub.kubectl("top pod --containers --selector component=hub"),
            hub.kubectl(f"logs deployment/{hub.ref.name} --container hub --tail 5000 | {search}"),
        ),
    )
