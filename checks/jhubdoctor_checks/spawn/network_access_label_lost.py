"""Users' pods without the label that lets them reach the hub."""

from collections.abc import Iterator

from jhubdoctor import Evidence, Finding, Fix, Hub, NetworkPolicy, Pod, Severity, Spawns, Values, check, count
from jhubdoctor_checks.facts.image import shared
from jhubdoctor_checks.spawn._servers import refs

LABEL = "hub.jupyter.org/network-access-hub"


@check(severity=Severity.ERROR, explains=("spawn-timeout", "spawn-http-timeout", "user-pod-crash-loop"))
def network_access_label_lost(
    hub: Hub, user_pods: list[Pod], network_policies: list[NetworkPolicy], values: Values, spawns: Spawns | None
) -> Iterator[Finding]:
    """Users' pods lack the label that the hub's NetworkPolicy asks for, so they do not reach the hub."""
    if hub.deployment is None:
        return
    template = hub.deployment.spec.template.metadata.labels
    policies = [
        p
        for p in network_policies
        if p.spec.pod_selector.matches(template) and (not p.spec.policy_types or "Ingress" in p.spec.policy_types)
    ]
    asking = [p for p in policies if _asks(p)]
    if not asking:
        return
    without = [
        p
        for p in user_pods
        if p.labels.get(LABEL) != "true" and not p.finished and not p.terminating and not _admitted(p, policies)
    ]
    lost = values.has("singleuser.extraLabels") and LABEL not in values.mapping("singleuser.extraLabels")
    if not without and not lost:
        return
    # where no server gets the label, those that the hub deleted had none either
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
            *((Evidence("values", f"singleuser.extraLabels: no {LABEL}"),) if lost else ()),
        ),
        fix=Fix(
            "Set the label again: what replaces the labels (a null in singleuser.extraLabels, a profile's "
            "extra_labels, "
            "hub.config.KubeSpawner.extra_labels) has to keep it.",
            values={"singleuser": {"extraLabels": {LABEL: "true"}}},
            commands=(*(hub.kubectl(f"label pod {p.name} {LABEL}=true") for p in without[:1]), hub.helm_upgrade),
            caution="This restarts the hub; servers that are started after it have the label.",
        ),
        severity=Severity.ERROR if without or failed else Severity.WARNING,
        cause="pods" if without else "values",
        affects=tuple(dict.fromkeys(shared(hub.pod_ref(s.pod)) for s in failed)),
    )


def _asks(policy: NetworkPolicy) -> bool:
    """Whether it admits pods by this label."""
    return any(
        peer.pod_selector is not None and peer.pod_selector.match_labels.get(LABEL) == "true"
        for rule in policy.spec.ingress
        for peer in rule.from_ or []
    )


def _admitted(pod: Pod, policies: list[NetworkPolicy]) -> bool:
    """Whether some rule lets the pod reach the hub all the same. What cannot be told for certain counts as yes."""
    for policy in policies:
        for rule in policy.spec.ingress:
            if not rule.from_:
                return True
            for peer in rule.from_:
                if peer.ip_block is not None or (peer.namespace_selector is not None and peer.pod_selector is None):
                    return True
                if peer.pod_selector is not None and peer.pod_selector.matches(pod.labels):
                    return True
    return False
