"""What user pods look like, by the values and by those that exist, and where they may run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from jhubdoctor.engine.declare import fact
from jhubdoctor.model.hub import Hub
from jhubdoctor.model.kube.nodes import Node, selector_matches
from jhubdoctor.model.kube.pods import Affinity, Container, NodeAffinity, Pod, PodSpec
from jhubdoctor.model.kube.quantity import quantity, spawner_bytes
from jhubdoctor.model.kube.selectors import NodeSelector, NodeSelectorTerm, Taint, Toleration, tolerates
from jhubdoctor.model.traits import Kind, Kinds
from jhubdoctor.model.values import Values

PURPOSE = "hub.jupyter.org/node-purpose"
_BLOCKING = {"NoSchedule", "NoExecute"}
# Taints that the cluster itself puts on a node for a while; no chart should tolerate them.
TRANSIENT = (
    "node.kubernetes.io/",
    "node.cloudprovider.kubernetes.io/",
    "ToBeDeletedByClusterAutoscaler",
    "DeletionCandidate",
)


@dataclass(frozen=True)
class Shape:
    """Pods of one kind, as far as the scheduler looks at them.

    Attributes:
        name: `default`, `profile "GPU"`, or `pod jupyter-ada`.
        spec: selector, affinity, tolerations; containers with their requests.
        images: the images that it runs.
        path: where in the values it is defined, empty for live pods.
        limits: of its container, as far as the values set some.
    """

    name: str
    spec: PodSpec
    requests: Mapping[str, Decimal] = field(default_factory=dict)
    images: tuple[str, ...] = ()
    path: str = ""
    limits: Mapping[str, Decimal] = field(default_factory=dict)


def untolerated(spec: PodSpec, node: Node) -> list[Taint]:
    """The taints of a node that keep such a pod away."""
    return [t for t in node.spec.taints if t.effect in _BLOCKING and not tolerates(spec.tolerations, t)]


def transient(taint: Taint) -> bool:
    """Whether the cluster itself sets such a taint for a while (not ready, unreachable, pressure, cordoned)."""
    return taint.key.startswith(TRANSIENT)


def selected(spec: PodSpec, node: Node) -> bool:
    """Whether node selector and required node affinity allow the node."""
    if any(node.labels.get(k) != v for k, v in spec.node_selector.items()):
        return False
    affinity = spec.affinity.node_affinity if spec.affinity else None
    return affinity is None or affinity.required is None or selector_matches(affinity.required, node)


def may_run(spec: PodSpec, node: Node) -> bool:
    """Whether such a pod may run on the node, room aside; passing conditions of the node do not count."""
    return selected(spec, node) and all(transient(t) for t in untolerated(spec, node))


def tolerations_from(items: list[Any]) -> list[Toleration]:
    """Tolerations as values hold them; what is none is left out."""
    tolerations = []
    for item in items:
        try:
            tolerations.append(msgspec.convert(item, Toleration, strict=False))
        except msgspec.ValidationError:
            continue
    return tolerations


def _terms(items: Any) -> list[NodeSelectorTerm]:
    terms = []
    for item in items if isinstance(items, list) else []:
        try:
            terms.append(msgspec.convert(item, NodeSelectorTerm, strict=False))
        except msgspec.ValidationError:
            continue
    return terms


_DEDICATED = tuple(
    {"key": f"hub.jupyter.org{separator}dedicated", "operator": "Equal", "value": "user", "effect": "NoSchedule"}
    for separator in "/_"
)
Traits = dict[str, Any]


def _traits(values: Values) -> Traits:
    """What the chart and hub.config set of KubeSpawner, by the names of its traits."""
    tolerations = list(_DEDICATED)
    if values.has("scheduling.userPods.tolerations"):
        # hard-coded before 1.0
        tolerations = values.items("scheduling.userPods.tolerations")
    # terms are alternatives, and the chart adds its own as one more
    terms = values.items("singleuser.extraNodeAffinity.required")
    if values.get("scheduling.userPods.nodeAffinity.matchNodePurpose") == "require":
        terms = [*terms, {"matchExpressions": [{"key": PURPOSE, "operator": "In", "values": ["user"]}]}]
    name, tag = values.get("singleuser.image.name", ""), values.get("singleuser.image.tag", "")
    traits = {
        "image": f"{name}:{tag}" if tag else str(name),
        "node_selector": values.mapping("singleuser.nodeSelector"),
        "tolerations": [*tolerations, *values.items("singleuser.extraTolerations")],
        "node_affinity_required": terms,
        "cpu_guarantee": values.get("singleuser.cpu.guarantee"),
        "cpu_limit": values.get("singleuser.cpu.limit"),
        "mem_guarantee": values.get("singleuser.memory.guarantee"),
        "mem_limit": values.get("singleuser.memory.limit"),
        "extra_resource_guarantees": values.mapping("singleuser.extraResource.guarantees"),
        "extra_resource_limits": values.mapping("singleuser.extraResource.limits"),
    }
    # it is set after the chart's own, in its place
    config = values.mapping("hub.config.KubeSpawner")
    return traits | {k: config[k] for k in traits.keys() & config.keys()}


def _overridden(traits: Traits, override: Mapping[str, Any], *, merges: bool) -> Traits:
    """Traits with what a profile, or a choice of one, puts in their place; since KubeSpawner 5 mappings merge."""
    found = dict(traits)
    for name, value in override.items():
        before = found.get(name)
        if merges and isinstance(value, Mapping) and isinstance(before, Mapping):
            found[name] = _merged(before, value)
        else:
            found[name] = value
    return found


def _merged(before: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """One mapping over another; None takes a key away."""
    found = dict(before)
    for key, value in over.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(found.get(key), Mapping):
            found[key] = _merged(found[key], value)
        else:
            found[key] = value
    return found


def _spawner_bytes(value: Any) -> Decimal | None:
    """KubeSpawner's memory in bytes; what it refuses (1Gi) as Kubernetes reads it."""
    number = spawner_bytes(value)
    return quantity(value) if number is None else number


def _resources(traits: Traits, word: str) -> dict[str, Decimal]:
    """The `guarantee` or the `limit` of each resource."""
    given = {"cpu": quantity(traits.get(f"cpu_{word}")), "memory": _spawner_bytes(traits.get(f"mem_{word}"))}
    extra = traits.get(f"extra_resource_{word}s")
    given |= {str(k): quantity(v) for k, v in extra.items()} if isinstance(extra, Mapping) else {}
    return {k: v for k, v in given.items() if v is not None}


def _texts(labels: Mapping[str, Any]) -> dict[str, str]:
    """Labels as the API server takes them: null is no text."""
    return {str(k): "" if v is None else str(v) for k, v in labels.items()}


def _shape(name: str, path: str, traits: Traits) -> Shape:
    selector, tolerations = traits.get("node_selector"), traits.get("tolerations")
    terms = _terms(traits.get("node_affinity_required"))
    limits = _resources(traits, "limit")
    spec = PodSpec(
        node_selector=_texts(selector) if isinstance(selector, Mapping) else {},
        tolerations=tolerations_from(tolerations) if isinstance(tolerations, list) else [],
        affinity=Affinity(NodeAffinity(required=NodeSelector(terms))) if terms else None,
    )
    # the API server takes a limit for a request where there is none
    return Shape(name, spec, limits | _resources(traits, "guarantee"), (str(traits.get("image")),), path, limits)


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


Overrides = list[tuple[str, Mapping[str, Any]]]
"""The overrides of a profile and of the choices made, in the order in which they count, each with its path."""


def _variants(values: Values) -> Iterator[tuple[str, str, Overrides]]:
    """The profiles, and each once more for each choice that is not made by itself: name, path, and what it sets."""
    for i, profile in enumerate(values.items("singleuser.profileList")):
        if not isinstance(profile, Mapping):
            continue
        path = f"singleuser.profileList[{i}]"
        name = f'profile "{profile.get("display_name", i)}"'
        own = (f"{path}.kubespawner_override", _map(profile.get("kubespawner_override")))
        options = {k: _map(_map(o).get("choices")) for k, o in _map(profile.get("profile_options")).items()}
        options = {k: choices for k, choices in options.items() if choices}
        # of each option one choice is made: the default, which is the first where none is called so
        chosen = {
            k: next((w for w, c in o.items() if _map(c).get("default")), next(iter(o))) for k, o in options.items()
        }
        for other, word in [("", ""), *((k, w) for k, o in options.items() for w in o if w != chosen[k])]:
            made = chosen | ({other: word} if word else {})
            overrides = [
                (
                    f"{path}.profile_options.{k}.choices.{w}.kubespawner_override",
                    _map(options[k][w]).get("kubespawner_override"),
                )
                for k, w in made.items()
            ]
            label = f'{name}, choice "{_map(options[other][word]).get("display_name", "")}"' if word else name
            yield label, path, [own, *((where, _map(o)) for where, o in overrides)]


def shapes_of(values: Values, *, merges: bool) -> list[Shape]:
    """The kinds of user pods that values define.

    `merges` says whether KubeSpawner merges mappings, as it does since its release 5, which came with chart 3.0.
    """
    base = _traits(values)
    found: list[Shape] = []
    for label, path, overrides in _variants(values):
        traits = base
        for _, override in overrides:
            traits = _overridden(traits, override, merges=merges)
        found.append(_shape(label, path, traits))
    return found or [_shape("default", "singleuser", base)]


def _merges(hub: Hub) -> bool:
    return hub.at_least("3.0.0") is not False


@fact()
def shapes(values: Values, hub: Hub) -> list[Shape]:
    """The kinds of user pods that the values define: the default, each profile, each choice of a profile's options."""
    return shapes_of(values, merges=_merges(hub))


@fact()
def kinds(hub: Hub, values: Values | None, user_pods: list[Pod] | None) -> Kinds:
    """What may be started, and what the servers that are there may have been started as. It completes the hub."""
    if values is None or "KubeSpawner.profile_list" in values.traits_in_code:
        return Kinds()
    every = tuple(
        Kind(label, {t: (path, v) for path, override in overrides for t, v in override.items()})
        for label, _, overrides in _variants(values)
    )
    every = every or (Kind("default"),)
    shaped = list(zip(every, shapes_of(values, merges=_merges(hub)), strict=True))
    return Kinds(every, {p.name: _may_be(p, shaped) for p in user_pods or ()}, _merges(hub))


def _may_be(pod: Pod, shaped: list[tuple[Kind, Shape]]) -> tuple[Kind, ...]:
    """The kinds that a pod may be of, by its image and by the amounts that it has, where these tell more."""
    container = pod.container("notebook")
    alike = [(k, s) for k, s in shaped if container is not None and container.image in s.images]
    same = [k for k, s in alike if container is not None and _amounts(container, s)]
    return tuple(same or [k for k, _ in alike])


def _amounts(container: Container, shape: Shape) -> bool:
    """Whether a container has just what such a server would be given, where nothing else (a LimitRange) gives more."""
    pairs = ((container.limits, shape.limits), ({**container.limits, **container.requests}, shape.requests))
    return all({k: v for k, v in has.items() if v} == {k: v for k, v in asks.items() if v} for has, asks in pairs)


@fact()
def pending_user_pods(user_pods: list[Pod]) -> list[Pod]:
    """User pods that no scheduler has placed and that are not being deleted."""
    return [p for p in user_pods if p.phase == "Pending" and not p.node and not p.terminating]
