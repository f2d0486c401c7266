"""Why volumes are not attached or mounted: of what is said of a pod's volumes the text that says most."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from jhubdoctor.api import Event, Events, Fix, Hub, clean
from jhubdoctor_checks.texts import Known, known, names_of
from jhubdoctor_checks.texts.kubelet import MOUNT_FAILED, MOUNT_SLOW, MOUNTS

# `MountVolume.SetUp failed for volume "V" : ...`, AttachVolume.Attach, MountVolume.MountDevice and others
# (pkg/volume/util/operationexecutor/operation_generator.go of 1.20 and 1.36); the second form is of the kubelet's sum
# (pkg/kubelet/volumemanager/volume_manager.go, that of 1.27 and later)
_VOLUMES = (r'failed for volume "([^"]+)"', r"unmounted volumes=\[([^\]]*)\]")


@dataclass(frozen=True)
class Failure:
    """The newest event about a pod's volumes that says most."""

    row: Known[None]
    name: str
    volume: str
    event: Event

    def says(self) -> str:
        """What is wrong, in words."""
        return self.row.means({"name": self.name})

    def fix(self, hub: Hub, pod: str) -> Fix:
        """What to do."""
        look = f"describe pod {pod}" if pod else "get events --field-selector reason=FailedMount"
        return Fix(self.row.remedy({**names_of(hub), "name": self.name}).text, commands=(hub.kubectl(look),))


def failure_of(events: Iterable[Event]) -> Failure | None:
    """What the events of one pod (newest first) say of its volumes; None where they are about another trouble."""
    best: Failure | None = None
    for e in events:
        if "Multi-Attach error" in e.message:
            continue
        row, name = _row_of(e.message)
        volume = next((m[1] for p in _VOLUMES if (m := re.search(p, e.message))), "")
        failure = Failure(row, clean(name, 200), clean(volume, 200), e)
        if best is None or _rank(row) < _rank(best.row):
            best = failure
    return best


def _rank(row: Known[None]) -> int:
    return 2 if row is MOUNT_SLOW else 1 if row is MOUNT_FAILED else 0


def _row_of(message: str) -> tuple[Known[None], str]:
    if row := known(MOUNTS, message):
        m = row.search(message)
        return row, (m.groupdict().get("name") or "") if m else ""
    return (MOUNT_SLOW if MOUNT_SLOW.search(message) else MOUNT_FAILED), ""


def about(events: Events, pod: str) -> list[Event]:
    """Events of a pod's volumes, newest first."""
    return events.about("Pod", pod, "FailedMount", "FailedAttachVolume", "FailedMapVolume")
