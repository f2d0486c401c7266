"""Hooks that are done, and whose Jobs do not complete since a sidecar runs on."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Evidence, Finding, Fix, Hub, Job, Pod, Rung, Severity, check
from jhubdoctor_checks.data.meshes import MESHES, Mesh
from jhubdoctor_checks.facts.refusals import is_hook

# A proxy that ends with its pod's own container takes a moment.
_MOMENT = timedelta(minutes=1)


# Helm waits for its hooks, and gives a release up for many reasons: by a rung a Job would be the one of them all.
@check(severity=Severity.ERROR, at=Rung.STARTED, explains=("helm-release-not-deployed", "hook-leftovers"))
def hook_held_by_sidecar(hub: Hub, jobs: list[Job], pods: list[Pod], now: datetime) -> Iterator[Finding]:
    """A hook has done its work, and a sidecar in its pod keeps its Job from completing."""
    for job in sorted((j for j in jobs if is_hook(j)), key=lambda j: j.name):
        if job.status.succeeded or any(
            c.type in {"Complete", "Failed"} and c.status == "True" for c in job.status.conditions
        ):
            continue
        for pod in sorted((p for p in pods if p.labels.get("job-name") == job.name), key=lambda p: p.name):
            # a native sidecar is an init container: Kubernetes ends it
            statuses = pod.status.container_statuses
            own = [(s.name, s.state.terminated) for s in statuses if s.name not in MESHES]
            running = [s for s in statuses if s.name in MESHES and s.state.running is not None]
            ends = [end.finished_at or now for _, end in own if end is not None and end.exit_code == 0]
            if pod.terminating or not running or not ends or len(ends) < len(own) or now - max(ends) < _MOMENT:
                continue
            name = running[0].name
            yield Finding(
                on=(job.ref, pod.ref),
                says=f"the hook {job.name} is done, but its sidecar {name} runs on, so the Job never completes and "
                f"{'Argo CD' if hub.argo_cd else 'helm'} waits",
                evidence=(
                    *(Evidence("pod.status", f"container {n}: exit code 0", e.finished_at) for n, e in own if e),
                    Evidence("pod.status", f"container {name}: running"),
                    Evidence("job.status", f"active: {job.status.active}, succeeded: 0, started", job.created),
                ),
                fix=_fix(hub, job, pod, MESHES[name]),
                cause=name,
                affects=(hub.release_ref,),
            )


def _fix(hub: Hub, job: Job, pod: Pod, mesh: Mesh) -> Fix:
    end = (hub.kubectl(mesh.end.format(pod=pod.name)),) if mesh.end else ()
    now = "End the sidecar that runs (the first command): the hook then completes. " if end else ""
    if mesh.annotation and job.component == "image-puller" and hub.at_least("1.0.0") is not False:
        return hub.values_fix(
            f"{now}Then keep the mesh's sidecar out of the hook's pods, for the next upgrade.",
            {"prePuller": {"annotations": {mesh.annotation: mesh.off}}},
            *end,
        )
    own = f"give the Job's pods the annotation {mesh.annotation}: {mesh.off}; else " if mesh.annotation else ""
    return Fix(
        f"{now}Then keep the mesh's sidecar out: {own}leave the namespace out, or turn the hook off.",
        commands=(*end, *([mesh.namespace.format(ns=hub.namespace)] if mesh.namespace else ())),
        caution="The last command concerns all pods of the namespace that start from then on."
        if mesh.namespace
        else "",
    )
