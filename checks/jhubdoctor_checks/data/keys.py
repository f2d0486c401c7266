"""Keys of the chart's values that went elsewhere: since when, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.version import Version


@dataclass(frozen=True, slots=True)
class Moved:
    """A key that a release stopped taking: what to write instead."""

    path: str
    since: Version
    instead: str
    source: str


_NOTES = "templates/NOTES.txt of chart {}"

MOVED = tuple(
    Moved(path, Version(since), instead, _NOTES.format(since))
    for path, since, instead in (
        ("hub.imagePullSecret", "0.10.0", "imagePullSecret, for all pods of the hub"),
        ("singleuser.imagePullSecret", "0.10.0", "imagePullSecret, for all pods of the hub"),
        ("proxy.networkPolicy", "0.10.0", "proxy.chp.networkPolicy and proxy.traefik.networkPolicy"),
        ("proxy.nodeSelector", "0.10.0", "proxy.chp.nodeSelector"),
        ("proxy.containerSecurityContext", "0.10.0", "proxy.chp.containerSecurityContext"),
        ("auth", "0.11.0", "hub.config; `helm template` with chart 0.11.1 prints the new form of these values"),
        ("proxy.pdb", "0.11.0", "proxy.chp.pdb"),
        ("hub.extraConfigMap", "1.0.0", "custom"),
        ("hub.uid", "1.0.0", "hub.containerSecurityContext.runAsUser"),
        (
            "singleuser.cloudMetadata.enabled",
            "1.0.0",
            "singleuser.cloudMetadata.blockWithIptables, the other way round",
        ),
        (
            "rbac.enabled",
            "2.0.0",
            "rbac.create, and serviceAccount.create of hub, traefik, userScheduler and prePuller.hook",
        ),
        ("hub.fsGid", "2.0.0", "hub.podSecurityContext.fsGroup"),
    )
)
"""Keys that went elsewhere. Since 0.10 the chart itself stops with a message at these."""
