"""To whom volumes belong, and how to give them to who writes to them."""

from typing import Any

from jhubdoctor.api import Fix, Hub, Values, nested
from jhubdoctor_checks.storage._database import DIRECTORY
from jhubdoctor_checks.storage._full import Trouble

_ROOT = " A namespace of Pod Security level `restricted` refuses this container: set the owner on the server there."


def own_database(hub: Hub, group: int | None) -> Fix:
    """Give the database's volume to the hub; `group` is the fsGroup that its pod has."""
    if group is None:
        path = "hub.fsGid" if hub.at_least("2.0.0") is False else "hub.podSecurityContext.fsGroup"
        return hub.values_fix("Let Kubernetes give the volume to the hub's group.", nested(path, 1000))
    return hub.values_fix(
        "The storage ignores fsGroup, as NFS, EFS and Azure Files do: give the directory to the hub's user once. Where "
        "the share does not allow chown, set owner 1000 on its server or in its mount options (uid=1000,gid=1000)."
        f"{_ROOT}",
        {"hub": {"initContainers": [_chown("1000:1000", "pvc", DIRECTORY)]}},
    )


def own_home(hub: Hub, values: Values | None, trouble: Trouble) -> Fix:
    """Give a home to the user's server."""
    uid = values.get("singleuser.uid", 1000) if values else 1000
    gid = values.get("singleuser.fsGid", 100) if values else 100
    text = (
        "Give the home to the server's user: NFS, EFS and Azure Files ignore fsGroup, and a subPath is made by root. "
        f"Where the share does not allow chown, set the owner on its server or in its mount options.{_ROOT}"
    )
    container = _chown(f"{uid}:{gid}", trouble.mount.name, trouble.mount.mount_path)
    if values is not None and values.get("singleuser.storage.type") == "static":
        container["volumeMounts"][0]["subPath"] = values.get("singleuser.storage.static.subPath", "{username}")
    elif hub.at_least("4.0.0") is False:
        container["volumeMounts"][0]["name"] = "volume-{username}{servername}"
    else:
        container["volumeMounts"][0]["name"] = "volume-{user_server}"
    return hub.values_fix(text, {"singleuser": {"initContainers": [container]}})


def _chown(owner: str, volume: str, path: str) -> dict[str, Any]:
    """A container that gives a directory to somebody, which only root can.

    Since chart 4.0 the hub's pod has `runAsNonRoot: true`, under which the kubelet starts no container of root; what
    the container itself says of that goes before what its pod says.
    """
    return {
        "name": "own-the-volume",
        "image": "busybox:1.37",
        "command": ["chown", owner, path],
        "securityContext": {"runAsUser": 0, "runAsNonRoot": False},
        "volumeMounts": [{"name": volume, "mountPath": path}],
    }
