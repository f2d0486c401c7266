"""Words for nodes, and what they hold."""

from jhubdoctor.api import Hub, Node, PersistentVolumeClaim, Pod, Ref, VolumeAttachment
from jhubdoctor_checks.facts.image import HOOK


def they(nodes: list[Node], one: str = "is", many: str = "are") -> str:
    """`node n1 is`, `3 nodes are`."""
    return f"node {nodes[0].name} {one}" if len(nodes) == 1 else f"{len(nodes)} nodes {many}"


def claims_on(
    names: set[str], claims: list[PersistentVolumeClaim] | None, attachments: list[VolumeAttachment] | None
) -> tuple[Ref, ...]:
    """The claims whose volumes these nodes hold."""
    held = {a.spec.source.persistent_volume_name for a in attachments or () if a.spec.node_name in names}
    return tuple(c.ref for c in claims or () if c.spec.volume_name and c.spec.volume_name in held)


def hook_of(hub: Hub, pods: list[Pod]) -> tuple[Ref, ...]:
    """These pods of the image puller hook, and the DaemonSet that they are of."""
    if not pods:
        return ()
    owners = {o.name for p in pods for o in p.metadata.owner_references if o.kind == "DaemonSet"} or {HOOK}
    return (*(p.ref for p in pods), *(Ref("DaemonSet", name, hub.namespace, "apps/v1") for name in sorted(owners)))
