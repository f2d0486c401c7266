"""The table of releases of the chart (`charts.tsv`), and which of them fits a cluster."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

from packaging.version import Version

from jhubdoctor_checks.data import apis
from jhubdoctor_checks.data.scheduler import lists as listed_by

ALWAYS = frozenset({"PodDisruptionBudget"})
"""The kinds of `renders` that a release makes unless values say otherwise."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One release of the chart.

    Attributes:
        version: `4.4.0`.
        date: of its tag.
        jupyterhub: the JupyterHub that it ships.
        kubespawner: the KubeSpawner in its hub image.
        least_kubernetes: the least minor of Kubernetes that it says it installs on.
        scheduler: the tag of the user-scheduler's kube-scheduler.
        older: what it ships to clusters below a minor instead: tag and minor.
        budget: apiVersions of PodDisruptionBudget that it can render: it takes the first that the cluster serves.
        priority: the same of PriorityClass.
        ingress: the same of Ingress.
    """

    version: str
    date: str
    jupyterhub: str
    kubespawner: str
    least_kubernetes: int
    scheduler: str
    older: tuple[str, int] | None
    budget: tuple[str, ...]
    priority: tuple[str, ...]
    ingress: tuple[str, ...]

    @property
    def parsed(self) -> Version:
        """The version as a comparable one."""
        return Version(self.version)

    @property
    def major(self) -> tuple[int, ...]:
        """What a step of an upgrade changes: the first number, for 0.x the first two."""
        return major(self.parsed)

    def scheduler_minor(self, minor: int) -> int:
        """The minor of the kube-scheduler that it ships to a cluster of this minor."""
        tag = self.older[0] if self.older and minor < self.older[1] else self.scheduler
        return int(tag.split(".")[1])

    @property
    def renders(self) -> dict[str, tuple[str, ...]]:
        """The apiVersions that it can render, by the kinds that it does not make in one that is served for ever."""
        return {"PodDisruptionBudget": self.budget, "PriorityClass": self.priority, "Ingress": self.ingress}

    def api_on(self, kind: str, minor: int) -> apis.Api | None:
        """What it makes of a kind on a cluster of this minor; None where nothing of it is served there."""
        rows = (apis.find(version, kind) for version in self.renders[kind])
        return next((a for a in rows if a is not None and a.served_in(minor)), None)

    def breaks_on(self, minor: int, *, kinds: Iterable[str] = ALWAYS, scheduler: bool = True) -> str:
        """Why it does not work on a cluster of this minor; empty where nothing is known against it.

        `kinds` are those of `renders` that its values make, without `scheduler` they run no user-scheduler.
        """
        if minor < self.least_kubernetes:
            return f"it asks for Kubernetes 1.{self.least_kubernetes} or later"
        for kind in sorted(kinds):
            last = apis.find(self.renders[kind][-1], kind)
            if last is not None and self.api_on(kind, minor) is None:
                return f"it makes a {last}, which Kubernetes 1.{minor} does not serve"
        shipped = self.scheduler_minor(minor)
        for api in listed_by(shipped) if scheduler else ():
            if not api.served_in(minor):
                return f"its kube-scheduler 1.{shipped} lists {api}, which Kubernetes 1.{minor} does not serve"
        return ""


def major(version: Version) -> tuple[int, ...]:
    """The numbers of a version that change where it breaks with what was: the first, for 0.x the first two."""
    return version.release[:2] if version.release[0] == 0 else version.release[:1]


@cache
def table() -> tuple[Chart, ...]:
    """All releases, oldest first."""
    found = []
    for line in resources.files(__package__ or "").joinpath("charts.tsv").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        version, date, hub, spawner, least, tag, older, budget, priority, ingress = line.split("\t")
        found.append(
            Chart(
                version,
                date,
                hub,
                spawner,
                int(least.partition(".")[2]),
                tag,
                _below(older),
                tuple(budget.split()),
                tuple(priority.split()),
                tuple(ingress.split()),
            )
        )
    return tuple(found)


def _below(text: str) -> tuple[str, int] | None:
    what, mark, minor = text.partition("<")
    return (what, int(minor)) if mark else None


def newest() -> Chart:
    """The newest release that is known here."""
    return table()[-1]


def find(version: str) -> Chart | None:
    """A release by its version."""
    return next((c for c in table() if c.version == version), None)


def release_of(version: Version) -> Chart | None:
    """The release that a version is, or that a development version comes after; None for what is older than all."""
    return next((c for c in reversed(table()) if c.parsed <= version), None)


def newest_of_major(chart: Chart) -> Chart:
    """The last release of the same major version."""
    return next(c for c in reversed(table()) if c.major == chart.major)
