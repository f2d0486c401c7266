"""Kubelets of other releases than the API server allows for."""

import re
from collections.abc import Iterator

from jhubdoctor.api import Evidence, Finding, Fix, Node, NotApplicable, ServerVersion, Severity, check

# https://kubernetes.io/releases/version-skew-policy/#kubelet: up to three minors older, two before 1.28, never newer.
WIDER, WIDE, NARROW = 28, 3, 2


@check(severity=Severity.INFO)
def kubelet_skew(nodes: list[Node], server_version: ServerVersion) -> Iterator[Finding]:
    """Kubelets are newer than the API server, or too old for it."""
    server = server_version.minor
    if server is None:
        raise NotApplicable("the API server does not know its own version")
    allowed = WIDE if server >= WIDER else NARROW
    told = {n.name: n.status.node_info.kubelet_version for n in nodes if not n.virtual}
    minors = {name: int(m[1]) for name, version in told.items() if (m := re.match(r"v?1\.(\d+)", version))}
    newer = [n for n in nodes if minors.get(n.name, server) > server]
    older = [n for n in nodes if server - minors.get(n.name, server) > allowed]
    for cause, group in (("newer", newer), ("older", older)):
        if not group:
            continue
        found = sorted(group, key=lambda n: n.name)
        versions = sorted({n.status.node_info.kubelet_version for n in found})
        who = (
            f"the kubelet of node {found[0].name} is" if len(found) == 1 else f"the kubelets of {len(found)} nodes are"
        )
        rule = (
            "newer than the API server"
            if cause == "newer"
            else f"more than {allowed} minor releases older than the API server"
        )
        yield Finding(
            on=tuple(n.ref for n in found),
            says=f"{who} {rule}, which Kubernetes does not support",
            evidence=(
                Evidence("version", f"API server: {server_version}"),
                Evidence("node", f"{', '.join(n.name for n in found[:5])}: kubelet {', '.join(versions[:3])}"),
            ),
            fix=Fix(
                "Upgrade the control plane first, then the nodes."
                if cause == "newer"
                else "Upgrade these nodes before the control plane moves on.",
                commands=("kubectl get nodes",),
            ),
            # what runs in spite of it is advice, what does not is likely to be its victim
            severity=None if all(n.ready for n in found) else Severity.WARNING,
            cause=cause,
        )
