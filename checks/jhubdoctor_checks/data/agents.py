"""DaemonSets that pods on a node live on, and those that bring a node's devices to the scheduler."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jhubdoctor.api import DaemonSet

# What a node has from each; the rest of a sentence about a node.
ROLES = {
    "network": "sets up the network of pods",
    "services": "leads from Services to their pods",
    "names": "answers for names on the node",
    "volumes": "mounts volumes",
}
# Names as the projects' own manifests and charts, and the clouds, have them; none of Windows nodes.
_NAMES: dict[str, tuple[str, ...]] = {
    "services": ("kube-proxy",),
    "names": ("node-local-dns", "nodelocaldns"),
    "network": (
        "calico-node",
        "canal",
        "rke2-canal",
        "cilium",
        "cilium-agent",
        "anetd",  # GKE's Cilium
        "netd",
        "antrea-agent",
        "aws-node",
        "azure-cns",
        "azure-ipam",
        "kube-router",
        r"kube-flannel(?:-ds)?(?:-\w+)?",
        "weave-net",
        r"ovnkube-node(?:-\w+)?",
        "kube-ovn-cni",
        "ovs-ovn",
        "kindnet",
        r"(?:kube-)?multus(?:-ds)?(?:-\w+)?",
    ),
}
# The sidecar that tells the kubelet of a CSI driver; every driver's own DaemonSet has it.
_REGISTRAR = re.compile(r"driver-registrar")
# Where a driver's socket lies on the node: in a folder that mostly bears the driver's name.
_PLUGIN = re.compile(r"/plugins(?:_registry)?/([\w.-]+)(?:/|\Z)")
# Drivers whose folder has another name.
_DRIVERS = {"nfs.csi.k8s.io": r"csi-nfs-node"}


def role_of(daemon_set: DaemonSet) -> str:
    """What a node has from a DaemonSet, one of `ROLES`; empty for all others."""
    if any(_REGISTRAR.search(c.image) or _REGISTRAR.search(c.name) for c in daemon_set.spec.template.spec.containers):
        return "volumes"
    named = (role for role, names in _NAMES.items() if any(re.fullmatch(n, daemon_set.name) for n in names))
    return next(named, "")


def brings(daemon_set: DaemonSet, driver: str) -> bool:
    """Whether a DaemonSet is that of a CSI driver, as far as its folders on the node or its name tell."""
    if role_of(daemon_set) != "volumes":
        return False
    spec = daemon_set.spec.template.spec
    paths = [w for c in spec.containers for w in (*c.command, *c.args)]
    paths += [v.host_path.path for v in spec.volumes if v.host_path]
    told = {m[1] for path in paths if (m := _PLUGIN.search(path))}
    return driver in told or re.fullmatch(_DRIVERS.get(driver, r"(?!)"), daemon_set.name) is not None


@dataclass(frozen=True)
class Device:
    """A kind of device that a plugin on the node offers as an extended resource.

    Attributes:
        resource: the resource; a regular expression.
        plugin: the plugin's DaemonSet, by its name.
        labels: labels of nodes that have such devices: keys, or `key=value`.
        machines: the types of machines that have them (`node.kubernetes.io/instance-type`).
    """

    resource: str
    plugin: str
    labels: tuple[str, ...] = ()
    machines: str = r"(?!)"


def _pci(vendor: str, *classes: str) -> tuple[str, ...]:
    """Labels of node feature discovery: by class and vendor, or by vendor alone where NVIDIA's operator sets it up."""
    return tuple(
        f"feature.node.kubernetes.io/pci-{what}.present=true" for what in (vendor, *(f"{c}_{vendor}" for c in classes))
    )


# Names of the vendors' own manifests and charts, GKE's and AKS'; labels of node feature discovery and of the clouds.
DEVICES: tuple[Device, ...] = (
    Device(
        r"nvidia\.com/.*",
        r"(?:.*-)?nvidia-(?:gpu-)?device-plugin(?:-.*)?",
        ("nvidia.com/gpu.present=true", *_pci("10de", "0300", "0302"),
         "cloud.google.com/gke-accelerator", "k8s.amazonaws.com/accelerator", "accelerator=nvidia",
         "kubernetes.azure.com/accelerator=nvidia"),
        r"(?:p[2-6]|g[3-7])\w*\..*|Standard_N[CDVG].*|a[2-4]-.*|g[24]-.*",
    ),
    # the chart calls it amd-gpu-device-plugin-daemonset; the label is that of AMD's operator
    Device(r"amd\.com/gpu.*", r"(?:.*-)?amd-?gpu-device-plugin(?:-.*)?",
           ("feature.node.kubernetes.io/amd-gpu=true", *_pci("1002", "0300", "0302", "0380", "1200"))),
    Device(r"gpu\.intel\.com/.*", r"(?:.*-)?intel-gpu-plugin(?:-.*)?", ("intel.feature.node.kubernetes.io/gpu=true",)),
    Device(r"aws\.amazon\.com/neuron.*", r"neuron-device-plugin(?:-.*)?", (), r"(?:inf|trn)\d\w*\..*"),
    Device(r"habana\.ai/.*", r"habanalabs-device-plugin(?:-.*)?", (), r"dl1\..*"),
)  # fmt: skip


def device_of(resource: str) -> Device | None:
    """The device behind a resource; None for what no plugin is known of."""
    return next((d for d in DEVICES if re.fullmatch(d.resource, resource)), None)
