"""Pods that are made for one task (builds, Jobs) and fail, one after the other."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Evidence, Finding, Fix, Hub, Job, Pod, Rung, Severity, check, clean, grouped, some
from jhubdoctor_checks.facts.refusals import is_hook
from jhubdoctor_checks.vitals._containers import HOUR
from jhubdoctor_checks.vitals._jobs import kind_of

# One task that fails may be its own fault, as a build of somebody's broken repository is; several are not.
TRIES, TASKS = 2, 3


# a Job fails for good when its pods have failed, which is the same told twice
@check(severity=Severity.WARNING, at=Rung.SERVED, symptom=True, explains=("job-failed",))
def short_lived_pods_failing(
    hub: Hub, now: datetime, service_pods: list[Pod], jobs: list[Job] | None
) -> Iterator[Finding]:
    """Pods that are made for one task beside the hub fail, one after the other."""
    hooks = {f"Job/{j.name}" for j in jobs or () if is_hook(j)}
    done = [(p, at) for p in service_pods if (at := _ended(p)) is not None and now - at <= HOUR]
    done.sort(key=lambda d: (d[1], d[0].name))
    for kind, members in grouped(done, lambda d: _kind(d[0])):
        well = max((at for p, at in members if p.phase == "Succeeded"), default=None)
        failed = [(p, at) for p, at in members if _failed(p) and (well is None or at > well)]
        few = TRIES if kind.startswith("Job/") else TASKS
        if len(failed) < few or any(p.phase == "Running" and p.ready and _kind(p) == kind for p in service_pods):
            continue
        last, at = failed[-1]
        pods = [p for p, _ in failed]
        what = kind.partition("/")[2]
        yield Finding(
            on=tuple(p.ref for p in pods),
            says=f"{len(failed)} pods of {what} failed within the hour, and none succeeded since",
            evidence=(
                *(Evidence("pod.status", f"{p.name}: {_how(p)}", when) for p, when in reversed(failed[-3:])),
                Evidence("pods", f"failed: {some(p.name for p in pods)}", failed[0][1]),
            ),
            fix=Fix("See what the last of them logged.", commands=(hub.kubectl(f"logs {last.name} --all-containers"),)),
            severity=Severity.ERROR if last.owner in hooks else None,
            cause=what,
            affects=(
                *((hub.release_ref,) if last.owner in hooks else ()),
                *(j.ref for j in jobs or () if f"Job/{j.name}" in {p.owner for p in pods}),
            ),
            unexplained=True,
        )


def _failed(pod: Pod) -> bool:
    """Whether it failed by itself: a reason is given where its node ended it, and that is told elsewhere."""
    return pod.phase == "Failed" and pod.status.reason in {"", "DeadlineExceeded"}


def _ended(pod: Pod) -> datetime | None:
    """When it was done, None where it is not, nothing tells, or it was not made for one task."""
    if not pod.finished or not pod.owner.startswith(("Job/", "Pod/")):
        return None
    ends = [s.state.terminated.finished_at for s in pod.statuses() if s.state.terminated]
    return max((at for at in ends if at is not None), default=None)


def _kind(pod: Pod) -> str:
    """What it is one of: of a Job, or of pods that something makes alike."""
    if pod.owner.startswith("Job/"):
        return kind_of(pod.owner)
    alike = pod.component or pod.labels.get("app") or pod.labels.get("app.kubernetes.io/name")
    return f"Pod/{alike or pod.name.partition('-')[0]}"


def _how(pod: Pod) -> str:
    """How its first container that failed did."""
    for s in pod.statuses():
        end = s.state.terminated
        if end is not None and end.exit_code:
            reason = f" ({clean(end.reason, 40)})" if end.reason else ""
            return f"{s.name}: exit code {end.exit_code}{reason}"
    return clean(pod.status.reason, 40) or "Failed"
