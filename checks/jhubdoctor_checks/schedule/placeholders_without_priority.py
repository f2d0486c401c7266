"""Placeholder pods that no user pod may push aside."""

from collections.abc import Iterator

from jhubdoctor.api import CannotSay, Finding, Hub, Pod, Ref, Rung, Severity, StatefulSet, Values, check
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.schedule._placeholders_without_priority import PRIORITY, lower, priorities, turn_on
from jhubdoctor_checks.schedule._room import lacking


@check(severity=Severity.WARNING, stops=Rung.PLACED)
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
        if name and values is None:
            raise CannotSay("values")
        own, users = priorities(values)
        if name and (own is None or users is None or own < users):
            continue
        count = f"{s.spec.replicas} user placeholders have" if s.spec.replicas > 1 else "the user placeholder has"
        yield Finding(
            on=(s.ref,),
            says=f"{count} no priority below that of users, so users' pods cannot push {_them(s.spec.replicas)} aside",
            evidence=(
                ("statefulset", f"spec.replicas: {s.spec.replicas}"),
                ("statefulset", f"spec.template.spec.priorityClassName: {name or 'not set'}"),
                ("values", f"scheduling.podPriority.enabled: {str(on).lower()}") if on is not None else None,
                *(
                    (("values", f"{PRIORITY}: userPlaceholderPriority {own}, and defaultPriority {users}"),)
                    if name
                    else ()
                ),
            ),
            fix=lower(hub, name, users or 0) if name else turn_on(hub, on=bool(on)),
            severity=Severity.ERROR if kept_out else None,
            cause="too-high" if name else "",
            affects=kept_out,
        )


def _kept_out(misfits: list[Unplaced]) -> tuple[Ref, ...]:
    """Users' pods that would have room on a node if it were not full."""
    return tuple(
        u.ref
        for u in misfits
        if u.component == "singleuser-server" and u.kind == "resources" and not lacking(u, list(u.room))
    )


def _them(count: int) -> str:
    return "them" if count > 1 else "it"
