"""A full disk is named, where the log line names it."""

import pytest

from jhubdoctor.testing import diagnose

_CRASHED = """
kind: Pod
metadata: {name: hub-7d9c}
status:
  conditions: [{type: Ready, status: "False"}]
  containerStatuses: [{name: hub, ready: false, restartCount: 4, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: -1m}}}]
---
kind: Log
pod: hub-7d9c
container: hub
previous: true
text: |
  [I {-2m} JupyterHub app:3354] Running JupyterHub version 5.5.0
  [E {-1m} JupyterHub app:3990]
      Traceback (most recent call last):
      LINE
"""  # noqa: E501  - one object a line
_ERRNO = "OSError: [Errno 28] No space left on device"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"{_ERRNO}: '/srv/jupyterhub/cookie_secret'", "the volume of its database is full"),
        (f"{_ERRNO}: '/tmp/x'", "no space is left on the disk that /tmp/x lies on"),
        (_ERRNO, "no space is left on a disk that it writes to"),
        (
            'OperationalError: (psycopg2.errors.DiskFull) could not extend file "base/1/2": No space left on device',
            "its database server has no space left",
        ),
    ],
)
def test_of_a_hub_that_crashes_it_is_the_one_of_the_line(line: str, said: str) -> None:
    report = diagnose(_CRASHED.replace("LINE", line), "hub-crash-loop")

    assert [f.finding.says.partition(": ")[2] for f in report.findings] == [said]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"{_ERRNO}: '/home/jovyan/.local'", "its volume at /home/jovyan (claim claim-ada) is full"),
        (f"{_ERRNO}: '/tmp/x'", "no space is left for /tmp/x: that is the disk of its node, or memory"),
        (_ERRNO, "the user's volume is full"),
    ],
)
def test_of_a_server_it_is_the_volume_that_holds_the_path(line: str, said: str) -> None:
    report = diagnose(
        f"""
kind: Pod
metadata: {{name: jupyter-ada, creationTimestamp: -3m, labels: {{component: singleuser-server}}}}
spec:
  nodeName: user-1
  containers: [{{name: notebook, volumeMounts: [{{name: home, mountPath: /home/jovyan}}]}}]
  volumes: [{{name: home, persistentVolumeClaim: {{claimName: claim-ada}}}}]
status:
  phase: Running
  containerStatuses: [{{name: notebook, ready: false, restartCount: 2, lastState: {{terminated: {{exitCode: 1}}}}}}]
---
kind: Log
pod: jupyter-ada
container: notebook
previous: true
text: "{line}"
""",
        "user-pod-crash-loop",
    )

    assert [f.finding.says.partition("error: ")[2] for f in report.findings] == [said]
