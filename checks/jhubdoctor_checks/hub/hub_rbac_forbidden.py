"""A hub whose service account may not do what the hub needs."""

import re
from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    Evidence,
    Finding,
    Fix,
    Hub,
    HubLog,
    Pod,
    Role,
    RoleBinding,
    Rung,
    Severity,
    Spawns,
    Values,
    check,
)
from jhubdoctor_checks.hub._logged import lately, pods_of, weigh
from jhubdoctor_checks.hub._rights import given

# The API server's text (1.20 to 1.36), quoted by KubeSpawner in `HTTP response body` or in its own entry; in the JSON
# of a body the quotes are escaped.
_FORBIDDEN = re.compile(
    r'is forbidden: User \\?"(?P<user>system:serviceaccount:[\w.-]+:(?P<account>[\w.-]+))\\?" '
    r'cannot (?P<verb>\w+) resource \\?"(?P<resource>[\w/.-]+)\\?"'
)


# all that the hub's log tells is about its Deployment: a missing right is why of these alone
@check(
    severity=Severity.ERROR,
    stops=Rung.UP,
    explains=("spawn-rejected", "spawn-error", "spawn-timeout", "consecutive-failure-abort"),
)
def hub_rbac_forbidden(
    hub: Hub,
    now: datetime,
    hub_log: HubLog,
    spawns: Spawns,
    hub_pods: list[Pod],
    roles: list[Role] | None,
    role_bindings: list[RoleBinding] | None,
    values: Values | None,
) -> Iterator[Finding]:
    """The hub's service account lacks a right that the hub needs, so no server can start."""
    found = [(e, m) for e, m in lately(hub_log, _FORBIDDEN, now) if m["user"].split(":")[2] == hub.namespace]
    last_try = max((at for _, _, at in spawns.succeeded if at), default=None)
    if not found or (last_try and found[-1][0].at and last_try > found[-1][0].at):
        return
    rights = sorted({(m["verb"], m["resource"]) for _, m in found})
    last, m = found[-1]
    words = ", ".join(f"{verb} {resource}" for verb, resource in rights)
    made = values.get("rbac.create") if values is not None else None
    refused = [s.pod for s in spawns.failed if s.kind == "rejected" and _FORBIDDEN.search(s.error)]
    yield Finding(
        on=(hub.ref,),
        says=f"the hub's service account {m['account']} may not {words}",
        evidence=(
            *(
                Evidence("hub log", f"HTTP 403: {m['user']} cannot {verb} {resource}", last.at)
                for verb, resource in rights[:3]
            ),
            *given(hub, m["account"], roles, role_bindings),
        ),
        fix=Fix(
            "Give the account its rights back: the chart's Role and RoleBinding, where rbac.create is true. With a "
            "service account of your own bind the chart's Role to it.",
            values={"rbac": {"create": True}} if made is False else {},
            commands=(
                *(hub.kubectl(f"auth can-i {verb} {resource} --as={m['user']}") for verb, resource in rights[:2]),
                hub.helm_upgrade,
            ),
        ),
        severity=weigh(last.at, now),
        affects=(*pods_of(hub_pods), *(hub.pod_ref(p) for p in dict.fromkeys(refused) if p)),
    )
