"""A hub whose service account may not do what the hub needs."""

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
from jhubdoctor_checks.data.components import rights_key
from jhubdoctor_checks.hub._hub_rbac_forbidden import allowed, given
from jhubdoctor_checks.hub._logged import lately, pods_of, weigh
from jhubdoctor_checks.texts.rbac import PATTERN, forbidden


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
    # KubeSpawner quotes the API server in `HTTP response body`, or in an entry of its own
    refusals = [(e, r) for e, _ in lately(hub_log, PATTERN, now) if (r := forbidden(e.text))]
    found = [(e, r) for e, r in refusals if r.service_account[0] == hub.namespace]
    last_try = max((at for _, _, at in spawns.succeeded if at), default=None)
    if not found or (last_try and found[-1][0].at and last_try > found[-1][0].at):
        return
    if allowed(hub, [r for _, r in found], roles, role_bindings):
        return
    rights = sorted({(r.verb, r.resource) for _, r in found})
    last, right = found[-1]
    account = right.service_account[1]
    words = ", ".join(f"{verb} {resource}" for verb, resource in rights)
    made = values.get(f"rbac.{rights_key(hub)}") if values is not None else None
    refused = [s.pod for s in spawns.failed if s.kind == "rejected" and forbidden(s.error)]
    yield Finding(
        on=(hub.ref,),
        says=f"the hub's service account {account} may not {words}",
        evidence=(
            *(
                Evidence("hub log", f"HTTP 403: {right.user} cannot {verb} {resource}", last.at)
                for verb, resource in rights[:3]
            ),
            *given(hub, account, roles, role_bindings),
        ),
        fix=Fix(
            "Give the account its rights back: the chart's Role and RoleBinding, where "
            f"rbac.{rights_key(hub)} is true. With a service account of your own bind the chart's Role to it.",
            values={"rbac": {rights_key(hub): True}} if made is False else {},
            commands=(
                *(hub.kubectl(f"auth can-i {verb} {resource} --as={right.user}") for verb, resource in rights[:2]),
                hub.helm_upgrade,
            ),
        ),
        severity=weigh(last.at, now),
        affects=(*pods_of(hub_pods), *(hub.pod_ref(p) for p in dict.fromkeys(refused) if p)),
    )
