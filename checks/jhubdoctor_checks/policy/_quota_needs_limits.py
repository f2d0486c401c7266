"""Which limits and requests a quota counts and users' pods do not set, and where to set them."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from jhubdoctor.api import Deployment, Fix, Hub, LimitRange, ResourceQuota, Shape, Values
from jhubdoctor_checks.data.components import path as path_to
from jhubdoctor_checks.policy._quota import OF_PODS, asked, covers, defaults, numbers
from jhubdoctor_checks.policy._users import blocks_metadata, tools

# What may set these besides the values.
_TRAITS = {
    ("limits", "cpu"): "cpu_limit",
    ("limits", "memory"): "mem_limit",
    ("requests", "cpu"): "cpu_guarantee",
    ("requests", "memory"): "mem_guarantee",
}
Field = tuple[str, str]
"""`limits` or `requests`, and the resource."""


def counted(quota: ResourceQuota) -> list[Field]:
    """The fields of containers that a quota counts, so that each must set them."""
    return sorted({OF_PODS[k] for k in numbers(quota.spec.hard) if k in OF_PODS})


def unset(
    quota: ResourceQuota, shapes: list[Shape], ranges: list[LimitRange], values: Values
) -> dict[Field, list[str]]:
    """Those that some kinds of servers do not set, each with the names of these."""
    in_code = {t.rpartition(".")[2] for t in values.traits_in_code}
    missing: dict[Field, list[str]] = {}
    for shape in shapes:
        if not covers(quota, shape):
            continue
        what = asked(shape, ranges)
        for kind, resource in counted(quota):
            has = resource in (what.requests if kind == "requests" else what.limits)
            if not has and _TRAITS[kind, resource] not in in_code:
                missing.setdefault((kind, resource), []).append(shape.name)
    return missing


def unset_by_tools(hub: Hub, quota: ResourceQuota, ranges: list[LimitRange], values: Values) -> list[Field]:
    """Those that the init container block-cloud-metadata does not set, where users' pods have it."""
    requests, limits = defaults(ranges)
    return [
        (kind, resource)
        for kind, resource in counted(quota)
        if blocks_metadata(hub, values)
        and resource not in (requests if kind == "requests" else limits)
        and not tools(values, kind, resource)
    ]


def path_of(field: Field) -> str:
    """Where the values set it for users."""
    kind, resource = field
    return f"singleuser.{resource}.{'limit' if kind == 'limits' else 'guarantee'}"


def needy(quota: ResourceQuota, deployments: Iterable[Deployment], ranges: list[LimitRange]) -> set[str]:
    """The components whose pods do not set them all: those that run are refused as soon as an upgrade restarts them."""
    given = dict(zip(("requests", "limits"), defaults(ranges), strict=True))
    return {
        d.component
        for d in deployments
        for c in (*d.spec.template.spec.init_containers, *d.spec.template.spec.containers)
        for kind, resource in counted(quota)
        if resource not in {**getattr(c, kind), **(c.limits if kind == "requests" else {}), **given[kind]}
    }


def for_core(components: Iterable[str], fields: Iterable[Field]) -> dict[str, Any]:
    """Values that give core components and image pullers such limits and requests, with amounts to begin with."""
    amounts: dict[str, Any] = {}
    for kind, resource in sorted(fields):
        little, much = ("200m", "1") if resource == "cpu" else ("512Mi", "1Gi")
        amounts.setdefault(kind, {})[resource] = much if kind == "limits" else little
    found: dict[str, Any] = {}
    for path in filter(None, (path_to(c, "resources") for c in sorted({*components}))):
        *above, last = path.split(".")
        section = found
        for key in above:
            section = section.setdefault(key, {})
        section[last] = copy.deepcopy(amounts)
    if found:
        found["prePuller"] = {"resources": copy.deepcopy(amounts), "hook": {"resources": copy.deepcopy(amounts)}}
    return found


def a_start(missing: Mapping[Field, list[str]], lacking: list[Field]) -> dict[str, Any]:
    """Values that set them all for users, with amounts to begin with."""
    user: dict[str, Any] = {}
    for kind, resource in sorted(missing):
        amount: object = 1 if resource == "cpu" else "1G"
        user.setdefault(resource, {})["limit" if kind == "limits" else "guarantee"] = amount
    for kind, resource in sorted(lacking):
        small = "100m" if resource == "cpu" else "64Mi"
        user.setdefault("networkTools", {}).setdefault("resources", {}).setdefault(kind, {})[resource] = small
    return {"singleuser": user} if user else {}


def remedy(
    hub: Hub, quota: ResourceQuota, missing: Mapping[Field, list[str]], lacking: list[Field], restarted: set[str]
) -> Fix:
    """What sets them for users, and for the pods of the hub's own that the upgrade starts anew."""
    return hub.values_fix(
        "Set them, as shown (the amounts are a start), also for the hub's own pods: the upgrade restarts them. Or give "
        "the namespace a LimitRange with defaults, which restarts nothing and holds for all its pods.",
        {**a_start(missing, lacking), **for_core(restarted, counted(quota))},
    )
