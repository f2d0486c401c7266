"""A database of files where file locks are slow, or do not hold."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor import (
    Evidence,
    Finding,
    Fix,
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
from jhubdoctor_checks.storage._database import sqlite_claim
from jhubdoctor_checks.storage._drivers import DISKS, provisioner_of, share
from jhubdoctor_checks.storage._full import of_today

# sqlite3 (Python), inside sqlalchemy.exc.OperationalError
LOCKED = "database is locked"


@check(severity=Severity.WARNING, explains=("hub-database-locked", "hub-crash-loop", "hub-restarting"))
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
    locked = [e for e, _ in of_today(hub_log, LOCKED, now)] if hub_log else []
    disks = sorted(c.name for c in storage_classes if c.provisioner in DISKS)
    yield Finding(
        on=(claim.ref,),
        says=f"the hub keeps its SQLite database on {what}, where file locks are slow or unreliable"
        + (", and its log says that the database is locked" if locked else ""),
        evidence=(
            Evidence("pod.spec", f"the hub mounts the claim {claim.name} for its database"),
            Evidence(*source),
            *(Evidence("hub log", LOCKED, e.at) for e in locked[-1:]),
        ),
        fix=_move(hub, claim.name, disks),
        severity=Severity.ERROR if locked else None,
        affects=(hub.ref, *(p.ref for p in hub_pods)),
    )


def _move(hub: Hub, claim: str, disks: list[str]) -> Fix:
    file = "/srv/jupyterhub/jupyterhub.sqlite"
    deployment = f"deployment/{hub.ref.name}"
    text = "Move the database to a disk that one node mounts"
    if not disks or not hub.helm_upgrade:
        text += " (hub.db.pvc.storageClassName), or to PostgreSQL (hub.db.type: postgres). Save the file first."
        return Fix(text, commands=(hub.kubectl(f"exec {deployment} -- cat {file} > jupyterhub.sqlite"),))
    return Fix(
        f"{text} (StorageClass {disks[0]} gives such), or to PostgreSQL (hub.db.type: postgres). "
        "A claim keeps its class: save the file, make the claim anew, and put the file back.",
        values={"hub": {"db": {"pvc": {"storageClassName": disks[0]}}}},
        commands=(
            hub.kubectl(f"exec {deployment} -- cat {file} > jupyterhub.sqlite"),
            hub.kubectl(f"scale {deployment} --replicas=0"),
            hub.kubectl(f"delete persistentvolumeclaim {claim}"),
            hub.helm_upgrade,
            hub.kubectl(f"exec -i {deployment} -- sh -c 'cat > {file}' < jupyterhub.sqlite"),
            hub.kubectl(f"rollout restart {deployment}"),
        ),
        caution="The hub is away meanwhile. See that jupyterhub.sqlite is not empty before the claim is deleted.",
    )
