"""Starts of users' servers that come to no good end, whatever the reason."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Events, Evidence, Finding, Fix, Hub, Pod, Rung, Severity, check, count
from jhubdoctor_checks.facts.image import shared
from jhubdoctor_checks.facts.starts import Starts
from jhubdoctor_checks.vitals._starts_failing import Stuck, failing, over, places, stuck_pods

_LOG = "logs deployment/{hub} --container hub --tail 200"


@check(severity=Severity.ERROR, at=Rung.SERVED, symptom=True, passes_only_with=("starts", "events"))
def starts_failing(
    hub: Hub, now: datetime, starts: Starts | None, user_pods: list[Pod], events: Events | None
) -> Iterator[Finding]:
    """Users ask for servers and do not get them."""
    look = hub.kubectl(_LOG.format(hub=hub.ref.name))
    if starts is not None:
        counts = Evidence("hub log", f"since {starts.since:%H:%M} UTC: {starts.counts}")
        yield from failing(hub, starts, user_pods, counts, look)
        if starts.unheard:
            names = [pod for pod, _ in starts.unheard]
            yield Finding(
                on=tuple(shared(r) for r in places(hub, names, user_pods)),
                says=f"{count(len(names), 'start')} neither came up nor failed within {starts.limit} seconds",
                evidence=(*(Evidence("hub log", f"{pod} was asked for", at) for pod, at in starts.unheard[:3]), counts),
                fix=Fix(
                    "See what the hub and the pod say; a restart of the hub ends starts that hang.",
                    commands=(look, hub.kubectl(f"describe pod {names[0]}")),
                ),
                cause="unheard",
                unexplained=True,
            )
        yield from over(hub, starts, counts)
    stuck = stuck_pods(user_pods, now, events, starts.limit if starts else 300)
    if stuck:
        yield _not_ready(hub, stuck)


def _not_ready(hub: Hub, stuck: list[Stuck]) -> Finding:
    first = stuck[0]
    return Finding(
        on=tuple(shared(s.pod.ref) for s in stuck),
        says=f"{count(len(stuck))} {'is' if len(stuck) == 1 else 'are'} not ready, for up to {first.minutes} minutes",
        evidence=tuple(e for s in stuck[:3] for e in s.evidence),
        fix=Fix("See what the pod waits for.", commands=(hub.kubectl(f"describe pod {first.pod.name}"),)),
        severity=Severity.ERROR if any(s.late for s in stuck) else Severity.WARNING,
        cause="not-ready",
        unexplained=True,
    )
