"""When a node is why an install or upgrade does not end."""

import pytest

from jhubdoctor.testing import diagnose

DEAD = """
kind: Node
metadata: {name: user-2, creationTimestamp: -5d, labels: {hub.jupyter.org/node-purpose: user}}
status: {conditions: [{type: Ready, status: Unknown, reason: NodeStatusUnknown, message: Kubelet stopped posting node status., lastTransitionTime: -20m}]}
---
kind: DaemonSet
metadata: {name: hook-image-puller, creationTimestamp: -10m, labels: {component: hook-image-puller, hub.jupyter.org/deletable: "true"}}
status: {desiredNumberScheduled: 2, currentNumberScheduled: 2, numberReady: 0}
---
kind: Pod
metadata: {name: hook-image-puller-a, creationTimestamp: -10m, labels: {component: hook-image-puller}, ownerReferences: [{kind: DaemonSet, name: hook-image-puller}]}
spec: {nodeName: user-2, initContainers: [{name: image-pull-singleuser, image: "registry.example.org/team/notebook:7"}]}
status: {phase: Pending}
---
"""  # noqa: E501  - one object a line
OTHER = """
kind: Pod
metadata: {name: hook-image-puller-b, creationTimestamp: -10m, labels: {component: hook-image-puller}, ownerReferences: [{kind: DaemonSet, name: hook-image-puller}]}
spec: {nodeName: user-1, initContainers: [{name: image-pull-singleuser, image: "registry.example.org/team/notebook:7"}]}
status: STATUS
"""  # noqa: E501  - one object a line
READY = '{phase: Running, conditions: [{type: Ready, status: "True"}]}'
PULLING = (
    "{phase: Pending, initContainerStatuses: [{name: image-pull-singleuser, ready: false, restartCount: 0, "
    'image: "registry.example.org/team/notebook:7", state: {waiting: {reason: ImagePullBackOff, message: '
    "'Back-off pulling image \"registry.example.org/team/notebook:7\": not found'}}}]}"
)


@pytest.mark.parametrize(
    ("status", "severity", "explained"),
    [(READY, "error", True), (PULLING, "warning", False)],
    ids=["it alone", "another one waits elsewhere"],
)
def test_the_node_is_the_reason_only_where_helm_waits_for_nothing_else(
    status: str, severity: str, *, explained: bool
) -> None:
    report = diagnose(DEAD + OTHER.replace("STATUS", status), "node-not-ready", "hook-image-puller-stuck")
    found = {f.check.id: f for f in report.findings}
    node, hook = found["node-not-ready"], found["hook-image-puller-stuck"]

    assert node.severity.value == severity
    assert (hook.explained_by == node.fingerprint) is explained
