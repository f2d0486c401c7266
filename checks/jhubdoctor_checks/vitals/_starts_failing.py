"""Which starts failed and still count, and which bad hour is over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from jhubdoctor.api import Evidence, Finding, Fix, Hub, Pod, Ref, Severity, clean, count, times
from jhubdoctor_checks.facts.failures import objects
from jhubdoctor_checks.facts.image import shared
from jhubdoctor_checks.facts.starts import Starts, Told

# So many failed starts, of so many users, are no matter of one user.
_MANY, _USERS = 3, 2


_Counts = tuple[Evidence | None, ...]


def failing(hub: Hub, starts: Starts, user_pods: list[Pod], counts: _Counts, look: str) -> Iterator[Finding]:
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
                *counts,
                Evidence("hub log", f"failed by user: {starts.by_user}") if starts.by_user else None,
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
    hub: Hub, told: tuple[Told, ...], user_pods: list[Pod], counts: _Counts, look: str, newest: datetime | None
) -> Finding:
    names = sorted({t.pod for t in told if t.pod})
    last = told[-1]
    ended = newest is not None and last.at is not None and newest > last.at
    return Finding(
        on=tuple(shared(r) for r in places(hub, names, user_pods)) or (service(hub),),
        says=f"the hub tells {times(len(told))} of starts that failed",
        evidence=(
            Evidence("hub log", last.line, last.at),
            *counts,
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


def long_ago(hub: Hub, starts: Starts, user_pods: list[Pod], now: datetime, look: str) -> Iterator[Finding]:
    """The last starts that anybody asked for failed, and that is more than an hour ago."""
    if not starts.before:
        return
    last = starts.before[0]
    on, affects = objects(hub, starts.before, user_pods)
    hours = int((now - last.at).total_seconds() // 3600) if last.at else 0
    failures = sum(s.times for s in starts.before)
    yield Finding(
        on=on,
        says=f"{count(failures, 'start')} of {count(len(starts.before), 'user')} failed more than "
        f"{'an hour' if hours <= 1 else f'{hours} hours'} ago, and nobody's succeeded since",
        evidence=(
            Evidence("hub log", clean(last.error, 300) or f"{last.kind}, after {last.limit} seconds", last.at),
            Evidence("hub log", "the first of these failures", min(s.since for s in starts.before if s.since)),
        ),
        fix=Fix(
            "Start a server yourself, and see what the hub says of it: nobody has shown since that it works.",
            commands=(look,),
        ),
        severity=Severity.WARNING,
        cause="before",
        affects=affects,
        unexplained=True,
    )
