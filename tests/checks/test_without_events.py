"""What is told without events, where they may not be read; what is not told then is not known to be well."""

import pytest

from jhubdoctor.engine.result import CheckStatus
from jhubdoctor.testing import Example, diagnose

MISSING = "kind: Missing\nread: events\n"
CRASHING = """
kind: Pod
metadata: {name: hub-7d9c, creationTimestamp: -2h}
status:
  phase: Running
  conditions: [{type: Ready, status: "False", lastTransitionTime: -20m}]
  containerStatuses:
    - name: hub
      ready: false
      restartCount: 7
      state: {waiting: {reason: CrashLoopBackOff}}
      lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: -1m}}
"""
NOT_PULLED = """
kind: Pod
metadata: {name: proxy-6c99, creationTimestamp: -30m}
status:
  phase: Pending
  containerStatuses:
    - name: chp
      image: quay.io/jupyterhub/configurable-http-proxy:5.2.0
      state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image: ErrImagePull: not found'}}
"""
NOT_READY = """
kind: Node
metadata: {name: core-1}
status:
  conditions: [{type: Ready, status: Unknown, reason: NodeStatusUnknown, lastTransitionTime: -20m}]
"""
CASES = {"hub-crash-loop": CRASHING, "image-pull-failed": NOT_PULLED, "node-not-ready": NOT_READY}


@pytest.mark.parametrize("check", CASES)
def test_what_the_status_says_is_told(check: str) -> None:
    report = diagnose(Example(f"{CASES[check]}---\n{MISSING}"), check)

    assert [f.check.id for f in report.findings] == [check]
    assert "events" in report.results[0].reason


@pytest.mark.parametrize("check", [*CASES, "volume-multi-attach"])
def test_nothing_passes_for_lack_of_them(check: str) -> None:
    report = diagnose(Example(MISSING), check)

    assert [r.status for r in report.results] == [CheckStatus.UNKNOWN]
