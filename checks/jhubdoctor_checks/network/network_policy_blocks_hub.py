"""NetworkPolicies that keep the hub from what it needs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from jhubdoctor import (
    Deployment,
    EndpointSlice,
    Finding,
    Fix,
    Hub,
    HubLog,
    Namespace,
    NetworkPolicy,
    NotApplicable,
    Pod,
    Ref,
    Severity,
    Spawns,
    Values,
    check,
    clean,
)
from jhubdoctor_checks.facts.network import ClusterDNS
from jhubdoctor_checks.network._ends import allowing, api, changed, deployed, dns, may_reach
from jhubdoctor_checks.network._policies import End, blocking

# What KubeSpawner and the hub log when the API server or the proxy cannot be reached (KubeSpawner 1.0 to 7.1).
UNREACHED = (
    r"Initial list of \w+ failed|Error when watching resources|Could not create (?:pod|PVC)|Cannot connect to host"
    r"|ConnectTimeout|api_request to the proxy failed|Temporary failure in name resolution"
)


@dataclass(frozen=True)
class Path:
    """A connection that must be possible, and since when it is known to have been."""

    by: Deployment
    source: End
    target: End
    port: int
    protocol: str = "TCP"
    proven: datetime | None = None


@check(
    severity=Severity.WARNING,
    explains=(
        "proxy-unreachable",
        "hub-crash-loop",
        "spawn-timeout",
        "user-scheduler-down",
        "reflector-frozen",
        "hub-api-unreachable",
        "spawn-error",
    ),
)
def network_policy_blocks_hub(
    hub: Hub,
    network_policies: list[NetworkPolicy],
    api_slices: list[EndpointSlice],
    deployments: list[Deployment],
    pods: list[Pod],
    user_pods: list[Pod],
    cluster_dns: ClusterDNS | None,
    namespace: Namespace | None,
    hub_log: HubLog | None,
    spawns: Spawns | None,
    values: Values | None,
) -> Iterator[Finding]:
    """NetworkPolicies keep the hub, the proxy or the user-scheduler from what they need."""
    if hub.deployment is None:
        raise NotApplicable("the hub is not installed yet")
    if not network_policies:
        raise NotApplicable("the namespace has no NetworkPolicy")
    blocked: dict[tuple[str, ...], list[tuple[Path, list[NetworkPolicy]]]] = {}
    for path in _paths(hub.deployment, deployments, pods, user_pods, api_slices, cluster_dns, namespace):
        between = blocking(network_policies, path.source, path.target, path.port, path.protocol)
        # a connection that was made after the policy was written is not kept back by it: nothing enforces it
        if between and not (path.proven is not None and path.proven > changed(between)):
            blocked.setdefault(tuple(p.name for p in between), []).append((path, between))
    heard = next((e for e, _ in hub_log.search(UNREACHED)), None) if hub_log else None
    for _, found in sorted(blocked.items()):
        walls = found[0][1]
        by = {path.by.name: path.by for path, _ in found}
        components = {d.component for d in by.values()}
        mine = [p for p in pods if p.component in components]
        failed = {s.pod for s in (spawns.failed if spawns else ()) if s.pod} if "hub" in components else set()
        unplaced = (
            [p for p in user_pods if p.phase == "Pending" and not p.node] if "user-scheduler" in components else []
        )
        idle = any(d.component == "user-scheduler" and not d.status.ready_replicas for d in by.values())
        logged = heard if components & {"hub", "proxy"} else None
        evidence: list[tuple[str, str, datetime | None]] = [
            ("networkpolicy", f"{', '.join(p.name for p in walls)}: no rule allows {_words(path)}", changed(walls))
            for path, _ in found[:5]
        ]
        if logged is not None:
            evidence.append(("hub log", clean(logged.last, 160), logged.at))
        kept = "; ".join(
            f"{name} from {' and '.join(path.target.name for path, _ in found if path.by.name == name)}" for name in by
        )
        yield Finding(
            on=tuple(p.ref for p in walls),
            says=f"NetworkPolicies keep {kept}",
            evidence=tuple(evidence),
            fix=_fix(hub, values, [path for path, _ in found], walls),
            severity=Severity.ERROR if logged is not None or (unplaced and idle) else None,
            cause=",".join(sorted(by)),
            affects=(*(d.ref for d in by.values()), *(p.ref for p in (*mine, *unplaced)), *_refs(hub, failed)),
        )


def _paths(
    hub: Deployment,
    deployments: list[Deployment],
    pods: list[Pod],
    user_pods: list[Pod],
    api_slices: list[EndpointSlice],
    cluster_dns: ClusterDNS | None,
    namespace: Namespace | None,
) -> Iterator[Path]:
    def end(d: Deployment, ports: dict[str, int]) -> End:
        return deployed(d, namespace, [p for p in pods if p.component == d.component and not p.finished], ports)

    server, names = api(api_slices), dns(cluster_dns)
    me = end(hub, {"http": 8081})
    running = [s.state.running for p in pods if p.component == "hub" and p.ready for s in p.status.container_statuses]
    up = max((r.started_at for r in running if r and r.started_at), default=None)
    if server is not None:
        yield Path(hub, me, server[0], server[1], proven=max((p.created for p in user_pods), default=None))
    if names is not None:
        yield Path(hub, me, names, 53, "UDP", up)
    for d in deployments:
        if d.component == "proxy":
            # a hub is ready only once it has told the proxy its routes
            yield Path(hub, me, end(d, {"http": 8000, "api": 8001}), 8001, proven=up)
            yield Path(d, end(d, {"http": 8000, "api": 8001}), me, 8081)
        elif d.component == "user-scheduler" and server is not None:
            placed = [c for p in user_pods if p.node for c in p.status.conditions if c.type == "PodScheduled"]
            at = max((c.last_transition_time for c in placed if c.last_transition_time), default=None)
            yield Path(d, end(d, {}), server[0], server[1], proven=at)


def _words(path: Path) -> str:
    where = f" ({', '.join(path.target.addresses[:2])})" if path.target.labels is None else ""
    return f"{path.source.name} to {path.target.name}{where}, {path.protocol} port {path.port}"


def _refs(hub: Hub, names: set[str]) -> tuple[Ref, ...]:
    return tuple(hub.pod_ref(name) for name in sorted(names))


def _fix(hub: Hub, values: Values | None, paths: list[Path], walls: list[NetworkPolicy]) -> Fix:
    patch, text = may_reach(hub, values, [(p.source, p.target, p.protocol) for p in paths])
    # the chart makes no policy for the user-scheduler, and has no value for one
    added = [
        allowing(hub, f"{p.by.name}-to-api-server", p.source, p.port)
        for p in paths
        if p.by.component == "user-scheduler"
    ]
    return Fix(
        text or "Allow it in one of these policies, or add one that does: what any of them allows is allowed.",
        values=patch,
        commands=(
            hub.kubectl(f"describe networkpolicy {' '.join(p.name for p in walls[:4])}"),
            *added,
            hub.helm_upgrade if patch else "",
        ),
    )
