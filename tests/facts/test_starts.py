"""Whose starts fail: by user, and by profile as far as images tell."""

import pytest

from jhubdoctor.testing import findings_of

pytestmark = pytest.mark.engine

PROFILES = """
kind: Values
values:
  singleuser:
    profileList:
      - {display_name: Standard, default: true}
      - {display_name: Geography, kubespawner_override: {image: "quay.io/example/geo:1"}}
      - {display_name: Small, kubespawner_override: {image: "quay.io/example/same:1"}}
      - {display_name: Large, kubespawner_override: {image: "quay.io/example/same:1"}}
"""
POD = """---
kind: Pod
metadata: {{name: jupyter-{user}, labels: {{component: singleuser-server}}, creationTimestamp: -20m}}
spec: {{nodeName: user-1, containers: [{{name: notebook, image: "{image}"}}]}}
status: {{phase: {phase}, conditions: [{{type: Ready, status: "{ready}", lastTransitionTime: -20m}}]}}
"""
LOG = """---
kind: Log
pod: hub-7d9c
container: hub
text: |
  [I {-2h} JupyterHub app:3354] Running JupyterHub version 5.5.0
  [I {-30m} JupyterHub base:1144] User ada took 9.500 seconds to start
  [I {-26m} JupyterHub spawner:3001] Attempting to create pod jupyter-ada, with timeout 3
  [W {-21m} JupyterHub user:999] ada's server failed to start in 300 seconds, giving up.
  [I {-16m} JupyterHub spawner:3001] Attempting to create pod jupyter-ada, with timeout 3
  [W {-11m} JupyterHub user:999] ada's server failed to start in 300 seconds, giving up.
  [I {-15m} JupyterHub spawner:3001] Attempting to create pod jupyter-bob, with timeout 3
  [W {-10m} JupyterHub user:999] bob's server failed to start in 300 seconds, giving up.
---
kind: Event
involvedObject: {kind: Pod, name: jupyter-bob}
type: Normal
reason: Pulling
message: Pulling image "quay.io/example/geo:1"
lastTimestamp: -14m
"""


def pod(user: str, image: str, *, ready: bool) -> str:
    return POD.format(user=user, image=image, ready=ready, phase="Running" if ready else "Pending")


def evidence(text: str) -> list[str]:
    return [e.detail for f in findings_of(text, "starts-failing") for e in f.finding.proof]


def test_of_each_user_the_starts_that_failed_are_counted() -> None:
    assert "failed by user: ada 2 of 3, bob 1 of 1" in evidence(LOG)


def test_an_image_tells_the_profile_also_of_a_pod_that_is_gone() -> None:
    text = (
        PROFILES
        + LOG
        + pod("eve", "quay.io/example/geo:1", ready=False)
        + pod("x", "quay.io/example/geo:1", ready=True)
    )

    assert "failed by profile: Geography 2 of 3" in evidence(text)


def test_an_image_of_two_profiles_tells_none() -> None:
    text = PROFILES + pod("eve", "quay.io/example/same:1", ready=False)

    assert evidence(text)
    assert not [e for e in evidence(text) if "profile" in e]


REFUSED = (
    "kind: Log\npod: hub-7d9c\ncontainer: hub\ntext: |\n"
    "  [E {-10m} JupyterHub user:1013] Unhandled error starting ada's server: (403)\n"
    '      HTTP response body: {"message":"pods \\"jupyter-ada\\" is forbidden: pod rejected: RuntimeClass'
    ' \\"gvisor\\" not found","code":403}\n'
)


@pytest.mark.parametrize(("exists", "found"), [("gvisor", False), ("kata", True)])
def test_a_start_that_was_refused_for_a_class_that_exists_by_now_is_history(exists: str, *, found: bool) -> None:
    there = f"---\nkind: RuntimeClass\nmetadata: {{name: {exists}}}\n"

    assert bool(findings_of(REFUSED + there, "starts-failing")) == found
