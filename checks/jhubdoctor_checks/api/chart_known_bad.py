"""A release of the chart with a fault that is public."""

from collections.abc import Iterator

from packaging.version import Version

from jhubdoctor.api import Finding, Fix, Hub, NotApplicable, Severity, Values, check
from jhubdoctor_checks.api._move import moving, subject
from jhubdoctor_checks.data import advisories, charts
from jhubdoctor_checks.facts.api import Surface


@check(severity=Severity.WARNING)
def chart_known_bad(hub: Hub, surface: Surface | None, values: Values | None) -> Iterator[Finding]:
    """The release of the chart has a known fault or security advisory that a later one is free of."""
    version = hub.version
    if version is None:
        raise NotApplicable("the version of the chart is not known")
    found = [a for a in advisories.ADVISORIES if a.concerns(version) and _applies(a, values)]
    if not found:
        return
    certain = [a for a in found if not a.rare and not (values is None and (a.authenticator or a.switch))]
    ids = ", ".join(a.id for a in found)
    yield Finding(
        on=(subject(hub),),
        says=f"chart {hub.chart} has {'a known fault' if len(found) == 1 else f'{len(found)} known faults'}: {ids}",
        evidence=(
            ("deployment", f"label chart: jupyterhub-{hub.chart}"),
            *(("advisory", f"{a.id}: {a.what}; fixed in {a.fixed}; {a.url}") for a in found),
        ),
        fix=_fix(hub, version, found, surface),
        cause=" ".join(sorted(a.id for a in found)),
        severity=Severity.WARNING if certain else Severity.INFO,
    )


def _applies(a: advisories.Advisory, values: Values | None) -> bool:
    """Whether it concerns this hub; where the values cannot be read, it is told as something that may."""
    if values is None:
        return True
    if a.authenticator:
        chosen = str(values.get("hub.config.JupyterHub.authenticator_class", values.get("auth.type", ""))).lower()
        return any(word in chosen for word in a.authenticator)
    return not a.switch or values.enabled(a.switch, default=True)


def _fix(hub: Hub, version: Version, found: list[advisories.Advisory], surface: Surface | None) -> Fix:
    need = max(Version(a.fixed) for a in found)
    minor = surface.minor if surface is not None else None
    fitting = [c for c in charts.table() if c.parsed >= need and (minor is None or not c.breaks_on(minor))]
    same = [c for c in fitting if c.parsed.release[0] == version.release[0]]
    to = (same or fitting or [charts.newest()])[-1]
    return Fix(
        f"Move the chart to {to.version}.",
        commands=(hub.upgrade_to(to.version),),
        caution=moving(hub, to.version),
    )
