"""What is to be done about labels that no node has: only what the chart asks for is put on nodes."""

import pytest

from jhubdoctor.testing import Example, findings_of


@pytest.mark.parametrize(
    ("component", "asked", "labels"),
    [
        ("hub", "core", True),
        ("binderhub-build", "", False),
        ("binderhub-build", "build", False),
        ("hub", "build", False),
    ],
)
def test_nodes_are_labelled_for_what_the_chart_asks(component: str, asked: str, labels: bool) -> None:
    said = "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector."
    pod = {
        "kind": "Pod",
        "metadata": {"name": "waits-1", "creationTimestamp": "-9m", "labels": {"component": component}},
        "spec": {"nodeSelector": {"hub.jupyter.org/node-purpose": asked}},
        "status": {
            "phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": said}],
        },
    }
    node = {"kind": "Node", "metadata": {"name": "core-1", "labels": {"hub.jupyter.org/node-purpose": None}}}
    found = findings_of(Example([pod, node]), "node-affinity-mismatch")

    commands = [c for f in found for c in f.fix.commands]
    assert found
    assert any(c.startswith("kubectl label nodes") for c in commands) == labels
