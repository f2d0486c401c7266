"""A database that is gone with the hub's pod."""

from collections.abc import Iterator
from typing import Any

from jhubdoctor.api import (
<<<<<<< HEAD
    Evidence,
    Finding,
    Fix,
    Hub,
    NotApplicable,
    PersistentVolumeClaim,
=======
    CSIDriver,
    Evidence,
    Finding,
    Hub,
    NotApplicable,
    PersistentVolumeClaim,
    ServerVersion,
>>>>>>> w/claims
    Severity,
    StorageClass,
    Values,
    check,
)
from jhubdoctor_checks.storage._database import sqlite_file, volume_at
<<<<<<< HEAD
from jhubdoctor_checks.storage._drivers import share
=======
from jhubdoctor_checks.storage._drivers import usable
from jhubdoctor_checks.storage._hub_database_not_persistent import fix
>>>>>>> w/claims


@check(severity=Severity.WARNING)
def hub_database_not_persistent(
<<<<<<< HEAD
    hub: Hub, values: Values, claims: list[PersistentVolumeClaim] | None, storage_classes: list[StorageClass] | None
=======
    hub: Hub,
    values: Values,
    claims: list[PersistentVolumeClaim] | None,
    storage_classes: list[StorageClass] | None,
    csi_drivers: list[CSIDriver] | None,
    server_version: ServerVersion | None,
>>>>>>> w/claims
) -> Iterator[Finding]:
    """The hub's database does not outlive its pod."""
    if hub.deployment is None:
        raise NotApplicable("the hub has no Deployment yet")
    if "JupyterHub.db_url" in values.traits_in_code:
        raise NotApplicable("hub.extraConfig sets JupyterHub.db_url, which cannot be seen")
    file = sqlite_file(values)
    if file is None:
        return
    kind = values.get("hub.db.type", "")
    seen = [Evidence("values", f"hub.db.type: {kind}")]
    if not file:
        cause, says = "memory", "the hub keeps its database in memory"
    else:
        spec = hub.deployment.spec.template.spec
        name = volume_at(spec, file)
        volume = next((v for v in spec.volumes if v.name == name), None)
        if volume is not None and not (volume.empty_dir or volume.secret or volume.config_map):
            # a claim, or a volume of the node or the network
            return
        cause, says = "file", f"the hub keeps its database in the file {file}, which is on no persistent volume"
        where = f"volume {name} (emptyDir)" if volume is not None else "no volume, the container's own file system"
        seen.append(Evidence("deployment", f"{file}: {where}"))
    unused = sorted(
        (c for c in claims or () if c.component == "hub" and hub.owns(c) and c.name not in _mounted(hub)),
        key=lambda c: c.name,
    )
    seen += [Evidence("claim", f"{c.name} exists and is mounted nowhere") for c in unused]
    minor = server_version.minor if server_version else None
    classes = None if storage_classes is None else usable(storage_classes, csi_drivers, minor)
    bound = any(c.status.phase == "Bound" for c in unused)
    if classes == [] and not bound:
        seen.append(Evidence("storageclasses", "none that makes volumes"))
    yield Finding(
        on=(hub.ref,),
        says=f"{says}: every restart of the hub forgets its users, tokens and running servers",
        evidence=tuple(seen),
<<<<<<< HEAD
        fix=_fix(hub, unused, storage_classes),
=======
        fix=fix(hub, None if bound else classes),
>>>>>>> w/claims
        cause=cause,
    )


def _mounted(hub: Hub) -> set[str]:
    return set(hub.deployment.spec.template.spec.claims) if hub.deployment else set()


def _fix(hub: Hub, unused: list[str], classes: list[StorageClass] | None) -> Fix:
    """A claim needs a class that gives it a volume; one that is there already keeps the class that it has."""
    database: dict[str, Any] = {"type": "sqlite-pvc"}
    disks = sorted(c.name for c in classes or () if not share(c.provisioner))
    if not unused and classes is not None and not any(c.is_default for c in classes):
        if not disks:
            return Fix(
                "Keep it on a volume: make a StorageClass that gives disks first, or use a database server "
                "(hub.db.type: postgres). With sqlite-pvc as it is, the hub would wait for its volume and not start.",
                commands=("kubectl get storageclasses",),
            )
        database["pvc"] = {"storageClassName": disks[0]}
    return hub.values_fix(
        "Keep it on a volume.",
        {"hub": {"db": database}},
        caution="This restarts the hub, which then no longer knows the servers that run now.",
    )
