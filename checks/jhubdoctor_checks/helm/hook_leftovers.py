"""Objects of the image puller hook that outlived their upgrade."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import (
    CannotSay,
    DaemonSet,
    Finding,
    Fix,
    Hub,
    Job,
    Revision,
    Role,
    RoleBinding,
    Rung,
    Severity,
    check,
)
from jhubdoctor_checks.helm._operations import PATIENCE, pending

LABEL = "hub.jupyter.org/deletable"
JUST_NOW = timedelta(minutes=2)


@check(severity=Severity.WARNING, at=Rung.TOLD, symptom=True, complete=("revisions",))
def hook_leftovers(
    hub: Hub,
    daemon_sets: list[DaemonSet],
    jobs: list[Job],
    roles: list[Role],
    role_bindings: list[RoleBinding],
    revisions: list[Revision] | None,
    now: datetime,
) -> Iterator[Finding]:
    """The image puller hook of an earlier upgrade was never cleaned up."""
    objects = [*daemon_sets, *jobs, *roles, *role_bindings]
    # before-hook-creation and hook-succeeded: Helm deletes them itself, but for after a failure or Ctrl-C
    left = [o for o in objects if o.labels.get(LABEL) == "true" and hub.owns(o)]
    newest = revisions[0] if revisions else None
    if newest is not None and not pending(newest):
        running = newest.status == "deployed" and now - newest.modified < JUST_NOW
    else:
        running = any(now - o.created < PATIENCE for o in left)
    if not left:
        return
    if running and revisions is None:
        raise CannotSay("revisions")
    if running:
        return
    evidence: list[tuple[str, str, datetime | None]] = [
        (o.ref.kind.lower(), f"{o.name} with the label {LABEL}=true, created", o.created) for o in left[:6]
    ]
    if newest is not None:
        evidence.append(("helm", f"{newest.name}: status {newest.status}", newest.modified))
    pulling = sum(o.status.current_number_scheduled for o in left if isinstance(o, DaemonSet))
    selector = f"{LABEL}=true" + (f",release={hub.release}" if hub.release else "")
    kinds = "daemonsets,jobs,serviceaccounts,roles,rolebindings"
    yield Finding(
        on=(hub.release_ref,),
        says=f"{len(left)} objects of the image puller hook were left behind by an install or upgrade"
        + (f", {pulling} pods among them that still pull images" if pulling else ""),
        evidence=tuple(evidence),
        fix=Fix(
            "Delete them; the next upgrade makes its own.",
            commands=(hub.kubectl(f"delete {kinds} --selector {selector}"),),
            caution="Not while helm runs: an upgrade would wait for them in vain.",
        ),
        severity=None if pulling else Severity.INFO,
        affects=tuple(o.ref for o in left),
    )
