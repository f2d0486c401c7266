"""What must be there and is not: the objects of the namespace that the release holds, or that every hub has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from jhubdoctor.api import (
    Deployment,
    Hub,
    Listed,
    Look,
    Namespace,
    NotApplicable,
    Object,
    Query,
    ReadState,
    Release,
    Revision,
    Unreadable,
    chart_version,
    fact,
)

# Kinds that nobody but Helm makes and takes away: not Jobs and Pods, which end and are cleared away.
_LISTS: dict[tuple[str, str], str] = {
    ("", "Service"): "services",
    ("", "ServiceAccount"): "serviceaccounts",
    ("", "PersistentVolumeClaim"): "persistentvolumeclaims",
    ("apps", "Deployment"): "deployments",
    ("apps", "StatefulSet"): "statefulsets",
    ("apps", "DaemonSet"): "daemonsets",
    ("networking.k8s.io", "Ingress"): "ingresses",
    ("networking.k8s.io", "NetworkPolicy"): "networkpolicies",
    ("gateway.networking.k8s.io", "HTTPRoute"): "httproutes",
    ("policy", "PodDisruptionBudget"): "poddisruptionbudgets",
    ("rbac.authorization.k8s.io", "Role"): "roles",
    ("rbac.authorization.k8s.io", "RoleBinding"): "rolebindings",
}
# Asked for by name while there are few, for what they hold is read anyway; else the names of all.
_GETS: dict[tuple[str, str], tuple[str, str]] = {
    ("", "ConfigMap"): ("configmaps", "helm-configmaps"),
    ("", "Secret"): ("secrets", "helm-secrets"),
}
_FEW = 2
STARTING = timedelta(minutes=5)
# groups in which these kinds were before Kubernetes 1.16
_FORMER = {"extensions": {"Deployment": "apps", "DaemonSet": "apps", "NetworkPolicy": "networking.k8s.io",
           "Ingress": "networking.k8s.io"}}  # fmt: skip
_READS = (*_LISTS.values(), *(read for pair in _GETS.values() for read in pair))


@dataclass(frozen=True)
class MissingObjects:
    """What should be in the hub's namespace and is not there.

    Attributes:
        objects: these, in the order of the manifest.
        held_by: the revision that holds them: the deployed one, or the failed one of an install that got no further;
            None where no release was used, and it is what every hub has.
        description: what Helm says of how that revision ended.
    """

    objects: tuple[Listed, ...] = ()
    held_by: Revision | None = None
    description: str = ""


@fact(optional=_READS, passes_only_with=("deployed_release",))
def missing_objects(
    look: Look,
    hub: Hub,
    namespace: Namespace | None,
    revisions: list[Revision] | None,
    deployed_release: Release | None,
    newest_release: Release | None,
) -> MissingObjects:
    """What the release holds and the namespace does not, of the kinds that were read whole.

    Where Helm keeps no release of the hub, or one of before Argo CD took it over, it is what every hub of the chart
    has: the Deployments and Services of hub and proxy.
    """
    if namespace is not None and namespace.terminating:
        raise NotApplicable("the namespace is being deleted")
    release = deployed_release
    if revisions and not hub.argo_cd and not any(r.status == "deployed" for r in revisions):
        # what Helm made of an install that failed runs, what it could not make is missing
        if newest_release is None and revisions[0].status == "failed":
            raise _unread(hub, revisions[0])
        if newest_release is None or revisions[0].status != "failed" or hub.deployment is None:
            raise NotApplicable(f"no revision of the release {hub.release} is deployed")
        release = newest_release
    if release is not None and not _current(hub, release):
        release = None
    if release is not None and newest_release is None and revisions and revisions[0] != release.revision:
        raise _unread(hub, revisions[0])
    wanted = _held(hub, release, newest_release) if release is not None else _of_every_hub(look, hub)
    if not wanted and (deployed_release is not None or revisions is not None):
        raise NotApplicable("Helm keeps no release that says what should be there")
    gone = [o for key in dict.fromkeys(map(_key, wanted)) for o in _absent(look, hub, key, wanted)]
    found = tuple(o for o in wanted if o in gone)
    if release is None:
        return MissingObjects(found)
    return MissingObjects(found, release.revision, release.description)


def _unread(hub: Hub, revision: Revision) -> Unreadable:
    return Unreadable(Query("helm-secrets", hub.namespace, revision.name), ReadState.FORBIDDEN, "it says what is made")


def _current(hub: Hub, release: Release) -> bool:
    """Whether the release says what should be there: not one that Helm kept from before others took over."""
    if hub.argo_cd:
        return False
    named = release.chart_version if not release.values_root else ""
    if hub.version is not None and named and chart_version(named) != hub.version:
        return False
    made = {o.name for o in release.objects if o.kind == "Deployment"}
    return hub.deployment is None or hub.deployment.name in made


def _held(hub: Hub, release: Release, newest: Release | None) -> list[Listed]:
    """What the release holds in its own namespace; after an upgrade that failed, what both revisions hold."""
    still = {(_key(o), o.name) for o in newest.objects} if newest is not None else None
    return [
        o
        for o in dict.fromkeys(release.objects)
        if o.name and o.namespace in {"", hub.namespace} and (still is None or (_key(o), o.name) in still)
    ]


def _key(item: Listed) -> tuple[str, str]:
    return _FORMER.get(item.group, {}).get(item.kind, item.group), item.kind


def _of_every_hub(look: Look, hub: Hub) -> list[Listed]:
    """The Deployments and Services of hub and proxy, named as the one of them that is there."""
    if not hub.z2jh:
        raise NotApplicable("it was not installed by the z2jh chart")
    made: list[Deployment] = look.list("deployments", hub.namespace)
    before = {
        d.name.removesuffix(d.component)
        for d in made
        if hub.owns(d)
        and d.component in {"hub", "proxy"}
        and d.name.endswith(d.component)
        and look.now - d.created >= STARTING
    }
    if len(before) != 1:
        return []
    prefix = before.pop()
    return [
        *(Listed("apps/v1", "Deployment", f"{prefix}{name}") for name in ("hub", "proxy")),
        *(Listed("v1", "Service", f"{prefix}{name}") for name in ("hub", "proxy-api", "proxy-public")),
    ]


def _absent(look: Look, hub: Hub, key: tuple[str, str], wanted: Iterable[Listed]) -> list[Listed]:
    """What of a kind is not there; nothing where that cannot be said."""
    items = [o for o in wanted if _key(o) == key]
    seen = len(look.partial), len(look.sampled)
    try:
        there = _names(look, hub, key, [o.name for o in items])
    except Unreadable as e:
        if not e.not_served:
            look.partial.append(e)
        return []
    if there is None or (len(look.partial), len(look.sampled)) != seen:
        return []
    return [o for o in items if o.name not in there]


def _names(look: Look, hub: Hub, key: tuple[str, str], names: list[str]) -> frozenset[str] | None:
    """The names of what there is of a kind, or which of these there are; None for a kind that is not judged."""
    found: list[Object | None]
    if key in _GETS:
        one, every = _GETS[key]
        if len(names) <= _FEW:
            found = [look.get(one, name, hub.namespace) for name in names]
        else:
            found = look.list(every, hub.namespace, metadata_only=True)
    elif key in _LISTS:
        read = _LISTS[key]
        found = look.list(read, hub.namespace, survey=read == "persistentvolumeclaims")
    else:
        return None
    return frozenset(o.name for o in found if o is not None)
