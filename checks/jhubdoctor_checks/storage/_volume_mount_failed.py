"""Pods that have a node and do not start, and of what is said of their volumes the text that says most."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from jhubdoctor.api import Event, Events, Fix, Hub, Pod, Ref, Spawns, clean
from jhubdoctor_checks.facts.image import shared
from jhubdoctor_checks.texts import Known, known, last_words, names_of
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
        return self.row.means(self._names)

    def fix(self, hub: Hub, pod: str, node: str) -> Fix:
        """What to do, where it is told of one pod, and of one node."""
        look = f"describe pod {pod}" if pod else "get events --field-selector reason=FailedMount"
        fix = self.row.remedy({**names_of(hub), **self._names, "node": node})
        return replace(fix, commands=(hub.kubectl(look), *fix.commands))

    @property
    def _names(self) -> dict[str, str]:
        m = self.row.search(self.event.message)
        return {**(m.groupdict("") if m else {}), "name": self.name, "last": self.last}

    @property
    def last(self) -> str:
        """How the event ends, without the volume, which is named apart."""
        return last_words(re.sub(rf"^.*?{_VOLUMES[0]}\s*:\s*", "", self.event.message))


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


EVENTS = ("FailedMount", "FailedAttachVolume", "FailedMapVolume")
PATIENCE = timedelta(minutes=2)
LONG = timedelta(minutes=5)
"""For what is only slow: some clouds take minutes to attach a disk."""


def unstarted(
    hub: Hub, pods: list[Pod], user_pods: list[Pod], events: Events, spawns: Spawns | None, prefix: str, now: datetime
) -> Iterator[tuple[Pod | None, Ref, timedelta]]:
    """Pods that have a node and have not started for two minutes, and those that the hub has given up on."""
    here, users = set(), {p.name for p in user_pods}
    for pod in sorted((*pods, *user_pods), key=lambda p: p.name):
        here.add(pod.name)
        placed = pod.condition("PodScheduled")
        since = now - ((placed.last_transition_time if placed else None) or pod.created)
        if pod.phase == "Pending" and pod.node and not pod.terminating and since >= PATIENCE:
            yield pod, shared(pod.ref) if pod.name in users else pod.ref, since
    names = None if spawns is None else {s.pod for s in spawns.unresolved(now, hours=1) if s.kind == "start-timeout"}
    for name in events.of_pods("FailedMount", "FailedAttachVolume"):
        if name in here or not name.startswith(prefix):
            continue
        if names is None or name in names:
            yield None, shared(hub.pod_ref(name)), LONG
