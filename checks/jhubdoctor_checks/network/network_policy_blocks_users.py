"""NetworkPolicies between the hub, the proxy and users' servers."""

from collections.abc import Iterator

from jhubdoctor.api import CannotSay, Finding, Hub, Pod, Rung, Severity, Spawns, Values, check, count
from jhubdoctor_checks.facts.connections import Blocked
from jhubdoctor_checks.facts.ends import CACHED_DNS, changed
from jhubdoctor_checks.network._walls import opened, walls_of


# it affects all users' pods: of those that fail by themselves, only what ends for lack of the hub
@check(
    severity=Severity.WARNING, stops=Rung.TOLD, explains=("user-pod-crash-loop",), complete=("network_policies", "pods")
)
def network_policy_blocks_users(
    hub: Hub,
    users_blocked: list[Blocked],
    user_pods: list[Pod],
    spawns: Spawns | None,
    values: Values | None,
) -> Iterator[Finding]:
    """NetworkPolicies keep users' servers from the hub, or the hub and the proxy from users' servers."""
    # pods ask the cache under this address only where their kubelet says so: it is blamed where servers do not answer
    if users_blocked and spawns is None:
        raise CannotSay("spawns")
    silent = any(s.kind == "http-timeout" for s in (spawns.failed if spawns else ()))
    users_blocked = [b for b in users_blocked if silent or b.path.target.name != CACHED_DNS]
    policies = walls_of(users_blocked)
    since = changed(policies)
    # a start succeeds only once hub and server have reached each other; after that nothing enforces the policy
    if not policies or (spawns and any(at is not None and at > since for _, _, at in spawns.succeeded)):
        return
    tried = [s for s in (spawns.failed if spawns else ()) if s.kind == "http-timeout"]
    failed = [s for s in tried if s.at is None or s.at > since]
    between = dict.fromkeys(f"{b.path.source.name} from {b.path.target.name}" for b in users_blocked)
    walls = (
        ("networkpolicy", f"{b.names}: no rule allows {b.path.ends}, {b.path.protocol} {b.path.port}", b.since)
        for b in users_blocked
    )
    unheard = [("hub log", f"{count(len(failed))} ran and never answered the hub", s.at) for s in failed[-1:]]
    yield Finding(
        on=tuple(w.ref for w in policies),
        says=f"NetworkPolicies keep {'; '.join(between)}",
        evidence=(*walls, *unheard),
        fix=opened(hub, values, users_blocked),
        severity=Severity.ERROR if failed else None,
        affects=(*(p.ref for p in user_pods), *map(hub.pod_ref, sorted({s.pod for s in failed if s.pod}))),
    )
