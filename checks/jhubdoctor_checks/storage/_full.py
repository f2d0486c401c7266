"""Volumes of users' servers and of the hub, as their logs speak of them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from jhubdoctor.api import Entry, Evidence, Hub, HubLog, PersistentVolumeClaim, Pod, PodLog, VolumeMount, clean, grouped
from jhubdoctor_checks.facts.mounts import denied_path, made_by_mount
from jhubdoctor_checks.hub._writes import wrote_again
from jhubdoctor_checks.storage._database import DIRECTORY, claim_at

_PATH = r"'(?P<path>/[^']*)'"


def of_today(hub_log: HubLog, pattern: str, now: datetime) -> list[tuple[Entry, re.Match[str]]]:
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


def troubles(logs: Iterable[PodLog], pattern: str) -> Iterator[Trouble]:
    """The last line of each log that matches and is about a claim of its pod."""
    for log in logs:
        lines = [line for line in log.lines if re.search(pattern, line)]
        if not lines or any(s.name == log.container and s.ready for s in log.pod.statuses()):
            # one that runs by now has room and rights again
            continue
        found = mount_of(log.pod, log.container, lines[-1])
        path = denied_path(lines[-1])
        # a folder that a mount made is root's whatever the volume's rights are
        if found is not None and not (path and made_by_mount(log.pod, log.container, path)):
            yield Trouble(log.pod, clean(lines[-1], 300), *found)


def mount_of(pod: Pod, container: str, line: str) -> tuple[VolumeMount, str] | None:
    """The mount of a claim that a line is about: by the path that it names, else the only one."""
    claims = {v.name: v.persistent_volume_claim.claim_name for v in pod.spec.volumes if v.persistent_volume_claim}
    spec = pod.container(container)
    mounts = [m for m in (spec.volume_mounts if spec else []) if m.mount_path]
    named = re.search(_PATH, line)
    if named is None:
        own = [m for m in mounts if m.name in claims]
        return (own[0], claims[own[0].name]) if len(own) == 1 else None
    path = PurePosixPath(named["path"])
    above = [m for m in mounts if PurePosixPath(m.mount_path) in {path, *path.parents}]
    nearest = max(above, key=lambda m: len(PurePosixPath(m.mount_path).parts), default=None)
    return (nearest, claims[nearest.name]) if nearest is not None and nearest.name in claims else None


@dataclass(frozen=True)
class Home:
    """A claim of which logs of users' servers speak, with what they say."""

    claim: PersistentVolumeClaim
    troubles: tuple[Trouble, ...]

    @property
    def evidence(self) -> Evidence:
        """The first line."""
        return Evidence("pod log", f"{self.troubles[0].pod.name}: {self.troubles[0].line}")


def homes_in_trouble(logs: Iterable[PodLog], pattern: str, claims: Iterable[PersistentVolumeClaim]) -> list[Home]:
    """The claims of which the logs of users' servers speak in these words, by name."""
    found = dict(grouped(troubles(logs, pattern), lambda t: t.claim))
    return [Home(c, tuple(found[c.name])) for c in sorted(claims, key=lambda c: c.name) if c.name in found]


def database_trouble(
    hub: Hub, hub_log: HubLog, pattern: str, claims: Iterable[PersistentVolumeClaim], now: datetime
) -> tuple[PersistentVolumeClaim, Evidence] | None:
    """The claim of the hub's database, where the hub's log speaks of it in these words today, with the last line.

    Where the words have a group `path`, it is the claim that holds that path.
    """
    found = of_today(hub_log, pattern, now)
    if not found or wrote_again(hub_log, [e for e, _ in found]):
        return None
    entry, m = found[-1]
    name = claim_at(hub, m.groupdict().get("path") or DIRECTORY)
    claim = next((c for c in claims if c.name == name), None)
    return (claim, Evidence("hub log", clean(m[0], 200), entry.at)) if claim is not None else None
