"""Pods for which no node has room: never, or not now."""

from collections.abc import Iterator

from jhubdoctor.api import Autoscaler, Finding, Hub, Pod, Rung, Severity, Shape, check, grouped
from jhubdoctor_checks.facts.hub_graph import HubGraph
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.schedule._insufficient_resources import all_full, never_fits
from jhubdoctor_checks.schedule._place import YIELDING, owners
from jhubdoctor_checks.schedule._room import asked, lacking


@check(severity=Severity.ERROR, at=Rung.PLACED, stops=Rung.UP, symptom=True)
def insufficient_resources(
    hub: Hub,
    misfits: list[Unplaced],
    pods: list[Pod],
    user_pods: list[Pod],
    hub_graph: HubGraph,
    shapes: list[Shape] | None,
    autoscaler: Autoscaler,
) -> Iterator[Finding]:
    """No node has room for a pod: because none is large enough, or because all are full."""
    short = [p for p in misfits if p.scaling is None and p.kind == "resources"]
    for key, found in sorted(grouped(short, _key)):
        if not key:
            continue
        others = hub_graph.dependents({p.component for p in found})
        affects = tuple(dict.fromkeys((*owners(found), *others)))
        if key.startswith("never"):
            yield never_fits(hub, found, shapes, key, affects)
        else:
            yield all_full(found, [*pods, *user_pods], autoscaler, key, affects)


def _key(pod: Unplaced) -> str:
    """The cause: it never fits, or it does not fit now; empty where that is normal."""
    if never := lacking(pod, list(pod.room)):
        return f"never {asked(pod.requests, never)}"
    return "" if pod.component in YIELDING else f"full {' '.join(sorted(pod.short))}"
