"""What frees a volume that another node holds."""

from collections.abc import Iterable
from dataclasses import dataclass

from jhubdoctor.api import Evidence, Fix, Hub, PersistentVolumeClaim, Pod, Ref, VolumeAttachment, some

OUT_OF_SERVICE = 26
"""The first minor in which the taint out-of-service is on by default."""


@dataclass(frozen=True)
class Held:
    """A volume that a pod waits for and another node holds.

    Attributes:
        cause: why it is held.
        node: where, empty where unknown.
        waiting: the pods that wait for it, also one that the hub has given up on.
        holders: the pods that use it.
        attachments: of the volume, to other nodes than that of the waiting pod.
        missing: whether the node object is gone.
    """

    claim: PersistentVolumeClaim
    cause: str
    node: str
    waiting: tuple[Ref, ...]
    holders: tuple[Pod, ...]
    attachments: tuple[VolumeAttachment, ...]
    evidence: tuple[Evidence, ...]
    missing: bool = False

    @property
    def says(self) -> str:
        """What is the matter, in a sentence."""
        volume = f"the volume of the claim {self.claim.name}"
        node = f"node {self.node}" if self.node else "another node"
        match self.cause:
            case "dead-node":
                return f"{volume} is still attached to {node}, which is not running, so no other node gets it"
            case "two-hubs":
                return f"{volume} is in use by a second hub pod on {node}, so the new one cannot start"
            case "terminating":
                return f"{volume} is held on {node} by a pod that does not finish terminating"
            case "shared":
                return f"{volume} can be attached to one node, and pods on several nodes want it"
            case "in-use":
                return f"{volume} is in use by another pod on {node}"
            case "foreign":
                return f"{volume} is in use on {node} by {self.holders[0].name}, which is no pod of this hub"
            case "detaching":
                return f"{volume} is being detached from {node}, and its driver does not finish that"
            case _:
                return f"{volume} is still attached to {node}, where no pod uses it"


def to_delete(attachments: Iterable[VolumeAttachment]) -> list[VolumeAttachment]:
    """Those that nobody has deleted yet: deleting one again waits for the same driver, for ever."""
    return [a for a in attachments if a.metadata.deletion_timestamp is None]


def _detaching(held: Held) -> Fix:
    """What ends a detaching that was asked for: the driver's controller takes its finalizer away when it is done."""
    first = held.attachments[0]
    driver = first.spec.attacher or "its CSI driver"
    return Fix(
        f"Deleting {first.name} again changes nothing: see why the controller of {driver} does not detach the volume"
        " (its container csi-attacher logs it; detachError says it too).",
        commands=(
            f"kubectl get volumeattachment {first.name} -o yaml",
            "kubectl get pods --all-namespaces -o wide | grep -i csi",
        ),
    )


def fix_for(held: Held, hub: Hub, minor: int | None) -> Fix:
    """What frees the volume."""
    names = " ".join(p.name for p in held.holders)
    attachments = " ".join(a.name for a in to_delete(held.attachments))
    off = f"Only once the machine behind {held.node} is surely off: two nodes that write to one disk destroy it."
    match held.cause:
        case "dead-node" if held.missing or not held.node:
            forced = _of(hub, held, f"delete pod {names} --grace-period=0 --force") if names else ""
            free = f"kubectl delete volumeattachment {attachments}" if attachments else ""
            going = [a.name for a in held.attachments if a not in to_delete(held.attachments)]
            if not forced and not free and going:
                return _detaching(held)
            left = f" {some(going)} is being deleted already: its driver has to detach it." if going else ""
            return Fix(
                f"Node {held.node} is gone: forget what it held.{left}",
                commands=tuple(filter(None, (forced, free))),
                caution=off,
            )
        case "dead-node" if minor is None or minor >= OUT_OF_SERVICE:
            return Fix(
                f"Say that node {held.node} is off, as shown: its pods are deleted and its disks detached. Remove the "
                "taint when it is back. Where it can be brought back soon, do that instead: nothing is then lost.",
                commands=(f"kubectl taint nodes {held.node} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute",),
                caution=off,
            )
        case "dead-node":
            return Fix(
                f"Delete node {held.node}, as shown: its disks are detached six minutes later. Where it can be "
                "brought back soon, do that instead: nothing is then lost.",
                commands=(f"kubectl delete node {held.node}",),
                caution=off,
            )
        case "two-hubs":
            return Fix(
                "Stop the old hub before the new one starts, which is the chart's default.",
                values={"hub": {"deploymentStrategy": {"type": "Recreate", "rollingUpdate": None}}},
                commands=(hub.helm_upgrade, _of(hub, held, f"delete pod {names}")),
                caution="The hub is away for a minute; users' servers keep running.",
            )
        case "terminating":
            return Fix(
                f"See why the pod does not end on node {held.node}; its finalizers and its node's kubelet decide that.",
                commands=(_of(hub, held, f"describe pod {names}"),),
            )
        case "shared":
            return Fix(
                "Use a volume that many nodes can mount (ReadWriteMany: NFS, EFS, Azure Files, CephFS ...), "
                "or keep all these pods on one node.",
                commands=(_of(hub, held, f"get pod {names} -o wide"),),
            )
        case "in-use":
            return Fix(
                "Stop the pod that holds the volume; the hub does not need it where its user starts a new server.",
                commands=(_of(hub, held, f"delete pod {names}"),),
                caution="What runs in that pod is stopped; what is saved on the volume stays.",
            )
        case "foreign":
            owners = sorted({f"{o.kind} {o.name}" for p in held.holders for o in p.metadata.owner_references})
            return Fix(
                "Wait until it ends, or have it stopped by whoever started it"
                + (f" ({', '.join(owners)}: deleted pods of it come back)." if owners else "."),
                commands=(_of(hub, held, f"get pod {names} -o wide --show-labels"),),
                caution="It is no pod of the hub: a backup that is stopped half-way is not whole.",
            )
        case "left-attached":
            return Fix(
                f"Have the volume detached: no pod of this namespace uses it on node {held.node}.",
                commands=(f"kubectl delete volumeattachment {attachments}",),
                caution=f"Look on node {held.node} first that the volume is not mounted (also by another namespace).",
            )
        case "detaching":
            return _detaching(held)
        case _:
            return Fix("See which node holds the volume.", commands=("kubectl get volumeattachments",))


def _of(hub: Hub, held: Held, command: str) -> str:
    """A command about the pods that hold a volume, in their namespace."""
    return f"kubectl --namespace {held.holders[0].namespace if held.holders else hub.namespace} {command}"
