"""What Helm's storage says of the hub's release."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from jhubdoctor.engine.declare import NotApplicable, fact
from jhubdoctor.engine.look import Look
from jhubdoctor.model.finding import Ref
from jhubdoctor.model.hub import Hub
from jhubdoctor.model.jsontext import load_json
from jhubdoctor.model.kube.config import ConfigMap, Secret
from jhubdoctor.model.kube.meta import PartialObject
from jhubdoctor.sources.reads import ReadState, Unreadable


@dataclass(frozen=True)
class Revision:
    """One revision of a release, from the labels of its storage object.

    Attributes:
        name: the storage object (`sh.helm.release.v1.REL.vN`).
        driver: `Secret` or `ConfigMap`.
        release: the release.
        namespace: where the release lives.
        number: N.
        status: `deployed`, `superseded`, `failed`, `pending-install`, `pending-upgrade`, `pending-rollback`, ...
        modified: when its status was last written.
        begun: when the operation began that made it.
    """

    name: str
    driver: str
    release: str
    namespace: str
    number: int
    status: str
    modified: datetime
    begun: datetime

    @property
    def ref(self) -> Ref:
        """A reference to the storage object; stable over revisions."""
        return Ref(self.driver, self.name, self.namespace, "v1", stable=f"Release/{self.release}")


@dataclass(frozen=True)
class Listed:
    """An object that a release holds; `namespace` is empty where it is the release's."""

    api_version: str
    kind: str
    name: str
    namespace: str = ""

    @property
    def group(self) -> str:
        """The API group, empty for the core."""
        return self.api_version.rpartition("/")[0]


@dataclass(frozen=True)
class Release:
    """The content of one revision.

    Attributes:
        revision: which.
        description: what Helm wrote about how it ended.
        chart_name: of the release's own chart: a parent's, where the hub is a dependency of another chart.
        chart_version: its version.
        objects: what its manifest holds.
        hooks: what its hooks hold.
        values: the chart's and the user's values, merged and reduced to the allow-list.
        supplied: the user's values alone, reduced in the same way.
        outline: which keys the user set for the hub's chart, and of which type each is; None where there are too many.
        above: the same of what a chart above the hub's has by itself for it, the hub's own defaults included.
        above_values: those values, reduced as the others.
        values_root: the dotted key under which the hub's values lie, where the chart depends on the hub's.
        beside: what else it has values for there, by name: other charts that it depends on.
    """

    revision: Revision
    description: str
    chart_name: str
    chart_version: str
    objects: tuple[Listed, ...] = ()
    hooks: tuple[Listed, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)
    supplied: dict[str, Any] = field(default_factory=dict)
    outline: dict[str, Any] | None = None
    above: dict[str, Any] | None = None
    above_values: dict[str, Any] = field(default_factory=dict)
    values_root: str = ""
    beside: tuple[str, ...] = ()


OWNED = "owner=helm"
"""What Helm stores, of all releases of a namespace: one list of metadata for all that ask."""


@fact("helm-secrets", optional=("helm-configmaps",))
def stored_revisions(look: Look, hub: Hub) -> list[Revision]:
    """The revisions of the hub's release, newest first; from Secrets, else from ConfigMaps (HELM_DRIVER=configmap).

    None where Helm keeps none: Argo CD and `helm template` leave nothing behind.
    """
    if not hub.release:
        return []
    found = [
        _revision(s, "Secret", hub)
        for s in look.list("helm-secrets", hub.namespace, labels=OWNED, metadata_only=True)
        if s.labels.get("name") == hub.release
    ]
    if not found:
        try:
            found = [
                _revision(c, "ConfigMap", hub)
                for c in look.list("helm-configmaps", hub.namespace, labels=OWNED, metadata_only=True)
                if c.labels.get("name") == hub.release
            ]
        except Unreadable as e:
            if e.state is not ReadState.FORBIDDEN:
                raise
    return sorted(found, key=lambda r: r.number, reverse=True)


@fact()
def revisions(hub: Hub, stored_revisions: list[Revision]) -> list[Revision]:
    """The revisions of the hub's release, newest first. Not applicable where Helm keeps none."""
    if not hub.release:
        raise NotApplicable("the hub has no release label")
    if not stored_revisions:
        by = "Argo CD manages it" if hub.argo_cd else "it was not installed with helm install, or in another namespace"
        raise NotApplicable(f"Helm keeps no release {hub.release} in {hub.namespace} ({by})")
    return stored_revisions


def _revision(item: PartialObject, driver: str, hub: Hub) -> Revision:
    labels = item.labels
    stamp = labels.get("modifiedAt") or labels.get("createdAt") or ""
    return Revision(
        name=item.name,
        driver=driver,
        release=hub.release,
        namespace=hub.namespace,
        number=int(labels["version"]) if labels.get("version", "").isdigit() else 0,
        status=labels.get("status", ""),
        modified=datetime.fromtimestamp(int(stamp), UTC) if stamp.isdigit() and len(stamp) < 12 else item.created,
        begun=item.created,
    )


@fact("helm-secrets", optional=("helm-configmaps",))
def newest_release(look: Look, revisions: list[Revision]) -> Release:
    """The newest revision, whatever its status."""
    return _content(look, revisions[0])


@fact("helm-secrets", optional=("helm-configmaps",))
def deployed_release(look: Look, revisions: list[Revision]) -> Release:
    """The newest revision that is deployed: what runs, and what the next `helm upgrade` compares with."""
    for r in revisions:
        if r.status == "deployed":
            return _content(look, r)
    raise NotApplicable(f"no revision of the release {revisions[0].release} is deployed")


MOST_RELEASES = 50


@fact("helm-secrets", optional=("helm-configmaps",))
def other_releases(look: Look, hub: Hub, hubs: list[Hub]) -> list[Release]:
    """The deployed releases of the hub's namespace that are no hub's: of each the newest deployed revision.

    Where several hubs share a namespace the first has them. One that cannot be decoded is left out and told.
    """
    neighbours = [h.release for h in hubs if h.namespace == hub.namespace]
    if neighbours and neighbours[0] != hub.release:
        return []
    driver = "Secret"
    items = look.list("helm-secrets", hub.namespace, labels=OWNED, metadata_only=True)
    if not items:
        driver = "ConfigMap"
        try:
            items = look.list("helm-configmaps", hub.namespace, labels=OWNED, metadata_only=True)
        except Unreadable as e:
            if e.state is not ReadState.FORBIDDEN:
                raise
    newest: dict[str, Revision] = {}
    for item in items:
        name = item.labels.get("name", "")
        if item.labels.get("status") != "deployed":
            continue
        revision = replace(_revision(item, driver, hub), release=name)
        if name in {"", hub.release, *neighbours} or (name in newest and newest[name].number > revision.number):
            continue
        newest[name] = revision
    found = []
    for _, revision in sorted(newest.items())[:MOST_RELEASES]:
        try:
            found.append(_content(look, revision))
        except Unreadable as e:
            look.partial.append(e)
    return found


def _content(look: Look, revision: Revision) -> Release:
    read = "helm-secrets" if revision.driver == "Secret" else "helm-configmaps"
    item: Secret | ConfigMap | None = look.get(read, revision.name, revision.namespace)
    encoded = item.data.get("release", "") if item is not None else ""
    try:
        content = load_json(base64.b64decode(encoded))
    except ValueError as e:
        query = look.queries[-1]
        raise Unreadable(query, ReadState.MALFORMED, "it is not a release that Helm 3 wrote") from e
    chart = content["chart"]
    return Release(
        revision=revision,
        description=content["info"]["description"],
        chart_name=chart["name"],
        chart_version=chart["version"],
        objects=_listed(content["objects"]),
        hooks=_listed(content["hooks"]),
        values=content["values"],
        supplied=content.get("supplied", {}),
        outline=content.get("outline"),
        above=content.get("above"),
        above_values=content.get("above_values", {}),
        values_root=content.get("root", ""),
        beside=tuple(content.get("beside", ())),
    )


def _listed(objects: list[dict[str, str]]) -> tuple[Listed, ...]:
    return tuple(Listed(o["apiVersion"], o["kind"], o["name"], o.get("namespace", "")) for o in objects)
