"""Servers in namespaces of their users that do not become ready."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    Event,
    Events,
    Evidence,
    Finding,
    Fix,
    PersistentVolumeClaim,
    Pod,
    Rung,
    Severity,
    check,
    count,
)
from jhubdoctor_checks.facts.image import shared
from jhubdoctor_checks.facts.starts import START_TIMEOUT, Starts
from jhubdoctor_checks.facts.stuck_servers import stuck


@check(severity=Severity.ERROR, at=Rung.SERVED, symptom=True, passes_only_with=("elsewhere_events",))
def servers_elsewhere_not_ready(
    now: datetime,
    elsewhere_pods: list[Pod],
    elsewhere_events: list[Event] | None,
    elsewhere_claims: list[PersistentVolumeClaim] | None,
    starts: Starts | None,
) -> Iterator[Finding]:
    """Servers that lie in namespaces of their users do not become ready."""
    found = stuck(
        elsewhere_pods,
        Events(tuple(elsewhere_events or ())),
        starts.limit if starts is not None else START_TIMEOUT,
        now,
    )
    if not found:
        return
    # the one that tells most: of some namespaces the events were not read
    first = max(found, key=lambda s: (len(s.evidence), s.minutes))
    place, one = first.pod.namespace, len(found) == 1
    claims = [c for c in elsewhere_claims or () if c.namespace == place and c.name in first.pod.spec.claims]
    unbound = [c for c in claims if c.status.phase != "Bound"]
    yield Finding(
        on=tuple(shared(s.pod.ref) for s in found),
        says=f"{count(len(found))} in {'a namespace of its user is' if one else 'namespaces of their users are'} not "
        f"ready, for up to {max(s.minutes for s in found)} minutes",
        evidence=(
            *first.evidence,
            *(Evidence("claim", f"{place}/{c.name}: {c.status.phase or 'no phase'}") for c in unbound[:2]),
            *(Evidence("pods", f"{s.pod.namespace}/{s.pod.name}: not Ready") for s in found[:4] if s is not first),
        ),
        fix=Fix(
            "See what the pod waits for, in its user's namespace.",
            commands=(
                f"kubectl --namespace {place} describe pod {first.pod.name}",
                f"kubectl --namespace {place} get events,persistentvolumeclaims",
            ),
        ),
        severity=Severity.ERROR if any(s.late for s in found) else Severity.WARNING,
        cause="not-ready",
        affects=tuple(c.ref for c in unbound),
        unexplained=True,
    )
