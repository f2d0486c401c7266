"""Since when a pod is not ready, and what it says of that itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Events, Evidence, Fix, Hub, Pod, clean

# Longer than the start of any part of the chart, than the restart of a node, and than most clouds take for a new one.
PATIENCE = timedelta(minutes=10)
# What these make has to run all the time; other pods may wait for a node as a part of their work.
_STAYS = ("Deployment/", "StatefulSet/", "DaemonSet/")


def lasts(pod: Pod, events: Events | None, now: datetime) -> bool:
    """Whether it should be ready by now: its containers, or the nodes, had their time. Jobs are done, not ready."""
    if pod.ready or pod.finished or pod.terminating or pod.owner.startswith("Job/"):
        return False
    if not pod.node:
        coming = events.about("Pod", pod.name, "TriggeredScaleUp") if events is not None else []
        return pod.owner.startswith(_STAYS) and now - max([pod.created, *(e.at for e in coming)]) >= PATIENCE
    starts = [s.state.running.started_at for s in pod.statuses() if s.state.running and s.state.running.started_at]
    return now - max([pod.unready_since, *starts]) >= PATIENCE


def runs(pod: Pod) -> bool:
    """Whether one of its containers does."""
    return any(s.state.running for s in pod.statuses())


def why(pod: Pod) -> str:
    """What its status tells."""
    if not pod.node:
        placed = pod.condition("PodScheduled")
        return f"it has no node ({clean(placed.reason, 60)})" if placed and placed.reason else "it has no node"
    waits = next((s.state.waiting.reason for s in pod.statuses() if s.state.waiting and s.state.waiting.reason), "")
    if waits:
        return f"it waits ({clean(waits, 60)})"
    return "it runs, and does not answer its readiness probe" if runs(pod) else "its containers have not started"


def waiting(pod: Pod) -> Iterator[Evidence]:
    """What it waits for, in the words of who holds it up."""
    placed = pod.condition("PodScheduled")
    if not pod.node:
        said = clean(placed.message, 300) if placed is not None and placed.message else "no scheduler says why"
        yield Evidence("pod.status", f"PodScheduled: {said}")
    for s in pod.statuses():
        if s.state.waiting and s.state.waiting.message:
            yield Evidence("pod.status", f"{s.name}: {clean(s.state.waiting.message, 300)}")


def look(hub: Hub, pod: Pod) -> Fix:
    """Where to look next."""
    describe = hub.kubectl(f"describe pod {pod.name}")
    if not pod.node:
        return Fix("See what keeps it from getting a node.", commands=(describe, "kubectl get nodes"))
    logs = hub.kubectl(f"logs {pod.name} --all-containers --tail 60") if runs(pod) else ""
    return Fix("See what keeps it from getting ready.", commands=(describe, logs))
