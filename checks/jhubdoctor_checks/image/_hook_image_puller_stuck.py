"""What keeps a pod of an image puller from being done."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jhubdoctor.api import ContainerStatus, Events, Job, Node, Pod
from jhubdoctor_checks.facts.image import PULL_REASONS

# For these the node itself refuses the pod, and the DaemonSet makes it anew for ever (kubelet lifecycle/predicate.go).
_REFUSED = r"NodeAffinity|MatchNodeSelector|OutOf\w+|UnexpectedAdmissionError|Evicted"

# each kind of hold, as the end of "3 of 5 pods ..."
SAYS = {
    "pull": "cannot pull an image",
    "node": "run on nodes that are not ready",
    "container": "cannot run a container",
    "refused": "are refused by their node",
    "sandbox": "get no network",
    "pulling": "are still pulling",
    "unknown": "are not ready",
}


@dataclass(frozen=True)
class Hold:
    """Why a pod is not ready.

    Attributes:
        kind: `pull` (the image cannot be pulled), `node`, `container`, `refused`, `sandbox`, `pulling`, `unknown`.
        detail: what was seen.
        certain: whether waiting longer will not help.
    """

    kind: str
    detail: str
    certain: bool = False


def hold_of(pod: Pod, events: Events, nodes: list[Node] | None) -> Hold:
    """What holds up a pod that has a node and is not ready."""
    for status in pod.statuses():
        if found := _container(status):
            return found
    if pod.finished and re.match(_REFUSED, pod.status.reason):
        return Hold("refused", f"{pod.node} refuses the pod: {pod.status.reason}", certain=True)
    node = next((n for n in nodes or [] if n.name == pod.node), None)
    if nodes is not None and (node is None or not node.ready):
        return Hold("node", f"node {pod.node} is not ready" if node else f"node {pod.node} is gone", certain=True)
    if failed := events.holding(pod, "FailedCreatePodSandBox"):
        return Hold("sandbox", f"{failed[0].reason} on {pod.node}, {failed[0].times} times")
    if pulling := events.about("Pod", pod.name, "Pulling"):
        done = events.about("Pod", pod.name, "Pulled")
        if not done or done[0].at < pulling[0].at:
            return Hold("pulling", f"{pulling[0].message} on {pod.node}")
    return Hold("unknown", f"phase {pod.phase or 'unknown'} on {pod.node}")


def _container(status: ContainerStatus) -> Hold | None:
    waiting, ended = status.state.waiting, status.state.terminated
    if waiting is not None and waiting.reason in PULL_REASONS:
        return Hold("pull", f"{waiting.reason}: {status.image}", certain=True)
    end = ended or status.last_state.terminated
    broken = waiting is not None and waiting.reason not in {"", "PodInitializing", "ContainerCreating"}
    if (broken or ended is not None) and (end is None or end.exit_code != 0):
        reason = (waiting.reason if waiting else "") or (end.reason if end else "") or "failed"
        return Hold("container", f"container {status.name}: {reason}", certain=True)
    return None


def awaits(job: Job) -> bool:
    """Whether it is the Job that waits for the images, and it is still at it."""
    return job.component == "image-puller" and not job.status.succeeded and bool(job.status.failed or job.status.active)
