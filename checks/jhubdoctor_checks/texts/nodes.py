"""What nodes warn of, by the reasons of their events."""

from __future__ import annotations

from jhubdoctor.api import Fix
from jhubdoctor_checks.texts import Known

_DESCRIBE = "kubectl describe node {node}"
_MONITOR = "kubernetes/node-problem-detector: config/kernel-monitor.json, config/systemd-monitor.json"

TROUBLES: tuple[Known[None], ...] = (
    Known(
        "memory-limit",
        r"^OOMKilling .*(?i:memory cgroup)",
        "ended processes of containers that used more memory than their limit",
        Fix(
            "Raise the limit (singleuser.memory.limit, or that of the profile), or use less memory: a kernel that ends "
            "so leaves its server running, and its user without a word.",
            commands=(_DESCRIBE,),
        ),
        _MONITOR,
    ),
    Known(
        "memory",
        r"^(?:SystemOOM|OOMKilling)\b",
        "ran out of memory and ended processes",
        Fix(
            "Give each server what it uses as a guarantee (singleuser.memory.guarantee), and a limit near it: then "
            "fewer are placed there than the node holds, and one that uses more ends alone.",
            commands=(_DESCRIBE,),
        ),
        "pkg/kubelet/oom, 1.20 to 1.36; node-problem-detector",
    ),
    Known(
        "disk",
        r"^(?:FreeDiskSpaceFailed|ImageGCFailed|EvictionThresholdMet .*(?i:storage|fs|inodes))\b",
        "cannot free enough of its disk",
        Fix(
            "Make room on it, or replace it by one with a larger disk: images, logs and files in containers fill it, "
            "and pods are evicted next.",
            commands=(_DESCRIBE,),
        ),
        "pkg/kubelet/images, pkg/kubelet/eviction, 1.20 to 1.36",
    ),
    Known(
        "hung",
        r"^(?:TaskHung|DockerHung|KernelDeadlock|KernelOops|UnregisterNetDevice)\b",
        "has a kernel that hangs",
        Fix(
            "Move users away and restart the machine; where it comes back, see what the disk or the network under it "
            "does.",
            commands=("kubectl cordon {node}", _DESCRIBE),
        ),
        _MONITOR,
    ),
    Known(
        "broken-disk",
        r"^(?:FilesystemIsReadOnly|ReadonlyFilesystem|Ext4Error|IOError|XfsHasShutDown|CorruptDockerOverlay2)\b",
        "has a disk that fails",
        Fix("Move users away, and replace the machine or its disk.", commands=("kubectl cordon {node}", _DESCRIBE)),
        _MONITOR,
    ),
    Known(
        "agents",
        r"^(?:FrequentKubeletRestart|FrequentContainerdRestart|FrequentDockerRestart|FrequentUnregisterNetDevice)\b"
        r"|^Starting Starting kubelet",
        "has a kubelet or a runtime that is restarted again and again",
        Fix("See on the node why it ends: journalctl --unit kubelet, or containerd.", commands=(_DESCRIBE,)),
        _MONITOR,
    ),
    Known(
        "comes-and-goes",
        r"^NodeNotReady\b",
        "was not ready again and again",
        Fix(
            "See what its kubelet lacked: memory, a disk that is slow, or the network to the API server.",
            commands=(_DESCRIBE,),
        ),
        "pkg/controller/nodelifecycle, 1.20 to 1.36",
    ),
    Known(
        "rebooted",
        r"^Rebooted\b",
        "was restarted",
        Fix(
            "Move users away before a node is restarted (kubectl drain). Where nobody did that, see what the machine "
            "says.",
            commands=(_DESCRIBE,),
        ),
        "pkg/kubelet/nodestatus, 1.20 to 1.36",
    ),
)
