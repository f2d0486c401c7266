"""A strategy that the API server refuses."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Severity, Values, check


@check(severity=Severity.WARNING)
def recreate_with_rolling_update(hub: Hub, values: Values) -> Iterator[Finding]:
    """A deployment strategy is Recreate and has settings of a rolling update, which the API server refuses."""
    both = [
        who
        for who in ("hub", "proxy")
        if values.get(f"{who}.deploymentStrategy.type") == "Recreate"
        and values.mapping(f"{who}.deploymentStrategy.rollingUpdate")
    ]
    if not both:
        return
    yield Finding(
        on=(hub.ref,),
        says=f"the next helm upgrade will be refused: {' and '.join(both)} is Recreate and has rollingUpdate",
        evidence=tuple(("values", f"{who}.deploymentStrategy: type Recreate, rollingUpdate set") for who in both),
        fix=Fix(
            "Leave rollingUpdate empty; it must be there and be null, or what was there before stays.",
            values={who: {"deploymentStrategy": {"type": "Recreate", "rollingUpdate": None}} for who in both},
            commands=(hub.helm_upgrade,),
        ),
    )
