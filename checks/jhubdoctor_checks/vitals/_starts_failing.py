"""Which starts failed and still count, which pods do not become ready, and which bad hour is over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from jhubdoctor.api import Events, Evidence, Finding, Fix, Hub, Pod, Ref, Severity, clean, count, times
from jhubdoctor_checks.facts.image import shared
from jhubdoctor_checks.facts.starts import Starts, Told
from jhubdoctor_checks.spawn._failures import objects

# The first minutes of a pod: these reasons say that it is being made.
_BEING_MADE = {"", "ContainerCreating", "PodInitializing"}
_PATIENCE = timedelta(minutes=2)
_RECENT = timedelta(minutes=10)
# So many failed starts, of so many users, are no matter of one user.
_MANY, _USERS = 3, 2


def failing(hub: Hub, starts: Starts, user_pods: list[Pod], counts: Evidence, look: str) -> Iterator[Finding]:
    """Users whose last start failed, and entries that tell of failed starts in other words."""
    newest = max((at for _, _, at in starts.came_up), default=None)
    if starts.lasting:
        last = starts.lasting[0]
        on, affects = objects(hub, starts.lasting, user_pods)
        failures = sum(s.times for s in starts.lasting)
        first = min((s.since for s in starts.lasting if s.since), default=None)
        ended = newest is not None and last.at is not None and newest > last.at
        yield Finding(
            on=on,
            says=f"{count(failures, 'start')} failed, of {count(len(starts.lasting), 'user')} whose server "
            f"did not come up since",
            evidence=(
                Evidence("hub log", clean(last.error, 300) or f"{last.kind}, after {last.limit} seconds", last.at),
                counts,
                Evidence("hub log", "the first of these failures", first),
            ),
            fix=Fix("See what the hub says of them.", commands=(look,)),
            severity=Severity.WARNING if ended else Severity.ERROR,
            cause="failed",
            affects=affects,
            unexplained=True,
        )
    if starts.told:
        yield _told(hub, starts.told, user_pods, counts, look, newest)


def _told(
    hub: Hub, told: tuple[Told, ...], user_pods: list[Pod], counts: Evidence, look: str, newest: datetime | None
) -> Finding:
    names = sorted({t.pod for t in told if t.pod})
    last = told[-1]
    ended = newest is not None and last.at is not None and newest > last.at
    return Finding(
        on=tuple(shared(r) for r in places(hub, names, user_pods)) or (service(hub),),
        says=f"the hub tells {times(len(told))} of starts that failed",
        evidence=(
            Evidence("hub log", last.line, last.at),
            counts,
            Evidence("hub log", "the first of them", told[0].at),
        ),
        fix=Fix("See what the hub says before and after it.", commands=(look,)),
        severity=Severity.WARNING if ended else Severity.ERROR,
        cause="told",
        unexplained=True,
    )


def service(hub: Hub) -> Ref:
    """The hub's Service."""
    return Ref("Service", hub.ref.name, hub.namespace)


def places(hub: Hub, names: Iterable[str], user_pods: Iterable[Pod]) -> tuple[Ref, ...]:
    """References to pods by name, also to those that are gone."""
    here = {p.name: p.ref for p in user_pods}
    return tuple(here.get(n, hub.pod_ref(n)) for n in sorted(names))


def over(hub: Hub, starts: Starts, counts: Evidence) -> Iterator[Finding]:
    """Many starts failed within the hour, and all of these users have a server by now."""
    users = {s.user for s in starts.failed}
    all_ended = not starts.lasting and not starts.told
    if all_ended and len(starts.failed) >= _MANY and len(users) >= _USERS:
        if 2 * len(starts.failed) < len(starts.failed) + len(starts.came_up):
            return
        last = starts.failed[-1]
        yield Finding(
            on=(service(hub),),
            says=f"{count(len(starts.failed), 'start')} of {count(len(users), 'user')} failed within the hour; "
            "their servers came up since",
            evidence=(
                Evidence("hub log", clean(last.error, 300) or f"{last.kind}, after {last.limit} seconds", last.at),
                counts,
            ),
            fix=Fix(
                "It works again. See what was changed at that time, and whether it comes back.",
                commands=(hub.kubectl("get events --sort-by .lastTimestamp"),),
            ),
            severity=Severity.WARNING,
            cause="over",
            unexplained=True,
        )


@dataclass(frozen=True)
class Stuck:
    """A pod of a user's server that does not become ready.

    Attributes:
        pod: it.
        minutes: for how long.
        late: whether the hub would have given up on it.
        evidence: what shows it.
    """

    pod: Pod
    minutes: int
    late: bool
    evidence: tuple[Evidence, ...]


def stuck_pods(user_pods: Iterable[Pod], now: datetime, events: Events | None, limit: int) -> list[Stuck]:
    """Pods that are not ready longer than a start may take, or for minutes and something fails; oldest first."""
    found = []
    for pod in user_pods:
        if pod.ready or pod.terminating or pod.finished:
            continue
        ready = pod.condition("Ready")
        since = (ready.last_transition_time if ready else None) or pod.created
        waited = now - max(since, pod.created)
        late = waited > timedelta(seconds=limit + 60)
        signs = list(_signs(pod, now, events))
        if late or (waited > _PATIENCE and signs):
            state = Evidence("pod.status", f"{pod.name}: {pod.phase or 'no phase'}, not Ready", since)
            found.append(Stuck(pod, int(waited.total_seconds() // 60), late, (state, *signs[:1])))
    return sorted(found, key=lambda s: (-s.minutes, s.pod.name))


def _signs(pod: Pod, now: datetime, events: Events | None) -> Iterator[Evidence]:
    """What says that it is more than slow."""
    about = events.about("Pod", pod.name) if events is not None else []
    scaling = any(e.reason == "TriggeredScaleUp" for e in about)
    for s in pod.statuses():
        waiting = s.state.waiting
        if waiting is not None and waiting.reason not in _BEING_MADE:
            yield Evidence("pod.status", f"{s.name} waits: {waiting.reason}")
        end = s.state.terminated
        if end is not None and end.exit_code:
            yield Evidence("pod.status", f"{s.name} ended with exit code {end.exit_code}", end.finished_at)
    for e in about:
        if e.type == "Warning" and now - e.at <= _RECENT and not (scaling and e.reason == "FailedScheduling"):
            yield Evidence("event", f"{e.reason}: {clean(e.message, 300)}", e.at)
    placed = pod.condition("PodScheduled")
    if placed is not None and placed.status == "False" and not scaling:
        yield Evidence("pod.status", f"PodScheduled: {placed.reason}: {clean(placed.message, 300)}")
