"""Users' servers that their node gave up."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Events, Finding, Hub, Pod, Rung, Severity, Values, check, count, grouped
from jhubdoctor_checks.spawn._servers import FRESH
from jhubdoctor_checks.spawn._user_pod_evicted import explained, losses

# The kubelet keeps a pressure for five minutes after the last eviction (evictionPressureTransitionPeriod).
GOES_ON = timedelta(minutes=10)


@check(severity=Severity.ERROR, at=Rung.REACHED, symptom=True)
def user_pod_evicted(
    hub: Hub, now: datetime, user_pods: list[Pod], events: Events, values: Values | None
) -> Iterator[Finding]:
    """Nodes gave up users' servers: for want of memory or disk, for another pod, or with the node itself."""
    back = {p.name: p.created for p in user_pods if p.ready}
    for why, members in grouped(losses(hub, user_pods, events, values, now), lambda m: m.why):
        says, fix = explained(why, members, hub)
        # whose pod is gone can start again: a node that is still short would have evicted more by now
        goes_on = any(now - m.at <= (GOES_ON if m.gone else FRESH) for m in members)
        severity = Severity.ERROR if goes_on else Severity.WARNING
        if all(m.ref.name in back and back[m.ref.name] > m.at for m in members):
            # all of them work again: a node that ran full will again, a node that went was replaced
            severity = Severity.INFO if why == "node-gone" else Severity.WARNING
        yield Finding(
            on=tuple(m.ref for m in members),
            says=f"{count(len(members))} {'was' if len(members) == 1 else 'were'} lost: {says}",
            evidence=tuple(m.evidence for m in members[:3]),
            fix=fix,
            severity=severity,
            cause=why,
        )
