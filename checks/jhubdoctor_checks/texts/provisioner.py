"""What provisioners of volumes say in events ProvisioningFailed."""

from dataclasses import dataclass

from jhubdoctor.api import Fix
from jhubdoctor_checks.texts import Known


@dataclass(frozen=True)
class Asked:
    """What a claim asks for.

    Attributes:
        modes: the access modes by which several nodes may mount a volume, as text; empty where it asks for none.
    """

    modes: str


def _many(a: Asked) -> bool:
    return bool(a.modes)


_CONTROLLER = "persistentvolume-controller 1.20, 1.36"
_CLAIM = "kubectl --namespace {ns} describe persistentvolumeclaim {claim}"
_SEE = Fix("See the claim's events, and the log of the provisioner.", commands=(_CLAIM,))
_ONE_NODE = Fix("Ask for ReadWriteOnce: one node at a time is enough for the hub, and for one home a user.")
_RIGHTS = Fix(
    "Give the storage driver's service account its rights in the cloud (for ebs.csi.aws.com the IAM policy "
    "AmazonEBSCSIDriverPolicyV2 or AmazonEBSCSIDriverPolicy).",
    commands=(_CLAIM,),
)
# After "The claim ..."; `class` is its StorageClass, `provisioner` that one's, `modes` what it asks for. The first
# match wins.
FAILURES: tuple[Known[Asked], ...] = (
    Known(
        "class-missing",
        r'storageclass(\.storage\.k8s\.io)? "[^"]+" not found',
        "cannot be provisioned by StorageClass {class}",
        _SEE,
        _CONTROLLER,
    ),
    Known(
        "plugin-gone",
        r"no volume plugin matched|no provisionable volume plugin",
        "asks for StorageClass {class} of {provisioner}, which Kubernetes no longer has",
        _SEE,
        _CONTROLLER,
    ),
    Known(
        "access-mode",
        r"MULTI_NODE_MULTI_WRITER|multi[- ]?(node|writer)\b|invalid AccessModes|only supports ReadWriteOnce",
        "asks for {modes}, which StorageClass {class} ({provisioner}) refuses",
        _ONE_NODE,
        "EBS, Azure disk, democratic-csi; Ceph RBD, GCE PD, Alibaba disk; in-tree provisioners, local-path",
        _many,
    ),
    Known(
        "rights",
        r"UnauthorizedOperation|not authorized|AccessDenied|have authorization|PermissionDenied|NoCredentialProviders"
        r"|no EC2 IMDS role|failed to refresh cached credentials|AssumeRole",
        "is refused by the storage behind StorageClass {class}: the driver lacks rights",
        _RIGHTS,
        "EBS, EFS, Azure; AWS SDK 1, 2",
    ),
    Known(
        "room",
        r"(?i)quota|LimitExceeded|ResourceExhausted|not enough (free )?space|insufficient (free )?space",
        "is refused by the storage behind StorageClass {class}: a quota or the room is used up",
        Fix(
            "Raise the quota of the storage, or delete volumes that nobody needs.",
            commands=("kubectl get persistentvolumes",),
        ),
        "all clouds",
    ),
    Known(
        "silent",
        r"context deadline exceeded|DeadlineExceeded|code = Unavailable|connection refused",
        "waits for the driver of StorageClass {class}, which does not answer in time",
        Fix(
            "Find the provisioner's pods and their logs: it is not running, or it cannot reach its storage.",
            commands=("kubectl get pods --all-namespaces | grep -i -e csi -e provision", _CLAIM),
        ),
        "gRPC",
    ),
    # what a volume can do, without a word of "many"
    Known(
        "access-mode",
        r"(?i)capabilit\w+.*(not supported|invalid|cannot be satisi?fied)",
        "asks for {modes}, which StorageClass {class} ({provisioner}) refuses",
        _ONE_NODE,
        "Hetzner, DigitalOcean, Azure",
        _many,
    ),
)
OTHER: Known[Asked] = Known(
    "refused",
    "",
    "cannot be provisioned by StorageClass {class}: {last}",
    _SEE,
    "",
)
FIXES = {r.word: r for r in FAILURES}
"""The rows by their words: other signs than these texts prove the same."""
