"""Placeholders that keep nothing free."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, LimitRange, Severity, StatefulSet, check


@check(severity=Severity.WARNING)
def placeholders_hold_no_room(
    hub: Hub, stateful_sets: list[StatefulSet], limit_ranges: list[LimitRange] | None
) -> Iterator[Finding]:
    """User placeholders ask for no room, so they keep none free."""
    if any(item.default_request for r in limit_ranges or [] for item in r.spec.limits):
        return
    for s in stateful_sets:
        if s.component != "user-placeholder" or not s.spec.replicas or not s.spec.template.spec.containers:
            continue
        spec = s.spec.template.spec
        if any(spec.requests.values()) or any(any(c.limits.values()) for c in spec.containers):
            continue
        yield Finding(
            on=(s.ref,),
            says=f"{s.spec.replicas} user placeholders ask for neither cpu nor memory, so they keep no room free",
            evidence=(("statefulset", f"{s.name}: spec.replicas {s.spec.replicas}, no requests"),),
            fix=Fix(
                "Guarantee users some memory, as shown, which placeholders then hold; or give placeholders "
                "resources of their own (scheduling.userPlaceholder.resources), and users still have no guarantee.",
                values={"singleuser": {"memory": {"guarantee": "1G"}}},
                commands=(hub.helm_upgrade,),
            ),
        )
