"""Homes that were meant to lie on a claim that is there already."""

from collections.abc import Sequence
from dataclasses import replace

from jhubdoctor.api import Evidence, Fix, Hub, PersistentVolumeClaim, Pod, Values, some
from jhubdoctor_checks.storage._fixes import NAMED, deletion
from jhubdoctor_checks.storage._pending import Stuck, World

# Causes that all come to one: nothing in this cluster makes a volume for such a claim.
_NOTHING_MAKES_IT = {"no-default-class", "class-missing", "no-volume", "provisioner-absent", "plugin-gone"}


def meant(
    why: Stuck, world: World, spare: Sequence[PersistentVolumeClaim] | None, values: Values | None
) -> list[PersistentVolumeClaim]:
    """The claims on which the homes can lie instead: for many nodes, bound, and mounted by nobody."""
    if values is None or why.cause not in _NOTHING_MAKES_IT or world.usable:
        return []
    if values.get("singleuser.storage.type", "dynamic") != "dynamic":
        return []
    # what servers will mount beside their homes once they start; a list, or since chart 4 a mapping too
    extra = values.mapping("singleuser.storage.extraVolumes").values() or values.items(
        "singleuser.storage.extraVolumes"
    )
    beside = {Values({"volume": v}).get("volume.persistentVolumeClaim.claimName") for v in extra}
    return [c for c in spare or () if c.name not in beside]


def says(spare: Sequence[PersistentVolumeClaim]) -> str:
    """What is told of them, after what is wrong."""
    if not spare:
        return ""
    return f"; {some(c.name for c in spare)} is bound, and no pod mounts it"


def evidence(spare: Sequence[PersistentVolumeClaim]) -> tuple[Evidence, ...]:
    """How we know."""
    return tuple(
        Evidence(
            "claim", f"{c.name}: Bound to {c.spec.volume_name}, {', '.join(c.spec.access_modes)}, mounted by no pod"
        )
        for c in spare[:3]
    )


def begun_anew(fix: Fix, why: Stuck, pods: Sequence[Pod], hub: Hub) -> Fix:
    """The same with the pods that wait for claims which it deletes: the hub makes claims when it makes pods."""
    names = {c.name for c in why.claims}
    waiting = [p.name for p in pods if p.phase == "Pending" and not p.node and names & set(p.spec.claims)]
    if not waiting or not any(" delete persistentvolumeclaim " in c for c in fix.commands):
        return fix
    return replace(
        fix,
        text=f"{fix.text} Then the users start their servers once more.",
        commands=(hub.kubectl(f"delete pod {' '.join(waiting[:NAMED])}"), *fix.commands),
        caution=f"{fix.caution} Nor did the pods ever start.",
    )


def static(why: Stuck, spare: Sequence[PersistentVolumeClaim], hub: Hub) -> Fix:
    """All homes on one claim, each in a folder."""
    name = spare[0].name
    return Fix(
        f"Keep the homes on the claim {name}, each in a folder of its own (singleuser.storage.type: static). For a "
        "volume a user the cluster needs a provisioner with a StorageClass first.",
        values={"singleuser": {"storage": {"type": "static", "static": {"pvcName": name}}}},
        commands=(hub.helm_upgrade, deletion(why, hub)),
        caution="This restarts the hub. Users write as uid 1000 (singleuser.uid): the share must let them. The deleted "
        "claims are Pending: they never had a volume, so they hold no data.",
    )
