"""Volumes of users' servers and of the hub, as their logs speak of them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from jhubdoctor import Entry, HubLog, Pod, PodLog, VolumeMount, clean

_PATH = re.compile(r"'(?P<path>/[^']*)'")


def of_today(hub_log: HubLog, pattern: str | re.Pattern[str], now: datetime) -> list[tuple[Entry, re.Match[str]]]:
    """What the hub logged within the last day: its log may go back for weeks."""
    return [(e, m) for e, m in hub_log.search(pattern) if e.at is None or now - e.at <= timedelta(days=1)]


@dataclass(frozen=True)
class Trouble:
    """A line of a log that speaks of a volume.

    Attributes:
        pod: whose log.
        line: the line.
        mount: the mount that it is about, where the line names a path or the container has but one claim.
        claim: the claim behind the mount.
    """

    pod: Pod
    line: str
    mount: VolumeMount
    claim: str


def troubles(logs: Iterable[PodLog], pattern: re.Pattern[str]) -> Iterator[Trouble]:
    """The last line of each log that matches and is about a claim of its pod."""
    for log in logs:
        lines = [line for line in log.lines if pattern.search(line)]
        if not lines:
            continue
        found = mount_of(log.pod, log.container, lines[-1])
        if found is not None:
            yield Trouble(log.pod, clean(lines[-1], 300), *found)


def mount_of(pod: Pod, container: str, line: str) -> tuple[VolumeMount, str] | None:
    """The mount of a claim that a line is about: by the path that it names, else the only one."""
    claims = {v.name: v.persistent_volume_claim.claim_name for v in pod.spec.volumes if v.persistent_volume_claim}
    spec = pod.container(container)
    mounts = [m for m in (spec.volume_mounts if spec else []) if m.mount_path]
    named = _PATH.search(line)
    if named is None:
        mine = [m for m in mounts if m.name in claims]
        return (mine[0], claims[mine[0].name]) if len(mine) == 1 else None
    path = PurePosixPath(named["path"])
    above = [m for m in mounts if PurePosixPath(m.mount_path) in {path, *path.parents}]
    nearest = max(above, key=lambda m: len(PurePosixPath(m.mount_path).parts), default=None)
    return (nearest, claims[nearest.name]) if nearest is not None and nearest.name in claims else None
