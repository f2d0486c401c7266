"""Servers that run on without the hub."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Evidence, Finding, Fix, Hub, Rung, Severity, check, count, more, times
from jhubdoctor_checks.facts.forgotten import Forgotten
from jhubdoctor_checks.facts.image import shared

# As many as fit into a command that one can read.
_NAMES = 20


@check(severity=Severity.WARNING, at=Rung.SERVED, symptom=True)
def servers_forgotten(hub: Hub, now: datetime, forgotten: list[Forgotten]) -> Iterator[Finding]:
    """Servers run that the hub does not know: nobody reaches them through it, and they are never culled."""
    if not forgotten:
        return
    names = [f.pod.name for f in forgotten]
    listed = " ".join(names[:_NAMES])
    oldest = min(f.pod.created for f in forgotten)
    days = (now - oldest).days
    age = count(days, "day") if days else count(max(int((now - oldest).total_seconds()) // 3600, 1), "hour")
    yield Finding(
        on=tuple(shared(f.pod.ref) for f in forgotten),
        says=f"the hub does not know {count(len(forgotten), 'server')} that {'run' if names[1:] else 'runs'}, "
        f"for up to {age}: it reaches them no more, and the culler never stops them",
        evidence=(
            *(Evidence(_SOURCE[f.why], _seen(f), f.at) for f in forgotten[:4]),
            Evidence("pod.status", f"{forgotten[0].pod.name}: Running", forgotten[0].pod.created),
        ),
        fix=Fix(
            "The hub does not take them back, also not when it is restarted: it looks for the servers in its database "
            "alone. Where a user starts their server again, the hub replaces the pod by a new one. Delete those that "
            "nobody comes back for" + (f" (the first {_NAMES}{more(len(names) - _NAMES)})." if names[_NAMES:] else "."),
            commands=(
                hub.kubectl(f"top pod {listed}") if len(names) == 1 else hub.kubectl("top pods"),
                hub.kubectl(f"delete pod {listed}"),
            ),
            caution="What still computes in such a server ends, and what is not saved is lost: ask its user, or see "
            "that it uses no CPU. Homes stay.",
        ),
        cause="forgotten",
    )


_SOURCE = {"stopped": "hub log", "refused": "hub log", "started": "hub log", "max-age": "values"}


def _seen(f: Forgotten) -> str:
    match f.why:
        case "stopped":
            code = f" with exit code {f.detail}" if f.detail else ""
            return f"{f.pod.name}: the hub took it for stopped{code}; the pod is older than that, and runs"
        case "refused":
            return f"{f.pod.name}: HTTP 403 for its reports of activity ({times(int(f.detail))}): its token is unknown"
        case "started":
            return f"{f.pod.name}: is older than the hub, which knew {count(int(f.detail), 'server')} when it started"
        case _:
            return f"{f.pod.name}: is older than cull.maxAge: {f.detail}, and the culler, which works, left it alone"
