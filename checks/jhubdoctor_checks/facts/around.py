"""What of a hub may suffer where something is gone that it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from jhubdoctor.api import (
    DaemonSet,
    Deployment,
    PersistentVolumeClaim,
    Pod,
    Service,
    Spawns,
    StatefulSet,
    fact,
)
from jhubdoctor_checks.facts.workloads import Workload


@dataclass(frozen=True)
class Around:
    """What makes pods, what leads to them, pods (users' too) and claims; and what the hub's log tells of starts."""

    workloads: tuple[Workload, ...]
    services: tuple[Service, ...]
    pods: tuple[Pod, ...]
    claims: tuple[PersistentVolumeClaim, ...]
    spawns: Spawns

    def not_made(self, now: datetime) -> list[str]:
        """The names of pods that the hub asked for within the hour, and that did not come up since."""
        return list(dict.fromkeys(s.pod for s in self.spawns.unresolved(now, hours=1) if s.pod))


@fact()
def around(
    deployments: list[Deployment] | None,
    stateful_sets: list[StatefulSet] | None,
    daemon_sets: list[DaemonSet] | None,
    services: list[Service] | None,
    pods: list[Pod] | None,
    user_pods: list[Pod] | None,
    claims: list[PersistentVolumeClaim] | None,
    spawns: Spawns | None,
) -> Around:
    """What of the hub may suffer, as far as it could be read."""
    return Around(
        (*(deployments or ()), *(stateful_sets or ()), *(daemon_sets or ())),
        tuple(services or ()),
        (*(pods or ()), *(user_pods or ())),
        tuple(claims or ()),
        spawns or Spawns(),
    )
