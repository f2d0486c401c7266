"""What lies where in a container: the mount of a path, folders that a mount made, and the disk that is full."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from jhubdoctor.api import Pod, VolumeMount, clean

# Python's OSError, coreutils
_DENIED = re.compile(
    r"PermissionError: \[Errno 13\] [^:]*: '(?P<python>/[^']*)'|(?P<shell>/[^\s:'\"]+)['\"]?: Permission denied"
    r"|Permission denied: '(?P<plain>/[^']*)'"
)

_NAMED = re.compile(r": '(?P<path>/[^']*)'")


@dataclass(frozen=True)
class MadeByMount:
    """A folder that is root's because a file is mounted below it.

    Attributes:
        folder: the folder.
        mount: the mount of the file.
        extra_files: whether it is one of singleuser.extraFiles.
    """

    folder: str
    mount: VolumeMount
    extra_files: bool


def denied_path(line: str) -> str:
    """The path that a program was denied, empty where the line names none."""
    found = _DENIED.search(line)
    return (found["python"] or found["shell"] or found["plain"]) if found else ""


def holding(pod: Pod, container: str, path: str) -> VolumeMount | None:
    """The mount on which a path lies, None where it lies in the image."""
    spec = pod.container(container)
    wanted = PurePosixPath(path)
    above = [
        m
        for m in (spec.volume_mounts if spec else [])
        if m.mount_path and PurePosixPath(m.mount_path) in {wanted, *wanted.parents}
    ]
    return max(above, key=lambda m: len(PurePosixPath(m.mount_path).parts), default=None)


def made_by_mount(pod: Pod, container: str, path: str) -> MadeByMount | None:
    """The folder that was made, as root's, for the mount of a file beside or below this path.

    What a mount needs on its way and the image (or the volume above) has not, the container runtime makes, as root: so
    a file of singleuser.extraFiles in a folder of its own closes that folder for the user's server.
    """
    spec = pod.container(container)
    files = {
        v.name: (v.secret.secret_name if v.secret else v.config_map.name if v.config_map else "")
        for v in pod.spec.volumes
        if v.secret or v.config_map
    }
    wanted = PurePosixPath(path)
    under = holding(pod, container, path)
    floor = len(PurePosixPath(under.mount_path).parts) if under else 2
    found: list[tuple[int, str, VolumeMount]] = []
    for m in spec.volume_mounts if spec else []:
        place = PurePosixPath(m.mount_path or "/")
        if m.name not in files or not m.sub_path or place in {wanted, *wanted.parents}:
            continue
        shared = [p for p in place.parents if p in {wanted, *wanted.parents}]
        # the folders that are in every image, and the one that is mounted itself, were there before
        if shared and len(shared[0].parts) > floor:
            found.append((len(shared[0].parts), str(shared[0]), m))
    if not found:
        return None
    _, folder, mount = max(found, key=lambda f: (f[0], f[1], f[2].mount_path))
    return MadeByMount(folder, mount, files[mount.name].endswith("singleuser"))


@dataclass(frozen=True)
class FullDisk:
    """A disk without room: a stable word, what to say of it, and what to do where that is not the home's remedy."""

    word: str
    says: str
    text: str = ""


def full_disk(pod: Pod, container: str, line: str) -> FullDisk | None:
    """The disk that a line about a full one is about; None where it names no path, or one of a home without a mount."""
    named = _NAMED.search(line)
    if named is None:
        return None
    path, under = clean(named["path"], 100), holding(pod, container, named["path"])
    claims = {v.name: v.persistent_volume_claim.claim_name for v in pod.spec.volumes if v.persistent_volume_claim}
    if under is not None and under.name in claims:
        return FullDisk(
            "home-full", f"its volume at {clean(under.mount_path, 100)} (claim {claims[under.name]}) is full"
        )
    if under is None and path.startswith("/home/"):
        return None
    where = f"its volume {under.name}, which is no claim" if under is not None else "the disk of its node, or memory"
    return FullDisk(
        "disk-full",
        f"no space is left for {path}: that is {where}",
        "Free what the server writes there, or give it more room: no volume of the user's is full.",
    )
