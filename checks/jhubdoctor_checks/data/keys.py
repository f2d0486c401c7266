"""Keys of the chart's values that went elsewhere: since when, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.version import Version


@dataclass(frozen=True, slots=True)
class Moved:
    """A key that a release stopped taking: where what it said went, and what else there is to know of that."""

    path: str
    first: str
    to: str
    more: str = ""

    @property
    def since(self) -> Version:
        """The first version that does not take it; of a release to come its first development version."""
        return Version(self.first)

    @property
    def release(self) -> str:
        """The release of that version, as people call it."""
        return self.since.base_version

    @property
    def instead(self) -> str:
        """What to write, in words."""
        return f"{self.to}{self.more}"

    @property
    def source(self) -> str:
        """Where that release stops at it."""
        return f"templates/NOTES.txt of chart {self.release}"


MOVED = (
    Moved("hub.imagePullSecret", "0.10.0", "imagePullSecret", ", for all pods of the hub"),
    Moved("singleuser.imagePullSecret", "0.10.0", "imagePullSecret", ", for all pods of the hub"),
    Moved("proxy.networkPolicy", "0.10.0", "proxy.chp.networkPolicy and proxy.traefik.networkPolicy"),
    Moved("proxy.nodeSelector", "0.10.0", "proxy.chp.nodeSelector"),
    Moved("proxy.containerSecurityContext", "0.10.0", "proxy.chp.containerSecurityContext"),
    Moved("auth", "0.11.0", "hub.config", "; `helm template` with chart 0.11.1 prints the new form of these values"),
    Moved("proxy.pdb", "0.11.0", "proxy.chp.pdb"),
    Moved("hub.extraConfigMap", "1.0.0", "custom"),
    Moved("hub.uid", "1.0.0", "hub.containerSecurityContext.runAsUser"),
    Moved(
        "singleuser.cloudMetadata.enabled",
        "1.0.0",
        "singleuser.cloudMetadata.blockWithIptables",
        ", the other way round",
    ),
    Moved(
        "rbac.enabled",
        "2.0.0",
        "rbac.create, and serviceAccount.create of hub, traefik, userScheduler and prePuller.hook",
    ),
    Moved("hub.fsGid", "2.0.0", "hub.podSecurityContext.fsGroup"),
    Moved("httpRoute.gateway", "5.0.0.dev0", "httpRoute.parentRefs"),
)
"""Keys that went elsewhere. Since 0.10 the chart itself stops with a message at these."""
