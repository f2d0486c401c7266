"""An autoscaler that will not, or cannot, add the node that is missing."""

import re
from collections.abc import Iterator

from jhubdoctor import Finding, Fix, Severity, check, clean
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.schedule._place import EXPLAINS, level, on, owners, verb, who
from jhubdoctor_checks.schedule._room import lacking

# Reasons that are the autoscaler's own; what it repeats of the scheduler's (taints, requests) other checks tell.
# Texts: cluster-autoscaler (core/scaleup/orchestrator/skippedreasons.go and its forerunners), GKE's events of reason
# FailedScaleUp, Karpenter's scheduler (scheduling/scheduler.go), error codes of the EC2, GCE and Azure APIs.
_REASONS: tuple[tuple[str, str, str, str], ...] = (
    (
        "max-size",
        r"max node group size reached",
        "the node pool has its largest size",
        "Raise the largest size of the pool, or stop idle servers sooner (cull.timeout).",
    ),
    (
        "cluster-limit",
        r"max cluster .{1,80} limit reached",
        "the autoscaler's limit for the whole cluster is reached",
        "Raise the autoscaler's limit of the cluster (--max-nodes-total, --cores-total, --memory-total).",
    ),
    (
        "nodepool-limit",
        r"exceed(?:s|ed)? limits? for (?:nodepool|provisioner)|limits? (?:reached|exceeded) for nodepool",
        "Karpenter's limit of the NodePool is reached",
        "Raise spec.limits of the NodePool.",
    ),
    (
        "cloud-quota",
        r"quota(?: has been)? exceeded|exceeded quota|QuotaExceeded|quota limit",
        "the cloud's quota is used up",
        "Ask the cloud for a larger quota, or use machines of another kind.",
    ),
    (
        "out-of-machines",
        r"out of resources|stockout|InsufficientInstanceCapacity|AllocationFailed|SkuNotAvailable|pool exhausted",
        "the cloud has no such machines left",
        "Allow more kinds of machines, or more zones, for the pool.",
    ),
    (
        "no-addresses",
        r"IP space exhausted|InsufficientFreeAddresses|not enough (?:free )?(?:ip )?addresses",
        "the network has no addresses left for nodes",
        "Give the cluster's subnet more addresses.",
    ),
    (
        "backoff",
        r"in backoff after failed scale-up",
        "it failed to add a node a short while ago and waits before it tries again",
        "See in the autoscaler's log or the cloud's console why the last node did not come.",
    ),
)
_MATCHERS = tuple((word, re.compile(text, re.IGNORECASE), says, fix) for word, text, says, fix in _REASONS)


@check(
    severity=Severity.ERROR,
    explains=(*EXPLAINS, "insufficient-resources", "too-many-pods", "volume-limit-reached", "volume-zone-conflict"),
)
def scale_up_refused(misfits: list[Unplaced]) -> Iterator[Finding]:
    """Pods wait for room, and the autoscaler does not add a node."""
    groups: dict[str, list[Unplaced]] = {}
    for pod in misfits:
        if pod.refused is None or pod.kind in {"taint", "affinity", "claim"} or lacking(pod, list(pod.room)):
            continue
        word = next((w for w, matcher, _, _ in _MATCHERS if matcher.search(pod.refused.message)), "")
        if word:
            groups.setdefault(word, []).append(pod)
    for word, matcher, says, fix in _MATCHERS:
        found = groups.get(word)
        if not found:
            continue
        event = max((p.refused for p in found if p.refused), key=lambda e: (e.at, e.name))
        part = matcher.search(event.message)
        yield Finding(
            on=on(found),
            says=f"{who(found)} {verb(found, 'waits', 'wait')} for a node that does not come: {says}",
            evidence=(
                ("event", f"{event.reason}: {clean(event.message, 300)}", event.at),
                *((("event", f"matched: {part[0]}"),) if part and len(event.message) > len(part[0]) + 200 else ()),
            ),
            fix=Fix(fix, commands=("kubectl --namespace kube-system get configmap cluster-autoscaler-status -o yaml",)),
            severity=level(found),
            cause=word,
            affects=owners(found),
        )
