"""Objects of the deployed release whose API the server does not serve any more."""

from collections.abc import Iterator

from jhubdoctor import Finding, Hub, Ref, Release, Severity, check
from jhubdoctor_checks.api._move import breaks, upgrade_fix
from jhubdoctor_checks.data import apis
from jhubdoctor_checks.facts.api import Surface


@check(severity=Severity.WARNING, explains=("helm-upgrade-blocked",))
def removed_api_in_release(hub: Hub, deployed_release: Release, surface: Surface) -> Iterator[Finding]:
    """The manifest of the deployed release holds objects in API versions that the cluster does not serve."""
    gone: dict[apis.Api, list[str]] = {}
    for o in (*deployed_release.objects, *deployed_release.hooks):
        if (api := surface.removed(o.api_version, o.kind)) is not None and o.name not in gone.setdefault(api, []):
            gone[api].append(o.name)
    if not gone:
        return
    revision = deployed_release.revision
    where = f"{surface} does not serve" if surface.planned else "this cluster no longer serves"
    what = ", ".join(map(str, gone))
    yield Finding(
        on=(
            hub.release_ref,
            *(_ref(hub, api, name) for api, names in gone.items() for name in names),
        ),
        says=f"the release {revision.release} holds {what}, which {where}: `helm upgrade` stops at it",
        evidence=(
            *((f"{revision.driver} {revision.name}", f"{a}: {', '.join(names)}") for a, names in gone.items()),
            *(("server", _history(a, surface)) for a in gone),
        ),
        fix=upgrade_fix(hub, surface, repair=not surface.planned),
        cause=" ".join(sorted(f"{a.api_version}/{a.kind}" for a in gone)),
        severity=breaks(surface) if surface.planned else None,
    )


def _ref(hub: Hub, api: apis.Api, name: str) -> Ref:
    return Ref(api.kind, name, hub.namespace, api.api_version, stable=f"{api.kind}/{name}")


def _history(api: apis.Api, surface: Surface) -> str:
    instead = f", replaced by {api.replacement}" if api.replacement else ", with nothing in its place"
    return f"{surface}; {api} was removed in 1.{api.removed}{instead}"
