"""A hub that does not reach the Kubernetes API."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import (
    Evidence,
    Finding,
    Hub,
    HubLog,
    NetworkPolicy,
    Pod,
    Rung,
    Severity,
    Spawns,
    check,
    clean,
    times,
)
from jhubdoctor_checks.api_walls import unexplained
from jhubdoctor_checks.hub._hub_api_unreachable import lasting, outages, wall, watch_alone, well_since
from jhubdoctor_checks.hub._logged import HOUR, line_of, pods_of

_LASTS = timedelta(minutes=5)


# by a rung it would take all that ails the pods of failed starts
@check(
    severity=Severity.ERROR,
    at=Rung.REACHED,
    stops=Rung.TOLD,
    explains=("hub-crash-loop", "reflector-frozen", "consecutive-failure-abort"),
)
def hub_api_unreachable(
    hub: Hub,
    now: datetime,
    hub_log: HubLog,
    spawns: Spawns,
    hub_pods: list[Pod],
    network_policies: list[NetworkPolicy] | None,
    cilium_pods: list[Pod] | None,
) -> Iterator[Finding]:
    """The hub does not reach the Kubernetes API, so it cannot start or see any server."""
    failures, gave_up = outages(hub_log)
    if not failures or not lasting(failures, spawns):
        return
    last, m = failures[-1]
    if (gave_up or watch_alone(failures, spawns)) and last.at is not None and now - last.at > _LASTS:
        # it would have tried again, and said so, within half a minute: a watch that was taken up says nothing; of one
        # that was given up it is certain that the hub sees no pods (reflector-frozen)
        return
    fresh = last.at is None or now - last.at <= HOUR
    failed = tuple(hub.pod_ref(s.pod) for s in spawns.failed if s.pod)
    policies = [p for p in network_policies or () if not well_since(spawns, p.created)]
    line = line_of(last, m)
    why = wall(hub, last, line, policies, cilium_pods or [])
    yield Finding(
        on=(hub.ref,),
        says=f"the hub does not reach the Kubernetes API, so no server can start{why.says if why else ''}",
        evidence=(
            Evidence("hub log", f"{clean(line, 300)} ({times(len(failures))})", last.at),
            *(why.evidence if why else ()),
        ),
        fix=why.fix if why else unexplained(hub),
        cause=why.word if why else "",
        severity=Severity.ERROR if fresh else Severity.WARNING,
        affects=(*pods_of(hub_pods), *dict.fromkeys(failed)),
    )
