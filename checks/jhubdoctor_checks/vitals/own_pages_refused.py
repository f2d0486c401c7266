"""Users whom the hub refuses the pages that every user has."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import CannotSay, Evidence, Finding, Hub, Rung, Severity, Values, check, clean, count, times
from jhubdoctor_checks.facts.traffic import Traffic
from jhubdoctor_checks.vitals._own_pages_refused import others_let_in, refused, remedy
from jhubdoctor_checks.vitals._said import nobody


@check(severity=Severity.ERROR, at=Rung.SERVED, symptom=True)
def own_pages_refused(hub: Hub, now: datetime, traffic: Traffic, values: Values | None) -> Iterator[Finding]:
    """Users are refused their home page, or the page that starts their server, and never let in (403)."""
    seen = traffic.lately(now)
    for place, group in refused(seen):
        last = group[-1]
        users = {r.name for r in group}
        if values is None:
            # which of the users are services the values alone tell
            raise CannotSay("values")
        others = others_let_in(group, seen)
        yield Finding(
            on=(hub.service_ref,),
            says=f"{count(len(users), 'user')} are refused {times(len(group))} at {place} since "
            f"{traffic.since(now):%H:%M} UTC, and never let in",
            evidence=(
                Evidence("hub log", f"HTTP 403 for {last.method} {last.route}: {_why(last.reason)}", last.at),
                Evidence("hub log", "the first of them", group[0].at),
                Evidence("hub log", f"{count(len(others), 'other user')} let in there within the hour"),
            ),
            fix=remedy(hub, last),
            severity=Severity.WARNING if others else None,
            cause=clean(f"{last.why or 'refused'} {place}", 120),
            unexplained=not last.why,
        )


def _why(reason: str) -> str:
    """The words of whoever refused them."""
    return nobody(reason) or "no reason is logged"
