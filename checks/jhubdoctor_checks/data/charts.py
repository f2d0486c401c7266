"""The table of releases of the chart (`charts.tsv`), and which of them fits a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

from packaging.version import Version

from jhubdoctor_checks.data import apis
from jhubdoctor_checks.data.scheduler import lists as listed_by


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
        budget: apiVersions of PodDisruptionBudget that it can render.
        priority: the same of PriorityClass.
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

    def budget_on(self, minor: int) -> apis.Api | None:
        """The kind of PodDisruptionBudget that it makes on a cluster of this minor: the newest that is served."""
        rows = [a for v in self.budget if (a := apis.find(v, "PodDisruptionBudget")) is not None and a.served_in(minor)]
        return max(rows, key=lambda a: a.removed or 999, default=None)

    def breaks_on(self, minor: int, *, budget: bool = True, scheduler: bool = True, priority: bool = False) -> str:
        """Why it does not work on a cluster of this minor; empty where nothing is known against it.

        Without `budget` its values make no PodDisruptionBudget, without `scheduler` they run no user-scheduler, and
        only with `priority`, which is off by default, they make PriorityClasses.
        """
        if minor < self.least_kubernetes:
            return f"chart {self.version} asks for Kubernetes 1.{self.least_kubernetes} or later"
        made = {
            "PodDisruptionBudget": self.budget if budget else (),
            "PriorityClass": self.priority if priority else (),
        }
        for kind, versions in made.items():
            rows = [a for v in versions if (a := apis.find(v, kind)) is not None]
            if rows and not any(a.served_in(minor) for a in rows):
                return f"it makes a {rows[0]}, which Kubernetes 1.{rows[0].removed} and later do not serve"
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
        version, date, hub, spawner, least, tag, older, budget, priority = line.split("\t")
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


def best_for(minor: int) -> Chart | None:
    """The newest release that works on a cluster of this minor; None where none does."""
    return next((c for c in reversed(table()) if not c.breaks_on(minor)), None)


def newest_of_major(chart: Chart) -> Chart:
    """The last release of the same major version."""
    return next(c for c in reversed(table()) if c.major == chart.major)
