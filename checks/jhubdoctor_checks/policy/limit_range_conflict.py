"""LimitRanges that refuse what the values ask for."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    Finding,
    Hub,
    LimitRange,
    Pod,
    Rung,
    Severity,
    Shape,
    Spawns,
    Values,
    check,
    human,
)
from jhubdoctor_checks.policy._limit_range_conflict import conflicts, remedy
from jhubdoctor_checks.policy._refused import refused
from jhubdoctor_checks.policy._users import contradicted


@check(severity=Severity.ERROR, stops=Rung.ALLOWED)
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
        for c, names in conflicts(one, limit_ranges, shapes, values):
            users = refused(hub, spawns, now, c.blames)
            if proven and len(names) == len(shapes) and not users:
                continue
            yield Finding(
                on=(one.ref,),
                says=f"the LimitRange {one.name} refuses {_who(names)}: {c.says}",
                evidence=(
                    ("limitrange", f"{c.cause} of {c.resource}: {human(c.resource, c.bound)}"),
                    ("values", f"{', '.join(names[:3])}: {human(c.resource, c.has)}"),
                    *users.shown("refused"),
                ),
                fix=remedy(c, hub, names, only_some=c.cause != "claim" and len(names) < len(shapes)),
                # who has a home already is not concerned; of several profiles some may work
                severity=Severity.WARNING if c.cause == "claim" or (proven and not users) else None,
                cause=f"{c.cause} {c.resource}",
                affects=users.pods,
            )


def _who(names: list[str]) -> str:
    first = "users' pods" if names[0] == "default" else names[0]
    return first if len(names) == 1 else f"{first} and {len(names) - 1} more"
