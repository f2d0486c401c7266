"""A database that is gone with the hub's pod."""

from collections.abc import Iterator

from jhubdoctor.api import (
    CSIDriver,
    Evidence,
    Finding,
    Hub,
    NotApplicable,
    PersistentVolumeClaim,
    ServerVersion,
    Severity,
    StorageClass,
    Values,
    check,
)
from jhubdoctor_checks.storage._database import sqlite_file, volume_at
from jhubdoctor_checks.storage._drivers import share, usable
from jhubdoctor_checks.storage._hub_database_not_persistent import fix


@check(severity=Severity.WARNING)
def hub_database_not_persistent(
    hub: Hub,
    values: Values,
    claims: list[PersistentVolumeClaim] | None,
    storage_classes: list[StorageClass] | None,
    csi_drivers: list[CSIDriver] | None,
    server_version: ServerVersion | None,
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
    classes = None
    if storage_classes is not None:
        # SQLite on a file share loses data
        classes = [c for c in usable(storage_classes, csi_drivers, minor) if not share(c.provisioner)]
    bound = any(c.status.phase == "Bound" for c in unused)
    if classes == [] and not bound:
        seen.append(Evidence("storageclasses", "none that makes disks"))
    yield Finding(
        on=(hub.ref,),
        says=f"{says}: every restart of the hub forgets its users, tokens and running servers",
        evidence=tuple(seen),
        fix=fix(hub, None if bound else classes),
        cause=cause,
    )


def _mounted(hub: Hub) -> set[str]:
    return set(hub.deployment.spec.template.spec.claims) if hub.deployment else set()
