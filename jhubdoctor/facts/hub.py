"""Which hubs there are, and what is known of each without its values."""

from __future__ import annotations

import re

from jhubdoctor.engine.declare import fact
from jhubdoctor.engine.look import Look
from jhubdoctor.model.hub import Hub, Scope
from jhubdoctor.model.kube.meta import Object
from jhubdoctor.model.kube.workloads import DaemonSet, Deployment, Job
from jhubdoctor.sources.reads import Unreadable

_IMAGE = re.compile(r"(?:^|/)k8s-hub(?:-slim)?(?:[:@]|$)")
_CHART = re.compile(r"^jupyterhub-(v?\d.*)$")
_CONFIG = "/usr/local/etc/jupyterhub/jupyterhub_config.py"


def _chart_of(item: Object) -> str:
    for key in ("helm.sh/chart", "chart"):
        if m := _CHART.match(item.labels.get(key, "")):
            return m[1].replace("_", "+")
    return ""


def _release_of(item: Object) -> str:
    # the common label is last: Argo CD writes the name of its application into it
    return item.labels.get("release") or item.annotations.get("meta.helm.sh/release-name") or item.release


def _argo(item: Object) -> bool:
    return any(k.startswith("argocd.argoproj.io/") for k in (*item.annotations, *item.labels))


def _as_hub(d: Deployment) -> Hub | None:
    """The hub that a Deployment is, None where it is none (`component: hub` is a popular label)."""
    containers = d.spec.template.spec.containers
    chart = _chart_of(d)
    z2jh = bool(
        chart
        or any(_IMAGE.search(c.image) for c in containers)
        or any(m.mount_path == _CONFIG for c in containers for m in c.volume_mounts)
    )
    other = any(k.startswith("hub.jupyter.org/") for k in d.spec.template.metadata.labels) or any(
        "jupyterhub" in c.image for c in containers
    )
    if not z2jh and not other:
        return None
    return Hub(
        namespace=d.namespace,
        release=_release_of(d),
        chart=chart,
        z2jh=z2jh,
        deployment=d,
        argo_cd=_argo(d),
        labels=d.labels,
    )


def _places(scope: Scope) -> list[str | None]:
    if scope.namespace:
        return [scope.namespace]
    return [None] if scope.all_namespaces else [scope.default_namespace, None]


@fact("deployments", optional=("daemonsets", "jobs"))
def hubs(look: Look, scope: Scope) -> list[Hub]:
    """The hubs in scope: in the given namespace, else where the context points, else everywhere.

    Labels are those of the chart, former and present (`component`, `app.kubernetes.io/component`); a hub's Deployment
    is known by the chart label, the image, or the mounted configuration, never by a name. An install that stopped in
    its hooks has no Deployment yet: it is known by the image puller that it left.
    """
    places = _places(scope)
    for place in places:
        found = [h for h in _installed(look, place) if scope.release in {None, h.release}]
        if found:
            # beside a hub, an install that stopped is looked for where its namespace is looked at anyway
            found += _half_installed(look, place, found, scope) if place is not None else []
            return sorted(found, key=lambda h: (h.namespace, h.release))
    for place in places:
        if stopped := _half_installed(look, place, [], scope):
            return sorted(stopped, key=lambda h: (h.namespace, h.release))
    return []


def _installed(look: Look, place: str | None) -> list[Hub]:
    """The hubs that have a Deployment."""
    if place is not None:
        deployments = look.list("deployments", place)
    else:
        deployments = [
            *look.list("deployments", None, labels="component=hub"),
            *look.list("deployments", None, labels="app.kubernetes.io/component=hub,component!=hub"),
        ]
    return [h for d in deployments if d.component == "hub" and (h := _as_hub(d))]


def _half_installed(look: Look, place: str | None, known: list[Hub], scope: Scope) -> list[Hub]:
    """Installs that never got past their pre-install hooks."""
    installed = {(h.namespace, h.release) for h in known}
    labels = "" if place is not None else "hub.jupyter.org/deletable=true"
    left: list[DaemonSet | Job] = []
    for read in ("daemonsets", "jobs"):
        try:
            left += look.list(read, place, labels=labels)
        except Unreadable:
            # a hub with a Deployment is found without them
            continue
    found: dict[tuple[str, str], Hub] = {}
    for item in left:
        chart = _chart_of(item)
        if chart and item.labels.get("hub.jupyter.org/deletable") == "true":
            key = (item.namespace, _release_of(item))
            if key in installed or scope.release not in {None, key[1]}:
                continue
            found.setdefault(key, Hub(key[0], key[1], chart, labels=item.labels, argo_cd=_argo(item)))
    return list(found.values())
