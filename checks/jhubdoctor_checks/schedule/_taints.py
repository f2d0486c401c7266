"""Taints by what they are for, and how to get past them."""

from __future__ import annotations

import difflib
from typing import Any

from jhubdoctor.api import Hub, Taint, Values
from jhubdoctor_checks.data.components import path as path_to

# The two spellings of the chart's own taint; the second is for clouds that do not allow the slash.
DEDICATED = ("hub.jupyter.org/dedicated", "hub.jupyter.org_dedicated")
MEANT = ("user", "core")
# Taken away by an agent once it runs on the node: to tolerate them is wrong, the agent is what is missing. Sources: the
# documentation of Cilium, of the EBS, EFS and Azure disk CSI drivers, of Karpenter, of the GPU operator.
STARTUP = {
    "node.cilium.io/agent-not-ready": "the Cilium agent",
    "ebs.csi.aws.com/agent-not-ready": "the EBS CSI driver",
    "efs.csi.aws.com/agent-not-ready": "the EFS CSI driver",
    "disk.csi.azure.com/agent-not-ready": "the Azure disk CSI driver",
    "karpenter.sh/unregistered": "Karpenter",
}
CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
# component: where its tolerations are set. Before 1.0 there was none for all core pods, and none for users' pods' own.
_PATHS = {
    "singleuser-server": "singleuser.extraTolerations",
    "user-placeholder": "singleuser.extraTolerations",
    "hook-image-puller": "prePuller.extraTolerations",
    "continuous-image-puller": "prePuller.extraTolerations",
}


def near_miss(taint: Taint, purpose: str) -> str:
    """What the chart's own taint was probably meant to be, empty where it is not close to it or is quite right.

    `purpose` is of the pods, one of `MEANT`: those of the hub itself tolerate the value `core`, those of users `user`.
    """
    key = taint.key if taint.key in DEDICATED else ""
    if not key and "dedicated" in taint.key and ("jupyter" in taint.key or taint.value in MEANT):
        key = DEDICATED[0]
    if not key:
        close = difflib.get_close_matches(taint.key.lower(), DEDICATED, 1, 0.9)
        key = close[0] if close else ""
    if not key or (taint.key == key and taint.value in MEANT):
        return ""
    close = difflib.get_close_matches(taint.value.lower(), MEANT, 1, 0.6)
    value = close[0] if close else purpose
    return f"{key}={value}:{taint.effect}"


def others(taint: Taint, purpose: str) -> bool:
    """Whether it keeps these pods away on purpose: the hub's own pods, users' pods, the control plane."""
    another = taint.value in MEANT and taint.value != purpose
    return (taint.key in DEDICATED and another) or taint.key in CONTROL_PLANE


def toleration(taint: Taint) -> dict[str, str]:
    """The toleration for a taint, as values hold it."""
    if not taint.value:
        return {"key": taint.key, "operator": "Exists", "effect": taint.effect}
    return {"key": taint.key, "operator": "Equal", "value": taint.value, "effect": taint.effect}


def tolerating(hub: Hub, component: str, taints: list[Taint], values: Values | None) -> tuple[str, list[Any]]:
    """Where a component's tolerations are set, and the list to set there: what is there now, and these."""
    path = _PATHS.get(component) or (
        path_to(component, "tolerations") if hub.at_least("1.0.0") is False else "scheduling.corePods.tolerations"
    )
    now = list(values.items(path)) if values is not None and path else []
    return path, [*now, *(t for t in map(toleration, taints) if t not in now)]
