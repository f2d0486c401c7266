"""Placeholder pods that no user pod may push aside."""

from collections.abc import Iterator

from jhubdoctor import Finding, Fix, Hub, Severity, StatefulSet, Values, check


@check(severity=Severity.WARNING)
def placeholders_without_priority(hub: Hub, values: Values, stateful_sets: list[StatefulSet]) -> Iterator[Finding]:
    """User placeholders run without pod priority, so they take room instead of keeping it free."""
    if values.enabled("scheduling.podPriority.enabled"):
        return
    for s in stateful_sets:
        if s.component != "user-placeholder" or not s.spec.replicas:
            continue
        if s.spec.template.spec.priority_class_name:
            continue
        yield Finding(
            on=(s.ref,),
            says=f"{s.spec.replicas} user placeholders have no priority below that of users, so they never give way",
            evidence=(
                ("values", "scheduling.podPriority.enabled: false"),
                ("statefulset", f"spec.replicas: {s.spec.replicas}"),
                ("statefulset", "spec.template.spec.priorityClassName: not set"),
            ),
            fix=Fix(
                "Turn pod priority on, so that a user's pod evicts a placeholder and a node is added in time.",
                values={"scheduling": {"podPriority": {"enabled": True}}},
                commands=(hub.helm_upgrade,),
            ),
        )
