"""Homes that go with their claims."""

from collections.abc import Iterator

from jhubdoctor.api import (
    RESTARTS,
    Evidence,
    Finding,
    Fix,
    Hub,
    NotApplicable,
    PersistentVolume,
    PersistentVolumeClaim,
    Severity,
    Values,
    check,
)
from jhubdoctor_checks.storage._claims import STORAGE, shared
from jhubdoctor_checks.storage._retain import retain


@check(severity=Severity.INFO)
def reclaim_policy_deletes_homes(
    hub: Hub, claims: list[PersistentVolumeClaim], persistent_volumes: list[PersistentVolume], values: Values | None
) -> Iterator[Finding]:
    """Deleting a user, or a claim, deletes the home for good."""
    homes = {c.spec.volume_name: c for c in claims if c.component == STORAGE and hub.owns(c) and c.spec.volume_name}
    if not homes:
        raise NotApplicable("no user has a home on a volume")
    lost = sorted(
        (v for v in persistent_volumes if v.name in homes and v.spec.persistent_volume_reclaim_policy == "Delete"),
        key=lambda v: v.name,
    )
    if not lost:
        return
    # the trait came, turned on, with KubeSpawner 1.0 (chart 1.0)
    off = values is not None and values.get("hub.config.KubeSpawner.delete_pvc") is False
    keep = off or hub.at_least("1.0.0") is False
    classes = sorted({v.spec.storage_class_name for v in lost} - {""})
    shown = [Evidence("volume", f"{v.name}: persistentVolumeReclaimPolicy: Delete") for v in lost[:2]]
    shown += [Evidence("volume", f"and {len(lost) - 2} more")] if len(lost) > 2 else []
    if not keep:
        shown.append(Evidence("values", "hub.config.KubeSpawner.delete_pvc: true (the default)"))
    yield Finding(
        on=tuple(shared(homes[v.name].ref) for v in lost),
        says=f"deleting {'a claim' if keep else 'a user or a claim'} deletes the home for good: {_homes(len(lost))}",
        evidence=tuple(shown),
        fix=Fix(
            "This is what clouds do by default; back homes up. To keep a home when its user is deleted on the admin "
            "page, turn delete_pvc off; to keep the volume when its claim is deleted, set its policy to Retain"
            + (f" (for new ones use a class with that policy instead of {', '.join(classes)})" if classes else "")
            + ".",
            values={} if keep else {"hub": {"config": {"KubeSpawner": {"delete_pvc": False}}}},
            commands=(*retain(v.name for v in lost), "" if keep else hub.helm_upgrade),
            caution="" if keep else RESTARTS,
        ),
    )


def _homes(count: int) -> str:
    return "1 home" if count == 1 else f"{count} homes"
