"""Where the hub's database can be kept."""

from typing import Any

from jhubdoctor.api import Fix, Hub, StorageClass


def fix(hub: Hub, classes: list[StorageClass] | None) -> Fix:
    """A volume, where the cluster can make one or has one; `classes` is None where that is not known to matter."""
    caution = "This restarts the hub, which then no longer knows the servers that run now."
    if classes == []:
        return Fix(
            "Keep it in a PostgreSQL or MySQL database outside of the hub (hub.db.type, hub.db.url). A volume needs a "
            "StorageClass first: the cluster has none that makes disks.",
            commands=("kubectl get storageclasses",),
            caution=caution,
        )
    database: dict[str, Any] = {"type": "sqlite-pvc"}
    if classes and not any(c.is_default for c in classes):
        database["pvc"] = {"storageClassName": classes[0].name}
    return hub.values_fix("Keep it on a volume.", {"hub": {"db": database}}, caution=caution)
