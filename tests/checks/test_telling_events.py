"""Of several events the one that says most counts, not the newest; and none of a later attempt's."""

from typing import Any

import pytest

from jhubdoctor.testing import Example, findings_of

QUOTA = "Node scale up in zones us-central1-b associated with this pod failed: GCE quota exceeded. Pod is at risk."
BACKOFF = "pod didn't trigger scale-up: 1 node(s) didn't match Pod's node affinity, 1 in backoff after failed scale-up"
FULL = "0/3 nodes are available: 3 Insufficient memory."


def event(reason: str, message: str, at: str, name: str = "jupyter-ada", uid: str = "") -> dict[str, Any]:
    about = {"kind": "Pod", "namespace": "jhub", "name": name, "uid": uid}
    meta = {"name": f"{name}.{reason}{at}{uid}"}
    when = {"firstTimestamp": at, "lastTimestamp": at}
    return {"kind": "Event", "metadata": meta, "involvedObject": about, "reason": reason, "message": message, **when}


def waiting(**status: Any) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"name": "jupyter-ada", "uid": "now", "labels": {"component": "singleuser-server"}}
        | {"creationTimestamp": "-20m"},
        "spec": {"containers": [{"name": "notebook", "image": "quay.io/a/b:1"}]},
        "status": {"phase": "Pending", **status},
    }


UNPLACED = waiting(conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": FULL}])


@pytest.mark.parametrize("whose", ["jupyter-ada", "jupyter-grace"])
@pytest.mark.parametrize(("said", "word"), [(QUOTA, "cloud-quota"), ("GCE out of resources.", "out-of-machines")])
def test_what_a_failed_scale_up_says_outlasts_the_waiting_after_it(whose: str, said: str, word: str) -> None:
    example = Example(
        [
            UNPLACED,
            event("TriggeredScaleUp", "pod triggered scale-up", "-12m"),
            event("FailedScaleUp", said, "-10m", whose),
            event("NotTriggerScaleUp", BACKOFF, "-1m"),
        ]
    )

    [found] = findings_of(example, "scale-up-refused")

    assert found.finding.cause == word
    assert any(said[:30] in e.detail for e in found.finding.proof)


def test_where_nothing_says_why_the_waiting_is_told() -> None:
    [found] = findings_of(Example([UNPLACED, event("NotTriggerScaleUp", BACKOFF, "-1m")]), "scale-up-refused")

    assert found.finding.cause == "backoff"


def test_failures_of_two_kinds_tell_of_none() -> None:
    example = Example(
        [
            UNPLACED,
            event("FailedScaleUp", QUOTA, "-10m", "jupyter-x"),
            event("FailedScaleUp", "IP space exhausted.", "-9m", "jupyter-y"),
            event("NotTriggerScaleUp", BACKOFF, "-1m"),
        ]
    )

    assert [f.finding.cause for f in findings_of(example, "scale-up-refused")] == ["backoff"]


def test_a_node_that_comes_is_no_refusal() -> None:
    example = Example(
        [UNPLACED, event("FailedScaleUp", QUOTA, "-10m"), event("TriggeredScaleUp", "pod triggered scale-up", "-1m")]
    )

    assert findings_of(example, "scale-up-refused") == []


def test_a_mount_that_failed_for_an_earlier_pod_of_that_name_is_not_this_ones() -> None:
    mounting = waiting(
        conditions=[{"type": "PodScheduled", "status": "True", "lastTransitionTime": "-10m"}],
        containerStatuses=[],
    )
    mounting["spec"]["nodeName"] = "user-1"
    missing = 'MountVolume.SetUp failed for volume "s" : secret "team" not found'

    for uid, number in (("before", 0), ("now", 1)):
        example = Example([mounting, event("FailedMount", missing, "-2m", uid=uid)])
        assert len(findings_of(example, "volume-mount-failed")) == number


def test_the_pull_that_says_why_counts() -> None:
    example = Example(
        [
            waiting(containerStatuses=[_status("ImagePullBackOff", "Back-off pulling image")])
            | {"spec": {"nodeName": "user-1", "containers": [{"name": "notebook", "image": "quay.io/a/b:1"}]}},
            event("Failed", 'Failed to pull image "quay.io/a/b:1": 401 Unauthorized', "-10m"),
            event("Failed", 'Failed to pull image "quay.io/a/b:1": it went wrong', "-1m"),
        ]
    )

    [found] = findings_of(example, "image-pull-failed")

    assert found.finding.cause.startswith("refused ")


def _status(reason: str, message: str) -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"name": "notebook", "ready": False, "restartCount": 0, "image": "quay.io/a/b:1", "state": state}


LOG = """\
[I {-900s} JupyterHub spawner:3001] Attempting to create pod jupyter-ada, with timeout 3
[W {-600s} JupyterHub user:999] ada's server failed to start in 300 seconds, giving up.
"""


def test_an_event_of_a_later_attempt_explains_no_earlier_failure() -> None:
    later = event("TriggeredScaleUp", "pod triggered scale-up", "-200s", uid="later")
    log = {"kind": "Log", "pod": "hub-7d9c", "container": "hub", "text": LOG}

    [found] = findings_of(Example([later, log]), "spawn-timeout")

    assert "autoscaler" not in found.finding.says
    assert not any("TriggeredScaleUp" in e.detail for e in found.finding.proof)
