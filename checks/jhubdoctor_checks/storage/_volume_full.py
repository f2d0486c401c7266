"""How large volumes are, and how to make them larger."""

from decimal import Decimal

from jhubdoctor.api import Evidence, Fix, Hub, PersistentVolumeClaim, StorageClass, human, quantity


def size(claim: PersistentVolumeClaim) -> Evidence:
    """The size of a claim, as evidence."""
    has = claim.status.capacity.get("storage", claim.spec.resources.requests.get("storage", "unknown"))
    return Evidence("claim", f"{claim.name} status.capacity.storage: {has}")


def twice(claim: PersistentVolumeClaim) -> str:
    """Twice the size."""
    now = quantity(claim.status.capacity.get("storage") or claim.spec.resources.requests.get("storage")) or Decimal(
        2**30
    )
    return human("storage", now * 2)


def larger(
    claim: PersistentVolumeClaim, hub: Hub, classes: list[StorageClass] | None, values: dict[str, object]
) -> Fix:
    """Make a volume larger, where its class lets volumes grow; `values` where they hold its size."""
    kind = next((c for c in classes or () if c.name == claim.storage_class), None)
    if kind is not None and not kind.allow_volume_expansion:
        return Fix(
            f"Make room on it: StorageClass {kind.name} does not allow volumes to grow. "
            "Set allowVolumeExpansion: true in it if its driver can.",
            commands=(f"kubectl patch storageclass {kind.name} -p '{{\"allowVolumeExpansion\": true}}'",),
        )
    more = twice(claim)
    patch = f'{{"spec": {{"resources": {{"requests": {{"storage": "{more}"}}}}}}}}'
    return Fix(
        f"Make the volume larger ({more}); a share over the network is made larger, or given a quota, on its server."
        + (" Set the same in the values, or the next upgrade wants it small again." if values else ""),
        values=values,
        commands=(hub.kubectl(f"patch persistentvolumeclaim {claim.name} -p '{patch}'"),),
        caution="A volume can grow and never shrink.",
    )
