"""Servers for which no memory is reserved."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, LimitRange, Severity, Values, check
from jhubdoctor_checks.resources import Choice, choices, in_code


@check(severity=Severity.INFO, fires_only_with=("limit_ranges",))
def users_without_memory_guarantee(
    hub: Hub, values: Values, limit_ranges: list[LimitRange] | None
) -> Iterator[Finding]:
    """Users' servers reserve no memory, so a node takes more of them than it can hold."""
    if any(in_code(values, t) for t in ("mem_guarantee", "mem_limit")):
        return
    if any(item.default_request.get("memory") for r in limit_ranges or [] for item in r.spec.limits):
        return
    # a limit without a guarantee is taken for the request too
    bare = [
        c for c in choices(values) if not any(t in c.given and c.given[t].value for t in ("mem_guarantee", "mem_limit"))
    ]
    if not bare:
        return
    yield Finding(
        on=(hub.ref,),
        says="servers reserve no memory: the scheduler puts any number on a node, which then runs out of it",
        evidence=tuple(("values", f"{c.name}: neither a guarantee nor a limit of memory") for c in bare[:4]),
        fix=Fix(
            "Guarantee what a usual session needs.",
            # profiles have it too, but for those that say themselves that they want none
            values={"singleuser": {"memory": {"guarantee": "1G"}}} if any(map(_inherits, bare)) else {},
            commands=(hub.helm_upgrade,),
        ),
    )


def _inherits(choice: Choice) -> bool:
    given = choice.given.get("mem_guarantee")
    return given is None or not given.in_profile
