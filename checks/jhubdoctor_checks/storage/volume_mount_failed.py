"""Volumes that cannot be mounted."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor import (
    Deployment,
    Events,
    Evidence,
    Finding,
    Hub,
    Pod,
    Ref,
    Service,
    Severity,
    Spawns,
    Values,
    check,
    clean,
)
from jhubdoctor_checks._depends import dependents
from jhubdoctor_checks.facts.image import shared, user_prefix
from jhubdoctor_checks.storage._mounts import SLOW, Failure, about, failure_of

PATIENCE = timedelta(minutes=2)
LONG = timedelta(minutes=5)
"""For what is only slow: some clouds take minutes to attach a disk."""


@check(
    severity=Severity.ERROR,
    explains=(
        "spawn-timeout",
        "spawn-timeline",
        "hub-crash-loop",
        "service-without-endpoints",
        "helm-release-not-deployed",
    ),
)
def volume_mount_failed(
    hub: Hub,
    pods: list[Pod],
    user_pods: list[Pod],
    events: Events,
    spawns: Spawns | None,
    values: Values | None,
    deployments: list[Deployment] | None,
    services: list[Service] | None,
    now: datetime,
) -> Iterator[Finding]:
    """A pod waits for a volume that cannot be mounted."""
    users = {p.name for p in user_pods}
    groups: dict[tuple[str, str], list[tuple[Ref, Failure]]] = {}
    components: dict[tuple[str, str], set[str]] = {}
    for pod, ref, since in _waiting(hub, pods, user_pods, events, spawns, user_prefix(values), now):
        failure = failure_of(about(events, ref.name))
        if failure is None or (failure.row is SLOW and since < LONG):
            continue
        # one Secret, server or driver that fails is one finding
        key = (failure.row.cause, failure.name or (failure.volume if pod and pod.name not in users else ""))
        groups.setdefault(key, []).append((ref, failure))
        components.setdefault(key, set()).add(pod.component if pod else "")
    for key, members in sorted(groups.items()):
        failure = members[0][1]
        count = f"{len(members)} pods wait" if len(members) > 1 else "a pod waits"
        volume = f"volume {failure.volume}" if failure.volume else "volume"
        refs = sorted((r for r, _ in members), key=lambda r: r.name)
        yield Finding(
            on=tuple(refs),
            says=f"{count} for a {volume} that {failure.says()}",
            evidence=tuple(
                Evidence("event", f"{r.name}: {f.event.reason}: {clean(f.event.message, 500)}", f.event.at)
                for r, f in members[:3]
            ),
            fix=failure.fix(hub, refs[0].name if any(p.name == refs[0].name for p in (*pods, *user_pods)) else ""),
            cause=" ".join(key).strip(),
            affects=dependents(hub, components[key], deployments or [], [], services),
        )


def _waiting(
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
    told = None if spawns is None else {s.pod for s in spawns.unresolved(now, hours=1) if s.kind == "start-timeout"}
    failed = events.of("FailedMount", "FailedAttachVolume")
    for name in dict.fromkeys(e.about[1] for e in failed if e.about[1].startswith(prefix)):
        started = events.about("Pod", name, "Started", "Created")
        # without the hub's log: it has not started since
        lost = name in told if told is not None else not started or started[0].at < about(events, name)[0].at
        if name not in here and lost:
            yield None, shared(hub.pod_ref(name)), LONG
