"""Values under names that the chart no longer reads."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Severity, Values, check, some
from jhubdoctor_checks.data.keys import MOVED


@check(severity=Severity.WARNING)
def value_has_moved(hub: Hub, values: Values) -> Iterator[Finding]:
    """A value stands under a name that this version of the chart does not read."""
    moved = [m for m in MOVED if hub.at_least(m.first) and values.has(m.path)]
    if not moved:
        return
    yield Finding(
        on=(hub.ref,),
        says=f"the chart {hub.chart} does not read {some(m.path for m in moved)}",
        evidence=tuple(("values", f"{m.path} is set; since chart {m.release} it is {m.to}") for m in moved[:8]),
        fix=Fix(" ".join(f"Move what {m.path} says to {m.instead}." for m in moved[:4]), commands=(hub.helm_upgrade,)),
    )
