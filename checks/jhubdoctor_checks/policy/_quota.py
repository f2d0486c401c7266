"""Which quotas cover users' pods, and what one more user takes of them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from jhubdoctor.api import (
    Evidence,
    LimitRange,
    LimitRangeItem,
    ResourceQuota,
    Shape,
    Values,
    human,
    quantity,
    where_set,
)

# https://kubernetes.io/docs/concepts/policy/resource-quotas/#quota-scopes: a user's pod has no deadline; with a request
# it is not BestEffort. Of other scopes it cannot be told whether they cover it.
_COVERING = frozenset({"NotTerminating", "NotBestEffort"})
# Of more pods than this only some may have been read.
MANY = 200
# The names under which a quota counts, and the container's field behind each; pkg/quota/v1/evaluator/core/pods.go
OF_PODS = {
    "cpu": ("requests", "cpu"),
    "memory": ("requests", "memory"),
    "requests.cpu": ("requests", "cpu"),
    "requests.memory": ("requests", "memory"),
    "limits.cpu": ("limits", "cpu"),
    "limits.memory": ("limits", "memory"),
}


def covers(quota: ResourceQuota, shape: Shape) -> bool:
    """Whether a quota surely counts such pods."""
    scopes = set(quota.spec.scopes)
    if quota.spec.scope_selector is not None:
        for e in quota.spec.scope_selector.match_expressions:
            scopes.add(e.scope_name if e.operator in {"Exists", ""} else "other")
    if "NotBestEffort" in scopes and not (shape.requests or shape.limits):
        return False
    return scopes <= _COVERING


def defaults(ranges: Iterable[LimitRange]) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """The requests and limits that LimitRanges give to containers without any."""
    requests: dict[str, Decimal] = {}
    limits: dict[str, Decimal] = {}
    for item in of_type(ranges, "Container"):
        # a limit without a default is one (SetDefaults_LimitRangeItem): max, and the default request is the limit
        for k, v in {**numbers(item.max), **numbers(item.default)}.items():
            limits.setdefault(k, v)
        for k, v in {**numbers(item.min), **numbers(item.default), **numbers(item.default_request)}.items():
            requests.setdefault(k, v)
    return requests, limits


def of_type(ranges: Iterable[LimitRange], kind: str) -> list[LimitRangeItem]:
    """The items of one type."""
    return [i for r in sorted(ranges, key=lambda r: r.name) for i in r.spec.limits if i.type == kind]


def numbers(raw: Mapping[str, object]) -> dict[str, Decimal]:
    """Quantities as numbers; what is none is left out."""
    return {k: n for k, v in raw.items() if (n := quantity(v)) is not None}


@dataclass(frozen=True)
class Asked:
    """What the notebook container of a kind of user pod asks for, with what LimitRanges add."""

    requests: Mapping[str, Decimal]
    limits: Mapping[str, Decimal]


def asked(shape: Shape, ranges: Iterable[LimitRange]) -> Asked:
    """Requests and limits as admission sees them: a limit without a request makes one; then the defaults."""
    requests, limits = defaults(ranges)
    found = {**limits, **shape.limits}
    return Asked({**requests, **shape.limits, **shape.requests}, found)


def one_more(what: Asked, values: Values) -> dict[str, Decimal]:
    """What one more server takes, by the names that quotas count; claims as for a user who is new."""
    found = {"pods": Decimal(1), "count/pods": Decimal(1)}
    for name, (kind, resource) in OF_PODS.items():
        amount = (what.requests if kind == "requests" else what.limits).get(resource)
        if amount is not None:
            found[name] = amount
    found |= {f"requests.{k}": v for k, v in what.requests.items() if "/" in k or k == "ephemeral-storage"}
    if values.get("singleuser.storage.type") == "dynamic":
        size = quantity(where_set(values, "storage_capacity")[1])
        found |= {"persistentvolumeclaims": Decimal(1), "count/persistentvolumeclaims": Decimal(1)}
        if size is not None:
            found["requests.storage"] = size
            if name := values.get("singleuser.storage.dynamic.storageClass"):
                found[f"{name}.storageclass.storage.k8s.io/requests.storage"] = size
        if name := values.get("singleuser.storage.dynamic.storageClass"):
            found[f"{name}.storageclass.storage.k8s.io/persistentvolumeclaims"] = Decimal(1)
    return {k: v for k, v in found.items() if v > 0}


def for_new_users(resource: str) -> bool:
    """Whether only users without a home take of it."""
    return bool(re.search(r"persistentvolumeclaims$|requests\.storage$", resource))


def miscounted(quota: ResourceQuota, seen: int) -> Evidence | None:
    """What shows that the quota counts pods that are gone."""
    counted = numbers(quota.status.used).get("pods", Decimal(0))
    if seen > MANY or counted < MANY + 10 * seen:
        return None
    return Evidence("pods", f"the quota counts {human('pods', counted)}, and {seen} of this hub are there")
