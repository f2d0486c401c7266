"""Servers of a hub that gives each user a namespace: KubeSpawner's enable_user_namespaces."""

from __future__ import annotations

import re
from datetime import datetime

from jhubdoctor.engine.declare import NotApplicable, fact
from jhubdoctor.engine.look import Look
from jhubdoctor.facts.logs import Spawns
from jhubdoctor.model.hub import Hub
from jhubdoctor.model.kube.events import Event
from jhubdoctor.model.kube.pods import Pod
from jhubdoctor.model.kube.storage import PersistentVolumeClaim
from jhubdoctor.model.slugs import expanded
from jhubdoctor.model.values import Values

_TRAIT = "KubeSpawner.enable_user_namespaces"
# KubeSpawner 1.0 to 7.1: spawner.py
_TEMPLATE = "{hubnamespace}-{username}"
_FIELD = re.compile(r"\{\w+\}")
# Of so many namespaces events and claims are read: those whose servers have waited longest.
MOST = 3


@fact("pods")
def elsewhere_pods(look: Look, hub: Hub, values: Values) -> list[Pod]:
    """The pods of this hub's users in namespaces of their own. Not applicable where all live in the hub's."""
    in_code = _TRAIT in values.traits_in_code
    if values.get(f"hub.config.{_TRAIT}") is not True and not in_code:
        raise NotApplicable("its users have no namespaces of their own (KubeSpawner.enable_user_namespaces)")
    found = look.list("pods", None, labels="component=singleuser-server", survey=True)
    template = _template(values)
    return [p for p in found if hub.owns(p) and p.namespace != hub.namespace and _of_hub(p, hub, template)]


@fact()
def elsewhere_places(
    now: datetime, hub: Hub, values: Values, elsewhere_pods: list[Pod], spawns: Spawns | None
) -> list[str]:
    """The namespaces of users whose servers do not start: those that wait longest, then those that failed last."""
    # what a server left that the hub has deleted: its events
    failed = [s.namespace or _place(_template(values), hub, s.user) for s in spawns.unresolved(now)] if spawns else []
    return list(
        dict.fromkeys(place for place in (*_waiting(elsewhere_pods), *failed) if place not in {"", hub.namespace})
    )[:MOST]


@fact("events")
def elsewhere_events(look: Look, elsewhere_places: list[str]) -> list[Event]:
    """The events of these namespaces, newest first."""
    found = [e for place in elsewhere_places for e in look.list("events", place, survey=True)]
    return sorted(found, key=lambda e: e.at, reverse=True)


@fact("persistentvolumeclaims")
def elsewhere_claims(look: Look, elsewhere_pods: list[Pod]) -> list[PersistentVolumeClaim]:
    """The claims of the namespaces whose servers wait longest."""
    return [c for place in _waiting(elsewhere_pods)[:MOST] for c in look.list("persistentvolumeclaims", place)]


def _waiting(pods: list[Pod]) -> list[str]:
    """The namespaces of servers that are not ready, those that wait longest first."""
    unwell = [p for p in pods if not (p.ready or p.terminating)]
    return list(dict.fromkeys(p.namespace for p in sorted(unwell, key=lambda p: (p.created, p.namespace))))


def _template(values: Values) -> str:
    """What the namespaces are named by, empty where code says it."""
    if _TRAIT in values.traits_in_code:
        return ""
    return str(values.get("hub.config.KubeSpawner.user_namespace_template") or _TEMPLATE)


def _place(template: str, hub: Hub, user: str) -> str:
    """The namespace of a user, empty where it cannot be told."""
    scheme = "escape" if hub.at_least("4.0.0") is False else "safe"
    name = user.partition(":")[0]
    return (
        (expanded(template.replace("{hubnamespace}", hub.namespace), name, "", scheme) or "") if "{" in template else ""
    )


def _of_hub(pod: Pod, hub: Hub, template: str) -> bool:
    """Whether a pod lies where this hub puts its user: a second hub of the same release's name has its own places."""
    if "{" not in template:
        # set in code
        return True
    place = template.replace("{hubnamespace}", hub.namespace)
    made = {expanded(place, pod.user, "", scheme) for scheme in ("safe", "escape")} if pod.user else {None}
    if None not in made:
        return pod.namespace in made
    # only the hub knows what stands in such a field
    return re.fullmatch(".+".join(map(re.escape, _FIELD.split(place))), pod.namespace) is not None
