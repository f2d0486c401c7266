"""Users with two homes."""

from collections.abc import Iterator

from jhubdoctor.api import Evidence, Finding, Fix, Hub, PersistentVolumeClaim, Pod, Severity, Values, check
from jhubdoctor_checks.storage._claims import STORAGE, former_names, server_of, shared, user_of

SHOWN = 3


@check(severity=Severity.WARNING)
def duplicate_user_claims(
    hub: Hub, claims: list[PersistentVolumeClaim], user_pods: list[Pod], values: Values | None
) -> Iterator[Finding]:
    """Users have two claims for one home, under the names of KubeSpawner before and after version 7."""
    of_user: dict[tuple[str, str], list[PersistentVolumeClaim]] = {}
    for c in claims:
        if c.component == STORAGE and hub.owns(c) and user_of(c):
            of_user.setdefault((user_of(c), server_of(c)), []).append(c)
    mounted = {name for p in user_pods if not p.finished for name in p.spec.claims}
    pairs: list[tuple[PersistentVolumeClaim, PersistentVolumeClaim]] = []
    for (user, server), found in sorted(of_user.items()):
        names = former_names(user, server)
        former = [c for c in found if c.name in names]
        newer = sorted((c for c in found if c.name not in names), key=lambda c: c.created)
        # other names are somebody's own template; a home that is mounted under its former name is not lost
        if former and newer and newer[-1].created > former[0].created and former[0].name not in mounted:
            pairs.append((former[0], newer[-1]))
    if not pairs:
        return
    back = values is not None and values.get("hub.config.KubeSpawner.slug_scheme") == "escape"
    count = "1 user has" if len(pairs) == 1 else f"{len(pairs)} users have"
    yield Finding(
        on=tuple(shared(c.ref) for pair in pairs for c in pair),
        says=f"{count} two claims: one under the name of before chart 4, and a newer one under another",
        evidence=(
            *(
                Evidence("claim", f"{old.name} was followed by {new.name}", new.metadata.creation_timestamp)
                for old, new in pairs[:SHOWN]
            ),
            Evidence("claim", f"and {len(pairs) - SHOWN} more") if len(pairs) > SHOWN else None,
        ),
        fix=Fix(
            "The former names are in use again (slug_scheme: escape). Copy what was saved under the new ones since, "
            "then delete those claims."
            if back
            else "Use the former names again: nothing is lost. Copy what was saved in the new homes meanwhile.",
            values={} if back else {"hub": {"config": {"KubeSpawner": {"slug_scheme": "escape"}}}},
            commands=(hub.helm_upgrade,)
            if not back
            else (hub.kubectl(f"get persistentvolumeclaims -l component={STORAGE}"),),
            caution=""
            if back
            else "Users whose first server was started since the upgrade change their claim as well: "
            "see to theirs before. Running servers keep the volume that they have.",
        ),
        severity=Severity.INFO if back else None,
    )
