"""What autoscalers say when they will not, or cannot, add a node."""

import re

from jhubdoctor_checks._known import table

# Reasons that are the autoscaler's own; what it repeats of the scheduler's (taints, requests) other checks tell.
# Texts: cluster-autoscaler (core/scaleup/orchestrator/skippedreasons.go and its forerunners), GKE's events of reason
# FailedScaleUp, Karpenter's scheduler (scheduling/scheduler.go), error codes of the EC2, GCE and Azure APIs.
REFUSALS = table(
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
    flags=re.IGNORECASE,
)
