"""Users' servers that run, and log that they cannot do what their users ask."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Evidence, Finding, Hub, PodLog, Rung, Severity, check, grouped, some, times
from jhubdoctor_checks.facts.image import shared
from jhubdoctor_checks.vitals._servers_failing import troubles


@check(severity=Severity.WARNING, at=Rung.SERVED, symptom=True)
def servers_failing(hub: Hub, now: datetime, server_logs: list[PodLog]) -> Iterator[Finding]:
    """A user's server runs, and fails again and again at what its user asks of it."""
    containers = {log.pod.name: log.container for log in server_logs}
    for word, found in grouped(troubles(server_logs, now), lambda t: t.word):
        worst = max(found, key=lambda t: (len(t.at), t.pod.name))
        who = "a user's server runs, and" if len(found) == 1 else f"{len(found)} users' servers run, and of each:"
        yield Finding(
            on=tuple(shared(t.pod.ref) for t in found),
            says=f"{who} {worst.says}; {times(len(worst.at))} since {worst.at[0]:%H:%M} UTC",
            evidence=(
                Evidence("pod log", worst.told, worst.at[-1]),
                Evidence("pod log", "the first of them", worst.at[0]),
                Evidence("pods", f"of {len(server_logs)} logs that were read: {some(t.pod.name for t in found)}"),
            ),
            fix=worst.remedy(hub, containers[worst.pod.name]),
            severity=Severity.ERROR if len(found) > 1 else None,
            cause=word,
            unexplained=worst.row is None,
        )
