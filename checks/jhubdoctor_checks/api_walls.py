"""Why a hub may not reach the API server: a certificate that it does not trust, NetworkPolicies, or unknown."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jhubdoctor.api import RESTARTS, Evidence, Fix, Hub, NetworkPolicy, Pod

# OpenSSL's words, by Python's ssl: `[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: why (_ssl.c:1002)`.
_DISTRUST = r"CERTIFICATE_VERIFY_FAILED\] certificate verify failed(?:: (?P<why>[\w ',.:-]{1,100}))?"


@dataclass(frozen=True)
class Wall:
    """What may keep the hub from the API server.

    Attributes:
        says: the rest of the sentence.
        evidence: what shows it.
        fix: what to do.
        word: the cause, where it is told apart.
    """

    says: str
    evidence: tuple[Evidence, ...]
    fix: Fix
    word: str = ""


def distrusted(hub: Hub, line: str) -> Wall | None:
    """A certificate that the hub does not trust; None where the line tells of something else."""
    m = re.search(_DISTRUST, line)
    return m and Wall(
        f": it does not trust the certificate that it is shown ({(m['why'] or 'verify failed').strip(' .')})",
        (),
        Fix(
            "See who answers at that address. The hub trusts what its service account names (ca.crt): a proxy that "
            "opens TLS is not that (HTTPS_PROXY in hub.extraEnv; NO_PROXY has to name the cluster's addresses). Where "
            "the cluster's CA was renewed since the hub started, restart the hub.",
            commands=(
                hub.kubectl("get configmap kube-root-ca.crt --output yaml"),
                hub.kubectl(f"rollout restart deployment/{hub.ref.name}"),
            ),
            caution=RESTARTS,
        ),
        "certificate",
    )


def unexplained(hub: Hub) -> Fix:
    """What to look at where nothing tells why."""
    return Fix(
        "See that the hub's pod may reach the API server: NetworkPolicies (hub.networkPolicy.egressAllowRules lets "
        "private and public addresses be reached, and some network plugins treat the API server apart), DNS, and the "
        "API server itself.",
        commands=(
            "kubectl get endpointslices --namespace default --selector kubernetes.io/service-name=kubernetes",
            hub.kubectl("describe networkpolicies"),
        ),
    )


def walled(hub: Hub, policies: list[NetworkPolicy], cilium: list[Pod]) -> Wall | None:
    """Cilium under policies that open the way to the API server by address alone; None where that is not so.

    To Cilium the API server is an entity of its own, and nodes are too: rules with ipBlock do not match them.
    https://docs.cilium.io/en/stable/network/kubernetes/policy/, jupyterhub/zero-to-jupyterhub-k8s#3202
    """
    labels = hub.deployment.spec.template.metadata.labels if hub.deployment is not None else {}
    egress = [p for p in policies if "Egress" in p.spec.policy_types and p.spec.pod_selector.matches(labels)]
    if not cilium or not egress or any(not rule.to for p in egress for rule in p.spec.egress):
        return None
    names = ", ".join(sorted(p.name for p in egress))
    entity = (
        '{"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "hub-to-api-server"}, '
        '"spec": {"endpointSelector": {"matchLabels": {"component": "hub"}}, '
        '"egress": [{"toEntities": ["kube-apiserver"]}]}}'
    )
    return Wall(
        f": Cilium runs here, and the NetworkPolicy {names} opens the API server by its address, which Cilium does not "
        "match",
        (
            Evidence("networkpolicy", f"{names}: egress to the API server by ipBlock alone"),
            Evidence("pod", f"{cilium[0].name} in kube-system, and {len(cilium) - 1} more"),
        ),
        Fix(
            "Let the hub reach the API server by a policy of Cilium's own. Where that does not help, see what Cilium "
            "drops (cilium monitor --type drop on the hub's node).",
            commands=(f"echo '{entity}' | {hub.kubectl('apply --filename -')}",),
        ),
    )
