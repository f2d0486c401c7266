"""Claims that were made larger and are not."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import (
    Condition,
    Events,
    Evidence,
    Finding,
    Fix,
    Hub,
    PersistentVolumeClaim,
    Pod,
    Severity,
    check,
    excerpt,
    human,
    quantity,
)
from jhubdoctor_checks.storage._claims import STORAGE

PATIENCE = timedelta(minutes=30)
# ControllerResizeError and NodeResizeError came with 1.31; the event is older
_FAILED = {"ControllerResizeError", "NodeResizeError"}


@check(severity=Severity.INFO)
def claim_resize_pending(
    hub: Hub,
    claims: list[PersistentVolumeClaim],
    hub_pods: list[Pod],
    user_pods: list[Pod],
    events: Events,
    now: datetime,
) -> Iterator[Finding]:
    """A claim was made larger, and its volume is not."""
    for claim in sorted(claims, key=lambda c: c.name):
        asked = quantity(claim.spec.resources.requests.get("storage"))
        has = quantity(claim.status.capacity.get("storage"))
        if claim.status.phase != "Bound" or asked is None or has is None or asked <= has:
            continue
        pods = [p for p in (*hub_pods, *user_pods) if claim.name in p.spec.claims and not p.finished]
        if claim.component not in {"hub", STORAGE} and not pods:
            continue
        on = {c.type: c for c in claim.status.conditions if c.status == "True"}
        event = next(iter(events.about("PersistentVolumeClaim", claim.name, "VolumeResizeFailed")), None)
        failed = next((on[t] for t in sorted(_FAILED & set(on))), None)
        waits = on.get("FileSystemResizePending")
        if failed is None and event is None and not _old(waits or on.get("Resizing"), now):
            continue
        message = excerpt(failed.message, limit=400) if failed else excerpt(event.message, limit=400) if event else ""
        cause = "failed" if message else "restart" if waits else "slow"
        yield Finding(
            on=(claim.ref,),
            says=f"the claim {claim.name} asks for {human('storage', asked)} and has {human('storage', has)}: "
            + {
                "failed": "the volume cannot be resized",
                "restart": "its file system grows when its pod starts again",
            }.get(cause, "the volume is still being resized"),
            evidence=(
                Evidence("claim", f"status.conditions: {', '.join(sorted(on)) or 'none'}"),
                Evidence("event" if event and not failed else "claim", message) if message else None,
            ),
            fix=_fix(cause, claim, pods, hub),
            severity=Severity.WARNING if cause == "failed" else None,
            cause=cause,
        )


def _old(condition: Condition | None, now: datetime) -> bool:
    since = condition.last_transition_time if condition else None
    return since is not None and now - since > PATIENCE


def _fix(cause: str, claim: PersistentVolumeClaim, pods: list[Pod], hub: Hub) -> Fix:
    if cause == "restart" and pods:
        return Fix(
            "Start the pod that mounts it again.",
            commands=(f"kubectl --namespace {pods[0].namespace} delete pod {pods[0].name}",),
            caution="What runs in that pod is stopped; what is saved on the volume stays.",
        )
    if cause == "restart":
        return Fix("Nothing: the next pod that mounts it makes it grow.", commands=())
    return Fix(
        "See what the storage driver says. The class needs allowVolumeExpansion: true, the cloud must allow the size.",
        commands=(hub.kubectl(f"describe persistentvolumeclaim {claim.name}"),),
    )
