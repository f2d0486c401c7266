"""Starts by profile, as far as images tell: a pod does not say which profile its user chose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from jhubdoctor.api import Events, Pod, Shape, clean, fact
from jhubdoctor_checks.facts.starts import WINDOW, Starts
from jhubdoctor_checks.facts.stuck_servers import Stuck

# shapes are called `profile "GPU"`, and with one of its options `profile "GPU", choice "large"`
_PROFILE = re.compile(r'profile "(?P<name>.*?)"(?:, choice ".*)?$')
_IMAGE = re.compile(r'image "(?P<image>[^"\s]+)"')


@dataclass(frozen=True)
class ProfileStarts:
    """The starts of one profile within the hour.

    Attributes:
        name: the profile's.
        failed: how many failed, or hang.
        asked: how many came up or failed.
    """

    name: str
    failed: int
    asked: int

    def __str__(self) -> str:
        return f"{clean(self.name, 60)} {self.failed} of {self.asked}"


@fact()
def profile_starts(
    user_pods: list[Pod],
    shapes: list[Shape] | None,
    starts: Starts | None,
    stuck_servers: list[Stuck],
    events: Events | None,
    now: datetime,
) -> list[ProfileStarts]:
    """Those profiles that have an image of their own, by their order in the values; none where nobody started one."""
    profiles = _by_image(shapes or [])
    if not profiles:
        return []
    lost = {s.pod for s in starts.failed if s.pod} if starts is not None else set()
    # a pod that runs does not prove that its start succeeded
    down = {s.pod.name for s in stuck_servers} | ({s.pod for s in starts.lasting} if starts is not None else set())
    seen: dict[str, list[bool]] = {}
    for p in user_pods:
        name = profiles.get(p.spec.containers[0].image if p.spec.containers else "", "")
        if name and (p.name in down or (p.ready and now - p.created <= WINDOW)):
            seen.setdefault(name, []).append(p.name in down)
    for pod in sorted(lost - {p.name for p in user_pods}):
        name = profiles.get(_pulled(pod, events), "")
        if name:
            seen.setdefault(name, []).append(True)
    order = dict.fromkeys(profiles.values())
    return [ProfileStarts(name, sum(seen[name]), len(seen[name])) for name in order if name in seen]


def _by_image(shapes: Iterable[Shape]) -> Mapping[str, str]:
    """The profile of each image that no other profile has."""
    found: dict[str, set[str]] = {}
    for shape in shapes:
        if m := _PROFILE.match(shape.name):
            for image in shape.images:
                found.setdefault(image, set()).add(m["name"])
    return {image: next(iter(names)) for image, names in found.items() if len(names) == 1}


def _pulled(pod: str, events: Events | None) -> str:
    """The image that a pod which is gone was to run, as its kubelet told."""
    about = events.about("Pod", pod, "Pulling", "Pulled", "Failed", "BackOff") if events is not None else []
    return next((m["image"] for e in about if (m := _IMAGE.search(e.message))), "")
