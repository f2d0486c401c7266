"""A hub whose container does not start, or ends again and again."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Events, Evidence, Finding, Hub, HubLog, Pod, Rung, Severity, check
from jhubdoctor_checks.facts.hub_graph import HubGraph
from jhubdoctor_checks.hub._state import Trouble, trouble_of


@check(severity=Severity.ERROR, at=Rung.UP, stops=Rung.REACHED, symptom=True, passes_only_with=("events",))
def hub_crash_loop(
    hub: Hub,
    now: datetime,
    hub_pods: list[Pod],
    events: Events | None,
    hub_log: HubLog | None,
    hub_graph: HubGraph,
) -> Iterator[Finding]:
    """The hub does not start, or ends again and again."""
    found: dict[str, tuple[Pod, Trouble]] = {}
    logged = next((p for p in hub_pods if p.node), None)
    for pod in hub_pods:
        trouble = trouble_of(pod, hub, events or Events(), hub_log if pod is logged else None, now)
        if trouble is not None:
            found.setdefault(trouble.word, (pod, trouble))
    for word, (pod, trouble) in found.items():
        yield Finding(
            on=(pod.container_ref(trouble.container),),
            says=f"the hub {trouble.does}: {trouble.says}" if trouble.says else f"the hub {trouble.does}",
            evidence=tuple(Evidence(*e) for e in trouble.evidence),
            fix=trouble.fix,
            cause=word,
            affects=(hub.ref, *hub_graph.dependents({"hub"})),
        )
