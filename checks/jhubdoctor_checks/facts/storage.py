"""The claims that matter, also where there are too many to look at all."""

from __future__ import annotations

from jhubdoctor import Hub, Look, PersistentVolumeClaim, Pod, Values, fact

# So many are asked for by name: what is wrong with them is wrong with the others too.
MOST = 30


@fact(spare=("persistentvolumeclaims",))
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
