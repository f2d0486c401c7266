"""An autoscaler that does not run, or says nothing, while pods wait for a node."""

from collections.abc import Iterator

from jhubdoctor.api import Evidence, Finding, Fix, Ref, Rung, Severity, check
from jhubdoctor_checks.facts.autoscaling import STATUS, AutoscalerState
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.schedule._place import YIELDING, evidence, on, owners, verb, who

_WAITS = frozenset({"resources", "pods", "taint", "affinity"})
"""What a node of another kind, or one more, would help against."""
_MEND = {
    "scaled-to-zero": "Start it again, if nobody stopped it on purpose.",
    "no-node": "Let it run on a node that is always there: give its pod a toleration for that node's taints, or a node "
    "selector that it matches. It adds no node for itself.",
}


# nodes that would fit may be those that it would add: while it is ill, nobody can tell
@check(
    severity=Severity.ERROR,
    at=Rung.GIVEN,
    stops=Rung.ALLOWED,
    explains=("node-affinity-mismatch", "taint-not-tolerated"),
    complete=("autoscaler_state",),
)
def autoscaler_down(autoscaler_state: AutoscalerState, misfits: list[Unplaced]) -> Iterator[Finding]:
    """The autoscaler does not run, so no node is added."""
    # those of which it has said nothing at all
    waiting = [
        p
        for p in misfits
        if p.pod and p.kind in _WAITS and p.component not in YIELDING and not p.scaling and not p.refused
    ]
    says = f"{who(waiting)} {verb(waiting, 'waits', 'wait')} for a node that nobody adds: " if waiting else ""
    state = autoscaler_state
    if state.down:
        first = state.down[0]
        name, namespace = first.workload.name, first.workload.namespace
        start = f"kubectl --namespace {namespace} scale deployment {name} --replicas 1"
        yield Finding(
            on=tuple(r for d in state.down for r in (d.workload.ref, *d.pods)),
            says=f"{says}the autoscaler {namespace}/{name} {first.says}",
            evidence=(*first.evidence, evidence(waiting) if waiting else None),
            fix=Fix(
                _MEND.get(first.word, "Correct what keeps its pod from running; its log says what is refused to it."),
                commands=(start,) if first.word == "scaled-to-zero" else first.look_closer(),
            ),
            severity=None if waiting else Severity.WARNING,
            cause=first.word,
            affects=(*on(waiting), *owners(waiting)),
        )
    elif state.silent and waiting:
        yield Finding(
            on=(Ref("ConfigMap", STATUS, "kube-system"),),
            says=f"{says}the autoscaler has said nothing for long",
            evidence=(
                Evidence("configmap", f"kube-system/{STATUS}: time", state.said_at),
                Evidence("event", f"none by an autoscaler about {waiting[0].ref.name}"),
                evidence(waiting),
            ),
            fix=Fix(
                "See whether it runs: its pod and its log, or the cloud's console where the cloud runs it. Where it was"
                " removed, delete what it left behind, or add nodes by hand.",
                commands=(
                    f"kubectl --namespace kube-system get configmap {STATUS} -o yaml",
                    "kubectl get deployments --all-namespaces | grep -i autoscaler",
                ),
            ),
            cause="silent",
            affects=(*on(waiting), *owners(waiting)),
        )
