"""Why a claim has no volume: one judgement for the hub's claims and for those of users."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from jhubdoctor.api import (
    CSIDriver,
    Event,
    Events,
    Evidence,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    StorageClass,
    excerpt,
    human,
    quantity,
)
from jhubdoctor_checks.storage._drivers import IN_TREE, NO_PROVISIONER, driver_of, is_csi, is_disk, usable
from jhubdoctor_checks.texts import known, last_words, most_telling
from jhubdoctor_checks.texts.provisioner import FAILURES, OTHER, Asked

SELECTED = "volume.kubernetes.io/selected-node"
PATIENCE = timedelta(minutes=3)
"""How long a provisioner may take. Disks take seconds, network shares up to two minutes."""


def winner(defaults: Iterable[StorageClass]) -> StorageClass | None:
    """Of several default classes the one that claims get: the newest, of those of one second the first by name.

    Source: pkg/volume/util/storageclass.go of 1.26 and later; before, the API server refuses such claims.
    """
    return min(defaults, key=lambda c: (-c.created.timestamp(), c.name), default=None)


@dataclass(frozen=True)
class World:
    """What is known besides the claims.

    Attributes:
        classes: all StorageClasses by name.
        drivers: the registered CSI drivers, None where they could not be read.
        volumes: all PersistentVolumes, None where they could not be read.
        pods: pods of the namespace, to know who waits for a claim.
        minor: the server's minor version.
    """

    classes: Mapping[str, StorageClass]
    drivers: list[CSIDriver] | None
    volumes: list[PersistentVolume] | None
    pods: list[Pod]
    events: Events
    minor: int | None
    now: datetime

    @property
    def default(self) -> StorageClass | None:
        """The class of claims that name none: of several defaults the newest (1.26 and later)."""
        return winner(c for c in self.classes.values() if c.is_default)

    @property
    def usable(self) -> list[StorageClass]:
        """The classes that can make a volume, disks first."""
        return usable(self.classes.values(), self.drivers, self.minor)

    def waiting_for(self, claim: PersistentVolumeClaim) -> list[Pod]:
        """The pods that mount a claim, by name."""
        found = (p for p in self.pods if p.namespace == claim.namespace and claim.name in p.spec.claims)
        return sorted(found, key=lambda p: p.name)


@dataclass(frozen=True)
class Stuck:
    """Why claims are not bound.

    Attributes:
        cause: a stable word.
        about: the class, volume or driver that it is about.
        says: what is wrong, after "The claim".
        evidence: fields and events.
        retake: whether the claims have to be made anew once the cause is gone.
    """

    cause: str
    about: str
    says: str
    evidence: tuple[Evidence, ...]
    retake: bool = False
    claims: tuple[PersistentVolumeClaim, ...] = field(default=(), compare=False)


def stuck(claims: Iterable[PersistentVolumeClaim], world: World) -> list[Stuck]:
    """What keeps these claims from being bound, one item a cause, with its claims; nothing for what is normal."""
    found: dict[tuple[str, str], Stuck] = {}
    for claim in sorted(claims, key=lambda c: c.name):
        why = _why(claim, world)
        if why is not None:
            key = (why.cause, why.about)
            first = found.get(key, why)
            found[key] = replace(first, claims=(*first.claims, claim))
    return list(found.values())


def _why(claim: PersistentVolumeClaim, world: World) -> Stuck | None:
    if claim.metadata.deletion_timestamp is not None:
        return None
    if claim.status.phase == "Lost":
        return _lost(claim)
    if claim.status.phase != "Pending":
        return None
    name = claim.storage_class
    if claim.spec.volume_name:
        return _named_volume(claim, world)
    if name is None:
        return _no_class(claim, world)
    if name == "":
        return _static(claim, world, "")
    wanted = world.classes.get(name)
    if wanted is None:
        return _class_missing(claim, world, name)
    if wanted.provisioner == NO_PROVISIONER:
        return _static(claim, world, name)
    return _dynamic(claim, world, wanted)


def _evidence(claim: PersistentVolumeClaim, world: World, *reasons: str) -> tuple[Evidence, ...]:
    event = _newest(claim, world, *reasons)
    return (Evidence("event", f"{event.reason}: {excerpt(event.message, limit=600)}", event.at),) if event else ()


def _newest(claim: PersistentVolumeClaim, world: World, *reasons: str) -> Event | None:
    """The newest event about this very claim: a former one of the same name has another uid."""
    for e in world.events.about("PersistentVolumeClaim", claim.name, *reasons):
        if not (e.involved_object.uid and claim.metadata.uid and e.involved_object.uid != claim.metadata.uid):
            return e
    return None


def _waited(claim: PersistentVolumeClaim, world: World) -> timedelta:
    """How long a volume has been wanted: since the claim exists; with WaitForFirstConsumer since a pod wants it."""
    since = claim.created
    wanted = world.classes.get(claim.storage_class or "")
    if wanted is not None and wanted.volume_binding_mode == "WaitForFirstConsumer":
        since = max(since, min((p.created for p in world.waiting_for(claim)), default=since))
    return world.now - since


# --- volumes made by hand --------------------------------------------------------------------------------------------


def _lost(claim: PersistentVolumeClaim) -> Stuck:
    return Stuck(
        "lost",
        claim.spec.volume_name,
        "has lost its volume: the PersistentVolume that it was bound to is gone",
        (Evidence("claim", "status.phase: Lost"), Evidence("claim", f"spec.volumeName: {claim.spec.volume_name}")),
    )


def _named_volume(claim: PersistentVolumeClaim, world: World) -> Stuck | None:
    """A claim that names its volume, as static ones do. A bound one names it too, but is not Pending."""
    asked = Evidence("claim", f"status.phase: Pending, spec.volumeName: {claim.spec.volume_name}")
    if world.volumes is None:
        return _late(claim, world, (asked,))
    volume = next((v for v in world.volumes if v.name == claim.spec.volume_name), None)
    if volume is None:
        return Stuck(
            "volume-missing",
            claim.spec.volume_name,
            "names a PersistentVolume that does not exist",
            (asked,),
            retake=True,
        )
    taken = volume.spec.claim_ref
    if taken is not None and (taken.namespace, taken.name) != (claim.namespace, claim.name):
        return Stuck(
            "volume-taken",
            volume.name,
            f"names a PersistentVolume that belongs to the claim {taken.namespace}/{taken.name}",
            (asked, Evidence("volume", f"{volume.name} spec.claimRef: {taken.namespace}/{taken.name}")),
        )
    return _unfit(claim, [volume], (asked,)) or _late(claim, world, (asked,))


def _static(claim: PersistentVolumeClaim, world: World, name: str) -> Stuck | None:
    """A claim that nothing makes a volume for: somebody has to."""
    if name:
        asked = Evidence("claim", f"status.phase: Pending, spec.storageClassName: {name}")
        first = world.classes[name].volume_binding_mode == "WaitForFirstConsumer"
        if first and not _blamed(claim, world):
            return None
        says = f"needs a volume made by hand, since StorageClass {name} has no provisioner"
    else:
        asked = Evidence("claim", 'status.phase: Pending, spec.storageClassName: "" (none on purpose)')
        says = "asks for a volume without a StorageClass"
    shown = (asked, *_evidence(claim, world, "FailedBinding", "ProvisioningFailed"))
    if world.volumes is None:
        return Stuck("no-volume", name, f"{says}, and none was bound to it", shown)
    same = [v for v in world.volumes if v.spec.storage_class_name == name]
    if not same:
        return Stuck("no-volume", name, f"{says}, and there is none", shown)
    return _unfit(claim, same, shown) or _late(claim, world, shown)


def _blamed(claim: PersistentVolumeClaim, world: World) -> bool:
    """Whether the scheduler says of a waiting pod that there is no volume for it (1.20 and 1.36 have one text)."""
    text = "find available persistent volumes to bind"
    for pod in world.waiting_for(claim):
        condition = pod.condition("PodScheduled")
        if condition is not None and text in condition.message:
            return True
        if any(text in e.message for e in world.events.about("Pod", pod.name, "FailedScheduling")):
            return True
    return False


def _unfit(
    claim: PersistentVolumeClaim,
    volumes: list[PersistentVolume],
    shown: tuple[Evidence, ...],
) -> Stuck | None:
    """Why none of the volumes fits; None where one does, and is only not bound yet."""
    reasons = {v.name: _unfit_for(claim, v) for v in volumes}
    if "" in reasons.values():
        return None
    listed = sorted(reasons.items())[:3]
    return Stuck(
        "volume-unfit",
        claim.storage_class or "",
        "fits none of the volumes that there are: " + "; ".join(f"{name} {why}" for name, why in listed),
        (*shown, *(Evidence("volume", f"{name} {why}") for name, why in listed)),
    )


def _unfit_for(claim: PersistentVolumeClaim, volume: PersistentVolume) -> str:
    ref = volume.spec.claim_ref
    if ref is not None and (ref.namespace, ref.name) != (claim.namespace, claim.name):
        state = "is still reserved for" if volume.status.phase == "Released" else "belongs to"
        return f"{state} {ref.namespace}/{ref.name}"
    if ref is not None and ref.uid and claim.metadata.uid and ref.uid != claim.metadata.uid:
        # the claim was deleted and made anew: the volume waits for the former one, which never comes back
        return "is still reserved for an earlier claim of this name"
    if volume.spec.storage_class_name != (claim.storage_class or ""):
        return f"has storageClassName {volume.spec.storage_class_name or '(none)'}"
    lacking = sorted(set(claim.spec.access_modes) - set(volume.spec.access_modes))
    if lacking:
        return f"does not offer {', '.join(lacking)}"
    size = quantity(volume.spec.capacity.get("storage"))
    wanted = claim.spec.resources.requests.get("storage")
    asked = quantity(wanted)
    if size is not None and asked is not None and size < asked:
        return f"has {human('storage', size)}, {wanted} are asked for"
    return "has failed" if volume.status.phase == "Failed" else ""


# --- classes ---------------------------------------------------------------------------------------------------------


def _no_class(claim: PersistentVolumeClaim, world: World) -> Stuck | None:
    asked = Evidence("claim", "status.phase: Pending, spec.storageClassName: not set")
    default = world.default
    listed = ", ".join(sorted(world.classes)) or "none at all"
    # the feature RetroactiveDefaultStorageClass came with 1.26
    late = world.minor is not None and world.minor < 26
    if default is None:
        return Stuck(
            "no-default-class",
            "",
            "names no StorageClass, and no StorageClass is the default"
            if world.classes
            else "names no StorageClass, and the cluster has none",
            (
                asked,
                Evidence("storageclasses", f"{listed}; none with storageclass.kubernetes.io/is-default-class: true"),
                *_evidence(claim, world, "FailedBinding"),
            ),
            retake=late,
        )
    if not late and _waited(claim, world) < PATIENCE:
        return None
    return Stuck(
        "default-came-late",
        default.name,
        f"was made before StorageClass {default.name} became the default, and has not been given it",
        (
            asked,
            Evidence("storageclasses", f"{default.name} is the default"),
            *_evidence(claim, world, "FailedBinding"),
        ),
        retake=True,
    )


def _class_missing(claim: PersistentVolumeClaim, world: World, name: str) -> Stuck | None:
    # a class need not exist where a volume by hand carries its name
    if any(v.spec.storage_class_name == name and not _unfit_for(claim, v) for v in world.volumes or ()):
        return _late(claim, world, (Evidence("claim", f"status.phase: Pending, spec.storageClassName: {name}"),))
    near = difflib.get_close_matches(name, sorted(world.classes), 1)
    return Stuck(
        "class-missing",
        name,
        f"asks for StorageClass {name}, which does not exist" + (f" (there is {near[0]})" if near else ""),
        (
            Evidence("claim", f"status.phase: Pending, spec.storageClassName: {name}"),
            Evidence("storageclasses", ", ".join(sorted(world.classes)) or "none at all"),
            *_evidence(claim, world, "ProvisioningFailed"),
        ),
        retake=True,
    )


def _dynamic(claim: PersistentVolumeClaim, world: World, wanted: StorageClass) -> Stuck | None:
    failed = _newest(claim, world, "ProvisioningFailed", "ProvisioningSucceeded")
    if failed is not None:
        errors = world.events.about("PersistentVolumeClaim", claim.name, "ProvisioningFailed")
        failed = most_telling(errors, lambda e: e.message, FAILURES) if failed.reason == "ProvisioningFailed" else None
    first = wanted.volume_binding_mode == "WaitForFirstConsumer"
    if first and failed is None and SELECTED not in claim.annotations:
        # nothing is asked of the provisioner before the scheduler has chosen a node: a pod that waits has other reasons
        return None
    driver = driver_of(wanted.provisioner, world.minor)
    shown: tuple[Evidence, ...] = (
        Evidence("claim", f"status.phase: Pending, spec.storageClassName: {wanted.name}"),
        Evidence("storageclass", f"{wanted.name} provisioner: {wanted.provisioner}"),
    )
    many = sorted(set(claim.spec.access_modes) & {"ReadWriteMany", "ReadOnlyMany"})
    asked = Evidence("claim", f"spec.accessModes: {', '.join(claim.spec.access_modes)}")
    if world.drivers is not None and is_csi(driver) and driver not in {d.name for d in world.drivers}:
        moved = f", which Kubernetes hands to the CSI driver {driver}" if wanted.provisioner in IN_TREE else ""
        return Stuck(
            "provisioner-absent",
            driver,
            f"asks for StorageClass {wanted.name} of {wanted.provisioner}{moved}, and that driver is not installed",
            (
                *shown,
                Evidence("csidrivers", ", ".join(sorted(d.name for d in world.drivers)) or "none at all"),
                *_evidence(claim, world, "ProvisioningFailed", "ExternalProvisioning"),
            ),
        )
    if failed is not None:
        row = known(FAILURES, failed.message, Asked(", ".join(many))) or OTHER
        cause = row.word
        if cause not in {"access-mode", "rights", "plugin-gone"} and _waited(claim, world) < PATIENCE:
            return None
        says = row.means(
            {
                "class": wanted.name,
                "provisioner": wanted.provisioner,
                "modes": ", ".join(many),
                "last": last_words(failed.message),
            }
        )
        text = Evidence("event", f"ProvisioningFailed: {excerpt(failed.message, limit=600)}", failed.at)
        return Stuck(cause, wanted.name, says, (*shown, asked, text), retake=cause == "access-mode")
    if many and is_disk(wanted.provisioner) and claim.spec.volume_mode != "Block":
        return Stuck(
            "access-mode",
            wanted.name,
            f"asks for {', '.join(many)}, and StorageClass {wanted.name} ({wanted.provisioner}) gives disks for one "
            "node",
            (*shown, asked, *_evidence(claim, world, "ExternalProvisioning")),
            retake=True,
        )
    if _waited(claim, world) < PATIENCE:
        return None
    waits = _evidence(claim, world, "ExternalProvisioning")
    if waits and _newest(claim, world, "Provisioning") is None:
        return Stuck(
            "provisioner-silent",
            wanted.provisioner,
            f"waits for the provisioner {wanted.provisioner} of StorageClass {wanted.name}, and nothing has answered",
            (*shown, *waits),
        )
    return _late(claim, world, (*shown, *(waits or _evidence(claim, world))))


def _late(
    claim: PersistentVolumeClaim,
    world: World,
    shown: tuple[Evidence, ...],
) -> Stuck | None:
    """Pending for long, and nothing says why."""
    if _waited(claim, world) < PATIENCE:
        return None
    about = claim.storage_class or claim.spec.volume_name
    minutes = int(_waited(claim, world).total_seconds() // 60)
    return Stuck("unbound", about, f"is not bound after {minutes} minutes", shown)
