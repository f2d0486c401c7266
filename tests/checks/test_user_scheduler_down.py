"""Whom a user-scheduler that is down concerns: those who wait, those who gave up, the next one."""

import pytest

from jhubdoctor.testing import findings_of

DOWN = """
kind: Deployment
metadata: {name: user-scheduler}
status: {readyReplicas: 0, conditions: [{type: Available, status: "False", lastTransitionTime: -1h}]}
---
kind: Pod
metadata: {name: user-scheduler-5f64}
status: {conditions: [{type: Ready, status: "False"}]}
"""
WAITS = """
---
kind: Pod
metadata: {name: jupyter-USER, creationTimestamp: -10m, labels: {component: singleuser-server}}
spec: {schedulerName: jhub-user-scheduler, containers: [{name: notebook}]}
status: {phase: Pending}
"""
LOG = """
---
kind: Log
pod: hub-7d9c
container: hub
text: |
"""
GAVE_UP = """
  [I {-1000s} JupyterHub spawner:3001] Attempting to create pod jupyter-USER, with timeout 3
  [W {-700s} JupyterHub user:999] USER's server failed to start in 300 seconds, giving up.
  [I {-700s} JupyterHub spawner:3397] Deleting pod jhub/jupyter-USER
"""


def of(waiting: list[str], lost: list[str]) -> str:
    log = LOG + "".join(GAVE_UP.replace("USER", u) for u in lost) if lost else ""
    [found] = findings_of(DOWN + "".join(WAITS.replace("USER", u) for u in waiting) + log, "user-scheduler-down")
    return found.finding.says.partition(": ")[2]


@pytest.mark.parametrize(
    ("waiting", "lost", "says"),
    [
        ([], [], "the next user who starts a server will wait"),
        (["ada"], [], "a pod waits for it"),
        (["ada", "bob"], [], "2 pods wait for it"),
        ([], ["eve"], "1 start ran out of time without it"),
        (["ada"], ["eve", "fay"], "a pod waits for it, and 2 starts ran out of time without it"),
    ],
)
def test_it_says_who_is_concerned(waiting: list[str], lost: list[str], says: str) -> None:
    assert of(waiting, lost) == says
