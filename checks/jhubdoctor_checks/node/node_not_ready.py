"""Nodes that do not work."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor import (
    Condition,
    Deployment,
    Evidence,
    Finding,
    Fix,
    Hub,
    Node,
    PersistentVolumeClaim,
    Pod,
    Service,
    Severity,
    Shape,
    VolumeAttachment,
    check,
    clean,
)
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.node._nodes import (
    claims_on,
    for_users,
    hook_of,
    kinds,
    leaving,
    on_node,
    suffering,
    waiting_hooks,
    works,
)

PATIENCE = timedelta(minutes=3)
"""A restart of a kubelet or of a machine."""
STARTING = timedelta(minutes=10)

# What the kubelet says of itself (pkg/kubelet/nodestatus/setters.go of 1.20 and 1.36; the runtimes' own words inside).
_REASONS = (
    ("network", re.compile(r"(?i)network(?:Plugin)? ?(?:is )?not ?ready|cni"), "the pod network does not work"),
    ("runtime", re.compile(r"(?i)container runtime|PLEG|rpc error"), "the container runtime does not work"),
    ("stopping", re.compile(r"(?i)shutting down|shutdown"), "the machine shuts down"),
)


@check(
    severity=Severity.ERROR,
    explains=(
        "spawn-timeout",
        "spawn-timeline",
        "spawn-http-timeout",
        "volume-multi-attach",
        "user-pod-stuck-terminating",
        "user-pod-evicted",
        "user-pod-sandbox-failed",
        "user-scheduler-down",
        "hub-crash-loop",
        "proxy-unreachable",
        "service-without-endpoints",
        "helm-release-not-deployed",
        "hook-image-puller-stuck",
        "hook-leftovers",
    ),
)
def node_not_ready(
    hub: Hub,
    nodes: list[Node],
    pods: list[Pod],
    user_pods: list[Pod],
    unplaced: list[Unplaced],
    shapes: list[Shape] | None,
    known_claims: list[PersistentVolumeClaim] | None,
    volume_attachments: list[VolumeAttachment] | None,
    deployments: list[Deployment] | None,
    services: list[Service] | None,
    now: datetime,
) -> Iterator[Finding]:
    """Nodes that the hub or its users need are not ready."""
    specs = kinds(shapes, user_pods)
    hooks = waiting_hooks(pods)
    full = not any(works(n) for n in nodes if for_users(n, specs))
    groups: dict[tuple[str, str], list[tuple[Node, Condition, list[Pod]]]] = {}
    for node in sorted(nodes, key=lambda n: n.name):
        ready = next((c for c in node.status.conditions if c.type == "Ready"), None)
        if ready is None or ready.status == "True" or leaving(node):
            continue
        since = now - (ready.last_transition_time or node.created)
        never = now - node.created < STARTING
        mine = on_node(node, [*pods, *user_pods])
        used = mine or node.name in {p.node for p in hooks}
        if (
            since < PATIENCE
            or (never and not mine)
            or not (used or (for_users(node, specs) and not node.spec.unschedulable))
        ):
            continue
        cause, says = "silent", "nothing is heard from the kubelet"
        if ready.status == "False":
            found = ((c, s) for c, p, s in _REASONS if p.search(ready.message))
            cause, says = next(found, ("not-ready", "the kubelet says so"))
        groups.setdefault((cause, says), []).append((node, ready, mine))
    for (cause, says), members in groups.items():
        mine = [p for _, _, ps in members for p in ps]
        waiting = [u.ref for u in unplaced if u.user] if full else []
        held = claims_on({n.name for n, _, _ in members}, known_claims, volume_attachments)
        wanted = any(p.phase == "Pending" and {r.name for r in held} & set(p.spec.claims) for p in (*pods, *user_pods))
        # where pods of the hook wait on other nodes too, the node alone is not why it does not end
        names = {n.name for n, _, _ in members}
        stopped = hooks if hooks and all(p.node in names for p in hooks) else []
        one = len(members) == 1
        what = f"node {members[0][0].name} is" if one else f"{len(members)} nodes are"
        yield Finding(
            on=tuple(n.ref for n, _, _ in members),
            says=f"{what} not ready: {says}"
            + (f", and {_pods(len(mine))} there" if mine else "")
            + (", and helm waits for the image puller there" if stopped else ""),
            evidence=(
                *(
                    Evidence(
                        "node",
                        f"{n.name} Ready: {c.status} ({clean(f'{c.reason}: {c.message}', 300)})",
                        c.last_transition_time,
                    )
                    for n, c, _ in members[:3]
                ),
                *(Evidence("pod", f"{p.name} is on node {p.node}") for p in [*mine[:3], *stopped[:2]]),
            ),
            fix=_fix(cause, members[0][0].name, holds=bool(held)),
            severity=None if mine or waiting or wanted or stopped else Severity.WARNING,
            cause=cause,
            affects=(*suffering(hub, mine, deployments, services), *held, *waiting, *hook_of(hub, stopped)),
        )


def _pods(count: int) -> str:
    return "a pod of this hub is" if count == 1 else f"{count} pods of this hub are"


def _fix(cause: str, node: str, *, holds: bool) -> Fix:
    if cause == "silent" and holds:
        return Fix(
            "See whether the machine runs, and restart it. If it is off, say so (Kubernetes 1.26 and later): its pods "
            "are made anew elsewhere, and its volumes are detached. Remove the taint when it is back.",
            commands=(
                f"kubectl describe node {node}",
                f"kubectl taint nodes {node} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute",
            ),
            caution="Taint it only once the machine is surely off: two nodes that write to one disk destroy it.",
        )
    if cause == "silent":
        return Fix(
            "See whether the machine runs, and restart it. If it is gone for good, "
            "delete the node: its pods are then made anew elsewhere.",
            commands=(f"kubectl describe node {node}",),
        )
    if cause == "network":
        return Fix(
            "See the pods of the network plugin on that node (Calico, Cilium, the cloud's CNI).",
            commands=(f"kubectl get pods --namespace kube-system --field-selector spec.nodeName={node} -o wide",),
        )
    return Fix("See what the kubelet says, and restart it or the machine.", commands=(f"kubectl describe node {node}",))
