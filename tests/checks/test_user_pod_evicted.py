"""What nodes say of pods that they did not take."""

import pytest

from jhubdoctor.testing import findings_of

LOST = """
kind: Pod
metadata: {{name: jupyter-u{i}, creationTimestamp: -10m, labels: {{component: singleuser-server}}}}
spec: {{nodeName: user-1}}
status: {{phase: Failed, reason: {reason}, message: "{message}", startTime: -9m}}
"""


def lost(reason: str, message: str, count: int = 1) -> tuple[str, str]:
    text = "---".join(LOST.format(i=i, reason=reason, message=message) for i in range(count))
    [found] = findings_of(text, "user-pod-evicted")
    return found.finding.says, found.fix.text


@pytest.mark.parametrize("count", [1, 24])
@pytest.mark.parametrize("head", ["", "Pod was rejected: ", "Pod "])
def test_a_node_at_its_limit_of_pods_is_no_race(head: str, count: int) -> None:
    says, fix = lost(
        "OutOfpods", f"{head}Node didn't have enough resource: pods, requested: 1, used: 110, capacity: 110", count
    )

    assert "user-1" in says
    assert "110 of 110" in says
    assert "race" not in fix


def test_another_resource_is_told_with_its_numbers() -> None:
    says, _ = lost("OutOfcpu", "Node didn't have enough resource: cpu, requested: 500, used: 3900, capacity: 4000")

    assert "3900 of 4000 cpu" in says


@pytest.mark.parametrize("reason", ["UnexpectedAdmissionError", "NodeAffinity", "Evicted"])
def test_what_is_unknown_is_quoted(reason: str) -> None:
    says, _ = lost(reason, "Allocate failed due to: the moon is full, which is unexpected")

    assert "the moon is full" in says
