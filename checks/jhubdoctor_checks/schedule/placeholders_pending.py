"""Placeholders that keep no room free, because they have none themselves."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Events, Finding, Fix, Rung, Severity, StatefulSet, check, excerpt
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.schedule._place import evidence, on

# One that had to give way waits until the autoscaler has brought a node.
PATIENCE = 900


@check(severity=Severity.WARNING, at=Rung.TOLD, symptom=True)
def placeholders_pending(
    unplaced: list[Unplaced], stateful_sets: list[StatefulSet], events: Events | None, now: datetime
) -> Iterator[Finding]:
    """Placeholders have been waiting for a node for a long time, so no room is kept free for the next users."""
    found = [
        p
        for p in unplaced
        if p.component == "user-placeholder"
        and p.scaling is None
        and p.pod is not None
        and (now - p.pod.created).total_seconds() >= PATIENCE
    ]
    if not found:
        return
    wanted = sum(s.spec.replicas for s in stateful_sets if s.component == "user-placeholder")
    refused = next((p.refused for p in found if p.refused), None)
    yield Finding(
        on=on(found),
        says=f"{len(found)} of {max(wanted, len(found))} placeholders have had no node for {PATIENCE // 60} minutes"
        " or more, so they keep no room free",
        evidence=(
            evidence(found),
            ("event", f"{refused.reason}: {excerpt(refused.message)}", refused.at) if refused else None,
            *(() if refused or events is None else (("event", "no word of an autoscaler about them"),)),
        ),
        fix=Fix(
            "Let the node pool grow as far as users and placeholders together need, or ask for fewer placeholders"
            " (scheduling.userPlaceholder.replicas). Without an autoscaler they are of no use.",
            commands=("kubectl --namespace kube-system get configmap cluster-autoscaler-status -o yaml",),
        ),
        affects=tuple(s.ref for s in stateful_sets if s.component == "user-placeholder"),
    )
