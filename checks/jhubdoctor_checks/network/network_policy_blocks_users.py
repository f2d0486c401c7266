"""NetworkPolicies between the hub, the proxy and users' servers."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor import (
    Deployment,
    Finding,
    Fix,
    Hub,
    Namespace,
    NetworkPolicy,
    NotApplicable,
    Pod,
    Severity,
    Spawns,
    Values,
    check,
)
from jhubdoctor_checks.facts.network import ClusterDNS
from jhubdoctor_checks.network._ends import changed, deployed, dns, may_reach, users
from jhubdoctor_checks.network._policies import End, blocking


@check(severity=Severity.WARNING, explains=("spawn-http-timeout", "spawn-timeout", "user-pod-crash-loop"))
def network_policy_blocks_users(
    hub: Hub,
    network_policies: list[NetworkPolicy],
    deployments: list[Deployment],
    pods: list[Pod],
    user_pods: list[Pod],
    cluster_dns: ClusterDNS | None,
    namespace: Namespace | None,
    spawns: Spawns | None,
    values: Values | None,
) -> Iterator[Finding]:
    """NetworkPolicies keep users' servers from the hub, or the hub and the proxy from users' servers."""
    if hub.deployment is None:
        raise NotApplicable("the hub is not installed yet")
    if not network_policies:
        raise NotApplicable("the namespace has no NetworkPolicy")
    theirs = users(hub, user_pods, namespace)
    core = [hub.deployment, *(d for d in deployments if d.component == "proxy")]
    paths: list[tuple[End, End, int, str]] = []
    for d in core:
        mine = [p for p in pods if p.component == d.component and not p.finished]
        end = deployed(d, namespace, mine, {"http": 8081 if d is hub.deployment else 8000, "api": 8001})
        paths.append((end, theirs, 8888, "TCP"))
        if d is hub.deployment:
            paths.insert(0, (theirs, end, 8081, "TCP"))
    if (names := dns(cluster_dns)) is not None:
        paths.append((theirs, names, 53, "UDP"))
    found = [(p, walls) for p in paths if (walls := blocking(network_policies, *p))]
    if not found:
        return
    policies = list({w.name: w for _, walls in found for w in walls}.values())
    since = changed(policies)
    # a start succeeds only once hub and server have reached each other; after that nothing enforces the policy
    if spawns and any(at is not None and at > since for _, _, at in spawns.succeeded):
        return
    failed = [
        s for s in (spawns.failed if spawns else ()) if s.kind == "http-timeout" and (s.at is None or s.at > since)
    ]
    evidence: list[tuple[str, str, datetime | None]] = [
        (
            "networkpolicy",
            f"{', '.join(w.name for w in walls)}: no rule allows {source.name} to {target.name}, {protocol} {port}",
            changed(walls),
        )
        for (source, target, port, protocol), walls in found
    ]
    if failed:
        evidence.append(("hub log", f"{len(failed)} servers ran and never answered the hub", failed[-1].at))
    between = dict.fromkeys(f"{source.name} from {target.name}" for (source, target, _, _), _ in found)
    patch, text = may_reach(hub, values, [(source, target, protocol) for (source, target, _, protocol), _ in found])
    names_of = {s.pod for s in failed if s.pod}
    yield Finding(
        on=tuple(w.ref for w in policies),
        says=f"NetworkPolicies keep {'; '.join(between)}",
        evidence=tuple(evidence),
        fix=Fix(
            text or "Allow it in one of these policies, or add one that does: what any of them allows is allowed.",
            values=patch,
            commands=(
                hub.kubectl(f"describe networkpolicy {' '.join(w.name for w in policies[:4])}"),
                hub.helm_upgrade if patch else "",
            ),
        ),
        severity=Severity.ERROR if failed else None,
        affects=(*(p.ref for p in user_pods), *(hub.pod_ref(name) for name in sorted(names_of))),
    )
