"""Placeholder pods that no user pod may push aside."""

from collections.abc import Iterator

from jhubdoctor import Finding, Fix, Hub, Pod, Ref, Severity, StatefulSet, Values, check
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.schedule._room import lacking

CAUTION = "The placeholders are made anew, and the hub restarts; users' servers keep running."
BELOW = 10
"""How far below users the chart's defaults have them."""


@check(severity=Severity.WARNING, explains=("insufficient-resources", "spawn-timeout"))
def placeholders_without_priority(
    hub: Hub,
    stateful_sets: list[StatefulSet],
    values: Values | None,
    misfits: list[Unplaced] | None,
    pods: list[Pod] | None,
) -> Iterator[Finding]:
    """User placeholders have no priority below that of users, so they take room instead of keeping it free."""
    on = values.enabled("scheduling.podPriority.enabled") if values is not None else None
    held = any(p.component == "user-placeholder" and p.node and not p.finished for p in pods or [])
    kept_out = _kept_out(misfits or []) if held else ()
    for s in stateful_sets:
        if s.component != "user-placeholder" or not s.spec.replicas:
            continue
        name = s.spec.template.spec.priority_class_name
        own, users = _priorities(values)
        if name and (own is None or users is None or own < users):
            continue
        count = f"{s.spec.replicas} user placeholders have" if s.spec.replicas > 1 else "the user placeholder has"
        yield Finding(
            on=(s.ref,),
            says=f"{count} no priority below that of users, so users' pods cannot push {_them(s.spec.replicas)} aside",
            evidence=(
                ("statefulset", f"spec.replicas: {s.spec.replicas}"),
                ("statefulset", f"spec.template.spec.priorityClassName: {name or 'not set'}"),
                *((("values", f"scheduling.podPriority.enabled: {str(on).lower()}"),) if on is not None else ()),
                *(
                    (
                        (
                            "values",
                            f"scheduling.podPriority: userPlaceholderPriority {own}, and defaultPriority {users}",
                        ),
                    )
                    if name
                    else ()
                ),
            ),
            fix=_lower(hub, name, users or 0) if name else _turn_on(hub, on=bool(on)),
            severity=Severity.ERROR if kept_out else None,
            cause="too-high" if name else "",
            affects=kept_out,
        )


def _priorities(values: Values | None) -> tuple[int | None, int | None]:
    """That of placeholders and that of users, by the values."""
    if values is None:
        return None, None
    section = "scheduling.podPriority"
    return values.integer(f"{section}.userPlaceholderPriority"), values.integer(f"{section}.defaultPriority")


def _kept_out(misfits: list[Unplaced]) -> tuple[Ref, ...]:
    """Users' pods that would have room on a node if it were not full."""
    return tuple(
        u.ref
        for u in misfits
        if u.component == "singleuser-server" and u.kind == "resources" and not lacking(u, list(u.room))
    )


def _turn_on(hub: Hub, *, on: bool) -> Fix:
    return Fix(
        "The values ask for pod priority, but the StatefulSet was made without: apply them again."
        if on
        else "Turn pod priority on, so that a user's pod evicts a placeholder and a node is added in time.",
        values={} if on else {"scheduling": {"podPriority": {"enabled": True}}},
        commands=(hub.helm_upgrade,),
        caution=CAUTION,
    )


def _lower(hub: Hub, name: str, users: int) -> Fix:
    return Fix(
        "Put the placeholders below users. The value of a PriorityClass cannot be changed, so delete it first; the "
        "upgrade makes it again.",
        values={"scheduling": {"podPriority": {"userPlaceholderPriority": users - BELOW}}},
        commands=(f"kubectl delete priorityclass {name}", hub.helm_upgrade),
        caution=CAUTION,
    )


def _them(count: int) -> str:
    return "them" if count > 1 else "it"
