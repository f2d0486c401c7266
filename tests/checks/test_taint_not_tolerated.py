import pytest

from jhubdoctor.testing import findings_of

CORE = """
kind: Node
metadata: {name: core-1}
spec: {taints: [{key: hub.jupyter.org/dedicated, value: core, effect: NoSchedule}]}
"""
USERS_POD = """
kind: Pod
metadata: {name: jupyter-ada, creationTimestamp: -4m, labels: {component: singleuser-server}}
spec: {tolerations: [{key: hub.jupyter.org/dedicated, operator: Equal, value: user, effect: NoSchedule}]}
status:
  phase: Pending
  conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: "0/2 nodes are available: 2 x."}]
"""


def node(key: str, value: str) -> str:
    return f"""
kind: Node
metadata: {{name: user-1}}
spec: {{taints: [{{key: {key}, value: {value}, effect: NoSchedule}}]}}
"""


@pytest.mark.parametrize(
    ("key", "value", "meant"),
    [
        ("hub.jupyter.org/dedicated", "users", "hub.jupyter.org/dedicated=user:NoSchedule"),
        ("hub.jupyter.org/dedicated", "User", "hub.jupyter.org/dedicated=user:NoSchedule"),
        ("hub.jupyter.org/dedicated", "students", "hub.jupyter.org/dedicated=user:NoSchedule"),
        ("hub.jupyter.org_dedicated", "usr", "hub.jupyter.org_dedicated=user:NoSchedule"),
        ("hub.jupyterhub.org/dedicated", "user", "hub.jupyter.org/dedicated=user:NoSchedule"),
        ("hub.jupyter.org/dedicatd", "user", "hub.jupyter.org/dedicated=user:NoSchedule"),
        ("dedicated", "user", "hub.jupyter.org/dedicated=user:NoSchedule"),
    ],
)
def test_a_slip_is_called_by_what_was_meant(key: str, value: str, meant: str) -> None:
    [found] = findings_of("---".join((CORE, node(key, value), USERS_POD)), "taint-not-tolerated")

    assert f"a slip for {meant}" in found.finding.says
    assert f"kubectl taint nodes user-1 {meant} --overwrite" in found.fix.commands
    assert not found.fix.values
    removal = f"kubectl taint nodes user-1 {key}={value}:NoSchedule-"
    assert (removal in found.fix.commands) == (not meant.startswith(f"{key}="))


@pytest.mark.parametrize(("key", "value"), [("nvidia.com/gpu", "present"), ("team", "user"), ("dedicated", "gpu")])
def test_another_pools_taint_is_tolerated_in_the_values(key: str, value: str) -> None:
    [found] = findings_of("---".join((CORE, node(key, value), USERS_POD)), "taint-not-tolerated")

    toleration = {"key": key, "operator": "Equal", "value": value, "effect": "NoSchedule"}
    assert "slip" not in found.finding.says
    assert found.fix.values == {"singleuser": {"extraTolerations": [toleration]}}


def test_what_is_tolerated_already_stays_in_the_patch() -> None:
    there = {"key": "a", "operator": "Exists"}
    values = "kind: Values\nvalues: {singleuser: {extraTolerations: [{key: a, operator: Exists}]}}\n"

    [found] = findings_of("---\n".join((CORE, node("b", "c"), USERS_POD, values)), "taint-not-tolerated")

    assert found.fix.values["singleuser"]["extraTolerations"][0] == there


def test_an_agents_taint_is_not_to_be_tolerated() -> None:
    text = "---".join((CORE, node("node.cilium.io/agent-not-ready", "'true'"), USERS_POD))

    [found] = findings_of(text, "taint-not-tolerated")

    assert "the Cilium agent" in found.fix.text
    assert not found.fix.values


def test_charts_before_1_0_have_a_place_of_their_own_for_the_hubs_tolerations() -> None:
    text = """
kind: Node
metadata: {name: core-1}
$delete: true
---
kind: Node
metadata: {name: user-1}
spec: {taints: [{key: team, value: physics, effect: NoSchedule}]}
---
kind: Deployment
metadata: {name: hub, labels: {chart: jupyterhub-0.11.1, helm.sh/chart: jupyterhub-0.11.1}}
status: {readyReplicas: 0}
---
kind: Pod
metadata: {name: hub-7d9c, creationTimestamp: -10m}
spec: {nodeName: null}
status: {phase: Pending, conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1"}]}
"""
    [found] = findings_of(text, "taint-not-tolerated")

    assert "tolerations" in found.fix.values["hub"]
    assert "Deployment jhub/hub" in map(str, found.finding.affects)
    assert "Service jhub/hub" in map(str, found.finding.affects)
