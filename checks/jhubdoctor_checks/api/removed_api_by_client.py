"""Clients that list or write in an API version that is not served."""

from collections.abc import Iterator

from jhubdoctor.api import Deployment, Finding, Fix, Hub, Listed, Release, Severity, check
from jhubdoctor_checks.api._words import by_api, history, objects
from jhubdoctor_checks.data import apis
from jhubdoctor_checks.facts.api import Surface
from jhubdoctor_checks.facts.api_uses import Use, autoscaler_uses


@check(severity=Severity.WARNING)
def removed_api_by_client(
    hub: Hub,
    surface: Surface,
    cluster_autoscalers: list[Deployment],
    written_versions: list[Use],
    release_objects: tuple[Listed, ...],
    other_releases: list[Release],
) -> Iterator[Finding]:
    """A program lists, or last wrote an object of the hub in, an API version that the cluster does not serve."""
    listed = [u for u in autoscaler_uses(cluster_autoscalers) if surface.removed(u.api.api_version, u.api.kind)]
    for api, uses in by_api(listed).items():
        where = surface if surface.planned else "this cluster"
        yield Finding(
            on=objects(uses),
            says=f"the cluster-autoscaler is of a release that lists {api}, which {where} does not serve",
            evidence=(*(u.evidence for u in uses), ("server", history(api, surface))),
            fix=Fix(
                f"Upgrade the cluster-autoscaler to the release of the same minor as the cluster ({surface}); one that "
                "cannot list what it needs adds no nodes, and users wait.",
                commands=tuple(
                    f"kubectl --namespace kube-system logs deployment/{u.on.name} | grep 'ailed to list'"
                    for u in uses[:1]
                ),
            ),
            cause=f"list {api.api_version}/{api.kind}",
        )
    # what the release holds is told by removed-api-in-release
    others = [o for r in other_releases for o in (*r.objects, *r.hooks)]
    known = {(o.kind, o.name, o.api_version) for o in (*release_objects, *others)}
    wrote = [
        u
        for u in written_versions
        if surface.removed(u.api.api_version, u.api.kind) and (u.on.kind, u.on.name, u.api.api_version) not in known
    ]
    for api, uses in by_api(wrote).items():
        sure = any(u.confidence == "high" for u in uses)
        yield Finding(
            on=objects(uses),
            says=f"what last wrote {_count(uses)} did so as {api}, which is not served: writing it again fails",
            evidence=(*(u.evidence for u in uses[:12]), ("server", history(api, surface))),
            fix=_fix(hub, api, surface),
            cause=f"write {api.api_version}/{api.kind}",
            severity=Severity.WARNING if surface.planned and sure else Severity.INFO,
        )


def _count(uses: list[Use]) -> str:
    names = sorted({f"{u.on.kind} {u.on.name}" for u in uses})
    return names[0] if len(names) == 1 else f"{len(names)} objects"


def _fix(hub: Hub, api: apis.Api, surface: Surface) -> Fix:
    instead = (api.replacement_in(surface.minor) if surface.minor is not None else "") or api.replacement
    what = f"Change its source to {instead}" if instead else "Take it out of its source"
    return Fix(f"{what}, and let it be applied once more.", commands=(hub.kubectl(f"get {api.resource} -o wide"),))
