"""What makes pods of the hub, or of what runs beside it, and is refused by the API server."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    DaemonSet,
    Deployment,
    Events,
    Finding,
    Hub,
    Job,
    Rung,
    Severity,
    StatefulSet,
    check,
    clean,
    grouped,
)
from jhubdoctor_checks.facts.hub_graph import CORE, HubGraph
from jhubdoctor_checks.facts.refusals import Refusal, refused
from jhubdoctor_checks.policy._meanings import refusal_of
from jhubdoctor_checks.vitals._controller_cannot_make_pods import called, held_up, remedy


# it fails where core-pods-refused says so of what it knows, which stands before it
@check(
    severity=Severity.ERROR,
    at=Rung.PLACED,
    stops=Rung.UP,
    symptom=True,
    passes_only_with=("stateful_sets", "daemon_sets", "jobs", "events"),
)
def controller_cannot_make_pods(
    hub: Hub,
    deployments: list[Deployment],
    stateful_sets: list[StatefulSet] | None,
    daemon_sets: list[DaemonSet] | None,
    jobs: list[Job] | None,
    events: Events | None,
    hub_graph: HubGraph,
    now: datetime,
) -> Iterator[Finding]:
    """What makes pods of the release is refused by the API server, again and again."""
    makers = (*deployments, *(stateful_sets or ()), *(daemon_sets or ()), *(jobs or ()))
    for (core, word, about), members in grouped(refused(makers, events, now), _key):
        row, name = refusal_of(members[0].message)
        components = {r.maker.component for r in members} if core else set()
        yield Finding(
            on=tuple(r.maker.ref for r in members),
            says=f"{called(members)} cannot make pods: {row.means({'name': clean(name, 200)})}"
            + (f", and {'Argo CD' if hub.argo_cd else 'helm'} waits for it" if any(r.hook for r in members) else ""),
            evidence=tuple(r.seen for r in members[:3]),
            fix=remedy(hub, row, clean(name, 200), members),
            severity=None if core or any(_waited_for(r) for r in members) else Severity.WARNING,
            cause=f"{'core' if core else 'other'} {word} {about}"[:120],
            affects=(*held_up(hub, members), *hub_graph.dependents(components)),
        )


def _key(r: Refusal) -> tuple[bool, str, str]:
    """One finding a reason; those that core-pods-refused tells of apart, for it explains them and not the others."""
    row, name = refusal_of(r.message)
    return isinstance(r.maker, Deployment) and r.maker.component in CORE, row.word, clean(name, 200)


def _waited_for(r: Refusal) -> bool:
    """Whether somebody waits for its pods: not for those that pull images ahead, or hold room."""
    return r.maker.component not in {"continuous-image-puller", "user-placeholder"}
