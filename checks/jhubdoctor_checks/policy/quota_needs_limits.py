"""Quotas that only take pods which say what they need."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from jhubdoctor import (
    Evidence,
    Finding,
    Fix,
    Hub,
    LimitRange,
    Pod,
    ResourceQuota,
    Severity,
    Shape,
    Spawns,
    Values,
    check,
)
from jhubdoctor_checks.policy._quota import OF_PODS, asked, covers, defaults, numbers
from jhubdoctor_checks.policy._users import blocks_metadata, contradicted, tools

# What may set these besides the values.
_TRAITS = {
    ("limits", "cpu"): "cpu_limit",
    ("limits", "memory"): "mem_limit",
    ("requests", "cpu"): "cpu_guarantee",
    ("requests", "memory"): "mem_guarantee",
}


@check(severity=Severity.ERROR, explains=("spawn-rejected", "spawn-timeline", "consecutive-failure-abort"))
def quota_needs_limits(
    hub: Hub,
    resource_quotas: list[ResourceQuota],
    limit_ranges: list[LimitRange],
    shapes: list[Shape],
    values: Values,
    user_pods: list[Pod],
    spawns: Spawns | None,
    now: datetime,
) -> Iterator[Finding]:
    """A quota counts limits or requests that users' pods do not set, so all of them are refused."""
    for quota in sorted(resource_quotas, key=lambda q: q.name):
        wanted = sorted({OF_PODS[k] for k in numbers(quota.spec.hard) if k in OF_PODS})
        text = f"failed quota: {quota.name}:"
        refused = [s for s in (spawns.unresolved(now) if spawns else ()) if s.pod and text in s.error]
        if not wanted or (contradicted(user_pods, quota.created) and not refused):
            continue
        in_code = {t.rpartition(".")[2] for t in values.traits_in_code}
        missing: dict[tuple[str, str], list[str]] = {}
        for shape in shapes:
            if not covers(quota, shape):
                continue
            what = asked(shape, limit_ranges)
            for kind, resource in wanted:
                has = resource in (what.requests if kind == "requests" else what.limits)
                if not has and _TRAITS[kind, resource] not in in_code:
                    missing.setdefault((kind, resource), []).append(shape.name)
        requests, limits = defaults(limit_ranges)
        lacking = [
            (kind, resource)
            for kind, resource in wanted
            if blocks_metadata(hub, values)
            and resource not in (requests if kind == "requests" else limits)
            and not tools(values, kind, resource)
        ]
        if not missing and not lacking:
            continue
        names = sorted({f"{kind}.{resource}" for kind, resource in (*missing, *lacking)})
        who = "users' pods" if missing else "the init container block-cloud-metadata of users' pods"
        yield Finding(
            on=(quota.ref,),
            says=f"the quota {quota.name} counts {', '.join(names)}, which {who} "
            f"{'do' if missing else 'does'} not set, so that they are refused",
            evidence=(
                Evidence("quota", f"spec.hard: {', '.join(sorted(quota.spec.hard))}"),
                *(Evidence("values", f"{_path(*m)}: not set ({', '.join(s[:3])})") for m, s in sorted(missing.items())),
                *(Evidence("values", f"singleuser.networkTools.resources.{k}.{r}: not set") for k, r in lacking),
                *(Evidence("hub log", f"{s.user}: refused by the quota", s.at) for s in refused[:2]),
            ),
            fix=Fix(
                "Set them (the amounts are a start), or give the namespace a LimitRange with defaults. Pods of hub, "
                "proxy and image pullers need them too (hub.resources, proxy.chp.resources, prePuller.resources).",
                values=_patch(list(missing), lacking),
                commands=(hub.helm_upgrade,),
                caution="This restarts the hub; users' servers keep running.",
            ),
            affects=tuple(hub.pod_ref(s.pod) for s in refused),
        )


def _path(kind: str, resource: str) -> str:
    return f"singleuser.{resource}.{'limit' if kind == 'limits' else 'guarantee'}"


def _patch(missing: list[tuple[str, str]], lacking: list[tuple[str, str]]) -> dict[str, Any]:
    user: dict[str, Any] = {}
    for kind, resource in sorted(missing):
        amount: object = 1 if resource == "cpu" else "1G"
        user.setdefault(resource, {})["limit" if kind == "limits" else "guarantee"] = amount
    for kind, resource in sorted(lacking):
        small = "100m" if resource == "cpu" else "64Mi"
        user.setdefault("networkTools", {}).setdefault("resources", {}).setdefault(kind, {})[resource] = small
    return {"singleuser": user}
