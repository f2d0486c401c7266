"""Pods of the hub and of its neighbours in the namespace that do not get ready."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import CannotSay, Events, Evidence, Finding, Hub, Node, Pod, Rung, Severity, check, clean, grouped
from jhubdoctor_checks.facts.hub_graph import CORE
from jhubdoctor_checks.vitals._containers import workload
from jhubdoctor_checks.vitals._pod_not_ready import lasts, look, waiting, why

# Nobody waits for these: placeholders give way, and of image pullers the checks of images tell.
IDLE = frozenset({"user-placeholder", "continuous-image-puller", "hook-image-puller"})


@check(severity=Severity.ERROR, at=Rung.SERVED, symptom=True)
def pod_not_ready(
    hub: Hub, now: datetime, service_pods: list[Pod], nodes: list[Node] | None, events: Events | None
) -> Iterator[Finding]:
    """A pod of the hub, or of what runs beside it, is not ready, and has been so for long."""
    away = {n.name for n in nodes or () if not n.ready}
    found = [p for p in service_pods if p.component not in IDLE and lasts(p, events, now)]
    found = [p for p in found if p.node not in away or p.component in CORE]
    # whether a node is coming for those that have none, events alone tell
    told_of = found if events is not None else [p for p in found if p.node]
    for (owner, reason), members in grouped(sorted(told_of, key=lambda p: p.name), lambda p: (p.owner, why(p))):
        first = members[0]
        told = next((e for e in events.about("Pod", first.name) if e.type == "Warning"), None) if events else None
        ready = any(p.owner == owner and p.ready for p in service_pods)
        yield Finding(
            on=tuple(p.ref for p in members),
            says=f"{len(members)} pods of {workload(first)} are not ready: {reason}"
            if len(members) > 1
            else f"a pod of {workload(first)} is not ready: {reason}",
            evidence=(
                Evidence("pod.status", f"{first.name}: {reason}, not ready since", first.unready_since),
                *waiting(first),
                Evidence("event", f"{clean(told.reason, 60)}: {clean(told.message, 300)}", told.at) if told else None,
            ),
            fix=look(hub, first),
            severity=None if first.component in CORE and not ready else Severity.WARNING,
            cause=f"{workload(first)} {reason}",
            unexplained=True,
        )
    if told_of != found:
        raise CannotSay("events")
