"""Servers with two homes."""

from collections.abc import Iterator

from jhubdoctor.api import (
    Evidence,
    Finding,
    Fix,
    Hub,
    NotApplicable,
    PersistentVolumeClaim,
    Pod,
    Severity,
    Values,
    check,
    count,
    some,
)
from jhubdoctor_checks.storage._claim_names import homes, naming, pair_of
from jhubdoctor_checks.storage._claims import STORAGE, shared
from jhubdoctor_checks.storage._duplicate_user_claims import HOOKS, IN_CODE, remedy, restored

SHOWN = 3


@check(severity=Severity.WARNING)
def duplicate_user_claims(
    hub: Hub, claims: list[PersistentVolumeClaim], user_pods: list[Pod], values: Values
) -> Iterator[Finding]:
    """Servers have two claims for one home, under the names of one release and of a later one."""
    if values.get("singleuser.storage.type", "dynamic") != "dynamic":
        raise NotApplicable("users have no claims of their own")
    now, known = naming(hub, values), homes(claims, hub)
    mounted = {name: p for p in user_pods if not p.finished for name in p.spec.claims}
    found = (pair_of(key, own, now) for key, own in sorted(known.items()))
    # a home that is mounted under its former name is not lost
    pairs = [p for p in found if p is not None and p.former.name not in mounted]
    if not pairs:
        return
    users, on_newer = {p.key[0] for p in pairs}, [p for p in pairs if p.newer.name in mounted]
    who = f"{count(len(users), 'user')} {'has' if len(users) == 1 else 'have'}"
    if len(pairs) > len(users):
        who = f"{count(len(pairs))} of {count(len(users), 'user')} have"
    back = restored(pairs, now) or (not on_newer and bool((IN_CODE | HOOKS) & values.traits_in_code))
    says = f"{who} two claims for one home: an older one, and a newer one that was made under another name"
    if back:
        says = f"{who} two claims for one home, and the hub names the older one again"
        says += f"; {count(len(on_newer))} still on the newer" if on_newer else ""
        servers = some(mounted[p.newer.name].name for p in on_newer)
        fix = Fix(
            f"Stop {servers} on the hub's admin page and start again: each comes up with its former home."
            if on_newer
            else "Copy what was saved on the newer claims meanwhile, if anything was. Both kinds can stay.",
            commands=(hub.kubectl(f"get persistentvolumeclaims -l component={STORAGE}"),),
        )
    else:
        if now.remembers and now.scheme == "escape":
            says = f"{who} two claims for one home still: slug_scheme: escape alone does not bring back the older one, "
            says += "because the hub remembers the newer"
        used = {k: next((c.name for c in own if c.name in mounted), own[-1].name) for k, own in known.items()}
        fix = remedy(pairs, used, now, hub, values)
    remembered = values.get("hub.config.KubeSpawner.remember_pvc_name", "not set (true)")
    yield Finding(
        on=tuple(shared(c.ref) for p in pairs for c in (p.former, p.newer)),
        says=says,
        evidence=(
            *(
                Evidence(
                    "claim", f"{p.former.name} was followed by {p.newer.name}", p.newer.metadata.creation_timestamp
                )
                for p in pairs[:SHOWN]
            ),
            Evidence("claim", f"and {len(pairs) - SHOWN} more") if len(pairs) > SHOWN else None,
            *(Evidence("pod.spec", f"{mounted[p.newer.name].name} mounts {p.newer.name}") for p in on_newer[:SHOWN]),
            Evidence("values", f"hub.config.KubeSpawner: slug_scheme: {now.scheme}, remember_pvc_name: {remembered}")
            if hub.at_least("4.0.0") is not False
            else None,
        ),
        fix=fix,
        severity=Severity.INFO if back and not on_newer else None,
        affects=tuple(mounted[p.newer.name].ref for p in on_newer),
    )
