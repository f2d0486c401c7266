import pytest

from jhubdoctor.testing import diagnose, findings_of

CLUSTER = """
kind: Node
metadata: {name: core-1}
spec: {taints: [{key: hub.jupyter.org/dedicated, value: core, effect: NoSchedule}]}
---
kind: Pod
metadata: {name: jupyter-ada, creationTimestamp: -4m, labels: {component: singleuser-server}}
spec:
  schedulerName: jhub-user-scheduler
  tolerations: [{key: hub.jupyter.org/dedicated, operator: Equal, value: user, effect: NoSchedule}]
  containers: [{name: notebook, image: x, resources: {requests: {memory: 8Gi}}}]
status:
  phase: Pending
  conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: "MESSAGE"}]
"""
# What kube-schedulers of 1.20, 1.24 and 1.36 say when one node is full and the other has a taint.
OLD = "0/2 nodes are available: 1 Insufficient memory, 1 node(s) had taint {a: b}, that the pod didn't tolerate."
MIDDLE = (
    "0/2 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint {a: b}."
    " preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful."
)
NEW = (
    "0/2 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint(s)."
    " no new claims to deallocate, preemption: 0/2 nodes are available: 2 Insufficient nvidia.com/gpu."
)
NODES = "0/2 nodes are available: "
# One pod that may use the node user-1, and the check that tells of it; other areas tell where there is none.
SAID = [
    (OLD, "insufficient-resources"),
    (MIDDLE, "insufficient-resources"),
    (NEW, "insufficient-resources"),
    (NODES + "1 Insufficient ephemeral-storage.", "insufficient-resources"),
    (NODES + "1 Too many pods, 1 node(s) had untolerated taint(s).", "too-many-pods"),
    (NODES + "1 Insufficient cpu, 1 Insufficient memory, 1 Too many pods.", "insufficient-resources"),
    (NODES + "1 node(s) exceed max volume count, 1 node(s) had untolerated taint(s).", "volume-limit-reached"),
    (NODES + "pod has unbound immediate PersistentVolumeClaims.", ""),
    (NODES + "1 node(s) were unschedulable, 1 node(s) had untolerated taint(s).", ""),
    ('persistentvolumeclaim "claim-ada" not found', ""),
]


@pytest.mark.parametrize(("said", "check"), SAID)
def test_a_pod_without_a_node_has_one_reason(said: str, check: str) -> None:
    report = diagnose(CLUSTER.replace("MESSAGE", said.replace('"', '\\"')), "schedule")

    told = [f.check.id for f in report.findings if f.severity.value != "info"]
    assert told == ([check] if check else [])


def test_what_the_scheduler_says_of_preemption_is_not_taken_for_a_reason() -> None:
    [found] = findings_of(CLUSTER.replace("MESSAGE", NEW), "insufficient-resources")

    assert found.finding.cause == "full memory"
    assert not any("nvidia" in e.detail for e in found.finding.proof)


def test_a_profile_is_named_where_it_asks_for_too_much() -> None:
    values = """
kind: Values
values:
  singleuser:
    profileList:
      - {display_name: Small, kubespawner_override: {mem_guarantee: 1G}}
      - {display_name: Huge, kubespawner_override: {mem_guarantee: 64G}}
"""
    text = CLUSTER.replace("8Gi", '"68719476736"').replace("MESSAGE", "0/2 nodes are available: 1 Insufficient memory.")

    [found] = findings_of(f"{text}---{values}", "insufficient-resources")

    assert "64Gi memory" in found.finding.says
    assert "16Gi" in found.finding.says
    assert 'singleuser.profileList[1] (profile "Huge")' in found.fix.text
    assert not found.fix.values


def test_the_default_gets_a_patch_that_fits() -> None:
    values = "kind: Values\nvalues: {singleuser: {memory: {guarantee: 64G}}}\n"
    text = CLUSTER.replace("8Gi", '"68719476736"').replace("MESSAGE", "0/2 nodes are available: 1 Insufficient memory.")

    [found] = findings_of(f"{text}---\n{values}", "insufficient-resources")

    assert found.fix.values == {"singleuser": {"memory": {"guarantee": "12G"}}}


def test_enough_of_each_but_not_together_is_never_too() -> None:
    nodes = """
kind: Node
metadata: {name: user-1}
status: {allocatable: {cpu: "2", memory: 64Gi, pods: "110"}}
---
kind: Node
metadata: {name: user-2}
spec: {taints: [{key: hub.jupyter.org/dedicated, value: user, effect: NoSchedule}]}
status: {allocatable: {cpu: "32", memory: 8Gi, pods: "110"}}
"""
    text = CLUSTER.replace("memory: 8Gi", "memory: 32Gi, cpu: '16'").replace(
        "MESSAGE", "0/3 nodes are available: 1 Insufficient cpu, 1 Insufficient memory."
    )

    [found] = findings_of(f"{text}---{nodes}", "insufficient-resources")

    assert found.finding.cause == "never 16 cpu and 32Gi memory"
