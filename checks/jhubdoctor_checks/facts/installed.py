"""What the installed release of the chart takes, and whether it can be rendered on this cluster."""

from __future__ import annotations

from dataclasses import dataclass, field

from packaging.version import Version

from jhubdoctor.api import Hub, Release, Values, fact
from jhubdoctor_checks.data import charts, schemas
from jhubdoctor_checks.facts.api import Surface
from jhubdoctor_checks.way import Made, made


@dataclass(frozen=True)
class Installed:
    """A release of the chart on a cluster.

    Attributes:
        version: of the chart; None where it is unknown, and then nothing is said against any key.
        blocked: why `helm upgrade` cannot install it here; empty where nothing is known against it.
        made: what it makes, of that which ties it to some Kubernetes.
    """

    version: Version | None
    blocked: str = ""
    made: Made = field(default_factory=Made)

    def lacks(self, path: str) -> str:
        """Why this release does not take a key of the values; empty where it does, or where nobody checks it."""
        if self.version is None or self.version < schemas.FIRST or schemas.takes(self.version, path):
            return ""
        later = schemas.since(self.version, path)
        return f"chart {self.version} has no {path}" + (f", which came with chart {later}" if later else "")


@fact()
def installed(hub: Hub, surface: Surface | None, deployed_release: Release | None, values: Values | None) -> Installed:
    """What is installed. It completes the hub, so that no fix asks for what cannot be."""
    mine = charts.release_of(hub.version) if hub.version is not None else None
    makes = made(values, deployed_release.objects if deployed_release is not None else ())
    blocked = ""
    if mine is not None and surface is not None and not surface.planned and surface.minor is not None:
        if surface.minor < mine.least_kubernetes:
            blocked = f"chart {mine.version} asks for Kubernetes 1.{mine.least_kubernetes} or later"
        for kind in makes.kinds:
            if all(surface.serves(version, kind) is False for version in mine.renders[kind]):
                blocked = f"chart {mine.version} makes {kind} in no version that {surface} serves"
    return Installed(hub.version, blocked, makes)
