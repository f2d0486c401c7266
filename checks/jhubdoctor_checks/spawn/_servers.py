"""Users' servers as they are now: grouped by what is wrong with them, with the objects and the weight of a finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Event, Events, Hub, Pod, Ref, Severity, Terminated
from jhubdoctor_checks.facts.image import shared

FRESH = timedelta(hours=2)
DAY = timedelta(days=1)


def refs(pods: Iterable[Pod]) -> tuple[Ref, ...]:
    """References to users' pods, whose fingerprint does not change with who is concerned."""
    return tuple(shared(p.ref) for p in sorted(pods, key=lambda p: p.name))


def weigh(at: datetime | None, now: datetime, *, down: bool) -> Severity:
    """An error while a server is down for it, a warning within two hours, else information."""
    if down:
        return Severity.ERROR
    return Severity.WARNING if at is None or now - at <= FRESH else Severity.INFO


def gone(hub: Hub, user_pods: Iterable[Pod], events: Events | None, *reasons: str) -> Iterator[tuple[Ref, Event]]:
    """Pods that the hub deleted after they had such an event, with the newest of these events."""
    alive = {p.name for p in user_pods}
    newest = events.of_pods(*reasons) if events is not None else {}
    return ((shared(hub.pod_ref(name)), e) for name, e in newest.items() if name not in alive)


def recent(end: Terminated, now: datetime) -> bool:
    """Whether it ended within the last day."""
    return end.finished_at is None or now - end.finished_at <= DAY
