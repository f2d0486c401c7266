"""A pull that is slow for the chart's default may be quick for what the values say."""

import pytest

from jhubdoctor.api import Severity
from jhubdoctor.testing import findings_of

SLOW = """
kind: Pod
metadata: {name: jupyter-ada, creationTimestamp: -10m, labels: {component: singleuser-server}}
spec: {nodeName: user-1, containers: [{name: notebook, image: "quay.io/example/big:1"}]}
status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
---
kind: Event
involvedObject: {kind: Pod, name: jupyter-ada, fieldPath: "spec.containers{notebook}"}
reason: Pulled
message: 'Successfully pulled image "quay.io/example/big:1" in 4m2.5s (4m2.5s including waiting). Image size: 9 bytes.'
source: {host: user-1}
lastTimestamp: -5m
"""
HIDDEN = "".join(f"\n---\nkind: Missing\nread: {read}" for read in ("secrets", "helm-secrets"))


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        ("", Severity.WARNING),
        ("\n---\nkind: Values\nvalues: {singleuser: {startTimeout: 900}}", None),
        # what the values say cannot be read: it is advice about the default, no alarm
        (HIDDEN, Severity.INFO),
    ],
)
def test_a_slow_pull_is_judged_by_the_limit_that_is_known(more: str, severity: Severity | None) -> None:
    found = findings_of(SLOW + more, "image-pull-slow")

    assert [f.severity for f in found] == ([severity] if severity else [])
