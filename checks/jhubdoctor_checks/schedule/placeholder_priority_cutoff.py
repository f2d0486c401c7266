"""Placeholders of so low a priority that the cluster-autoscaler does not count them."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, PriorityClass, Rung, Severity, StatefulSet, check

# --expendable-pods-priority-cutoff of cluster-autoscaler, its default since 1.12; also that of GKE and AKS.
CUTOFF = -10


@check(severity=Severity.WARNING, stops=Rung.PLACED, complete=("autoscaler", "priority_classes"))
def placeholder_priority_cutoff(
    hub: Hub, stateful_sets: list[StatefulSet], priority_classes: list[PriorityClass], autoscaler: object
) -> Iterator[Finding]:
    """Placeholders have a priority below the autoscaler's cut-off, so no node is ever added for them."""
    if "karpenter" in str(getattr(autoscaler, "kind", "")):
        # it has no such cut-off
        return
    values = {c.name: c.value for c in priority_classes}
    for s in stateful_sets:
        name = s.spec.template.spec.priority_class_name
        value = values.get(name, 0)
        if s.component != "user-placeholder" or not s.spec.replicas or value >= CUTOFF:
            continue
        yield Finding(
            on=(s.ref,),
            says=f"placeholders have priority {value}, and the cluster-autoscaler ignores pods below {CUTOFF}",
            evidence=(
                ("statefulset", f"spec.replicas: {s.spec.replicas}"),
                ("priorityclass", f"{name}: value: {value}"),
            ),
            fix=Fix(
                f"Give them {CUTOFF}, as shown; or set --expendable-pods-priority-cutoff of your autoscaler to "
                f"{value}, and it adds nodes for all pods from there on. The value of a PriorityClass cannot be "
                "changed: delete it before the upgrade.",
                {"scheduling": {"podPriority": {"userPlaceholderPriority": CUTOFF}}},
                (f"kubectl delete priorityclass {name}", hub.helm_upgrade),
                "Pods keep the priority that they have; the placeholders are made anew, and the hub restarts.",
            ),
            affects=(hub.pod_ref(f"{s.name}-0"), *(hub.pod_ref(f"{s.name}-{i}") for i in range(1, s.spec.replicas))),
        )
