"""The claims that matter, also where there are too many to look at all."""

from __future__ import annotations

from jhubdoctor.api import Hub, Look, PersistentVolume, PersistentVolumeClaim, Pod, Values, fact

# So many are asked for by name: what is wrong with them is wrong with the others too.
MOST = 30
USER_STORAGE = "singleuser-storage"


@fact(optional=("persistentvolumeclaims",))
def known_claims(
    look: Look, hub: Hub, claims: list[PersistentVolumeClaim], user_pods: list[Pod], values: Values | None
) -> list[PersistentVolumeClaim]:
    """The claims, with those that the hub, the values, and pods that are not well name.

    Of very many claims the bound ones are a sample; a claim that is not in it need not be missing.
    """
    there = {c.name for c in claims}
    wanted = list(hub.deployment.spec.template.spec.claims) if hub.deployment is not None else []
    if values is not None and values.get("singleuser.storage.type") == "static":
        wanted.append(str(values.get("singleuser.storage.static.pvcName", "")))
    ailing = sorted((p for p in user_pods if not p.ready and not p.finished), key=lambda p: p.name)
    wanted += [name for p in ailing for name in p.spec.claims]
    found = list(claims)
    for name in [n for n in dict.fromkeys(wanted) if n and n not in there][:MOST]:
        found += look.list("persistentvolumeclaims", hub.namespace, fields=f"metadata.name={name}")
    return found


@fact("persistentvolumes")
def known_volumes(
    look: Look, claims: list[PersistentVolumeClaim] | None, known_claims: list[PersistentVolumeClaim] | None
) -> list[PersistentVolume]:
    """The volumes, with those of claims that matter, also where there are too many volumes to look at all.

    While a claim waits all are looked at: any may be the one that it waits for.
    """
    if any(c.status.phase != "Bound" for c in known_claims or ()):
        return look.list("persistentvolumes")
    found = list(look.list("persistentvolumes", survey=True))
    if not look.sampled:
        return found
    there, sample = {v.name for v in found}, {c.name for c in claims or ()}
    wanted = [c for c in known_claims or () if c.name not in sample or c.component != USER_STORAGE]
    names = [c.spec.volume_name for c in wanted if c.spec.volume_name and c.spec.volume_name not in there]
    for name in list(dict.fromkeys(names))[:MOST]:
        found += look.list("persistentvolumes", fields=f"metadata.name={name}")
    return found


@fact()
def spare_claims(
    claims: list[PersistentVolumeClaim], pods: list[Pod], user_pods: list[Pod], stranger_pods: list[Pod]
) -> list[PersistentVolumeClaim]:
    """Bound claims that many nodes may mount at a time, made by hand, and mounted by no pod of the namespace."""
    mounted = {name for p in (*pods, *user_pods, *stranger_pods) for name in p.spec.claims}
    return sorted(
        (
            c
            for c in claims
            if c.status.phase == "Bound"
            and "ReadWriteMany" in c.spec.access_modes
            and c.component not in {USER_STORAGE, "hub"}
            and c.metadata.deletion_timestamp is None
            and c.name not in mounted
        ),
        key=lambda c: c.name,
    )
