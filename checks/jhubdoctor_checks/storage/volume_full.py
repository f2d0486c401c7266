"""Volumes without room."""

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from jhubdoctor import (
    Evidence,
    Finding,
    Fix,
    Hub,
    HubLog,
    PersistentVolumeClaim,
    Pod,
    PodLog,
    Severity,
    StorageClass,
    check,
    clean,
    human,
    quantity,
)
from jhubdoctor_checks.storage._claims import shared
from jhubdoctor_checks.storage._database import DIRECTORY, claim_at
from jhubdoctor_checks.storage._full import Trouble, of_today, troubles

# Python's OSError for ENOSPC and EDQUOT
_HOME = re.compile(r"\[Errno 28\]|No space left on device|\[Errno 122\]|Disk quota exceeded")
# SQLite's SQLITE_FULL; the path names the database's directory
_DATABASE = re.compile(rf"database or disk is full|No space left on device: '{DIRECTORY}")


@check(
    severity=Severity.ERROR,
    explains=("user-pod-crash-loop", "hub-crash-loop", "spawn-http-timeout", "hub-restarting", "hub-database-locked"),
)
def volume_full(
    hub: Hub,
    hub_pods: list[Pod],
    hub_log: HubLog,
    ended_user_logs: list[PodLog],
    known_claims: list[PersistentVolumeClaim],
    storage_classes: list[StorageClass] | None,
    now: datetime,
) -> Iterator[Finding]:
    """A volume of the hub or of a user is full."""
    found = of_today(hub_log, _DATABASE, now)
    name = claim_at(hub, DIRECTORY)
    claim = next((c for c in known_claims if c.name == name), None)
    if found and claim is not None:
        entry, m = found[-1]
        yield Finding(
            on=(claim.ref,),
            says=f"the volume of the hub's database (claim {claim.name}) is full",
            evidence=(Evidence("hub log", clean(m[0], 200), entry.at), _size(claim)),
            fix=_larger(claim, hub, storage_classes, {"hub": {"db": {"pvc": {"storage": _more(claim)}}}}),
            cause="hub",
            affects=(hub.ref, *(p.ref for p in hub_pods)),
        )
    homes: dict[str, list[Trouble]] = {}
    for t in troubles(ended_user_logs, _HOME):
        homes.setdefault(t.claim, []).append(t)
    full = [(c, homes[c.name]) for c in sorted(known_claims, key=lambda c: c.name) if c.name in homes]
    if not full:
        return
    yield Finding(
        on=tuple(shared(c.ref) for c, _ in full),
        says=f"the {'home' if len(full) == 1 else f'{len(full)} homes'} of servers that do not start "
        f"{'is' if len(full) == 1 else 'are'} full",
        evidence=tuple(
            e for c, ts in full[:3] for e in (Evidence("pod log", f"{ts[0].pod.name}: {ts[0].line}"), _size(c))
        ),
        fix=_larger(full[0][0], hub, storage_classes, {}),
        cause="homes",
        affects=tuple(t.pod.ref for _, ts in full for t in ts),
    )


def _size(claim: PersistentVolumeClaim) -> Evidence:
    size = claim.status.capacity.get("storage", claim.spec.resources.requests.get("storage", "unknown"))
    return Evidence("claim", f"{claim.name} status.capacity.storage: {size}")


def _more(claim: PersistentVolumeClaim) -> str:
    """Twice the size."""
    size = quantity(claim.status.capacity.get("storage") or claim.spec.resources.requests.get("storage")) or Decimal(
        2**30
    )
    return human("storage", size * 2)


def _larger(
    claim: PersistentVolumeClaim, hub: Hub, classes: list[StorageClass] | None, values: dict[str, object]
) -> Fix:
    kind = next((c for c in classes or () if c.name == claim.storage_class), None)
    if kind is not None and not kind.allow_volume_expansion:
        return Fix(
            f"Make room on it: StorageClass {kind.name} does not allow volumes to grow. "
            "Set allowVolumeExpansion: true in it if its driver can.",
            commands=(f"kubectl patch storageclass {kind.name} -p '{{\"allowVolumeExpansion\": true}}'",),
        )
    size = _more(claim)
    patch = f'{{"spec": {{"resources": {{"requests": {{"storage": "{size}"}}}}}}}}'
    return Fix(
        f"Make the volume larger ({size}); a share over the network is made larger, or given a quota, on its server."
        + (" Set the same in the values, or the next upgrade wants it small again." if values else ""),
        values=values,
        commands=(hub.kubectl(f"patch persistentvolumeclaim {claim.name} -p '{patch}'"),),
        caution="A volume can grow and never shrink.",
    )
