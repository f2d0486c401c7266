"""What to do about claims that were deleted and are still there."""

from jhubdoctor.api import Fix, Hub, PersistentVolume, PersistentVolumeClaim, Pod
from jhubdoctor_checks.storage._retain import retain

PROTECTION = "kubernetes.io/pvc-protection"
_NO_FINALIZER = '{"metadata": {"finalizers": null}}'


def let_go(
    claim: PersistentVolumeClaim, lost: PersistentVolume | None, hub: Hub, *, used: bool, ended: list[Pod]
) -> Fix:
    """The next step: `used` while a pod runs, `ended` the pods that have ended, `lost` the volume that would go too."""
    kept = retain((lost.name,)) if lost is not None else ()
    if (used or ended) and kept:
        return Fix(
            "A deletion cannot be taken back. If the data is wanted, have the volume kept before the pod goes.",
            commands=kept,
        )
    if used:
        return Fix(
            "A deletion cannot be taken back. The claim goes when its pod ends; the next start makes a new one.",
            commands=(hub.kubectl(f"describe persistentvolumeclaim {claim.name}"),),
        )
    if ended:
        return Fix(
            "A deletion cannot be taken back. Delete what is left of the pod, and the claim goes.",
            commands=(hub.kubectl(f"delete pod {' '.join(p.name for p in ended)}"),),
            caution="The claim goes then, and all data on its volume where the reclaim policy is Delete.",
        )
    others = [f for f in claim.metadata.finalizers if f != PROTECTION]
    if others:
        text = f"See who has to finish the deletion: {', '.join(others)}."
        return Fix(text, commands=(hub.kubectl(f"describe persistentvolumeclaim {claim.name}"),))
    return Fix(
        "Let it go: the controller that removes the finalizer does not run."
        + (" Have its volume kept first: it would be deleted with the claim." if kept else ""),
        commands=(*kept, hub.kubectl(f"patch persistentvolumeclaim {claim.name} -p '{_NO_FINALIZER}'")),
        caution="Only once no pod mounts the claim. A volume with the policy Delete is deleted with it.",
    )
