"""Requests for deprecated APIs, as the API server itself counts them."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Ref, Severity, check, some
from jhubdoctor_checks.data import apis
from jhubdoctor_checks.facts.api import Surface
from jhubdoctor_checks.facts.api_uses import Requested

_MOST = 12


@check(severity=Severity.WARNING)
def removed_api_requested(surface: Surface, requested_apis: tuple[Requested, ...]) -> Iterator[Finding]:
    """Something asks the API server for an API version that a coming release does not serve."""
    by_removal: dict[int, list[Requested]] = {}
    for r in requested_apis:
        if r.removed is not None and _avoidable(r, surface):
            by_removal.setdefault(r.removed, []).append(r)
    for removed, found in sorted(by_removal.items()):
        due = surface.minor is not None and removed <= surface.minor + (0 if surface.planned else 1)
        names = some(map(str, found))
        yield Finding(
            on=tuple(Ref("APIResource", f"{r.resource}.{r.api_version}", api_version="") for r in found),
            says=f"something requested {names} since the API server started; Kubernetes 1.{removed} does not serve it",
            evidence=tuple(
                ("/metrics", f"apiserver_requested_deprecated_apis: {r}, removed_release 1.{removed}")
                for r in found[:_MOST]
            ),
            fix=Fix(
                "The API server counts requests, and not who makes them: its audit log does, in entries with the "
                "annotation k8s.io/deprecated. Upgrade that client before the cluster; a single kubectl command counts "
                "as well, until the API server restarts.",
                commands=("kubectl get --raw /metrics | grep apiserver_requested_deprecated_apis",),
            ),
            cause=f"1.{removed}",
            severity=Severity.WARNING if due else Severity.INFO,
        )


def _avoidable(requested: Requested, surface: Surface) -> bool:
    """Whether one could ask for something else already: the control plane itself asks for what has no successor yet."""
    api = apis.by_resource(requested.api_version, requested.resource.partition("/")[0])
    if api is None:
        return False
    minor = surface.running if surface.running is not None else surface.minor
    successor = apis.find(*api.replacement.split(" ", 1)) if api.replacement else None
    return successor is not None and (minor is None or successor.served_in(minor))
