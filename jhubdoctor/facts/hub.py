"""Which hubs there are, and what is known of each without its values."""

from __future__ import annotations

import re
from collections.abc import Iterable

from jhubdoctor.engine.declare import NotApplicable, fact
from jhubdoctor.engine.look import Look
from jhubdoctor.model.hub import Hub, Scope
from jhubdoctor.model.kube.meta import Object
from jhubdoctor.model.kube.policy import Namespace
from jhubdoctor.model.kube.workloads import DaemonSet, Deployment, Job
from jhubdoctor.model.words import some
from jhubdoctor.privacy.text import clean
from jhubdoctor.sources.reads import Unreadable

_IMAGE = re.compile(r"(?:^|/)k8s-hub(?:-slim)?(?:[:@]|$)")
_CHART = re.compile(r"^jupyterhub-(v?\d.*)$")
_CONFIG = "/usr/local/etc/jupyterhub/jupyterhub_config.py"


def _chart_of(item: Object) -> str:
    for key in ("helm.sh/chart", "chart"):
        if m := _CHART.match(item.labels.get(key, "")):
            return m[1].replace("_", "+")
    return ""


def _chart_by_alias(item: Object) -> str:
    """The version, where a chart that depends on it gives it another name: that is in both of its former labels."""
    chart, name = item.labels.get("chart", ""), item.labels.get("app", "")
    m = re.match(rf"{re.escape(name)}-(v?\d+\.\d+\.\d.*)$", chart) if name and item.component == "hub" else None
    return m[1].replace("_", "+") if m else ""


def _release_of(item: Object) -> str:
    # the common label is last: Argo CD writes the name of its application into it
    return item.labels.get("release") or item.annotations.get("meta.helm.sh/release-name") or item.release


def _argo(item: Object) -> bool:
    return any(k.startswith("argocd.argoproj.io/") for k in (*item.annotations, *item.labels))


def _runs(d: Deployment) -> bool:
    """Whether it runs the chart's hub, whatever its labels say: a parent chart may have overridden them."""
    return any(
        any(m.mount_path == _CONFIG for m in c.volume_mounts)
        and (_IMAGE.search(c.image) or "jupyterhub" in (*c.command, *c.args))
        for c in d.spec.template.spec.containers
    )


def _as_hub(d: Deployment) -> Hub | None:
    """The hub that a Deployment is, None where it is none (`component: hub` is a popular label)."""
    if d.component != "hub" and (d.component or not _runs(d)):
        return None
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
        chart=chart or (_chart_by_alias(d) if z2jh else ""),
        z2jh=z2jh,
        deployment=d,
        argo_cd=_argo(d),
        labels=d.labels,
    )


def _places(scope: Scope) -> list[str | None]:
    if scope.namespace:
        return [scope.namespace]
    return [None] if scope.all_namespaces else [scope.default_namespace, None]


@fact("deployments", optional=("daemonsets", "jobs", "services", "namespaces"))
def hubs(look: Look, scope: Scope) -> list[Hub]:
    """The hubs in scope: in the given namespace, else where the context points, else everywhere.

    Labels are those of the chart, former and present (`component`, `app.kubernetes.io/component`); a hub's Deployment
    is known by the chart label, the image, or the mounted configuration, never by a name. Of a hub whose Deployment is
    gone the proxy's is left, or the Services. An install that stopped in its hooks has no Deployment yet: it is known
    by the image puller that it left. Where labels find nothing, all Deployments are looked through for what they run.
    """
    places = _places(scope)
    for place in places:
        installed = [h for h in _installed(look, place) if scope.release in {None, h.release}]
        if installed:
            # beside a hub, an install that stopped is looked for where its namespace is looked at anyway
            installed += _half_installed(look, place, installed, scope) if place is not None else []
            return sorted(installed, key=lambda h: (h.namespace, h.release))
    for search in (_half_installed, _left, _overridden):
        for place in places:
            if installed := search(look, place, [], scope):
                return sorted(installed, key=lambda h: (h.namespace, h.release))
    if near := _namespace(look, scope) or _near(look, places):
        raise NotApplicable(clean(near))
    return []


def _namespace(look: Look, scope: Scope) -> str:
    """Why there can be none in the namespace that was asked for."""
    if not scope.namespace:
        return ""
    try:
        namespace: Namespace | None = look.get("namespaces", scope.namespace)
    except Unreadable:
        return ""
    if namespace is None:
        return "there is no such namespace"
    if not namespace.terminating:
        return ""
    held = next((c.message for c in reversed(namespace.status.conditions) if c.status == "True" and c.message), "")
    return f"the namespace is being deleted{f' ({held[:300]})' if held else ''}, and nothing can be installed there"


def _near(look: Look, places: list[str | None]) -> str:
    """What of the Deployments looks like a hub, and why it is not the one that was looked for."""
    labelled = {(d.namespace, d.name): d for place in places for d in _deployments(look, place) if d.component == "hub"}
    near = [d for _, d in sorted(labelled.items())]
    if hubs := [h.label for d in near if (h := _as_hub(d))]:
        return f"there is {some(hubs)}"
    if near:
        return (
            f"{some(f'{d.namespace}/{d.name}' for d in near)} has the label component=hub, but no chart label"
            " jupyterhub-*, no image k8s-hub, and no jupyterhub_config.py of the chart"
        )
    return ""


_CORE = "(hub,proxy)"


def _deployments(look: Look, place: str | None) -> list[Deployment]:
    """The Deployments of a namespace; of all namespaces those that the chart's labels name."""
    if place is not None:
        deployments: list[Deployment] = look.list("deployments", place)
        return deployments
    return [
        *look.list("deployments", None, labels=f"component in {_CORE}"),
        *look.list("deployments", None, labels=f"app.kubernetes.io/component in {_CORE},component notin {_CORE}"),
    ]


def _installed(look: Look, place: str | None) -> list[Hub]:
    """The hubs that have a Deployment, and those of which only the proxy's is left."""
    deployments = _deployments(look, place)
    found = [h for d in deployments if (h := _as_hub(d))]
    return [*found, *_without_deployment((d for d in deployments if d.component == "proxy"), found)]


def _without_deployment(parts: Iterable[Object], known: list[Hub]) -> list[Hub]:
    """The hubs that these other parts of the chart are of, where they are of none that is known."""
    left: dict[tuple[str, str], Hub] = {}
    for part in parts:
        chart, release = _chart_of(part), _release_of(part)
        if chart and release and not any(h.namespace == part.namespace and h.owns(part) for h in known):
            new = Hub(part.namespace, release, chart, labels=part.labels, argo_cd=_argo(part))
            left.setdefault((part.namespace, release), new)
    return list(left.values())


def _left(look: Look, place: str | None, known: list[Hub], scope: Scope) -> list[Hub]:
    """Hubs of which no Deployment is left: `helm uninstall` would have taken their Services too."""
    labels = "" if place is not None else "component in (hub,proxy-api,proxy-public)"
    try:
        services: list[Object] = look.list("services", place, labels=labels)
    except Unreadable:
        return []
    parts = [s for s in services if s.component in {"hub", "proxy-api", "proxy-public"}]
    return [h for h in _without_deployment(parts, known) if scope.release in {None, h.release}]


def _overridden(look: Look, place: str | None, known: list[Hub], scope: Scope) -> list[Hub]:
    """Hubs without the chart's labels, of all namespaces; of one namespace they were found before."""
    if place is not None or known:
        return []
    found = [h for d in look.list("deployments") if (h := _as_hub(d))]
    return [h for h in found if scope.release in {None, h.release}]


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
    halves: dict[tuple[str, str], Hub] = {}
    for item in left:
        chart = _chart_of(item)
        if chart and item.labels.get("hub.jupyter.org/deletable") == "true":
            key = (item.namespace, _release_of(item))
            if key in installed or scope.release not in {None, key[1]}:
                continue
            halves.setdefault(key, Hub(key[0], key[1], chart, labels=item.labels, argo_cd=_argo(item)))
    return list(halves.values())
