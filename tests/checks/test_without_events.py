"""Where events may not be listed, what pods, taints and volumes prove is told all the same; what they do not is not."""

import pytest

from jhubdoctor.engine import notes
from jhubdoctor.engine.result import CheckStatus
from jhubdoctor.testing import diagnose, registry

DENIED = "\n---\nkind: Missing\nread: events\nstate: forbidden\n"
ADDED = "\n---\nkind: ConfigMap\nmetadata: {name: cluster-autoscaler-status, namespace: kube-system}\n"
BY_PODS = [
    ("taint-not-tolerated", 0),
    ("volume-zone-conflict", 0),
    ("volume-zone-conflict", 1),
    ("node-affinity-mismatch", 0),
    ("insufficient-resources", 0),
    ("too-many-pods", 0),
    ("volume-limit-reached", 0),
]


@pytest.mark.parametrize(("check", "example"), BY_PODS)
def test_what_pods_nodes_and_volumes_prove_is_told(check: str, example: int) -> None:
    text = notes.of(registry().checks[check]).fires_on[example]
    whole, denied = diagnose(text, check), diagnose(text + DENIED, check)

    assert [f.fingerprint for f in denied.findings] == [f.fingerprint for f in whole.findings] != []
    [result] = denied.results
    assert (result.status, "events" in result.reason) == (CheckStatus.FOUND, True)


@pytest.mark.parametrize(("check", "example"), BY_PODS)
def test_where_something_adds_nodes_only_events_tell_that_none_is_coming(check: str, example: int) -> None:
    text = notes.of(registry().checks[check]).fires_on[example]

    [result] = diagnose(text + ADDED + DENIED, check).results

    assert result.status is CheckStatus.UNKNOWN
    assert "events" in result.reason


@pytest.mark.parametrize(
    "check", [*dict.fromkeys(check for check, _ in BY_PODS), "placeholders-pending", "starts-failing"]
)
def test_nobody_is_accused_and_nothing_passes_for_want_of_them(check: str) -> None:
    for text in notes.of(registry().checks[check]).quiet_on:
        [result] = diagnose(text + DENIED, check).results

        assert result.status is CheckStatus.UNKNOWN, text
