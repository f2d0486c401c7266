"""What makes pods, or says that they are ready, while there are none."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from jhubdoctor.api import (
    DaemonSet,
    Deployment,
    EndpointSlice,
    Events,
    Evidence,
    Finding,
    Hub,
    Pod,
    Rung,
    Service,
    Severity,
    StatefulSet,
    check,
)
from jhubdoctor_checks.facts.network import ready_addresses
from jhubdoctor_checks.vitals._controller_without_pods import fix, for_long, of

# The lists of a run are seconds apart, and a pod that was just replaced may be in none of them.
JUST_NOW = timedelta(minutes=2)
IDLE = frozenset({"continuous-image-puller", "user-placeholder"})  # nobody waits for their pods
_ROLLS = ("Killing", "SuccessfulDelete", "SuccessfulCreate", "ScalingReplicaSet", "Preempted", "TaintManagerEviction")


@check(severity=Severity.ERROR, at=Rung.UP, stops=Rung.UP, symptom=True, complete=("pods", "stranger_pods"),
       fires_only_with=("events",))  # fmt: skip
def controller_without_pods(
    hub: Hub,
    deployments: list[Deployment],
    stateful_sets: list[StatefulSet] | None,
    daemon_sets: list[DaemonSet] | None,
    pods: list[Pod],
    stranger_pods: list[Pod],
    services: list[Service] | None,
    endpoint_slices: list[EndpointSlice] | None,
    events: Events | None,
    now: datetime,
) -> Iterator[Finding]:
    """What makes a part of the hub has no pod, though its status says so, or it has had time enough to make one."""
    makers: Sequence[Deployment | StatefulSet | DaemonSet] = (
        *deployments,
        *(stateful_sets or ()),
        *(daemon_sets or ()),
    )
    moving = {e.about[1] for e in events.of(*_ROLLS) if now - e.at < JUST_NOW} if events else set()
    for d in sorted(makers, key=lambda d: (d.ref.kind, d.name)):
        ready = d.status.number_ready if isinstance(d, DaemonSet) else d.status.ready_replicas
        wanted = d.status.desired_number_scheduled if isinstance(d, DaemonSet) else d.spec.replicas
        selector = d.spec.selector
        if not wanted or not (selector.match_labels or selector.match_expressions):
            continue
        if not ready and not for_long(d, now):
            continue
        if any(selector.matches(p.labels) for p in (*pods, *stranger_pods)) or any(of(n, d.name) for n in moving):
            continue
        labels = d.spec.template.metadata.labels
        behind = [s for s in services or () if s.spec.selector and s.spec.selector.items() <= labels.items()]
        listed = sum(len(ready_addresses(e)) for s in behind for e in endpoint_slices or () if e.service == s.name)
        yield Finding(
            on=(d.ref,),
            says=f"the {d.ref.kind} {d.name} has no pod, "
            + (f"and its status still says that it has {ready} ready" if ready else "and nothing makes one"),
            evidence=(
                Evidence(d.ref.kind.lower(), f"{d.name}: {ready} of {wanted} ready"),
                Evidence("pods", "none with the labels that it selects"),
                Evidence("endpointslice", f"{behind[0].name}: {listed} ready addresses, of no pod") if listed else None,
            ),
            fix=fix(hub, d.ref),
            severity=Severity.WARNING if d.component in IDLE else None,
            cause=d.component or d.name,
            affects=tuple(s.ref for s in behind),
        )
