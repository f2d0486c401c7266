import pytest

from jhubdoctor.testing import diagnose

PRESSED = """
kind: Node
metadata: {name: user-1}
status: {conditions: [{type: Ready, status: "True"}, {type: DiskPressure, status: "True", lastTransitionTime: -4m}]}
"""


def evicted(user: str, node: str) -> str:
    return f"""
---
kind: Event
involvedObject: {{kind: Pod, name: jupyter-{user}, namespace: jhub}}
type: Warning
reason: Evicted
message: 'The node was low on resource: ephemeral-storage. '
source: {{component: kubelet, host: {node}}}
lastTimestamp: -4m
"""


@pytest.mark.parametrize(("nodes", "folded"), [(("user-1", "user-1"), True), (("user-1", "user-2"), False)])
def test_servers_that_it_evicted_stand_under_it_though_the_hub_deleted_them(
    nodes: tuple[str, str], folded: bool
) -> None:
    report = diagnose(
        PRESSED + evicted("ada", nodes[0]) + evicted("bob", nodes[1]), "node-pressure", "user-pod-evicted"
    )
    explained = {f.check.id: f.explained_by is not None for f in report.findings}

    assert explained == {"node-pressure": False, "user-pod-evicted": folded}
