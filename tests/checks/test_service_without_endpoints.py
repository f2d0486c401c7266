"""What is said of the pod behind a Service."""

from jhubdoctor.testing import findings_of

CRASHING = """
kind: Pod
metadata: {name: proxy-6c99, creationTimestamp: -30m}
status:
  conditions: [{type: Ready, status: "False", lastTransitionTime: -30m}]
  containerStatuses:
    - name: chp
      ready: false
      restartCount: 9
      state: {waiting: {reason: CrashLoopBackOff}}
      lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: -1m}}
---
kind: EndpointSlice
metadata: {name: proxy-api-x}
endpoints: [{addresses: [10.1.0.5], conditions: {ready: false}}]
---
kind: EndpointSlice
metadata: {name: proxy-public-x}
endpoints: [{addresses: [10.1.0.5], conditions: {ready: false}}]
"""


def test_a_pod_that_ends_again_and_again_does_not_just_wait() -> None:
    [found] = findings_of(CRASHING, "service-without-endpoints")

    assert "proxy-6c99 ends again and again (exit code 1)" in found.finding.says
