"""Disks made in a zone before anybody knows where they are needed."""

from collections.abc import Iterator

from jhubdoctor.api import (
    Evidence,
    Finding,
    Fix,
    Hub,
    Node,
    NotApplicable,
    Severity,
    Shape,
    StorageClass,
    Values,
    check,
    may_run,
)
from jhubdoctor_checks.storage._drivers import is_disk
from jhubdoctor_checks.storage._pending import winner

# Disks of a node have no zone to choose: their provisioners make them where the pod is, or not at all.
_ON_NODE = ("rancher.io/local-path", "openebs", "topolvm")


@check(severity=Severity.INFO)
def immediate_binding_in_zones(
    hub: Hub, values: Values, storage_classes: list[StorageClass], nodes: list[Node], shapes: list[Shape]
) -> Iterator[Finding]:
    """Homes are made in a zone before it is known where the user's pod can run."""
    if values.get("singleuser.storage.type") != "dynamic":
        raise NotApplicable("users have no volumes of their own (singleuser.storage.type)")
    name = values.get("singleuser.storage.dynamic.storageClass")
    default = winner(c for c in storage_classes if c.is_default)
    used = next((c for c in storage_classes if c.name == name), None) if name else default
    if used is None or used.volume_binding_mode != "Immediate" or used.allowed_topologies:
        return
    if not is_disk(used.provisioner) or any(word in used.provisioner for word in _ON_NODE):
        return
    zones = {n.zone for n in nodes if n.zone}
    if len(zones) < 2:
        return
    fit = {n.zone for n in nodes if n.zone and any(may_run(s.spec, n) for s in shapes)}
    without = sorted(zones - fit) if fit else []
    yield Finding(
        on=(used.ref,),
        says=f"StorageClass {used.name} makes homes in any of {len(zones)} zones before their pods have a node"
        + (f", also in {', '.join(without)}, where no user's pod can run" if without else ""),
        evidence=(
            Evidence("storageclass", f"{used.name} volumeBindingMode: Immediate, provisioner: {used.provisioner}"),
            Evidence("node", f"zones of nodes: {', '.join(sorted(zones))}"),
            Evidence("node", f"zones where users' pods may run: {', '.join(sorted(fit))}") if fit else None,
        ),
        fix=Fix(
            "Use a StorageClass with volumeBindingMode WaitForFirstConsumer, which makes the disk where the pod goes. "
            + _other(storage_classes, used),
            values=_patch(storage_classes, used),
            commands=(hub.helm_upgrade,)
            if _patch(storage_classes, used)
            else (f"kubectl get storageclass {used.name} -o yaml",),
        ),
        severity=Severity.WARNING if without else None,
    )


def _better(classes: list[StorageClass], used: StorageClass) -> StorageClass | None:
    found = [
        c for c in classes if c.volume_binding_mode == "WaitForFirstConsumer" and c.provisioner == used.provisioner
    ]
    return min(found, key=lambda c: c.name, default=None)


def _other(classes: list[StorageClass], used: StorageClass) -> str:
    better = _better(classes, used)
    if better is not None:
        return f"{better.name} is one. Homes that exist stay where they are."
    return "The mode of a class cannot be changed: make another with the same provisioner, and name it in the values."


def _patch(classes: list[StorageClass], used: StorageClass) -> dict[str, object]:
    better = _better(classes, used)
    return {"singleuser": {"storage": {"dynamic": {"storageClass": better.name}}}} if better is not None else {}
