"""APIs that the hub still uses and that a coming release of Kubernetes drops."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Severity, check
from jhubdoctor_checks.api._move import upgrade_fix
from jhubdoctor_checks.api._words import by_api, history, objects
from jhubdoctor_checks.data import apis
from jhubdoctor_checks.facts.api import Surface
from jhubdoctor_checks.facts.api_uses import Requested, Use

_MOST = 12


@check(severity=Severity.WARNING)
def deprecated_api_in_use(
    hub: Hub, deprecated_uses: list[Use], surface: Surface, requested_apis: tuple[Requested, ...] | None
) -> Iterator[Finding]:
    """The hub uses an API version that is deprecated and that a later Kubernetes does not serve."""
    for api, uses in by_api(deprecated_uses).items():
        soon = surface.minor is not None and api.removed == surface.minor + 1
        sure = any(u.confidence != "low" for u in uses)
        asked = [r for r in requested_apis or () if (r.api_version, r.resource) == (api.api_version, api.resource)]
        yield Finding(
            on=objects(uses),
            says=f"{api} is still used, and Kubernetes 1.{api.removed} does not serve it",
            evidence=(
                *(u.evidence for u in uses[:_MOST]),
                ("apiserver", f"{r} was requested since this API server started") if (r := _one(asked)) else None,
                ("server", history(api, surface)),
            ),
            fix=_fix(hub, api, uses, surface),
            cause=f"{api.api_version}/{api.kind}",
            severity=Severity.WARNING if soon and sure else Severity.INFO,
        )


def _one(asked: list[Requested]) -> Requested | None:
    return asked[0] if asked else None


def _fix(hub: Hub, api: apis.Api, uses: list[Use], surface: Surface) -> Fix:
    if any(u.source in {"release", "image"} for u in uses):
        return upgrade_fix(hub, surface, f"Do it before the cluster goes to 1.{api.removed}.")
    instead = (api.replacement_in(surface.minor) if surface.minor is not None else "") or "nothing"
    who = ", ".join(sorted({u.detail.split(" wrote ")[0].rpartition(": ")[2] for u in uses if " wrote " in u.detail}))
    return Fix(f"Let {who or 'whoever applies it'} write it as {instead} before the cluster goes to 1.{api.removed}.")
