"""What holds up a pod of the hook now, and what no longer does."""

import pytest

from jhubdoctor.testing import diagnose

WITHOUT_A_NETWORK_AT_FIRST = """
kind: DaemonSet
metadata: {name: hook-image-puller, creationTimestamp: -9m, labels: {component: hook-image-puller}}
status: {desiredNumberScheduled: 1, currentNumberScheduled: 1, numberReady: 0}
---
kind: Event
metadata: {name: no-network}
involvedObject: {kind: Pod, name: hook-image-puller-a}
type: Warning
reason: FailedCreatePodSandBox
message: 'Failed to create pod sandbox: plugin type="calico" failed (add): no free IPs'
lastTimestamp: -8m
---
kind: Pod
metadata: {name: hook-image-puller-a, creationTimestamp: -9m, labels: {component: hook-image-puller}}
spec: {nodeName: user-1, initContainers: [{name: image-pull-singleuser, image: "example/a:1"}]}
status:
  phase: Pending
  initContainerStatuses: [{name: image-pull-singleuser, image: "example/a:1", state: STATE}]
"""
WAITING = "{waiting: {reason: PodInitializing}}"
PULLING = """---
kind: Event
metadata: {name: pulling}
involvedObject: {kind: Pod, name: hook-image-puller-a}
reason: Pulling
message: 'Pulling image "example/a:1"'
lastTimestamp: AT
"""


@pytest.mark.parametrize(
    ("state", "more", "cause"),
    [
        (WAITING, "", "sandbox"),
        (WAITING, PULLING.replace("AT", "-7m"), "pulling"),
        ("{running: {startedAt: -7m}}", "", "unknown"),
        # the node was started again, and its pods get no network now
        (WAITING, PULLING.replace("AT", "-9m"), "sandbox"),
        ("{running: {startedAt: -9m}}", "", "sandbox"),
    ],
)
def test_a_network_that_came_in_the_end_holds_nothing_up(state: str, more: str, cause: str) -> None:
    report = diagnose(WITHOUT_A_NETWORK_AT_FIRST.replace("STATE", state) + more, "hook-image-puller-stuck")

    assert [f.finding.cause for f in report.findings] == [cause]
