"""A release of the chart with a fault that is public."""

from collections.abc import Iterator

from packaging.version import Version

from jhubdoctor.api import Finding, Fix, Hub, NotApplicable, Severity, Values, check
from jhubdoctor_checks.api._move import hops, moving, subject
from jhubdoctor_checks.data import KNOWS, advisories, charts
from jhubdoctor_checks.facts.api import Surface

_ROLES = ("hub.loadRoles", "hub.config.JupyterHub.load_roles")


@check(severity=Severity.WARNING, passes_only_with=("values",))
def chart_known_bad(hub: Hub, surface: Surface | None, values: Values | None) -> Iterator[Finding]:
    """The release of the chart has a known fault or security advisory that a later one is free of."""
    version = hub.version
    if version is None:
        raise NotApplicable("the version of the chart is not known")
    public = [a for a in advisories.ADVISORIES if a.concerns(version)]
    found = [a for a in public if _applies(a, values)]
    if not found:
        return
    certain = [a for a in found if not a.rare]
    # what every hub of an old major version has is advice: the way out is the upgrade that chart-outdated names
    near = [a for a in certain if a.authenticator or a.switch or Version(a.fixed).major == version.major]
    ids = ", ".join(a.id for a in found)
    yield Finding(
        on=(subject(hub),),
        says=f"chart {hub.chart} has {'a known fault' if len(found) == 1 else f'{len(found)} known faults'}: {ids}",
        evidence=(
            ("deployment", f"label chart: jupyterhub-{hub.chart}"),
            *(("advisory", f"{a.id}: {a.what}; {_mended(a)}; {a.url}") for a in found),
        ),
        fix=_fix(hub, version, found, surface),
        cause=" ".join(sorted(a.id for a in public)),
        severity=Severity.WARNING if near else Severity.INFO,
    )


def _applies(a: advisories.Advisory, values: Values | None) -> bool:
    """Whether it concerns this hub; without its values only what concerns every hub of the release."""
    if values is None:
        return not (a.authenticator or a.spares or a.switch or a.roles)
    chosen = str(values.get("hub.config.JupyterHub.authenticator_class", values.get("auth.type", ""))).lower()
    if (a.authenticator and not any(w in chosen for w in a.authenticator)) or any(w in chosen for w in a.spares):
        return False
    if a.roles:
        return any(map(values.has, _ROLES)) or "JupyterHub.load_roles" in values.traits_in_code
    return not a.switch or values.enabled(a.switch, default=a.on)


def _mended(a: advisories.Advisory) -> str:
    return f"fixed in {a.fixed}" if a.fixed else f"in no release of the chart up to {KNOWS['chart']}"


def _fix(hub: Hub, version: Version, found: list[advisories.Advisory], surface: Surface | None) -> Fix:
    fixes = [Version(a.fixed) for a in found if a.fixed]
    if not fixes:
        return Fix(
            "Read the advisory: where your roles give users what it names, take that out of them until a release of the"
            " chart has the fix. Where they do not, this hub is not concerned."
        )
    need = max(fixes)
    minor = surface.minor if surface is not None else None
    fitting = [c for c in charts.table() if c.parsed >= need and (minor is None or not c.breaks_on(minor))]
    same = [c for c in fitting if c.parsed.release[0] == version.release[0]]
    if not fitting:
        return Fix(
            f"Upgrade the cluster: chart {need} is the first without them, and none from it on fits {surface}.",
            commands=(f"jhubdoctor upgrade --namespace {hub.namespace} --to-chart {charts.newest().version}",),
        )
    through = [c.version for c in hops(hub, surface, (same or fitting)[-1])] if surface is not None else []
    through = through or [(same or fitting)[-1].version]
    return Fix(
        f"Move the chart to {' first, then to '.join(through)}.",
        commands=(hub.upgrade_to(through[0]),),
        caution=moving(hub, through[0]),
    )
