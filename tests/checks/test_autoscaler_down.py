"""An autoscaler that waits for a node itself: what keeps it away is said."""

import pytest

from jhubdoctor.testing import findings_of

PENDING = """
kind: Node
metadata: {name: core-1}
spec: {taints: [{key: CriticalAddonsOnly, value: "true", effect: NoSchedule}]}
---
kind: Deployment
metadata: {name: cluster-autoscaler, namespace: kube-system, creationTimestamp: -30d}
spec: {replicas: 1, selector: {matchLabels: {app: scaler}}, template: {metadata: {labels: {app: scaler}}}}
status: {replicas: 1}
---
kind: Pod
metadata: {name: cluster-autoscaler-7f-x, namespace: kube-system, creationTimestamp: -50m, labels: {app: scaler}}
spec: {%s containers: [{name: scaler}]}
status:
  phase: Pending
  conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, lastTransitionTime: -50m}]
---
kind: Pod
metadata:
  name: jupyter-ada
  creationTimestamp: -9m
  labels: {component: singleuser-server, hub.jupyter.org/username: ada}
spec: {containers: [{name: notebook, resources: {requests: {memory: 8Gi}}}]}
status:
  phase: Pending
  conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: "0/2: 1 Insufficient memory"}]
"""


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("", "it does not tolerate CriticalAddonsOnly=true:NoSchedule, hub.jupyter.org/dedicated=user:NoSchedule"),
        ("nodeSelector: {pool: system},", "no node is as its selector wants (pool=system)"),
    ],
)
def test_what_keeps_it_from_a_node_is_said(spec: str, why: str) -> None:
    [found] = findings_of(PENDING % spec, "autoscaler-down")

    assert found.finding.says.endswith(f"its pod has no node, for {why}")
