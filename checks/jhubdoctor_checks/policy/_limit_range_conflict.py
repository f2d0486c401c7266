"""What LimitRanges refuse of users' pods and their claims."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from jhubdoctor.api import (
    RESTARTS,
    Fix,
    Hub,
    LimitRange,
    Shape,
    Values,
    grouped,
    human,
    merged,
    nested,
    quantity,
    some,
    spawner_bytes,
    where_set,
)
from jhubdoctor_checks.policy._quota import Asked, asked, numbers, of_type


@dataclass(frozen=True)
class Conflict:
    """One rule that a kind of user pod breaks.

    Attributes:
        cause: `max`, `min`, `default` or `claim`.
        resource: of what.
        has: what the values ask for.
        bound: what the LimitRange allows or gives.
        says: the rule in words.
    """

    cause: str
    resource: str
    has: Decimal
    bound: Decimal
    says: str

    @property
    def blames(self) -> str:
        """What the API server's refusal holds then."""
        below = f"less than or equal to {self.resource} limit"
        return below if self.cause == "default" else f"imum {self.resource} usage per"


def conflicts(
    one: LimitRange, ranges: list[LimitRange], shapes: list[Shape], values: Values
) -> list[tuple[Conflict, list[str]]]:
    """The rules of one LimitRange that are broken, each with the kinds of pods that break it, in a stable order."""
    found = [(c, s.name) for s in shapes for c in _conflicts(one, asked(s, ranges), s)]
    found += [(c, "the claim of a home") for c in _claims(one, values)]
    groups = sorted(grouped(found, lambda f: (f[0].cause, f[0].resource)))
    return [(members[0][0], [name for _, name in members]) for _, members in groups]


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
    size = quantity(where_set(values, "storage_capacity")[1])
    if values.get("singleuser.storage.type") != "dynamic" or size is None:
        return
    for item in of_type([one], "PersistentVolumeClaim"):
        top, low = numbers(item.max).get("storage"), numbers(item.min).get("storage")
        if top is not None and size > top:
            yield Conflict("claim", "storage", size, top, f"a claim may have {human('storage', top)} at most")
        if low is not None and size < low:
            yield Conflict("claim", "storage", size, low, f"a claim must have {human('storage', low)} at least")


def remedy(c: Conflict, hub: Hub, names: list[str], *, only_some: bool) -> Fix:
    """The next step; `only_some` where other kinds of pods do not break the rule."""
    look = hub.kubectl("describe limitranges")
    if only_some:
        # what all others get is no fault of the LimitRange, and a profile that sets its own would not change with it
        return Fix(
            f"Set {_trait(c)} in the kubespawner_override of {some(names)} to what the LimitRange allows, or change "
            "the LimitRange.",
            commands=(look, hub.helm_upgrade),
            caution=RESTARTS,
        )
    path: str = "singleuser.storage.capacity"
    amount: object = human("storage", c.bound)
    if c.cause != "claim":
        path = f"singleuser.{c.resource}.{'guarantee' if c.cause == 'min' else 'limit'}"
        number = c.has if c.cause == "default" else c.bound
        amount = int(number) if c.resource == "memory" else float(number)
    text = (
        f"Set {path} no lower than the guarantee, so that the LimitRange gives none of its own."
        if c.cause == "default"
        else f"Set {path} (and that of profiles) to what the LimitRange allows, as shown; or change the LimitRange, "
        "which holds for all pods of the namespace."
    )
    patch = nested(path, amount) if c.cause == "claim" or c.resource in {"cpu", "memory"} else {}
    if patch and c.cause == "max" and _guaranteed(hub, c.resource) > c.bound:
        # a guarantee above the limit is refused as well
        patch = merged(patch, nested(f"singleuser.{c.resource}.guarantee", amount))
    return Fix(
        text,
        values=patch,
        commands=(look, hub.helm_upgrade),
        caution=RESTARTS,
        lowers=True,
    )


def _guaranteed(hub: Hub, resource: str) -> Decimal:
    """What the values guarantee a server."""
    name = f"{'mem' if resource == 'memory' else resource}_guarantee"
    said = where_set(hub.values, name)[1] if hub.values is not None else None
    return Decimal((spawner_bytes(said) if resource == "memory" else quantity(said)) or 0)


def _trait(c: Conflict) -> str:
    """The trait of KubeSpawner that a profile sets for this."""
    resource = {"memory": "mem", "cpu": "cpu"}.get(c.resource)
    if resource is None:
        return f"the {c.resource}"
    return f"{resource}_{'guarantee' if c.cause == 'min' else 'limit'}"
