"""Nobody answers for names in the cluster."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import CannotSay, Finding, Fix, Hub, HubLog, Pod, Rung, Severity, Spawns, check, clean
from jhubdoctor_checks.facts.network import ClusterDNS

PATIENCE = timedelta(minutes=2)
# Python's resolver (glibc and musl) and Node's: what hub and proxy log
UNRESOLVED = r"Temporary failure in name resolution|Name or service not known|Could not resolve host|gaierror|EAI_AGAIN"


# everything is affected by it: it takes what tells of a connection, and no more
@check(
    severity=Severity.ERROR,
    stops=Rung.TOLD,
    explains=("hub-crash-loop", "proxy-unreachable", "hub-api-unreachable", "culler-failing"),
    complete=("cluster_dns",),
)
def cluster_dns_down(
    hub: Hub,
    cluster_dns: ClusterDNS,
    hub_pods: list[Pod],
    proxy_pods: list[Pod],
    user_pods: list[Pod],
    hub_log: HubLog | None,
    spawns: Spawns | None,
    now: datetime,
) -> Iterator[Finding]:
    """The DNS of the cluster has no pod that answers."""
    if cluster_dns.addresses or any(p.ready for p in cluster_dns.pods):
        return
    entry = next((e for e, _ in hub_log.search(UNRESOLVED)), None) if hub_log else None
    if not cluster_dns.pods and hub_log is None:
        raise CannotSay("hub_log")
    if not cluster_dns.pods and entry is None:
        # scaled to zero where another DNS serves (GKE's Cloud DNS keeps the Service)
        return
    if cluster_dns.pods and all(now - p.unready_since < PATIENCE for p in cluster_dns.pods):
        return
    evidence: list[tuple[str, str, datetime | None]] = []
    if not cluster_dns.pods:
        evidence.append(("endpointslice", "kube-system/kube-dns: no endpoint, and no pod k8s-app=kube-dns", None))
    for p in cluster_dns.pods[:3]:
        waits = next((s.state.waiting.reason for s in p.statuses() if s.state.waiting and s.state.waiting.reason), "")
        evidence.append(
            ("pod.status", f"{p.name}: {p.phase}, not ready{f', {clean(waits, 60)}' if waits else ''}", None)
        )
    if entry is not None:
        evidence.append(("hub log", clean(entry.last, 160), entry.at))
    failed = {s.pod for s in (spawns.failed if spawns else ()) if s.pod}
    yield Finding(
        on=tuple(p.ref for p in cluster_dns.pods) or (hub.ref,),
        says="the cluster's DNS is down, so neither hub, proxy nor users' servers find each other by name",
        evidence=tuple(evidence),
        fix=Fix(
            "See why its pods are not ready and bring them back; it serves the whole cluster.",
            commands=(
                "kubectl --namespace kube-system describe pods --selector k8s-app=kube-dns",
                "kubectl --namespace kube-system logs --selector k8s-app=kube-dns --tail 50",
            ),
        ),
        affects=(
            hub.ref,
            *(p.ref for p in (*hub_pods, *proxy_pods, *user_pods)),
            *(hub.pod_ref(name) for name in sorted(failed)),
        ),
    )
