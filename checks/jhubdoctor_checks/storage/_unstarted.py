"""Pods that have a node and do not start."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Events, Hub, Pod, Ref, Spawns
from jhubdoctor_checks.facts.image import shared
from jhubdoctor_checks.storage._mounts import about

PATIENCE = timedelta(minutes=2)
LONG = timedelta(minutes=5)
"""For what is only slow: some clouds take minutes to attach a disk."""


def unstarted(
    hub: Hub, pods: list[Pod], user_pods: list[Pod], events: Events, spawns: Spawns | None, prefix: str, now: datetime
) -> Iterator[tuple[Pod | None, Ref, timedelta]]:
    """Pods that have a node and have not started for two minutes, and those that the hub has given up on."""
    here, users = set(), {p.name for p in user_pods}
    for pod in sorted((*pods, *user_pods), key=lambda p: p.name):
        here.add(pod.name)
        placed = pod.condition("PodScheduled")
        since = now - ((placed.last_transition_time if placed else None) or pod.created)
        if pod.phase == "Pending" and pod.node and not pod.terminating and since >= PATIENCE:
            yield pod, shared(pod.ref) if pod.name in users else pod.ref, since
    told = None if spawns is None else {s.pod for s in spawns.unresolved(now, hours=1) if s.kind == "start-timeout"}
    for name in events.of_pods("FailedMount", "FailedAttachVolume"):
        if name in here or not name.startswith(prefix):
            continue
        started = events.about("Pod", name, "Started", "Created")
        # without the hub's log: it has not started since
        lost = name in told if told is not None else not started or started[0].at < about(events, name)[0].at
        if lost:
            yield None, shared(hub.pod_ref(name)), LONG
