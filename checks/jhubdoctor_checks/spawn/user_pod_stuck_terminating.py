"""Users' pods that do not go away."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Evidence, Finding, Fix, Hub, Node, Pod, Rung, Severity, check, count, grouped
from jhubdoctor_checks.spawn._servers import refs

# After its grace period, which deletionTimestamp includes, a pod goes within seconds.
PATIENCE = timedelta(minutes=5)


@check(severity=Severity.ERROR, at=Rung.UP, symptom=True)
def user_pod_stuck_terminating(
    hub: Hub, now: datetime, user_pods: list[Pod], nodes: list[Node] | None
) -> Iterator[Finding]:
    """Pods of users' servers are being deleted and do not go, so these users cannot start a server."""
    known = {n.name: n for n in nodes} if nodes is not None else None
    stuck = [p for p in user_pods if (at := _since(p)) and now - at > PATIENCE]
    for (word, which, source, detail), members in grouped(stuck, lambda p: _why(p, known)):
        pod = members[0]
        yield Finding(
            on=refs(members),
            says=f"{count(len(members))} cannot be deleted: {_SAYS[word]}",
            evidence=(
                *(Evidence("pod.metadata", f"{p.name}: deletionTimestamp", _since(p)) for p in members[:3]),
                Evidence(source, detail),
            ),
            fix=_fix(word, hub, pod, members),
            cause=f"{word} {which}",
        )


_SAYS = {
    "finalizer": "a finalizer holds the pod",
    "node-gone": "the node is gone",
    "node-not-ready": "the node does not answer",
    "node": "the node does not end the containers",
}


def _since(pod: Pod) -> datetime | None:
    return pod.metadata.deletion_timestamp


def _why(pod: Pod, nodes: dict[str, Node] | None) -> tuple[str, str, str, str]:
    """The cause, what tells several of it apart, and the evidence: its source and what was seen."""
    if pod.metadata.finalizers:
        names = ", ".join(pod.metadata.finalizers)
        return "finalizer", names, "pod.metadata", f"finalizers: {names}"
    if nodes is not None and pod.node:
        node = nodes.get(pod.node)
        if node is None:
            return "node-gone", pod.node, "pod.spec", f"nodeName: {pod.node}, and there is no such node"
        if not node.ready:
            return "node-not-ready", node.name, "node", f"{node.name}: not Ready"
    return "node", pod.node, "pod.spec", f"nodeName: {pod.node or 'none'}"


def _fix(word: str, hub: Hub, pod: Pod, members: list[Pod]) -> Fix:
    names = " ".join(sorted(p.name for p in members)[:20])
    if word == "finalizer":
        return Fix(
            "See whose finalizer it is and why it is not done; where it is gone for good, take it off the pod.",
            commands=(
                hub.kubectl(f"get pod {pod.name} -o yaml"),
                hub.kubectl(f'patch pod {pod.name} --type merge --patch \'{{"metadata":{{"finalizers":null}}}}\''),
            ),
            caution="What the finalizer was there for is then not done.",
        )
    if word == "node":
        return Fix(
            "See why the node does not end the containers; often a process hangs on a network share.",
            commands=(hub.kubectl(f"describe pod {pod.name}"), f"kubectl describe node {pod.node}"),
        )
    return Fix(
        "Delete the pods by force once the node is really gone or switched off; the users can start again then.",
        commands=("kubectl get nodes", hub.kubectl(f"delete pod {names} --force --grace-period=0")),
        caution="While the node still runs, a second pod on the same volume can damage what is on it.",
    )
