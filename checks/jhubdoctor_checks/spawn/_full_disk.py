"""Which disk of a user's server is full, by the path that its log names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jhubdoctor.api import Pod, clean
from jhubdoctor_checks.facts.mounts import holding

# Python's OSError
_PATH = re.compile(r": '(?P<path>/[^']*)'")


@dataclass(frozen=True)
class FullDisk:
    """A disk without room: a stable word, what to say of it, and what to do where that is not the home's remedy."""

    word: str
    says: str
    text: str = ""


def full_disk(pod: Pod, container: str, line: str) -> FullDisk | None:
    """The disk that a line about a full one is about; None where it names no path, or one of a home without a mount."""
    named = _PATH.search(line)
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
