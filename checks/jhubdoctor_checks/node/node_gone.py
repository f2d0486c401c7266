"""Pods that are said to run on a node that is no more."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Evidence, Finding, Fix, Hub, Rung, Severity, check, count, some
from jhubdoctor_checks.facts.hub_nodes import HubNodes
from jhubdoctor_checks.facts.image import shared

# Nodes are listed before pods: a node that came between is one of a new pod. The controller manager deletes the pods of
# a node that is gone within a minute (pkg/controller/podgc, 1.20 to 1.36).
_OLD = timedelta(minutes=5)
_CORE = ("hub", "proxy")


@check(severity=Severity.ERROR, at=Rung.PLACED, stops=Rung.PLACED, complete=("nodes", "pods", "user_pods"))
def node_gone(hub: Hub, hub_nodes: HubNodes, now: datetime) -> Iterator[Finding]:
    """Pods are said to run on a node that was deleted: nobody runs them, and nothing is made in their place."""
    known = {n.name for n in hub_nodes.all}
    for node in sorted(hub_nodes.pods.keys() - known) if known else ():
        left = [
            p for p in hub_nodes.pods[node] if p.phase == "Running" and not p.terminating and now - p.created >= _OLD
        ]
        if not left:
            continue
        servers = [p for p in left if p.component not in _CORE]
        run = "is" if len(left) == 1 else "are"
        yield Finding(
            on=tuple(shared(p.ref) for p in left),
            says=f"{count(len(left), 'pod')} {run} said to run on node {node}, which is no more",
            evidence=(
                *(Evidence("pod.spec", f"{p.name}: nodeName: {p.node}; its phase is still Running") for p in left[:3]),
                Evidence("nodes", f"there is no {node} among {count(len(known), 'node')}: {some(sorted(known))}"),
            ),
            fix=Fix(
                "Make sure that the machine is off, and delete these pods: others then take their place. The control "
                "plane does so within a minute; where it does not, see whether kube-controller-manager runs.",
                commands=(
                    f"kubectl get node {node}",
                    *(hub.kubectl(f"delete pod {p.name} --grace-period=0 --force") for p in left[:3]),
                ),
                caution="A machine that still runs and has lost its node object may still write to their volumes.",
            ),
            severity=Severity.WARNING if len(servers) == len(left) and all(p.ready for p in left) else None,
            cause=node,
            affects=hub_nodes.suffer(left),
        )
