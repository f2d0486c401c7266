"""Claims that somebody has deleted and that are still there."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Evidence, Finding, Hub, PersistentVolume, PersistentVolumeClaim, Pod, Rung, Severity, check
from jhubdoctor_checks.storage._claim_stuck_terminating import let_go
from jhubdoctor_checks.storage._claims import STORAGE

PATIENCE = timedelta(minutes=10)


@check(severity=Severity.WARNING, stops=Rung.TOLD)
def claim_stuck_terminating(
    hub: Hub,
    claims: list[PersistentVolumeClaim],
    pods: list[Pod],
    user_pods: list[Pod],
    stranger_pods: list[Pod],
    known_volumes: list[PersistentVolume] | None,
    now: datetime,
) -> Iterator[Finding]:
    """A claim was deleted and cannot go."""
    everyone = [*pods, *user_pods, *stranger_pods]
    for claim in sorted(claims, key=lambda c: c.name):
        deleted = claim.metadata.deletion_timestamp
        if deleted is None or now - deleted < PATIENCE:
            continue
        mounting = [p for p in everyone if claim.name in p.spec.claims]
        if not (mounting or claim.component in {"hub", STORAGE}):
            continue
        users = [p for p in mounting if not p.finished and p.node]
        waiting = [p for p in mounting if not p.finished and not p.node]
        # pvc-protection waits for the pod object to go, not for the pod to end
        ended = [p for p in mounting if p.finished and p.node]
        volume = next((v for v in known_volumes or () if v.name == claim.spec.volume_name), None)
        lost = volume if volume and volume.spec.persistent_volume_reclaim_policy == "Delete" else None
        names = ", ".join(p.name for p in (users or ended)[:3])
        says = f"the claim {claim.name} was deleted and does not go, though no pod uses it"
        if users or ended:
            says = f"the claim {claim.name} was deleted and goes as soon as {names} {'ends' if users else 'is deleted'}"
            says += ", with all that is on its volume" if lost else ""
        yield Finding(
            on=(claim.ref,),
            says=says,
            evidence=(
                Evidence("claim", "metadata.deletionTimestamp", deleted),
                Evidence("claim", f"metadata.finalizers: {', '.join(claim.metadata.finalizers) or 'none'}"),
                *(Evidence("pod", f"{p.name} ({p.phase}) names it, on node {p.node}") for p in (users or ended)[:3]),
                *([Evidence("volume", f"{lost.name} persistentVolumeReclaimPolicy: Delete")] if lost else []),
            ),
            fix=let_go(claim, lost, hub, used=bool(users), ended=[] if users else ended),
            cause="in-use" if users else "finished-pod" if ended else "held",
            affects=tuple(p.ref for p in (*users, *waiting)),
        )
