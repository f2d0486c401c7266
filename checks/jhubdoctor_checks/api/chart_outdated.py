"""A release of the chart that was left behind."""

from collections.abc import Iterator
from datetime import date

from jhubdoctor.api import Finding, Hub, NotApplicable, ServerVersion, Severity, check
from jhubdoctor_checks.api._move import fitting, subject, upgrade_fix
from jhubdoctor_checks.data import KNOWS, advisories, charts
from jhubdoctor_checks.facts.api import Surface

_LONG = 180
"""Days between two releases that make the older one worth a word."""


@check(severity=Severity.INFO)
def chart_outdated(hub: Hub, surface: Surface, server_version: ServerVersion) -> Iterator[Finding]:
    """A much newer release of the chart fits this cluster."""
    version = hub.version
    if version is None:
        raise NotApplicable("the version of the chart is not known")
    if surface.minor is None:
        raise NotApplicable(f"the server does not tell its version ({server_version})")
    current, best = charts.release_of(version), fitting(surface)
    if best is None or best.parsed <= version:
        return
    since = date.fromisoformat(current.date) if current is not None else date.min
    days = (date.fromisoformat(best.date) - since).days
    if days < _LONG:
        return
    security = [a for a in advisories.ADVISORIES if a.id.startswith(("CVE", "GHSA"))]
    fixed = [a.id for a in security if a.concerns(version) and not a.concerns(best.parsed)]
    yield Finding(
        on=(subject(hub),),
        says=f"chart {hub.chart} ({current.date if current else 'before 0.8'}) is behind {best.version} ({best.date})",
        evidence=(
            ("deployment", f"label chart: jupyterhub-{hub.chart}"),
            (
                "chart",
                f"{best.version} ships JupyterHub {best.jupyterhub} and fits {surface}; newest known {KNOWS['chart']}",
            ),
            ("advisory", f"fixed since, and may concern this release too: {', '.join(fixed)}") if fixed else None,
        ),
        fix=upgrade_fix(hub, surface),
        cause=best.version,
    )
