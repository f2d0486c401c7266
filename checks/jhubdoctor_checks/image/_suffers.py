"""What else does not work while an image cannot be pulled."""

from __future__ import annotations

from jhubdoctor import DaemonSet, Deployment, Hub, Job, Pod, Ref, Service
from jhubdoctor_checks.facts.image import FailedPull

_CORE = frozenset({"hub", "proxy", "autohttps", "user-scheduler"})


def hook_objects(hub: Hub, daemon_sets: list[DaemonSet] | None, jobs: list[Job] | None) -> tuple[Ref, ...]:
    """What a stuck image puller hook holds up: its DaemonSet, the Job that waits for it, and the release."""
    found: list[Ref] = [d.ref for d in daemon_sets or [] if d.component == "hook-image-puller"]
    found += [j.ref for j in jobs or [] if j.component == "image-puller"]
    return (*found, hub.release_ref)


def suffers(
    hub: Hub,
    pulls: list[FailedPull],
    deployments: list[Deployment],
    pending_user_pods: list[Pod],
    daemon_sets: list[DaemonSet] | None,
    jobs: list[Job] | None,
    services: list[Service] | None,
) -> tuple[Ref, ...]:
    """The objects that depend on pods whose image is missing."""
    found: list[Ref] = []
    components = {p.component for p in pulls}
    if components & {"hook-image-puller", "image-puller"}:
        found += hook_objects(hub, daemon_sets, jobs)
    for d in deployments:
        if d.component in components & _CORE and d.status.ready_replicas == 0:
            found += [d.ref, hub.release_ref]
            labels = d.spec.template.metadata.labels
            found += [s.ref for s in services or [] if s.spec.selector and s.spec.selector.items() <= labels.items()]
            if d.component == "user-scheduler":
                found += [p.ref for p in pending_user_pods if p.spec.scheduler_name.endswith(d.name)]
    return tuple(dict.fromkeys(found))
