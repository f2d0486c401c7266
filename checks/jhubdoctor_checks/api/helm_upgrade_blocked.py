"""A stored manifest that Helm cannot read back: every upgrade stops before it starts."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Listed, Release, Rung, Severity, check
from jhubdoctor_checks.api._move import HELM_4, mapkubeapis
from jhubdoctor_checks.data import apis
from jhubdoctor_checks.facts.api import Surface

# helm.sh/helm/v3 pkg/action/upgrade.go, and the RESTMapper's words within it
_STOPPED = ("unable to build kubernetes objects from current release manifest", "no matches for kind")


@check(severity=Severity.WARNING, at=Rung.ALLOWED, symptom=True)
def helm_upgrade_blocked(
    hub: Hub, deployed_release: Release, newest_release: Release, unknown_objects: list[Listed], surface: Surface
) -> Iterator[Finding]:
    """The deployed release holds a kind that the cluster does not know, so every `helm upgrade` fails."""
    gone = unknown_objects
    if not gone:
        return
    tried = [m for m in _STOPPED if m in newest_release.description]
    kinds = sorted({f"{o.kind} of {o.api_version}" for o in gone})
    revision = deployed_release.revision
    yield Finding(
        on=(hub.release_ref,),
        says=f"`helm upgrade` of {revision.release} stops at once: {surface} knows no {', '.join(kinds)}",
        evidence=(
            *((f"{revision.driver} {revision.name}", f"{o.api_version} {o.kind} {o.name}".strip()) for o in gone[:12]),
            *(
                (f"{newest_release.revision.driver} {newest_release.revision.name}", newest_release.description)
                for _ in tried[:1]
            ),
        ),
        fix=_fix(hub, gone, surface),
        cause=" ".join(sorted({f"{o.api_version}/{o.kind}" for o in gone})),
        severity=Severity.ERROR if tried else None,
    )


def _fix(hub: Hub, gone: list[Listed], surface: Surface) -> Fix:
    if surface.planned:
        return Fix(
            f"Upgrade the chart while the cluster still serves this, so that its manifest fits {surface} as well."
        )
    foreign = [o for o in gone if apis.find(o.api_version, o.kind) is None]
    if foreign:
        what = foreign[0]
        return Fix(
            f"Install the CustomResourceDefinition of {what.kind} ({what.api_version}) again, upgrade the release to "
            "values without it, and only then remove the definition.",
            commands=(f"kubectl api-resources --api-group={what.api_version.rpartition('/')[0]}",),
        )
    return Fix(
        f"Let helm mapkubeapis rewrite the stored manifest, then upgrade to a chart that fits the cluster. {HELM_4}",
        commands=mapkubeapis(hub),
    )
