"""Jobs of the release that have given up."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Condition, Evidence, Finding, Fix, Hub, Job, Revision, Rung, Severity, check, clean, excerpt
from jhubdoctor_checks.facts.refusals import is_hook
from jhubdoctor_checks.vitals._containers import DAY
from jhubdoctor_checks.vitals._jobs import kind_of


# Helm waits for its hooks, and gives a release up for many reasons: by a rung a Job would be the one of them all.
@check(
    severity=Severity.WARNING,
    at=Rung.SERVED,
    symptom=True,
    explains=("helm-release-not-deployed", "hook-leftovers"),
    complete=("jobs",),
    passes_only_with=("revisions",),
)
def job_failed(hub: Hub, jobs: list[Job], revisions: list[Revision] | None, now: datetime) -> Iterator[Finding]:
    """A Job of the release has failed for good, and nothing of its kind has succeeded since."""
    well = [(kind_of(j.name), c.last_transition_time) for j in jobs if (c := _end(j, "Complete")) is not None]
    for j in sorted(jobs, key=lambda j: j.name):
        failed = _end(j, "Failed")
        at = (failed.last_transition_time if failed is not None else None) or j.created
        hook = is_hook(j)
        if failed is None or now - at > DAY or any(k == kind_of(j.name) and w and w > at for k, w in well):
            continue
        if hook and not hub.argo_cd and (revisions is None or _deployed(revisions, at)):
            continue
        yield Finding(
            on=(j.ref,),
            says=f"the Job {j.name} has failed for good ({clean(failed.reason, 60) or 'no reason given'})"
            + (f", and {'Argo CD' if hub.argo_cd else 'helm'} waited for it" if hook else ""),
            evidence=(
                Evidence("job.status", f"Failed: {clean(failed.reason, 60)}: {excerpt(failed.message)}", at),
                Evidence(
                    "job.status", f"failed: {j.status.failed}, succeeded: {j.status.succeeded}, started", j.created
                ),
            ),
            fix=Fix(
                "See what its pods logged, where they are still there, and what its events say.",
                commands=(
                    hub.kubectl(f"logs job/{j.name} --all-containers --tail 60"),
                    hub.kubectl(f"describe job {j.name}"),
                ),
            ),
            severity=Severity.ERROR if hook and hub.deployment is None else None,
            cause=failed.reason,
            affects=(hub.release_ref,) if hook else (),
            unexplained=True,
        )


def _end(job: Job, how: str) -> Condition | None:
    return next((c for c in job.status.conditions if c.type == how and c.status == "True"), None)


def _deployed(revisions: list[Revision], at: datetime) -> bool:
    """Whether the release came through since."""
    return any(r.status == "deployed" and r.modified > at for r in revisions[:1])
