"""NetworkPolicies that keep the hub from what it needs."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Hub, HubLog, Pod, Rung, Severity, Spawns, Values, check, clean, grouped
from jhubdoctor_checks.facts.connections import Blocked, Path
from jhubdoctor_checks.network._walls import opened

# What KubeSpawner and the hub log when the API server or the proxy cannot be reached (KubeSpawner 1.0 to 7.1).
UNREACHED = (
    r"Initial list of \w+ failed|Error when watching resources|Could not create (?:pod|PVC)|Cannot connect to host"
    r"|ConnectTimeout|api_request to the proxy failed|Temporary failure in name resolution"
)


# a policy is suspected, for not every network enforces it: it takes what tells of a connection, and no more
@check(
    severity=Severity.WARNING,
    stops=Rung.TOLD,
    explains=("proxy-unreachable", "hub-crash-loop", "user-scheduler-down", "reflector-frozen", "hub-api-unreachable"),
    complete=("network_policies", "pods"),
)
def network_policy_blocks_hub(
    hub: Hub,
    core_blocked: list[Blocked],
    pods: list[Pod],
    user_pods: list[Pod],
    hub_log: HubLog | None,
    spawns: Spawns | None,
    values: Values | None,
) -> Iterator[Finding]:
    """NetworkPolicies keep the hub, the proxy or the user-scheduler from what they need."""
    entry = next((e for e, _ in hub_log.search(UNREACHED)), None) if hub_log else None
    for _, found in sorted(grouped(core_blocked, lambda b: tuple(w.name for w in b.walls))):
        by = {b.path.by.name: b.path.by for b in found}
        components = {d.component for d in by.values()}
        members = [p for p in pods if p.component in components]
        failed = {s.pod for s in (spawns.failed if spawns else ()) if s.pod} if "hub" in components else set()
        unplaced = [p for p in user_pods if p.phase == "Pending" and not p.node and "user-scheduler" in components]
        idle = any(d.component == "user-scheduler" and not d.status.ready_replicas for d in by.values())
        logged = entry if components & {"hub", "proxy"} else None
        kept = (f"{n} from {' and '.join(b.path.target.name for b in found if b.path.by.name == n)}" for n in by)
        yield Finding(
            on=tuple(w.ref for w in found[0].walls),
            says=f"NetworkPolicies keep {'; '.join(kept)}",
            evidence=(
                *(("networkpolicy", f"{b.names}: no rule allows {_words(b.path)}", b.since) for b in found[:5]),
                ("hub log", clean(logged.last, 160), logged.at) if logged is not None else None,
            ),
            fix=opened(hub, values, found),
            severity=Severity.ERROR if logged is not None or (unplaced and idle) else None,
            cause=",".join(sorted(by)),
            affects=(*(o.ref for o in (*by.values(), *members, *unplaced)), *map(hub.pod_ref, sorted(failed))),
        )


def _words(path: Path) -> str:
    where = f" ({', '.join(path.target.addresses[:2])})" if path.target.labels is None else ""
    return f"{path.ends}{where}, {path.protocol} port {path.port}"
