"""Why volumes are not attached or mounted, in the words of the kubelet, its helpers and the storage drivers."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from jhubdoctor.api import Event, Events, Fix, Hub, clean

# `MountVolume.SetUp failed for volume "V" : ...`, AttachVolume.Attach, MountVolume.MountDevice and others
# (pkg/volume/util/operationexecutor/operation_generator.go of 1.20 and 1.36)
_VOLUME = re.compile(r'failed for volume "(?P<volume>[^"]+)"')
# pkg/kubelet/volumemanager/volume_manager.go; the second form is that of 1.27 and later
_SUM = re.compile(r"unmounted volumes=\[(?P<volumes>[^\]]*)\]")


@dataclass(frozen=True)
class Row:
    """One reason.

    Attributes:
        cause: a stable word.
        pattern: in the event's message; its group `name` is what is missing or who refuses.
        says: what is wrong, after "a volume ...".
        text: what to do.
        seen: where the text comes from.
    """

    cause: str
    pattern: re.Pattern[str]
    says: str
    text: str
    seen: str


def _row(cause: str, pattern: str, says: str, text: str, seen: str) -> Row:
    return Row(cause, re.compile(pattern), says, text, seen)


ROWS = (
    _row(
        "secret-missing",
        r'secrets? "(?P<name>[^"]+)" not found',
        "needs the Secret {name}, which does not exist",
        "Make the Secret {name}, or correct its name in the values.",
        "kubelet 1.20, 1.36",
    ),
    _row(
        "configmap-missing",
        r'configmaps? "(?P<name>[^"]+)" not found',
        "needs the ConfigMap {name}, which does not exist",
        "Make the ConfigMap {name}, or correct its name in the values.",
        "kubelet 1.20, 1.36",
    ),
    _row(
        "key-missing",
        r"references non-existent (?:secret|config) key: (?P<name>\S+)",
        "needs the key {name} of a Secret or ConfigMap, which has no such key",
        "Add the key {name}, or correct it in the values.",
        "kubelet 1.20, 1.36",
    ),
    _row(
        "driver-not-on-node",
        r"driver name (?P<name>\S+) not found in the list of registered CSI drivers",
        "is made by the driver {name}, which does not run on the node",
        "Have the node plugin of {name} (a DaemonSet) run there: it often lacks a toleration for the nodes' taints.",
        "kubelet, kubernetes-csi/csi-driver-nfs issue 918",
    ),
    _row(
        "helper-missing",
        r"need a /sbin/mount\.|unknown filesystem type '?(?:nfs|cifs|efs|ceph)",
        "is of a kind that the node cannot mount: the helper program is not installed there",
        "Install the client on the nodes (nfs-common or nfs-utils for NFS, cifs-utils for SMB).",
        "mount(8), kubernetes issue 30310",
    ),
    _row(
        "server-refuses",
        r"access denied by server|mount error\(13\)|Permission denied while mounting",
        "is refused by the file server",
        "Allow the nodes' addresses in the server's export rules, and check the share's credentials.",
        "mount.nfs, mount.cifs",
    ),
    _row(
        "path-missing",
        r"No such file or directory|mount error\(2\)|special device \S+ does not exist",
        "names a path that does not exist on the file server",
        "Make the directory on the server, or correct the path of the volume.",
        "mount.nfs, mount.cifs",
    ),
    _row(
        "name-unknown",
        r"Failed to resolve (?:server )?\"?(?P<name>[\w.-]+)|could not resolve address",
        "names a file server that the node cannot look up",
        "Correct the server's name in the volume, or the DNS that nodes use (not the cluster's own DNS).",
        "mount.nfs, efs-utils",
    ),
    _row(
        "server-silent",
        r"Connection timed out|Connection refused|No route to host|Network is unreachable|mount error\(11[0135]\)",
        "is on a file server that the node does not reach",
        "Open the way from the nodes to the server (NFS: port 2049; EFS: the security group of its mount targets).",
        "mount.nfs, mount.cifs",
    ),
    _row(
        "fsgroup",
        r"applyFSGroup failed",
        "cannot be given to the pod's group",
        "Take fsGroup off the pods (hub.podSecurityContext, singleuser.fsGid: null), or let the share allow chown.",
        "kubelet 1.20 and later, csi-driver-nfs issue 894",
    ),
    _row(
        "damaged",
        r"bad superblock|[Ss]tructure needs cleaning|fsck found errors|can't read superblock",
        "has a damaged file system",
        "Repair the file system (fsck) while no node mounts it, or restore the volume from a backup.",
        "mount(8), k8s.io/mount-utils",
    ),
    _row(
        "not-a-directory",
        r"hostPath type check failed",
        "names a path that the node does not have",
        "Make the path on every node, or correct the volume.",
        "kubelet 1.20, 1.36",
    ),
    _row(
        "rights",
        r"UnauthorizedOperation|not authorized|AccessDenied|have authorization|PermissionDenied",
        "cannot be attached: the storage driver lacks rights in the cloud",
        "Give the driver's service account the right to attach volumes.",
        "EBS, Azure disk",
    ),
    _row(
        "volume-gone",
        r"InvalidVolume\.NotFound|[Vv]olume \S* ?(?:not found|does not exist)|disk \S+ not found",
        "does not exist any more in the cloud",
        "Restore the disk from a snapshot, or make a new claim.",
        "EBS, GCE PD, Cinder",
    ),
)
# These say no more than that it failed, or that it took long; first what has a text of its own.
OTHER = _row("refused", r"failed for volume", "cannot be mounted", "See the event, and the storage driver's log.", "")
SLOW = _row(
    "slow",
    r"Unable to (?:attach or )?mount volumes|timed out waiting|[Dd]eadline ?[Ee]xceeded|failed to sync \w+ cache",
    "is not mounted in time",
    "See the storage driver's pods on that node, and whether the disk is attached elsewhere.",
    "kubelet 1.20; 1.36 no longer says so",
)


@dataclass(frozen=True)
class Failure:
    """The newest event about a pod's volumes that says most."""

    row: Row
    name: str
    volume: str
    event: Event

    def says(self) -> str:
        """What is wrong, in words."""
        return self.row.says.format(name=self.name)

    def fix(self, hub: Hub, pod: str) -> Fix:
        """What to do."""
        look = (
            hub.kubectl(f"describe pod {pod}") if pod else hub.kubectl("get events --field-selector reason=FailedMount")
        )
        return Fix(self.row.text.format(name=self.name), commands=(look,))


def failure_of(events: Iterable[Event]) -> Failure | None:
    """What the events of one pod (newest first) say of its volumes; None where they are about another trouble."""
    best: Failure | None = None
    for e in events:
        if "Multi-Attach error" in e.message:
            continue
        row, name = _row_of(e.message)
        found = _VOLUME.search(e.message) or _SUM.search(e.message)
        failure = Failure(row, clean(name, 200), clean(found[1] if found else "", 200), e)
        if best is None or _rank(row) < _rank(best.row):
            best = failure
    return best


def _rank(row: Row) -> int:
    return 2 if row is SLOW else 1 if row is OTHER else 0


def _row_of(message: str) -> tuple[Row, str]:
    for row in ROWS:
        if m := row.pattern.search(message):
            return row, (m.groupdict().get("name") or "")
    return (SLOW if SLOW.pattern.search(message) else OTHER), ""


def about(events: Events, pod: str) -> list[Event]:
    """Events of a pod's volumes, newest first."""
    return events.about("Pod", pod, "FailedMount", "FailedAttachVolume", "FailedMapVolume")
