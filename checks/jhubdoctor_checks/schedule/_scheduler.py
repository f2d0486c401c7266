"""Whether the user-scheduler works, told from what it leaves: events, conditions, its lease, its log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Deployment, Events, Evidence, Hub, Lease, Pod, PodLog, Ref, Spawns, clean, excerpt, more
from jhubdoctor_checks.data.meshes import MESHES, meshes_in
from jhubdoctor_checks.facts.hub_graph import served_by
from jhubdoctor_checks.facts.schedule import PATIENCE

# A lease is renewed every two seconds and runs out after fifteen; so late nobody holds it.
LEASE_STALE = 120
_BY_SCHEDULER = ("FailedScheduling", "Scheduled", "Preempted")
# Why a kube-scheduler ends or does not begin, in its own log (releases 1.19 to 1.36, pkg/scheduler and
# k8s.io/client-go/tools/leaderelection); the first that matches is told.
_COMPLAINTS = (
    r"(?i)failed to (?:list|watch) \*[\w.]+: .{0,200}",
    r"(?i)(?:strict decoding error|unknown field|no kind \"KubeSchedulerConfiguration\").{0,160}",
    r"(?i)error retrieving resource lock .{0,160}",
    r"(?i)(?:endpoints|configmaps|endpointsleases|configmapsleases) lock is removed.{0,100}",
    r"(?i)leaderelection lost|lost (?:master|lease)|failed to renew lease .{0,100}",
    r"(?i)(?:couldn't create|unable to create|initializing) (?:scheduler|profiles?).{0,160}",
    r"panic: .{0,160}",
    r"dial tcp \S+: (?:connect: )?(?:connection refused|no route to host|i/o timeout)",
)


def untouched(pod: Pod, events: Events, now: datetime) -> bool:
    """Whether no scheduler has looked at a pod for two minutes: no condition, and no event of any of them."""
    return (
        pod.phase == "Pending"
        and not pod.node
        and not pod.terminating
        and not pod.spec.scheduling_gates
        and pod.condition("PodScheduled") is None
        and (now - pod.created).total_seconds() >= PATIENCE
        and not any(e.at >= pod.created for e in events.about("Pod", pod.name, *_BY_SCHEDULER))
    )


def lease_of(leases: list[Lease] | None, scheduler: Deployment) -> Lease | None:
    """The lease of the user-scheduler: `user-scheduler-lock` since chart 3.0, prefixed like its Deployment."""
    return next((x for x in leases or [] if x.name == f"{scheduler.name}-lock"), None)


def silence(lease: Lease, now: datetime) -> float | None:
    """For how many seconds the lease has not been renewed; None where it never was."""
    at = lease.spec.renew_time
    return (now - at).total_seconds() if at is not None else None


def unwritten(spawns: Spawns | None) -> bool:
    """Whether the last thing that the hub heard of a start is that the API server's etcd fails."""
    if spawns is None:
        return False
    newest = max((s.at for s in spawns.failed if s.at and "etcdserver: " in s.error), default=None)
    return newest is not None and not any(at and at > newest for _, _, at in spawns.succeeded)


def complaint(logs: list[PodLog] | None) -> str:
    """The last thing of those that stop a scheduler in its log, empty where there is none or it cannot be read."""
    for pattern in _COMPLAINTS:
        found = [m[0] for log in logs or [] for m in log.search(pattern)]
        if found:
            return clean(found[-1], 220)
    return ""


def states(scheduler: Deployment, pods: list[Pod]) -> list[str]:
    """What the statuses of the Deployment and its pods say of why they are not ready, each once."""
    broken = ("ReplicaFailure", "True")
    found = [
        f"{c.type}: {excerpt(c.message, limit=160)}"
        for c in scheduler.status.conditions
        if (c.type, c.status) == broken
    ]
    for pod in pods:
        for status in pod.statuses():
            waiting, last = status.state.waiting, status.last_state.terminated
            if waiting is not None and waiting.reason:
                found.append(f"container {status.name}: {waiting.reason}")
            if last is not None and status.restart_count:
                found.append(f"{status.restart_count} restarts, the last end: {last.reason} (exit {last.exit_code})")
        placed = pod.condition("PodScheduled")
        if placed is not None and placed.status == "False":
            found.append(f"not scheduled: {excerpt(placed.message, limit=160)}")
    return list(dict.fromkeys(found))


def waiting_for(hub: Hub, pods: list[Pod], scheduler: Deployment) -> list[Pod]:
    """Pods without a node that wait for this user-scheduler."""
    return [
        p
        for p in pods
        if not p.node and not p.terminating and not p.finished and served_by(hub, p.spec.scheduler_name, scheduler)
    ]


def lost_ready_at(d: Deployment) -> datetime:
    """When the Deployment lost its last ready pod, as far as it tells."""
    at = [c.last_transition_time for c in d.status.conditions if c.type == "Available" and c.last_transition_time]
    return max([d.created, *at])


def signs(stuck: list[Pod], leases: list[Lease] | None, d: Deployment, now: datetime) -> Iterator[Evidence]:
    """What shows that it schedules nobody: pods that it should have looked at, and its lease."""
    if stuck:
        first = min(stuck, key=lambda p: (p.created, p.name))
        says = f"{first.name}{more(len(stuck) - 1)}"
        yield Evidence(
            "pod.status", f"{says}: Pending, no condition PodScheduled, no event of a scheduler", first.created
        )
    lease = lease_of(leases, d)
    if lease is not None and (late := silence(lease, now)) is not None:
        yield Evidence("lease", f"{lease.name}: renewed {int(late)} seconds ago", lease.spec.renew_time)


def timed_out(hub: Hub, spawns: Spawns | None, events: Events, now: datetime) -> list[Ref]:
    """Users' pods that ran out of time without a word from any scheduler, and are gone."""
    failed = [s for s in spawns.unresolved(now, hours=1) if s.kind == "start-timeout" and s.pod] if spawns else []
    return [hub.pod_ref(s.pod) for s in failed if not events.about("Pod", s.pod)]


def mesh_of(pods: list[Pod]) -> tuple[str, str]:
    """The sidecar in these pods, and the annotation that keeps it out; empty where there is none.

    One that starts beside the scheduler cuts it off from the API server until it is up.
    """
    found = next(iter(meshes_in(pods)), "")
    return (found, MESHES[found].annotation) if found else ("", "")


def waiting_words(waiting: int, lost: int) -> str:
    """Who waits for it, and who waited in vain."""
    if not (waiting or lost):
        return "the next user who starts a server will wait"
    waits = ["a pod waits for it" if waiting == 1 else f"{waiting} pods wait for it"] if waiting else []
    failed = [f"{lost} start{'' if lost == 1 else 's'} ran out of time without it"] if lost else []
    return ", and ".join(waits + failed)
