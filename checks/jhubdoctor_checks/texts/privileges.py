"""What users' pods ask for beyond plain containers, and how the chart leaves it out."""

from __future__ import annotations

import re
from typing import Any

from jhubdoctor.api import Hub, merged


def iptables_off(hub: Hub) -> dict[str, Any]:
    """The patch that leaves out the privileged init container; charts before 0.11 called the switch otherwise."""
    if hub.at_least("0.11.0") is False:
        # `enabled` there means: users may reach the metadata server
        return {"singleuser": {"cloudMetadata": {"enabled": True}}}
    return {"singleuser": {"cloudMetadata": {"blockWithIptables": False}}}


PRIVILEGED = r"(?i)privileged|NET_ADMIN|non-default capabilities|disallowed by cluster policy|hostPath"
_NETPOL = "The chart's NetworkPolicy still keeps users from the cloud's metadata server where the cluster enforces it."
UNBLOCK = f"Leave out the privileged init container block-cloud-metadata. {_NETPOL}"


# `.spec.securityContext.fsGroup: ...` and `.containers[0].runAsUser: ...`; up to OpenShift 4.3 `fsGroup: ...` alone.
_FIELDS: tuple[tuple[str, dict[str, Any]], ...] = (
    (r"\bfsGroup: ", {"singleuser": {"fsGid": None}}),
    (r"\bcontainers\[\d+\][\w.]*\.runAsUser: ", {"singleuser": {"uid": None}}),
    (r"supplementalGroups: ", {"hub": {"config": {"KubeSpawner": {"supplemental_gids": []}}}}),
)
TO_OPENSHIFT = ("hub.config.KubeSpawner.supplemental_gids",)
"""Lists of that patch that take the place of what is set: OpenShift refuses these very items."""
_UNFIT = " The image has to run under any user number, as OpenShift gives one to each namespace."


def openshift(message: str, hub: Hub) -> tuple[str, dict[str, Any]]:
    """What to do about fields that OpenShift's constraints do not take, and the patch; empty where none is named."""
    patch: dict[str, Any] = {}
    for pattern, part in _FIELDS:
        if re.search(pattern, message):
            patch = merged(patch, part)
    text = f"Leave the user and group numbers to OpenShift.{_UNFIT}" if patch else ""
    if re.search(r"initContainers\[\d+\]", message) and re.search(PRIVILEGED, message):
        patch = merged(patch, iptables_off(hub))
        text = f"{text} {UNBLOCK}".strip()
    return text, patch
