"""A hub that was restarted, and runs again."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Events, Evidence, Finding, Hub, HubLog, Pod, Rung, Severity, check, excerpt, times
from jhubdoctor_checks.hub._crashes import diagnosis
from jhubdoctor_checks.hub._hub_restarting import counts, evicted, remedy, why
from jhubdoctor_checks.hub._state import loops


# the vital signs say of the same restarts and evictions that they are, at the same rung
@check(severity=Severity.WARNING, at=Rung.REACHED, symptom=True, explains=("container-restarting", "pods-put-out"))
def hub_restarting(
    hub: Hub, now: datetime, hub_pods: list[Pod], hub_log: HubLog | None, events: Events
) -> Iterator[Finding]:
    """The hub was restarted within the last day, more than once, or its node put it out."""
    yield from evicted(hub, hub_pods, now)
    logged = next((p for p in hub_pods if p.node), None)
    for pod in hub_pods[:1]:
        for status in pod.status.container_statuses:
            end = status.last_state.terminated
            if end is None or pod.terminating or loops(status, now) or not counts(status, end, now):
                continue
            found = (
                diagnosis(hub_log.previous) if hub_log is not None and pod is logged and status.name == "hub" else None
            )
            probes = events.about("Pod", pod.name, "Unhealthy", "Killing")
            liveness = [e for e in probes if "iveness probe" in e.message]
            says = found.says if found else why(end, liveness=bool(liveness))
            reason = f" ({end.reason})" if end.reason else ""
            yield Finding(
                on=(pod.container_ref(status.name),),
                says=f"container {status.name} of the hub was restarted {times(status.restart_count)}: {says}",
                evidence=(
                    Evidence("pod.status", f"{status.name}: exit code {end.exit_code}{reason}", end.finished_at),
                    Evidence("hub log", found.line, found.entry.at) if found else None,
                    *(Evidence("event", f"{e.reason}: {excerpt(e.message, limit=200)}", e.at) for e in liveness[:1]),
                ),
                fix=found.fix(hub) if found else remedy(hub, pod, status, unanswered=bool(liveness)),
                cause=found.crash.word if found else "liveness" if liveness else f"code {end.exit_code}",
                affects=(hub.ref,),
            )
