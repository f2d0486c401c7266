"""Nodes for users and for the hub: whom label and taint dedicate them to, and what to say where these disagree."""

from jhubdoctor.api import Finding, Fix, Node, Pod, Severity
from jhubdoctor_checks.schedule._place import names
from jhubdoctor_checks.schedule._selects import PURPOSE
from jhubdoctor_checks.schedule._taints import DEDICATED, MEANT


def dedicated(node: Node) -> str:
    """Whom the taint keeps it for: `user`, `core`, or empty."""
    return next((t.value for t in node.spec.taints if t.key in DEDICATED and t.value in MEANT), "")


def strays(pods: list[Pod], nodes: list[Node], home: str) -> list[Pod]:
    """Pods on nodes that are labelled for the others, while there are nodes for their own kind."""
    if not any(n.purpose == home and n.ready for n in nodes):
        return []
    foreign = {n.name for n in nodes if n.purpose in MEANT and n.purpose != home}
    return [p for p in pods if p.node in foreign and not p.finished]


def _all(nodes: list[Node]) -> str:
    return " ".join(sorted(n.name for n in nodes)[:20])


def contradiction(wrong: list[Node]) -> Finding:
    """Label and taint of these nodes name different purposes."""
    return Finding(
        on=tuple(n.ref for n in wrong),
        says=f"label and taint of {names(wrong)} contradict each other",
        evidence=tuple(("node", f"{n.name}: label {n.purpose}, taint {dedicated(n)}") for n in wrong[:5]),
        fix=Fix(
            "Make label and taint say the same; where the taint is right, so:",
            commands=tuple(
                f"kubectl label nodes {_all(group)} {PURPOSE}={purpose} --overwrite"
                for purpose in MEANT
                if (group := [n for n in wrong if dedicated(n) == purpose])
            ),
        ),
        severity=Severity.WARNING,
        cause="contradiction",
    )


def unlabelled(nodes: list[Node], purpose: str) -> Finding:
    """These nodes have the taint, and not the label."""
    return Finding(
        on=tuple(n.ref for n in nodes),
        says=f"{names(nodes)}: the taint for {purpose} pods is there, the label that draws them is not",
        evidence=(("node", f"{names(nodes)}: taint {DEDICATED[0]}={purpose}, no label {PURPOSE}"),),
        fix=Fix(
            "Label them, and their pool's settings, so that the pods prefer these nodes.",
            commands=(f"kubectl label nodes {_all(nodes)} {PURPOSE}={purpose}",),
        ),
        cause=f"taint-without-label {purpose}",
    )


def untainted(nodes: list[Node], purpose: str) -> Finding:
    """These nodes have the label, and not the taint that others have."""
    return Finding(
        on=tuple(n.ref for n in nodes),
        says=f"{names(nodes)}: no taint as other nodes for {purpose} pods have, so anything may run there",
        evidence=(("node", f"{names(nodes)}: label {PURPOSE}={purpose}, no taint {DEDICATED[0]}"),),
        fix=Fix(
            "Taint them like the others, and their pool's settings.",
            commands=(f"kubectl taint nodes {_all(nodes)} {DEDICATED[0]}={purpose}:NoSchedule",),
            caution="Pods that run there stay; new ones without the toleration go elsewhere.",
        ),
        cause=f"label-without-taint {purpose}",
    )


def stray(strays: list[Pod], whose: str, purpose: str, so: str) -> Finding:
    """These pods run on nodes for the others."""
    return Finding(
        on=tuple(p.ref for p in strays),
        says=f"{whose} run on nodes that are labelled for {purpose}: {so}",
        evidence=tuple(("pod.spec", f"{p.name}: nodeName: {p.node}") for p in sorted(strays, key=lambda p: p.name)[:5]),
        fix=Fix(
            "Taint the nodes for users and for the hub (hub.jupyter.org/dedicated), or require their labels"
            " (scheduling.corePods and scheduling.userPods, nodeAffinity.matchNodePurpose: require).",
            caution="Running pods stay where they are until they are started anew.",
        ),
        cause=f"stray {purpose}",
    )
