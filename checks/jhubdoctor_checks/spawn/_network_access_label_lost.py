"""Which NetworkPolicies let users' pods reach the hub."""

from jhubdoctor.api import Deployment, NetworkPolicy, Pod

LABEL = "hub.jupyter.org/network-access-hub"


def to_hub(hub: Deployment, policies: list[NetworkPolicy]) -> list[NetworkPolicy]:
    """The policies that hold for what comes in to the hub."""
    labels = hub.spec.template.metadata.labels
    own = [p for p in policies if p.spec.pod_selector.matches(labels)]
    return [p for p in own if not p.spec.policy_types or "Ingress" in p.spec.policy_types]


def asks(policy: NetworkPolicy) -> bool:
    """Whether it admits pods by this label."""
    return any(
        peer.pod_selector is not None and peer.pod_selector.match_labels.get(LABEL) == "true"
        for rule in policy.spec.ingress
        for peer in rule.from_ or []
    )


def admitted(pod: Pod, policies: list[NetworkPolicy]) -> bool:
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
