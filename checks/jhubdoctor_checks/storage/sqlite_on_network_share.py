"""A database of files where file locks are slow, or do not hold."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    Evidence,
    Finding,
    Hub,
    HubLog,
    NotApplicable,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    Severity,
    StorageClass,
    Values,
    check,
)
from jhubdoctor_checks.hub._logged import weigh
from jhubdoctor_checks.storage._database import move, sqlite_claim
from jhubdoctor_checks.storage._drivers import DISKS, provisioner_of, share
from jhubdoctor_checks.storage._full import of_today

# sqlite3 (Python), inside sqlalchemy.exc.OperationalError
LOCKED = "database is locked"


# a share is a risk: it takes the fault that it is known for, and what comes of that
@check(severity=Severity.WARNING, explains=("hub-database-locked",))
def sqlite_on_network_share(
    hub: Hub,
    hub_pods: list[Pod],
    known_claims: list[PersistentVolumeClaim],
    known_volumes: list[PersistentVolume],
    storage_classes: list[StorageClass],
    values: Values | None,
    hub_log: HubLog | None,
    now: datetime,
) -> Iterator[Finding]:
    """The hub keeps its SQLite database on a network file share."""
    name = sqlite_claim(hub, values)
    claim = next((c for c in known_claims if c.name == name), None)
    if claim is None:
        raise NotApplicable(f"the claim {name} of the hub's database does not exist")
    volume = next((v for v in known_volumes if v.name == claim.spec.volume_name), None)
    wanted = next((c for c in storage_classes if c.name == claim.storage_class), None)
    made_by = (provisioner_of(volume) if volume else "") or (wanted.provisioner if wanted else "")
    what = share(made_by)
    if made_by == "driver.longhorn.io" and "ReadWriteMany" in claim.spec.access_modes:
        what = "a Longhorn share (NFS)"
    if not what:
        return
    source = ("volume", f"{volume.name} made by {made_by}") if volume else ("storageclass", f"provisioner: {made_by}")
    bound = bool(claim.spec.volume_name)
    locked = [e for e, _ in of_today(hub_log, LOCKED, now)] if hub_log else []
    recent = any(weigh(e.at, now) is Severity.ERROR for e in locked)
    disks = sorted(c.name for c in storage_classes if c.provisioner in DISKS)
    yield Finding(
        on=(claim.ref,),
        says=f"the hub {'keeps' if bound else 'would keep'} its SQLite database on {what}, where file locks are slow or"
        " unreliable" + (", and its log says that the database is locked" if locked else ""),
        evidence=(
            Evidence("pod.spec", f"the hub mounts the claim {claim.name} for its database"),
            Evidence(*source),
            *(Evidence("hub log", LOCKED, e.at) for e in locked[-1:]),
        ),
        fix=move(hub, claim.name, volume.name if volume else "", disks),
        severity=Severity.ERROR if recent else None if bound else Severity.INFO,
        affects=(hub.ref, *(p.ref for p in hub_pods)),
    )
