"""Users' servers that their node gave up."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Finding, Hub, Rung, Severity, check, count, grouped
from jhubdoctor_checks.facts.losses import Loss
from jhubdoctor_checks.spawn._servers import FRESH
from jhubdoctor_checks.spawn._user_pod_evicted import explained

# The kubelet keeps a pressure for five minutes after the last eviction (evictionPressureTransitionPeriod).
GOES_ON = timedelta(minutes=10)


# the vital sign counts the same, at the same rung
@check(severity=Severity.ERROR, at=Rung.REACHED, symptom=True, explains=("pods-put-out",))
def user_pod_evicted(hub: Hub, now: datetime, lost_servers: list[Loss]) -> Iterator[Finding]:
    """Nodes gave up users' servers: for want of memory or disk, for another pod, or with the node itself."""
    for why, members in grouped(lost_servers, lambda m: m.why):
        says, fix = explained(why, members, hub)
        # whose pod is gone can start again: a node that is still short would have evicted more by now
        goes_on = any(now - m.at <= (GOES_ON if m.gone else FRESH) for m in members)
        severity = Severity.ERROR if goes_on else Severity.WARNING
        if why == "deadline":
            # somebody has set it
            severity = Severity.WARNING
        elif all(m.back for m in members):
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
