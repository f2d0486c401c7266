"""Node pools that are dedicated by half."""

from collections.abc import Iterator

from jhubdoctor import Finding, Fix, Node, Pod, Severity, check
from jhubdoctor_checks._depends import CORE
from jhubdoctor_checks.schedule._place import names
from jhubdoctor_checks.schedule._selects import PURPOSE
from jhubdoctor_checks.schedule._taints import DEDICATED, MEANT


@check(severity=Severity.INFO)
def node_purpose_incomplete(nodes: list[Node], pods: list[Pod], user_pods: list[Pod]) -> Iterator[Finding]:
    """Nodes are dedicated to users or to the hub by label or by taint alone, or their pods are on the wrong ones."""
    yield from _contradictions(nodes)
    for purpose in MEANT:
        tainted = [n for n in nodes if _dedicated(n) == purpose]
        labelled = [n for n in nodes if n.purpose == purpose]
        bare = [n for n in tainted if not n.purpose]
        if bare:
            yield Finding(
                on=tuple(n.ref for n in bare),
                says=f"{names(bare)}: the taint for {purpose} pods is there, the label that draws them is not",
                evidence=(("node", f"{names(bare)}: taint {DEDICATED[0]}={purpose}, no label {PURPOSE}"),),
                fix=Fix(
                    "Label them, and their pool's settings, so that the pods prefer these nodes.",
                    commands=(f"kubectl label nodes {_all(bare)} {PURPOSE}={purpose}",),
                ),
                cause=f"taint-without-label {purpose}",
            )
        open_ = [n for n in labelled if not _dedicated(n)]
        if open_ and any(n in labelled for n in tainted):
            taint = f"{DEDICATED[0]}={purpose}:NoSchedule"
            yield Finding(
                on=tuple(n.ref for n in open_),
                says=f"{names(open_)}: no taint as other nodes for {purpose} pods have, so anything may run there",
                evidence=(("node", f"{names(open_)}: label {PURPOSE}={purpose}, no taint {DEDICATED[0]}"),),
                fix=Fix(
                    "Taint them like the others, and their pool's settings.",
                    commands=(f"kubectl taint nodes {_all(open_)} {taint}",),
                    caution="Pods that run there stay; new ones without the toleration go elsewhere.",
                ),
                cause=f"label-without-taint {purpose}",
            )
    if any(n.purpose == "core" and n.ready for n in nodes):
        of_users = {n.name for n in nodes if n.purpose == "user"}
        strays = [p for p in pods if p.component in CORE and p.node in of_users and not p.finished]
        if strays:
            yield _stray(strays, "the hub's own pods", "users", "an autoscaler cannot remove these nodes")
    if any(n.purpose == "user" and n.ready for n in nodes):
        of_core = {n.name for n in nodes if n.purpose == "core"}
        strays = [p for p in user_pods if p.node in of_core and not p.finished]
        if strays:
            yield _stray(strays, "users' pods", "the hub", "a user can starve the hub")


def _dedicated(node: Node) -> str:
    return next((t.value for t in node.spec.taints if t.key in DEDICATED and t.value in MEANT), "")


def _all(nodes: list[Node]) -> str:
    return " ".join(sorted(n.name for n in nodes)[:20])


def _contradictions(nodes: list[Node]) -> Iterator[Finding]:
    wrong = [n for n in nodes if n.purpose in MEANT and _dedicated(n) not in {"", n.purpose}]
    if wrong:
        yield Finding(
            on=tuple(n.ref for n in wrong),
            says=f"label and taint of {names(wrong)} contradict each other",
            evidence=tuple(("node", f"{n.name}: label {n.purpose}, taint {_dedicated(n)}") for n in wrong[:5]),
            fix=Fix(
                "Make label and taint say the same; where the taint is right, so:",
                commands=tuple(
                    f"kubectl label nodes {_all(group)} {PURPOSE}={purpose} --overwrite"
                    for purpose in MEANT
                    if (group := [n for n in wrong if _dedicated(n) == purpose])
                ),
            ),
            severity=Severity.WARNING,
            cause="contradiction",
        )


def _stray(strays: list[Pod], whose: str, purpose: str, so: str) -> Finding:
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
