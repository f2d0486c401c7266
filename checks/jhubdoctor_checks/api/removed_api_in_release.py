"""Objects of deployed releases whose API the server does not serve any more."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Ref, Release, Rung, Severity, check
from jhubdoctor_checks.api._move import HELM_4, breaks, rewrite, upgrade_fix
from jhubdoctor_checks.api._words import history
from jhubdoctor_checks.data import apis
from jhubdoctor_checks.facts.api import Surface


@check(severity=Severity.WARNING, at=Rung.GIVEN)
def removed_api_in_release(
    hub: Hub, deployed_release: Release, other_releases: list[Release], surface: Surface
) -> Iterator[Finding]:
    """The manifest of a deployed release holds objects in API versions that the cluster does not serve."""
    for release in (deployed_release, *other_releases):
        gone: dict[apis.Api, list[str]] = {}
        for o in (*release.objects, *release.hooks):
            if (api := surface.removed(o.api_version, o.kind)) is not None and o.name not in gone.get(api, ()):
                gone.setdefault(api, []).append(o.name)
        if not gone:
            continue
        revision = release.revision
        where = f"{surface} does not serve" if surface.planned else "this cluster no longer serves"
        what = ", ".join(map(str, gone))
        own = release is deployed_release
        yield Finding(
            on=(
                hub.release_ref if own else _release(release),
                *(_ref(hub, api, name) for api, names in gone.items() for name in names),
            ),
            says=f"the release {revision.release} holds {what}, which {where}: `helm upgrade` stops at it",
            evidence=(
                *((f"{revision.driver} {revision.name}", f"{a}: {', '.join(names)}") for a, names in gone.items()),
                *(("server", history(a, surface)) for a in gone),
            ),
            fix=upgrade_fix(hub, surface) if own else _fix(release, surface),
            cause=" ".join(sorted(f"{a.api_version}/{a.kind}" for a in gone)),
            severity=(breaks(hub, surface) if own else Severity.ERROR) if surface.planned else None,
        )


def _release(release: Release) -> Ref:
    name = release.revision.release
    return Ref("Release", name, release.revision.namespace, "helm.sh/v3", stable=f"Release/{name}")


def _ref(hub: Hub, api: apis.Api, name: str) -> Ref:
    return Ref(api.kind, name, hub.namespace, api.api_version, stable=f"{api.kind}/{name}")


def _fix(release: Release, surface: Surface) -> Fix:
    """For a release that is not the hub's: its chart is not known here."""
    name, namespace = release.revision.release, release.revision.namespace
    chart = f"{release.chart_name} {release.chart_version}".strip()
    if surface.planned:
        return Fix(f"Before the cluster is upgraded, move {name} to a release of its chart ({chart}) without it.")
    return Fix(
        f"Let helm mapkubeapis rewrite the stored release, then move {name} to a newer release of its chart ({chart}). "
        f"{HELM_4}",
        commands=rewrite(name, namespace),
    )
