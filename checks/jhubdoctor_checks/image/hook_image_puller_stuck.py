"""The hook that pulls images before an install or upgrade, and does not end."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import DaemonSet, Events, Finding, Fix, Hub, Job, Node, Pod, Rung, Severity, check
from jhubdoctor_checks.data.meshes import MESHES, meshes_in
from jhubdoctor_checks.image._hook_image_puller_stuck import SAYS, Hold, awaits, hold_of
from jhubdoctor_checks.image._suffers import hook_objects

# What cannot get better by waiting is told after two minutes; the rest after five, when Helm's own patience ends.
CERTAIN, HELM_WAITS = 120, 300
_SKIP = {"prePuller": {"hook": {"enabled": False}}}


@check(severity=Severity.ERROR, at=Rung.UP, stops=Rung.UP, symptom=True, complete=("nodes",))
def hook_image_puller_stuck(
    hub: Hub,
    daemon_sets: list[DaemonSet],
    pods: list[Pod],
    events: Events,
    jobs: list[Job],
    nodes: list[Node] | None,
    now: datetime,
) -> Iterator[Finding]:
    """The image puller hook does not end, so helm install or upgrade waits and then fails."""
    for daemon in daemon_sets:
        age = (now - daemon.created).total_seconds()
        if daemon.component != "hook-image-puller" or age < CERTAIN:
            continue
        members = [p for p in pods if p.component == daemon.component and p.node and not p.terminating]
        held = [(p, hold_of(p, events, nodes)) for p in sorted(members, key=lambda p: p.name) if not p.ready]
        if not held and age >= HELM_WAITS and len(members) >= daemon.status.current_number_scheduled:
            yield from (_awaiter(hub, daemon, j, pods, jobs) for j in jobs if awaits(j))
        elif held and (age >= HELM_WAITS or any(h.certain for _, h in held)):
            yield _puller(hub, daemon, held, len(members), jobs)


def _puller(hub: Hub, daemon: DaemonSet, held: list[tuple[Pod, Hold]], total: int, jobs: list[Job]) -> Finding:
    kinds = Counter(h.kind for _, h in held)
    kind = max(sorted(kinds), key=lambda k: kinds[k])
    text = "Install without waiting for the images, as shown; or remove what holds the pods up, and run helm again."
    if kind == "pulling":
        text = (
            "Install without waiting for the images, as shown; or give Helm more time alone (--timeout 30m): it waits."
        )
    done = daemon.status.number_ready
    longer = hub.helm_upgrade and f"{hub.helm_upgrade} --timeout 30m"
    return Finding(
        on=(daemon.ref,),
        says=f"{len(held)} of {total} pods of the image puller hook {SAYS[kind]}, and helm waits for all of them",
        evidence=(
            ("daemonset", f"status.numberReady: {done} of {daemon.status.current_number_scheduled}"),
            *(("pod.status", h.detail) for h in list(dict.fromkeys(h for _, h in held))[:5]),
        ),
        fix=Fix(text, _SKIP, (longer,), "Without the hook the first user of a node waits for the image."),
        severity=Severity.WARNING if kind == "pulling" else None,
        cause=kind,
        affects=(*(p.ref for p, _ in held), *hook_objects(hub, [daemon], jobs)),
    )


def _awaiter(hub: Hub, daemon: DaemonSet, job: Job, pods: list[Pod], jobs: list[Job]) -> Finding:
    """All nodes have the images, and the Job that waits for them does not end."""
    members = [p for p in pods if p.labels.get("job-name") == job.name]
    sidecars = sorted({c.name for p in members for c in p.spec.containers} - {"hook-image-awaiter"})
    text = "See in its log why it cannot ask the API server (rights of its service account, route, sidecar)."
    meshes = [m for m in meshes_in(members) if MESHES[m].annotation]
    without = {"prePuller": {"annotations": {MESHES[m].annotation: MESHES[m].off for m in meshes}}}
    if meshes:
        text = "Keep the mesh's sidecar out of the hook's pods: it outlives them or cuts off the API server."
    look = hub.kubectl(f"logs job/{job.name}")
    return Finding(
        on=(job.ref,),
        says="all nodes have the images, but the Job that waits for them does not end",
        evidence=(
            ("daemonset", f"status.numberReady: {daemon.status.number_ready}"),
            ("job", f"status: {job.status.failed} failed, {job.status.active} active"),
            ("pod.spec", f"containers besides its own: {', '.join(sidecars)}") if sidecars else None,
        ),
        fix=Fix(text, without if meshes else {}, (look, hub.helm_upgrade if meshes else hub.helm_again)),
        cause="awaiter",
        affects=hook_objects(hub, [daemon], jobs),
    )
