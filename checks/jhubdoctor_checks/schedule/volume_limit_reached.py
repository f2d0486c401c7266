"""Nodes that have as many volumes attached as they may."""

from collections.abc import Iterator

from jhubdoctor.api import CSINode, Finding, Fix, Rung, Severity, VolumeAttachment, check
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.schedule._place import evidence, level, names, of_kind, on, owners, room_of, who


@check(severity=Severity.ERROR, at=Rung.PLACED, symptom=True)
def volume_limit_reached(
    misfits: list[Unplaced],
    csi_nodes: list[CSINode] | None,
    volume_attachments: list[VolumeAttachment] | None,
) -> Iterator[Finding]:
    """Nodes have room for a pod, but cannot attach another volume."""
    found = of_kind(misfits, "volume-count")
    if not found:
        return
    room = room_of(found)
    yield Finding(
        on=on(found),
        says=f"{who(found)} cannot be placed: {names(room) or 'no node'} can attach no more volumes",
        evidence=(
            evidence(found),
            *(("csinode", text) for n in room[:3] for text in _limits(n.name, csi_nodes, volume_attachments)),
        ),
        fix=Fix(
            "Add nodes: a machine attaches a fixed number of disks, so smaller machines and more of them serve more"
            " users with a disk each. Shared storage (NFS) for homes has no such limit.",
            commands=("kubectl get volumeattachments", "kubectl get csinodes -o yaml"),
        ),
        severity=level(found),
        affects=owners(found),
    )


def _limits(node: str, csi_nodes: list[CSINode] | None, attachments: list[VolumeAttachment] | None) -> Iterator[str]:
    for csi in csi_nodes or []:
        for driver in csi.spec.drivers if csi.name == node else []:
            if driver.allocatable is not None and driver.allocatable.count is not None:
                held = sum(a.spec.node_name == node and a.spec.attacher == driver.name for a in attachments or [])
                now = f", {held} attached" if attachments is not None else ""
                yield f"{node}: {driver.name} attaches {driver.allocatable.count}{now}"
