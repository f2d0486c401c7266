"""Volumes without room."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    Finding,
    Hub,
    HubLog,
    PersistentVolumeClaim,
    Pod,
    PodLog,
    Rung,
    Severity,
    StorageClass,
    check,
    nested,
)
from jhubdoctor_checks.storage._claims import shared
from jhubdoctor_checks.storage._database import DIRECTORY, claim_at
from jhubdoctor_checks.storage._full import database_trouble, homes_in_trouble
from jhubdoctor_checks.storage._volume_full import larger, size, twice

# Python's OSError for ENOSPC and EDQUOT
_HOME = r"\[Errno 28\]|No space left on device|\[Errno 122\]|Disk quota exceeded"
# SQLite's SQLITE_FULL; else the path tells which of the hub's volumes it is
_OF_HUB = r"database or disk is full|(?:No space left on device|Disk quota exceeded): '(?P<path>/[^'\n]*)'"


# all that the hub's log tells is about its Deployment: of what it says of a full disk, this alone
@check(severity=Severity.ERROR, stops=Rung.UP, explains=("hub-database-locked",))
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
    if database := database_trouble(hub, hub_log, _OF_HUB, known_claims, now):
        claim, logged = database
        own = claim.name == claim_at(hub, DIRECTORY)
        of = "'s database" if own else ""
        patch = nested("hub.db.pvc.storage", twice(claim)) if own else {}
        yield Finding(
            on=(claim.ref,),
            says=f"the volume of the hub{of} (claim {claim.name}) is full",
            evidence=(logged, size(claim)),
            fix=larger(claim, hub, storage_classes, patch),
            cause="hub" if own else claim.name,
            affects=(hub.ref, *(p.ref for p in hub_pods)),
        )
    full = homes_in_trouble(ended_user_logs, _HOME, known_claims)
    if full:
        which, are = ("home", "is") if len(full) == 1 else (f"{len(full)} homes", "are")
        yield Finding(
            on=tuple(shared(h.claim.ref) for h in full),
            says=f"the {which} of servers that do not start {are} full",
            evidence=tuple(e for h in full[:3] for e in (h.evidence, size(h.claim))),
            fix=larger(full[0].claim, hub, storage_classes, {}),
            cause="homes",
            affects=tuple(t.pod.ref for h in full for t in h.troubles),
        )
