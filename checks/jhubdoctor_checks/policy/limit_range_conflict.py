"""LimitRanges that refuse what the values ask for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from jhubdoctor import (
    Evidence,
    Finding,
    Fix,
    Hub,
    LimitRange,
    Pod,
    Severity,
    Shape,
    Spawns,
    Values,
    check,
    human,
    quantity,
)
from jhubdoctor_checks.policy._quota import Asked, asked, numbers, of_type
from jhubdoctor_checks.policy._users import contradicted


@dataclass(frozen=True)
class Conflict:
    """One rule that a kind of user pod breaks."""

    cause: str
    resource: str
    has: Decimal
    bound: Decimal
    says: str


@check(severity=Severity.ERROR, explains=("spawn-rejected", "spawn-timeline", "consecutive-failure-abort"))
def limit_range_conflict(
    hub: Hub,
    limit_ranges: list[LimitRange],
    shapes: list[Shape],
    values: Values,
    user_pods: list[Pod],
    spawns: Spawns | None,
    now: datetime,
) -> Iterator[Finding]:
    """A LimitRange refuses users' pods, or their claims."""
    for one in sorted(limit_ranges, key=lambda r: r.name):
        # what runs was let in: the default kind, at least
        proven = contradicted(user_pods, one.created)
        groups: dict[tuple[str, str], tuple[Conflict, list[str]]] = {}
        for shape in shapes:
            for c in _conflicts(one, asked(shape, limit_ranges), shape):
                groups.setdefault((c.cause, c.resource), (c, []))[1].append(shape.name)
        for c in _claims(one, values):
            groups.setdefault((c.cause, c.resource), (c, []))[1].append("the claim of a home")
        for (cause, resource), (c, names) in sorted(groups.items()):
            refused = [s for s in (spawns.unresolved(now) if spawns else ()) if s.pod and _same(c, s.error)]
            if proven and len(names) == len(shapes) and not refused:
                continue
            yield Finding(
                on=(one.ref,),
                says=f"the LimitRange {one.name} refuses {_who(names)}: {c.says}",
                evidence=(
                    Evidence("limitrange", f"{cause} of {resource}: {human(resource, c.bound)}"),
                    Evidence("values", f"{', '.join(names[:3])}: {human(resource, c.has)}"),
                    *(Evidence("hub log", f"{s.user}: refused", s.at) for s in refused[:2]),
                ),
                fix=_fix(c, hub),
                # who has a home already is not concerned; of several profiles some may work
                severity=Severity.WARNING if cause == "claim" or (proven and not refused) else None,
                cause=f"{cause} {resource}",
                affects=tuple(hub.pod_ref(s.pod) for s in refused),
            )


def _conflicts(one: LimitRange, what: Asked, shape: Shape) -> Iterator[Conflict]:
    """The rules of plugin/pkg/admission/limitranger, for the notebook container and for the pod."""
    for item in (*of_type([one], "Container"), *of_type([one], "Pod")):
        # a rule for pods takes what containers say, without defaults of its own
        for resource, bound in numbers(item.max).items():
            has = what.limits.get(resource)
            if has is not None and has > bound:
                yield Conflict("max", resource, has, bound, f"{resource} may be {human(resource, bound)} at most")
        for resource, bound in numbers(item.min).items():
            has = what.requests.get(resource)
            if has is not None and has < bound:
                yield Conflict("min", resource, has, bound, f"{resource} must be {human(resource, bound)} at least")
    for resource, bound in _given(one).items():
        has = shape.requests.get(resource)
        if has is not None and resource not in shape.limits and has > bound:
            yield Conflict(
                "default",
                resource,
                has,
                bound,
                f"it gives a limit of {human(resource, bound)} {resource}, below the guarantee",
            )


def _given(one: LimitRange) -> Mapping[str, Decimal]:
    """The limits that it gives to containers without one."""
    found: dict[str, Decimal] = {}
    for item in of_type([one], "Container"):
        found |= numbers(item.max) | numbers(item.default)
    return found


def _claims(one: LimitRange, values: Values) -> Iterator[Conflict]:
    size = quantity(values.get("singleuser.storage.capacity"))
    if values.get("singleuser.storage.type") != "dynamic" or size is None:
        return
    for item in of_type([one], "PersistentVolumeClaim"):
        top, low = numbers(item.max).get("storage"), numbers(item.min).get("storage")
        if top is not None and size > top:
            yield Conflict("claim", "storage", size, top, f"a claim may have {human('storage', top)} at most")
        if low is not None and size < low:
            yield Conflict("claim", "storage", size, low, f"a claim must have {human('storage', low)} at least")


def _same(c: Conflict, error: str) -> bool:
    if c.cause == "default":
        return f"less than or equal to {c.resource} limit" in error
    return f"imum {c.resource} usage per" in error


def _who(names: list[str]) -> str:
    first = "users' pods" if names[0] == "default" else names[0]
    return first if len(names) == 1 else f"{first} and {len(names) - 1} more"


def _text(amount: Decimal) -> object:
    return human("storage", amount)


def _fix(c: Conflict, hub: Hub) -> Fix:
    if c.cause == "claim":
        path, patch = "singleuser.storage.capacity", {"storage": {"capacity": _text(c.bound)}}
    else:
        key = {"max": "limit", "min": "guarantee", "default": "limit"}[c.cause]
        path = f"singleuser.{c.resource}.{key}"
        amount: object = float(c.has if c.cause == "default" else c.bound)
        if c.resource == "memory":
            amount = int(c.has if c.cause == "default" else c.bound)
        patch = {c.resource: {key: amount}} if c.resource in {"cpu", "memory"} else {}
    text = (
        f"Set {path} no lower than the guarantee, so that the LimitRange gives none of its own."
        if c.cause == "default"
        else f"Set {path} (and that of profiles) to what the LimitRange allows, or change the LimitRange."
    )
    return Fix(
        text,
        values={"singleuser": patch} if patch else {},
        commands=(hub.helm_upgrade, hub.kubectl("describe limitranges")),
        caution="This restarts the hub; users' servers keep running.",
    )
