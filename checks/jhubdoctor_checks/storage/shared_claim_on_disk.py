"""One disk for pods on many nodes."""

from collections.abc import Iterator

from jhubdoctor.api import (
    Evidence,
    Finding,
    Fix,
    Hub,
    Node,
    NotApplicable,
    PersistentVolume,
    PersistentVolumeClaim,
    Rung,
    Severity,
    Shape,
    StorageClass,
    Values,
    check,
    may_run,
)
from jhubdoctor_checks.storage._drivers import is_disk, provisioner_of, share

_MANY = {"ReadWriteMany", "ReadOnlyMany"}


@check(severity=Severity.WARNING, at=Rung.GIVEN)
def shared_claim_on_disk(
    hub: Hub,
    values: Values,
    known_claims: list[PersistentVolumeClaim],
    known_volumes: list[PersistentVolume],
    storage_classes: list[StorageClass],
    nodes: list[Node],
    shapes: list[Shape],
) -> Iterator[Finding]:
    """All users share a claim that one node at a time can mount."""
    if values.get("singleuser.storage.type") != "static":
        raise NotApplicable("users have volumes of their own, or none (singleuser.storage.type)")
    name = values.get("singleuser.storage.static.pvcName")
    claim = next((c for c in known_claims if c.name == name), None)
    if claim is None or not claim.spec.access_modes or _MANY & set(claim.spec.access_modes):
        return
    volume = next((v for v in known_volumes if v.name == claim.spec.volume_name), None)
    made_by = provisioner_of(volume) if volume is not None else ""
    if not is_disk(made_by):
        # shares that are mounted ReadWriteOnce work on many nodes all the same
        return
    places = sorted(n.name for n in nodes if any(may_run(s.spec, n) for s in shapes))
    if len(places) < 2:
        return
    shares = sorted(c.name for c in storage_classes if share(c.provisioner))
    yield Finding(
        on=(claim.ref,),
        says=f"all users share the claim {claim.name} on a disk that one node mounts, and users' pods may run on "
        f"{len(places)} nodes",
        evidence=(
            Evidence("values", f"singleuser.storage.static.pvcName: {claim.name}"),
            Evidence("claim", f"spec.accessModes: {', '.join(claim.spec.access_modes)}"),
            Evidence("volume", f"{claim.spec.volume_name} made by {made_by}"),
            Evidence("node", f"users' pods may run on {', '.join(places[:5])}" + (" ..." if len(places) > 5 else "")),
        ),
        fix=Fix(
            "Move the homes to a share that many nodes mount (ReadWriteMany"
            + (f", StorageClass {shares[0]}" if shares else ": NFS, EFS, Azure Files, CephFS")
            + "), or give each user a disk (singleuser.storage.type: dynamic).",
            commands=(hub.kubectl(f"get persistentvolumeclaim {claim.name} -o yaml"),),
        ),
    )
