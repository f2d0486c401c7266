"""Users' pods without the label that lets them reach the hub."""

from collections.abc import Iterator

from jhubdoctor.api import Evidence, Finding, Fix, Hub, NetworkPolicy, Pod, Rung, Severity, Spawns, Values, check, count
from jhubdoctor_checks.facts.image import shared
from jhubdoctor_checks.spawn._network_access_label_lost import LABEL, admitted, asks, to_hub
from jhubdoctor_checks.spawn._servers import refs


# it is about all users' pods: of those that fail by themselves, only what ends for lack of the hub
@check(
    severity=Severity.ERROR,
    at=Rung.REACHED,
    stops=Rung.TOLD,
    explains=("user-pod-crash-loop",),
    complete=("network_policies",),
)
def network_access_label_lost(
    hub: Hub, user_pods: list[Pod], network_policies: list[NetworkPolicy], values: Values, spawns: Spawns | None
) -> Iterator[Finding]:
    """Users' pods lack the label that the hub's NetworkPolicy asks for, so they do not reach the hub."""
    if hub.deployment is None:
        return
    policies = to_hub(hub.deployment, network_policies)
    asking = [p for p in policies if asks(p)]
    if not asking:
        return
    lacking = [p for p in user_pods if p.labels.get(LABEL) != "true" and not p.finished and not p.terminating]
    without = [p for p in lacking if not admitted(p, policies)]
    lost = values.has("singleuser.extraLabels") and LABEL not in values.mapping("singleuser.extraLabels")
    if not without and not lost:
        return
    # where no server gets the label, those that the hub deleted had none either
    names = " ".join(p.name for p in without)
    failed = [s for s in spawns.failed if s.pod and s.kind == "http-timeout"] if spawns and lost else []
    yield Finding(
        on=refs(without) or (hub.ref,),
        says=(
            f"{count(len(without))} may not reach the hub: the pod lacks the label {LABEL}"
            if without
            else f"servers that start next will not reach the hub: singleuser.extraLabels lacks {LABEL}"
        ),
        evidence=(
            Evidence("networkpolicy", f"{asking[0].name}: admits pods labelled {LABEL}=true"),
            *(Evidence("pod.metadata", f"{p.name}: no label {LABEL}") for p in without[:3]),
            Evidence("values", f"singleuser.extraLabels: no {LABEL}") if lost else None,
        ),
        fix=Fix(
            "Set the label again."
            if lost
            else "Label the pods that run, and see what takes the label away from new "
            "ones: hub.config.KubeSpawner.extra_labels or code replaces all labels, a profile's extra_labels may too.",
            # where the values have it, it is lost behind them, and setting it once more changes nothing
            values={"singleuser": {"extraLabels": {LABEL: "true"}}} if lost else {},
            commands=(hub.kubectl(f"label pods {names} {LABEL}=true") if without else "", hub.helm_upgrade),
            caution="This restarts the hub; servers that are started after it have the label.",
        ),
        severity=Severity.ERROR if without or failed else Severity.WARNING,
        cause="pods" if without else "values",
        affects=tuple(dict.fromkeys(shared(hub.pod_ref(s.pod)) for s in failed)),
    )
