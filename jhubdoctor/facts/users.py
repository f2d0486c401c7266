"""What user pods look like, by the values and by those that exist, and where they may run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from jhubdoctor.engine.declare import fact
from jhubdoctor.model.kube.nodes import Node, selector_matches
from jhubdoctor.model.kube.pods import Affinity, NodeAffinity, Pod, PodSpec
from jhubdoctor.model.kube.quantity import quantity, spawner_bytes
from jhubdoctor.model.kube.selectors import NodeSelector, NodeSelectorTerm, Requirement, Taint, Toleration, tolerates
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


DEDICATED = [
    Toleration("hub.jupyter.org/dedicated", "Equal", "user", "NoSchedule"),
    Toleration("hub.jupyter.org_dedicated", "Equal", "user", "NoSchedule"),
]


def _base(values: Values) -> PodSpec:
    tolerations = tolerations_from(values.items("singleuser.extraTolerations"))
    if values.has("scheduling.userPods.tolerations"):
        tolerations += tolerations_from(values.items("scheduling.userPods.tolerations"))
    else:
        # hard-coded before 1.0
        tolerations += DEDICATED
    terms = _terms(values.get("singleuser.extraNodeAffinity.required"))
    if values.get("scheduling.userPods.nodeAffinity.matchNodePurpose") == "require":
        purpose = Requirement(PURPOSE, "In", ["user"])
        terms = [NodeSelectorTerm([*t.match_expressions, purpose], t.match_fields) for t in terms] or [
            NodeSelectorTerm([purpose])
        ]
    affinity = Affinity(NodeAffinity(required=NodeSelector(terms))) if terms else None
    selector = {k: str(v) for k, v in values.mapping("singleuser.nodeSelector").items()}
    return PodSpec(node_selector=selector, tolerations=tolerations, affinity=affinity)


def _spawner_bytes(value: Any) -> Decimal | None:
    """KubeSpawner's memory in bytes; what it refuses (1Gi) as Kubernetes reads it."""
    number = spawner_bytes(value)
    return quantity(value) if number is None else number


def _requests(values: Values, override: Mapping[str, Any]) -> dict[str, Decimal]:
    cpu = quantity(override.get("cpu_guarantee", values.get("singleuser.cpu.guarantee")))
    if cpu is None:
        cpu = quantity(override.get("cpu_limit", values.get("singleuser.cpu.limit")))
    memory = _spawner_bytes(override.get("mem_guarantee", values.get("singleuser.memory.guarantee")))
    if memory is None:
        memory = _spawner_bytes(override.get("mem_limit", values.get("singleuser.memory.limit")))
    extra = override.get("extra_resource_guarantees", values.get("singleuser.extraResource.guarantees"))
    limits = override.get("extra_resource_limits", values.get("singleuser.extraResource.limits"))
    requests = {"cpu": cpu, "memory": memory}
    for section in (limits, extra):
        if isinstance(section, Mapping):
            requests |= {str(k): quantity(v) for k, v in section.items()}
    return {k: v for k, v in requests.items() if v is not None}


def _limits(values: Values, override: Mapping[str, Any]) -> dict[str, Decimal]:
    limits = {
        "cpu": quantity(override.get("cpu_limit", values.get("singleuser.cpu.limit"))),
        "memory": _spawner_bytes(override.get("mem_limit", values.get("singleuser.memory.limit"))),
    }
    extra = override.get("extra_resource_limits", values.get("singleuser.extraResource.limits"))
    if isinstance(extra, Mapping):
        limits |= {str(k): quantity(v) for k, v in extra.items()}
    return {k: v for k, v in limits.items() if v is not None}


def _image(values: Values) -> str:
    name, tag = values.get("singleuser.image.name", ""), values.get("singleuser.image.tag", "")
    return f"{name}:{tag}" if tag else str(name)


def _shape(name: str, path: str, values: Values, base: PodSpec, override: Mapping[str, Any]) -> Shape:
    spec = PodSpec(node_selector=dict(base.node_selector), tolerations=list(base.tolerations), affinity=base.affinity)
    if isinstance(override.get("node_selector"), Mapping):
        # KubeSpawner replaces a trait as a whole, it does not merge
        spec.node_selector = {str(k): str(v) for k, v in override["node_selector"].items()}
    if isinstance(override.get("tolerations"), list):
        spec.tolerations = tolerations_from(override["tolerations"])
    if isinstance(override.get("node_affinity_required"), list):
        spec.affinity = Affinity(NodeAffinity(required=NodeSelector(_terms(override["node_affinity_required"]))))
    return Shape(
        name,
        spec,
        _requests(values, override),
        (str(override.get("image") or _image(values)),),
        path,
        _limits(values, override),
    )


@fact()
def shapes(values: Values) -> list[Shape]:
    """The kinds of user pods that the values define: the default, each profile, each choice of a profile's options."""
    base = _base(values)
    found: list[Shape] = []
    for i, profile in enumerate(values.items("singleuser.profileList")):
        if not isinstance(profile, Mapping):
            continue
        path = f"singleuser.profileList[{i}]"
        name = f'profile "{profile.get("display_name", i)}"'
        override = profile.get("kubespawner_override")
        override = dict(override) if isinstance(override, Mapping) else {}
        found.append(_shape(name, path, values, base, override))
        options = profile.get("profile_options")
        for option in options.values() if isinstance(options, Mapping) else []:
            choices = option.get("choices") if isinstance(option, Mapping) else None
            for choice in choices.values() if isinstance(choices, Mapping) else []:
                over = choice.get("kubespawner_override") if isinstance(choice, Mapping) else None
                if isinstance(over, Mapping):
                    label = f'{name}, choice "{choice.get("display_name", "")}"'
                    found.append(_shape(label, path, values, base, {**override, **over}))
    if not found:
        found.append(_shape("default", "singleuser", values, base, {}))
    return found


@fact()
def pending_user_pods(user_pods: list[Pod]) -> list[Pod]:
    """User pods that no scheduler has placed and that are not being deleted."""
    return [p for p in user_pods if p.phase == "Pending" and not p.node and not p.terminating]
