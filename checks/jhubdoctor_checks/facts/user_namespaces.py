"""Servers of a hub that gives each user a namespace: KubeSpawner's enable_user_namespaces."""

from __future__ import annotations

import re
from collections.abc import Iterable

from jhubdoctor.api import Events, Hub, Look, NotApplicable, PersistentVolumeClaim, Pod, Values, expanded, fact

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
    template = "" if in_code else str(values.get("hub.config.KubeSpawner.user_namespace_template") or _TEMPLATE)
    found = look.list("pods", None, labels="component=singleuser-server", survey=True)
    return [p for p in found if hub.owns(p) and p.namespace != hub.namespace and _of_hub(p, hub, template)]


@fact("events")
def elsewhere_events(look: Look, elsewhere_pods: list[Pod]) -> Events:
    """The events of those of these namespaces whose servers have waited longest."""
    found = [e for place in _waiting(elsewhere_pods) for e in look.list("events", place, survey=True)]
    return Events(tuple(sorted(found, key=lambda e: e.at, reverse=True)))


@fact("persistentvolumeclaims")
def elsewhere_claims(look: Look, elsewhere_pods: list[Pod]) -> list[PersistentVolumeClaim]:
    """The claims of the same namespaces."""
    return [c for place in _waiting(elsewhere_pods) for c in look.list("persistentvolumeclaims", place)]


def _waiting(pods: Iterable[Pod]) -> list[str]:
    waiting = [p for p in pods if not (p.ready or p.terminating or p.finished)]
    oldest = sorted(waiting, key=lambda p: (p.created, p.namespace))
    return list(dict.fromkeys(p.namespace for p in oldest))[:MOST]


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
