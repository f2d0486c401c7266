"""Containers of the hub and of its neighbours in the namespace that end again and again."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from jhubdoctor.api import Deployment, Finding, Hub, Pod, Rung, Severity, check, grouped, times
from jhubdoctor_checks.facts.containers import Watched
from jhubdoctor_checks.facts.dependents import Dependents
from jhubdoctor_checks.facts.hub_graph import HubGraph
from jhubdoctor_checks.vitals._containers import (
    OFTEN,
    WAY_IN,
    Course,
    course,
    cut,
    look,
    needs,
    shown,
    why,
    word_of,
    workload,
)

# A Service without a pod that is ready, the hub's word that it did not reach the proxy, a mount of a socket whose
# server does not run, a release that did not get ready: each may have other causes at any rung, here it is this pod's.
EXPLAINS = ("service-without-endpoints", "proxy-unreachable", "volume-mount-failed", "helm-release-not-deployed")


@check(severity=Severity.ERROR, at=Rung.REACHED, symptom=True, explains=EXPLAINS)
def container_restarting(
    hub: Hub,
    now: datetime,
    watched: list[Watched],
    dependents: Dependents,
    hub_graph: HubGraph,
    deployments: list[Deployment] | None,
    service_pods: list[Pod],
    last_words: Mapping[tuple[str, str], str] | None,
) -> Iterator[Finding]:
    """A container of the hub, or of what runs beside it, is restarted again and again."""
    found = [(course(w, now), w) for w in watched]
    found = [(c, w) for c, w in found if c is not Course.WELL]
    for (owner, name), all_of_it in grouped(found, lambda f: (f[1].pod.owner, f[1].status.name)):
        worst = max((c for c, _ in all_of_it), key=list(Course).index)
        members = [w for c, w in all_of_it if c is worst]
        first = max(members, key=lambda w: (w.status.restart_count, w.pod.name))
        component, what = first.pod.component, f"container {name} of {workload(first.pod)}"
        # what waits for the hub, those say that know the hub: hub-crash-loop, hub-oom-killed, hub-restarting
        waits = cut(dependents, members, deployments, now) if component != "hub" else ()
        down = {component} - {"hub"} if worst is Course.LOOPS else set()
        words = (last_words or {}).get((first.pod.name, name))
        yield Finding(
            on=tuple(w.pod.container_ref(name) for w in members),
            says=f"{what} ends again and again: {why(first)}"
            if worst is Course.LOOPS
            else f"{what} was restarted {times(first.status.restart_count)}: {why(first)}",
            evidence=(
                *shown(first),
                ("log", f"{first.pod.name}: {words}") if words else None,
                *needs(dependents, members),
            ),
            fix=look(hub, first),
            severity=_severity(worst, first, owner, service_pods),
            cause=f"{workload(first.pod) if owner else ''} {name} {word_of(first)}",
            affects=(*waits, *hub_graph.dependents(down)),
            unexplained=word_of(first) not in {"oom", "liveness"},
        )


def _severity(worst: Course, w: Watched, owner: str, pods: list[Pod]) -> Severity:
    """An error while it goes on and no other does its work, and where users were cut off within the hour."""
    if worst is Course.LOOPS:
        others = any(p.ready and p.owner == owner and p.name != w.pod.name for p in pods)
        helped = (others and not owner.startswith("DaemonSet/")) or w.pod.component.endswith("image-puller")
        return Severity.WARNING if helped else Severity.ERROR
    often = w.status.restart_count >= OFTEN
    return Severity.ERROR if worst is Course.LATELY and often and w.pod.component in WAY_IN else Severity.WARNING
