"""Pods of the hub and of its neighbours in the namespace that have a node and do not get ready."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Events, Evidence, Finding, Fix, Hub, Node, Pod, Rung, Severity, check, clean, grouped
from jhubdoctor_checks.facts.hub_graph import CORE
from jhubdoctor_checks.vitals._containers import workload

# Longer than the start of any part of the chart, and than the restart of a node.
PATIENCE = timedelta(minutes=10)
# Nobody waits for these: placeholders give way, and of image pullers the checks of images tell.
IDLE = frozenset({"user-placeholder", "continuous-image-puller", "hook-image-puller"})


@check(severity=Severity.ERROR, at=Rung.SERVED, symptom=True)
def pod_not_ready(
    hub: Hub, now: datetime, service_pods: list[Pod], nodes: list[Node] | None, events: Events | None
) -> Iterator[Finding]:
    """A pod of the hub, or of what runs beside it, is not ready, and has been so for long."""
    away = {n.name for n in nodes or () if not n.ready}
    found = [p for p in service_pods if p.component not in IDLE and _lasts(p, now) and (p.node not in away or _core(p))]
    for (owner, why), members in grouped(sorted(found, key=lambda p: p.name), lambda p: (p.owner, _why(p))):
        first = members[0]
        since = _since(first)
        told = next((e for e in events.about("Pod", first.name) if e.type == "Warning"), None) if events else None
        ready = any(p.owner == owner and p.ready for p in service_pods)
        yield Finding(
            on=tuple(p.ref for p in members),
            says=f"{len(members)} pods of {workload(first)} are not ready: {why}"
            if len(members) > 1
            else f"a pod of {workload(first)} is not ready: {why}",
            evidence=(
                Evidence("pod.status", f"{first.name}: {why}, not ready since", since),
                *_waiting(first),
                Evidence("event", f"{clean(told.reason, 60)}: {clean(told.message, 300)}", told.at) if told else None,
            ),
            fix=Fix(
                "See what keeps it from getting ready.",
                commands=(
                    hub.kubectl(f"describe pod {first.name}"),
                    hub.kubectl(f"logs {first.name} --all-containers --tail 60") if _runs(first) else "",
                ),
            ),
            severity=None if _core(first) and not ready else Severity.WARNING,
            cause=f"{workload(first)} {why}",
            unexplained=True,
        )


def _core(pod: Pod) -> bool:
    return pod.component in CORE


def _runs(pod: Pod) -> bool:
    return any(s.state.running for s in pod.statuses())


def _since(pod: Pod) -> datetime:
    ready = pod.condition("Ready")
    return (ready.last_transition_time if ready else None) or pod.created


def _lasts(pod: Pod, now: datetime) -> bool:
    """Whether it should be ready by now: it has a node, and its containers had their time. Jobs are done, not ready."""
    if pod.ready or pod.finished or pod.terminating or not pod.node or pod.owner.startswith("Job/"):
        return False
    starts = [s.state.running.started_at for s in pod.statuses() if s.state.running and s.state.running.started_at]
    return now - max([_since(pod), *starts]) >= PATIENCE


def _why(pod: Pod) -> str:
    """What its status tells."""
    waits = next((s.state.waiting.reason for s in pod.statuses() if s.state.waiting and s.state.waiting.reason), "")
    if waits:
        return f"it waits ({clean(waits, 60)})"
    return "it runs, and does not answer its readiness probe" if _runs(pod) else "its containers have not started"


def _waiting(pod: Pod) -> Iterator[Evidence]:
    for s in pod.statuses():
        if s.state.waiting and s.state.waiting.message:
            yield Evidence("pod.status", f"{s.name}: {clean(s.state.waiting.message, 300)}")
