"""Placeholder pods that no user pod may push aside."""

from collections.abc import Iterator

from jhubdoctor import Finding, Fix, Hub, Severity, StatefulSet, Values, check


@check(severity=Severity.WARNING)
def placeholders_without_priority(
    hub: Hub, stateful_sets: list[StatefulSet], values: Values | None
) -> Iterator[Finding]:
    """User placeholders run without pod priority, so they take room instead of keeping it free."""
    on = values.enabled("scheduling.podPriority.enabled") if values is not None else None
    for s in stateful_sets:
        if s.component != "user-placeholder" or not s.spec.replicas:
            continue
        if s.spec.template.spec.priority_class_name:
            continue
        count = f"{s.spec.replicas} user placeholders have" if s.spec.replicas > 1 else "the user placeholder has"
        yield Finding(
            on=(s.ref,),
            says=f"{count} no priority below that of users, so users' pods cannot push {_them(s.spec.replicas)} aside",
            evidence=(
                ("statefulset", f"spec.replicas: {s.spec.replicas}"),
                ("statefulset", "spec.template.spec.priorityClassName: not set"),
                *((("values", f"scheduling.podPriority.enabled: {str(on).lower()}"),) if on is not None else ()),
            ),
            fix=Fix(
                "Turn pod priority on, so that a user's pod evicts a placeholder and a node is added in time."
                if not on
                else "The values ask for pod priority, but the StatefulSet was made without: apply them again.",
                values={} if on else {"scheduling": {"podPriority": {"enabled": True}}},
                commands=(hub.helm_upgrade,),
                caution="The placeholders are made anew, and the hub restarts; users' servers keep running.",
            ),
        )


def _them(count: int) -> str:
    return "them" if count > 1 else "it"
