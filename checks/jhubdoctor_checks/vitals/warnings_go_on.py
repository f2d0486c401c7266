"""Objects of the hub that have no pod of their own, about which a controller warns again and again."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import (
    Event,
    Events,
    Evidence,
    Finding,
    Fix,
    Hub,
    Ingress,
    PersistentVolumeClaim,
    Ref,
    Rung,
    Service,
    Severity,
    check,
    clean,
    grouped,
    times,
)

# Controllers repeat what they warn of: with a back-off of up to some minutes, and the API server joins what is alike.
GOES_ON = timedelta(minutes=15)
LASTS = timedelta(minutes=5)
# Pods and what makes them have vital signs of their own; the others warn of what is no fault (an empty budget, say).
ELSEWHERE = frozenset(
    "Pod ReplicaSet Deployment StatefulSet DaemonSet Job Node HorizontalPodAutoscaler PodDisruptionBudget".split()
)


@check(severity=Severity.WARNING, at=Rung.SERVED, symptom=True)
def warnings_go_on(
    hub: Hub,
    now: datetime,
    events: Events,
    services: list[Service],
    hub_ingresses: list[Ingress],
    claims: list[PersistentVolumeClaim],
) -> Iterator[Finding]:
    """A controller warns again and again about an object of the hub, and nothing else tells why."""
    own = {("Service", s.name) for s in services} | {("Ingress", i.name) for i in hub_ingresses}
    bound = {c.name for c in claims if c.status.phase == "Bound"}
    going_on = [e for e in events.items if e.type == "Warning" and _goes_on(e, now) and _concerns(e, own, bound)]
    for (kind, name), members in grouped(going_on, lambda e: e.about):
        # of several the one that was seen most often tells most
        worst = max(members, key=lambda e: (e.times, e.at))
        by = clean(worst.reporting_component or worst.source.component, 60) or "a controller"
        yield Finding(
            on=(Ref(kind, name, hub.namespace, worst.involved_object.api_version or "v1"),),
            says=f"{by} warns again and again about the {kind} {name}: {clean(worst.reason, 60)}",
            evidence=tuple(
                Evidence("event", f"{clean(e.reason, 60)} ({times(e.times)}): {clean(e.message, 400)}", e.at)
                for e in members[:3]
            ),
            fix=Fix(
                "Read what the controller says of the object, and correct what it names.",
                commands=(hub.kubectl(f"describe {kind.lower()} {name}"),),
            ),
            cause=worst.reason,
            unexplained=True,
        )


def _goes_on(e: Event, now: datetime) -> bool:
    return now - e.at <= GOES_ON and e.times > 1 and e.at - e.began >= LASTS


def _concerns(e: Event, own: set[tuple[str, str]], bound: set[str]) -> bool:
    """Whether an event is about something that the hub needs and that is not well."""
    kind, name = e.about
    if kind in {"Service", "Ingress"}:
        return e.about in own
    return kind not in ELSEWHERE and not (kind == "PersistentVolumeClaim" and name in bound)
