"""Disks that are where no node is that the pod may use."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Node, PersistentVolume, Ref, Rung, Severity, check
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.schedule._place import evidence, of_kind, on, owners, who
from jhubdoctor_checks.schedule._selects import words


@check(severity=Severity.ERROR, at=Rung.PLACED, symptom=True, complete=("nodes",))
def volume_zone_conflict(hub: Hub, misfits: list[Unplaced], nodes: list[Node]) -> Iterator[Finding]:
    """A pod's disk can only be used in a zone, or on a node, where there is no node for the pod."""
    groups: dict[str, list[Unplaced]] = {}
    for pod in of_kind(misfits, "volume-zone"):
        groups.setdefault(" and ".join(sorted({where(v) for v in pod.volumes or ()})), []).append(pod)
    for key, found in sorted(groups.items()):
        zones = sorted({n.zone for n in nodes if n.zone})
        bound = {v.name: v for p in found for v in p.volumes or ()}
        claims = [
            Ref("PersistentVolumeClaim", v.spec.claim_ref.name, hub.namespace, "v1")
            for v in bound.values()
            if v.spec.claim_ref is not None
        ]
        yield Finding(
            on=on(found),
            says=f"{who(found)} cannot be placed: the disk is tied to {key or 'another zone'}, where no node is for it",
            evidence=(
                *(("persistentvolume", f"{v.name}: tied to {where(v)}") for _, v in sorted(bound.items())[:3]),
                ("node", f"zones of the nodes: {', '.join(zones) or 'none labelled'}"),
                evidence(found),
            ),
            fix=Fix(
                f"Add a node {f'with {key}' if key else 'in the zone of the disk'}, or give the node pool one group for"
                " each zone. A StorageClass with WaitForFirstConsumer makes new disks where pods are.",
                commands=("kubectl get nodes -L topology.kubernetes.io/zone", "kubectl get persistentvolumes"),
            ),
            cause=key or "zone",
            affects=tuple(dict.fromkeys((*owners(found), *claims))),
        )


def where(volume: PersistentVolume) -> str:
    """Where a volume may be used, in words."""
    affinity = volume.spec.node_affinity
    terms = affinity.required.node_selector_terms if affinity and affinity.required else []
    return " or ".join(words([(r.key, r.operator, r.values) for r in t.match_expressions]) for t in terms[:3])
