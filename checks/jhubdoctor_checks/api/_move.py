"""How a hub is moved to a release of the chart that fits the cluster."""

from __future__ import annotations

from packaging.version import Version

from jhubdoctor.api import Fix, Hub, Ref, Severity
from jhubdoctor_checks import way
from jhubdoctor_checks.data import charts
from jhubdoctor_checks.facts.api import Surface
from jhubdoctor_checks.facts.installed import Installed

MAPKUBEAPIS = "https://github.com/helm/helm-mapkubeapis"
# Helm 4 verifies plugins, and this one has no signature; Helm 3 knows no such option
HELM_4 = (
    "Helm 4 takes the plugin only with `--verify=false` behind the first command; Helm 3 does not know that option."
)


def mapkubeapis(hub: Hub) -> tuple[str, ...]:
    """The commands that rewrite the hub's stored release, so that Helm can read it again."""
    return rewrite(hub.release, hub.namespace)


def rewrite(release: str, namespace: str) -> tuple[str, ...]:
    """The same for any release."""
    return (
        f"helm plugin install {MAPKUBEAPIS}",
        f"helm mapkubeapis {release} --namespace {namespace} --dry-run",
        f"helm mapkubeapis {release} --namespace {namespace}",
    )


def subject(hub: Hub) -> Ref:
    """What a finding about the chart is about: the release, or the hub where nothing tells the release."""
    return hub.release_ref if hub.release else hub.ref


def made(hub: Hub) -> way.Made:
    """What the hub's release makes, of that which ties it to some Kubernetes."""
    return hub.installed.made if isinstance(hub.installed, Installed) else way.made(hub.values)


def breaks(hub: Hub, surface: Surface) -> Severity:
    """How bad it is that today's release does not fit the planned cluster: less so where the chart goes on as well."""
    chart = charts.find(surface.chart) if surface.chart else None
    fits = chart is not None and surface.minor is not None and not made(hub).breaks(chart, surface.minor)
    return Severity.WARNING if fits else Severity.ERROR


def fitting(surface: Surface) -> charts.Chart | None:
    """The newest release of the chart that works with these APIs, and with those of today where an upgrade is planned.

    The newest of all where the version of the server is unknown: then nobody says that it fits.
    """
    minors = [m for m in (surface.minor, surface.running if surface.planned else None) if m is not None]
    return next((c for c in reversed(charts.table()) if not any(c.breaks_on(m) for m in minors)), None)


def _start(hub: Hub, surface: Surface) -> way.State | None:
    """Where the hub stands today; None where nobody knows its chart or its cluster."""
    own = charts.release_of(hub.version) if hub.version is not None else None
    return way.begin(own, surface.running, made(hub)) if own is not None and surface.running is not None else None


def hops(hub: Hub, surface: Surface, target: charts.Chart) -> list[charts.Chart]:
    """The releases on the way to one that fits, that one last: those that a plan of `upgrade` goes through."""
    start = _start(hub, surface)
    if start is None or surface.minor is None or start.chart.parsed >= target.parsed:
        return [target]
    moves = way.find(start, surface.minor, target, made(hub)) or []
    return [m.end.chart for m in moves if m.by_helm and not m.again] or [target]


def newer(hub: Hub, surface: Surface | None, least: str) -> str:
    """The release that fits the cluster, where it is at least this one and the hub's is older; else nothing."""
    target = fitting(surface) if surface is not None else None
    return target.version if target and target.parsed >= Version(least) and hub.at_least(least) is False else ""


def _as_planned(hub: Hub, surface: Surface, more: str) -> Fix | None:
    """What the plan says, in its words; None where nobody knows from where it goes."""
    start, goal, end = _start(hub, surface), surface.minor, charts.find(surface.chart)
    if start is None or goal is None:
        return None
    moves = way.find(start, goal, end, made(hub))
    if moves is None:
        return Fix(f"No way leads there: {way.why_not(start, goal, end, made(hub))}.")
    first = next((m.end.chart for m in moves if m.by_helm), None)
    if first is None:
        return Fix(f"The plan leaves the chart as it is, which lasts as far as it goes. {more}".strip())
    steps = ", ".join(way.named(moves))
    return Fix(f"Follow the steps of the plan, in this order: {steps}.", caution=moving(hub, first.version))


def upgrade_fix(hub: Hub, surface: Surface, more: str = "") -> Fix:
    """Move the chart to a release that fits, after making the stored release readable for Helm where it is not."""
    if surface.with_plan and (as_planned := _as_planned(hub, surface, more)) is not None:
        return as_planned
    target = fitting(surface)
    if target is None:
        return Fix(f"No release of the chart fits {surface}. {more}".strip())
    mine, start = hub.version, _start(hub, surface)
    by_helm = hub.by_helm
    if (
        start is not None
        and start.chart.parsed > target.parsed
        and surface.minor is not None
        and (why := made(hub).breaks(start.chart, surface.minor))
    ):
        on = f"chart {start.chart.version} does not work on {surface}"
        return Fix(f"Upgrade the cluster: {on} ({why}). {more}".strip())
    ahead = "Before the cluster is upgraded, m" if surface.planned else "M"
    fits = (
        f"which fits {surface}" if surface.minor is not None else f"if this is Kubernetes 1.{target.least_kubernetes}+"
    )
    through = hops(hub, surface, target)
    named = f"{through[0].version} first, then to {', then to '.join(c.version for c in through[1:])}"
    text = f"{ahead}ove the chart to {named if len(through) > 1 else target.version}, {fits}. "
    if mine is not None and mine >= target.parsed:
        text = f"Render the release again on {surface}: chart {hub.chart} fits it. "
    elif mine is None or mine.release[:1] < target.parsed.release[:1]:
        plan = f"jhubdoctor upgrade --namespace {hub.namespace} --to-chart {target.version}"
        text += f"The chart changes its major version: read what that breaks first (`{plan}`). "
    lost = start is not None and start.lost and not surface.planned
    if lost and by_helm:
        text = (
            f"First let helm mapkubeapis rewrite the stored release, or `helm upgrade` stops at once. {HELM_4} {text}"
        )
    if hub.manager:
        text += f"Set its version in {hub.manager}. "
    next_ = hub.chart if mine is not None and mine >= target.parsed else through[0].version
    to = hub.upgrade_to(next_)
    return Fix(
        f"{text}{more}".strip(),
        commands=(*(mapkubeapis(hub) if lost else ()), to) if by_helm else (),
        caution=moving(hub, next_),
    )


RESTARTS = "This restarts the hub and its helpers; users' servers keep running."
RESTARTS_SERVERS = (
    "This restarts the hub and its helpers. Users' servers may have to be stopped before, or started anew after it."
)


def moving(hub: Hub, version: str) -> str:
    """What a move of the chart interrupts, and what to save before it.

    Source: docs/source/administrator/upgrading/index.md of the chart, "Major helm-chart upgrades".
    """
    mine, other = hub.version, Version(version.partition("-")[0]) if version else None
    if other is None or (mine is not None and charts.major(mine) == charts.major(other)):
        return RESTARTS
    return (
        "Back up the hub's database before: a new major version of the chart may change it, and there is no way back. "
        f"{RESTARTS_SERVERS}"
    )
