"""Quotas that only take pods which say what they need."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    Deployment,
    Evidence,
    Finding,
    Hub,
    LimitRange,
    Pod,
    ResourceQuota,
    Rung,
    Severity,
    Shape,
    Spawns,
    Values,
    check,
    excerpt,
)
from jhubdoctor_checks.facts.refusals import Refusal, refused_with
from jhubdoctor_checks.policy._core import refs, refused_by, told_of
from jhubdoctor_checks.policy._quota_needs_limits import counted, needy, path_of, remedy, unset, unset_by_tools
from jhubdoctor_checks.policy._refused import refused
from jhubdoctor_checks.policy._users import contradicted


@check(severity=Severity.ERROR, stops=Rung.ALLOWED)
def quota_needs_limits(
    hub: Hub,
    resource_quotas: list[ResourceQuota],
    limit_ranges: list[LimitRange],
    shapes: list[Shape],
    values: Values,
    user_pods: list[Pod],
    spawns: Spawns | None,
    deployments: list[Deployment] | None,
    refusals: list[Refusal] | None,
    now: datetime,
) -> Iterator[Finding]:
    """A quota counts limits or requests that users' pods do not set, so all of them are refused."""
    for quota in sorted(resource_quotas, key=lambda q: q.name):
        text = f"failed quota: {quota.name}:"
        users, core = refused(hub, spawns, now, text), refused_by(deployments, text)
        if not counted(quota) or (contradicted(user_pods, quota.created) and not users and not core):
            continue
        missing = unset(quota, shapes, limit_ranges, values)
        lacking = unset_by_tools(hub, quota, limit_ranges, values)
        if not missing and not lacking and not core:
            continue
        restarted = {d.component for d in core} | needy(quota, deployments or (), limit_ranges)
        fields = {*missing, *lacking} or set(counted(quota))
        names = sorted(f"{kind}.{resource}" for kind, resource in fields)
        who = " and ".join(
            (
                *([f"the pods of {', '.join(d.name for d in core)}"] if core else ()),
                *(["users' pods"] if missing else ()),
                *(["the init container block-cloud-metadata of users' pods"] if lacking and not missing else ()),
            )
        )
        yield Finding(
            on=(quota.ref,),
            says=f"the quota {quota.name} counts {', '.join(names)}, which {who} "
            f"{'do' if missing or core else 'does'} not set, so that they are refused",
            evidence=(
                Evidence("quota", f"spec.hard: {', '.join(sorted(quota.spec.hard))}"),
                *(
                    Evidence("values", f"{path_of(m)}: not set ({', '.join(s[:3])})")
                    for m, s in sorted(missing.items())
                ),
                *(Evidence("values", f"singleuser.networkTools.resources.{k}.{r}: not set") for k, r in lacking),
                *users.shown("refused by the quota"),
                *(
                    Evidence(
                        "deployment", f"{d.name}: {c.type}: {excerpt(c.message, limit=200)}", c.last_transition_time
                    )
                    for d, c in told_of(core)
                ),
            ),
            fix=remedy(hub, quota, missing, lacking, restarted),
            affects=(*users.pods, *refs(core), *refused_with(refusals, text)),
        )
