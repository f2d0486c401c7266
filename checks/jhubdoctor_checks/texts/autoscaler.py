"""What autoscalers say when they will not, or cannot, add a node."""

from jhubdoctor.api import Fix
from jhubdoctor_checks.texts import Known

# Reasons that are the autoscaler's own; what it repeats of the scheduler's (taints, requests) other checks tell.
_CA = "cluster-autoscaler: core/scaleup/orchestrator/skippedreasons.go and its forerunners"
_CLOUD = "GKE's events FailedScaleUp; error codes of the EC2, GCE and Azure APIs"
_KARPENTER = "Karpenter: scheduling/scheduler.go"
REFUSALS: tuple[Known[None], ...] = (
    Known(
        "max-size",
        r"(?i)max node group size reached",
        "the node pool has its largest size",
        Fix("Raise the largest size of the pool, or stop idle servers sooner (cull.timeout)."),
        _CA,
    ),
    Known(
        "cluster-limit",
        r"(?i)max cluster .{1,80} limit reached",
        "the autoscaler's limit for the whole cluster is reached",
        Fix("Raise the autoscaler's limit of the cluster (--max-nodes-total, --cores-total, --memory-total)."),
        _CA,
    ),
    Known(
        "nodepool-limit",
        r"(?i)exceed(?:s|ed)? limits? for (?:nodepool|provisioner)|limits? (?:reached|exceeded) for nodepool",
        "Karpenter's limit of the NodePool is reached",
        Fix("Raise spec.limits of the NodePool."),
        _KARPENTER,
    ),
    Known(
        "cloud-quota",
        r"(?i)quota(?: has been| '[\w./-]+')?[ _]exceeded|exceeded quota|QuotaExceeded|quota limit",
        "the cloud's quota is used up",
        Fix("Ask the cloud for a larger quota, or use machines of another kind."),
        _CLOUD,
    ),
    Known(
        "out-of-machines",
        r"(?i)out of resources|stockout|InsufficientInstanceCapacity|AllocationFailed|SkuNotAvailable|pool exhausted",
        "the cloud has no such machines left",
        Fix("Allow more kinds of machines, or more zones, for the pool."),
        _CLOUD,
    ),
    Known(
        "no-addresses",
        r"(?i)IP space exhausted|InsufficientFreeAddresses|not enough (?:free )?(?:ip )?addresses",
        "the network has no addresses left for nodes",
        Fix("Give the cluster's subnet more addresses."),
        _CLOUD,
    ),
)
# What it says of itself while a refusal like those above holds.
AFTERWARDS: tuple[Known[None], ...] = (
    Known(
        "backoff",
        r"(?i)in backoff after failed scale-up",
        "it failed to add a node a short while ago and waits before it tries again",
        Fix("See in the autoscaler's log or the cloud's console why the last node did not come."),
        _CA,
    ),
)
