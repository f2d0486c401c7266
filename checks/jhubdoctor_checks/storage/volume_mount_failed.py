"""Volumes that cannot be mounted."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    Events,
    Evidence,
    Finding,
    Hub,
    Pod,
    Rung,
    Severity,
    Spawns,
    Values,
    check,
    grouped,
)
from jhubdoctor_checks.facts.hub_graph import HubGraph
from jhubdoctor_checks.facts.image import user_prefix
from jhubdoctor_checks.storage._volume_mount_failed import EVENTS, LONG, Failure, failure_of, unstarted
from jhubdoctor_checks.texts import alike, on_nodes
from jhubdoctor_checks.texts.kubelet import MOUNT_FAILED, MOUNT_SLOW


@check(severity=Severity.ERROR, at=Rung.MOUNTED, stops=Rung.UP, symptom=True)
def volume_mount_failed(
    hub: Hub,
    pods: list[Pod],
    user_pods: list[Pod],
    events: Events,
    spawns: Spawns | None,
    values: Values | None,
    hub_graph: HubGraph,
    now: datetime,
) -> Iterator[Finding]:
    """A pod waits for a volume that cannot be mounted."""
    users = {p.name for p in user_pods}
    found = [
        (pod, ref, failure)
        for pod, ref, since in unstarted(hub, pods, user_pods, events, spawns, user_prefix(values), now)
        if (failure := failure_of(events.holding(pod or ref, *EVENTS)))
        and (failure.row is not MOUNT_SLOW or since >= LONG)
    ]
    for key, members in sorted(grouped(found, lambda f: _key(f[0], f[2], users))):
        failure = members[0][2]
        count = f"{len(members)} pods wait" if len(members) > 1 else "a pod waits"
        volumes = {f.volume for _, _, f in members}
        volume = f"volume {failure.volume}" if failure.volume and len(volumes) == 1 else "volume"
        where = on_nodes(p.node for p, _, _ in members if p)
        refs = sorted((r for _, r, _ in members), key=lambda r: r.name)
        there = [p for p, _, _ in members if p]
        yield Finding(
            on=tuple(refs),
            says=f"{count}{where} for a {volume} that {failure.says()}",
            evidence=tuple(
                Evidence("event", f"{r.name}: {f.event.reason}: {f.row.excerpt(f.event.message, 500)}", f.event.at)
                for _, r, f in members[:3]
            ),
            fix=failure.fix(hub, there[0].name if there else "", there[0].node if there else "NODE"),
            cause=" ".join(key).strip(),
            affects=hub_graph.dependents({p.component if p else "" for p, _, _ in members}),
        )


def _key(pod: Pod | None, failure: Failure, users: set[str]) -> tuple[str, str]:
    """One Secret, server or driver that fails is one finding; of users' pods all that fail for it."""
    if failure.row is MOUNT_FAILED:
        return failure.row.word, alike(failure.last)
    return failure.row.word, failure.name or (failure.volume if pod and pod.name not in users else "")
