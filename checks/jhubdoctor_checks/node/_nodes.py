"""Which nodes matter to a hub, and what suffers when one does not work."""

from collections.abc import Iterable

from jhubdoctor import (
    Deployment,
    Hub,
    Node,
    PersistentVolumeClaim,
    Pod,
    PodSpec,
    Ref,
    Service,
    Shape,
    Toleration,
    VolumeAttachment,
    may_run,
)
from jhubdoctor_checks._depends import dependents

HOOK = "hook-image-puller"
# Their absence harms nobody: pullers run on every node, placeholders give way.
_IDLE = frozenset({"continuous-image-puller", "hook-image-puller", "user-placeholder"})
# Nodes that are on their way out: cluster-autoscaler, Karpenter.
_LEAVING = ("ToBeDeletedByClusterAutoscaler", "karpenter.sh/disrupt", "karpenter.sh/unregistered")
PRESSURES = ("DiskPressure", "MemoryPressure", "PIDPressure")


def kinds(shapes: list[Shape] | None, user_pods: list[Pod]) -> list[PodSpec]:
    """What users' pods look like: by the values, else by those that exist, else as the chart makes them."""
    if shapes:
        return [s.spec for s in shapes]
    found = [p.spec for p in user_pods]
    dedicated = [Toleration(f"hub.jupyter.org{sep}dedicated", "Equal", "user", "NoSchedule") for sep in "/_"]
    return found or [PodSpec(tolerations=dedicated)]


def for_users(node: Node, specs: Iterable[PodSpec]) -> bool:
    """Whether users' pods may run there, passing conditions of the node aside."""
    return any(may_run(s, node) for s in specs)


def leaving(node: Node) -> bool:
    """Whether it is being deleted, or an autoscaler is about to."""
    return node.metadata.deletion_timestamp is not None or any(t.key.startswith(_LEAVING) for t in node.spec.taints)


def works(node: Node) -> bool:
    """Whether it takes pods."""
    pressed = any(c.type in PRESSURES and c.status == "True" for c in node.status.conditions)
    return node.ready and not node.spec.unschedulable and not pressed and not leaving(node)


def on_node(node: Node, pods: Iterable[Pod]) -> list[Pod]:
    """The pods there that somebody misses when they do not run."""
    return sorted(
        (p for p in pods if p.node == node.name and not p.finished and p.component not in _IDLE), key=lambda p: p.name
    )


def waiting_hooks(pods: Iterable[Pod]) -> list[Pod]:
    """The pods of the image puller hook that have a node and are not ready: helm waits for them."""
    found = (p for p in pods if p.component == HOOK and p.node and not p.ready and not p.terminating)
    return sorted(found, key=lambda p: p.name)


def hook_of(hub: Hub, pods: list[Pod]) -> tuple[Ref, ...]:
    """These pods of the hook and the DaemonSet that they are of."""
    if not pods:
        return ()
    owners = {o.name for p in pods for o in p.metadata.owner_references if o.kind == "DaemonSet"} or {HOOK}
    return (*(p.ref for p in pods), *(Ref("DaemonSet", name, hub.namespace, "apps/v1") for name in sorted(owners)))


def claims_on(
    names: set[str], claims: list[PersistentVolumeClaim] | None, attachments: list[VolumeAttachment] | None
) -> tuple[Ref, ...]:
    """The claims whose volumes these nodes hold."""
    held = {a.spec.source.persistent_volume_name for a in attachments or () if a.spec.node_name in names}
    return tuple(c.ref for c in claims or () if c.spec.volume_name and c.spec.volume_name in held)


def suffering(
    hub: Hub, pods: list[Pod], deployments: list[Deployment] | None, services: list[Service] | None
) -> tuple[Ref, ...]:
    """Pods, and what depends on those of core components."""
    return (*(p.ref for p in pods), *dependents(hub, {p.component for p in pods}, deployments or [], [], services))
