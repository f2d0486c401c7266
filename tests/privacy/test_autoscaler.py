"""What is kept of cluster-autoscaler's status."""

import json

import pytest

from jhubdoctor.privacy.autoscaler import reduced_status

STATUS = """\
time: 2026-01-05 11:59:50.316990961 +0000 UTC
autoscalerStatus: Running
clusterWide:
  scaleUp:
    status: NoActivity
nodeGroups:
- name: https://www.googleapis.com/compute/v1/projects/secret-project/zones/us-central1-b/instanceGroups/user-pool-grp
  health:
    minSize: 0
    maxSize: 20
  scaleUp:
    status: Backoff
    backoffInfo:
      errorCode: QUOTA_EXCEEDED
      errorMessage: 'Instance ''user-pool-x7kq'' creation failed: Quota ''CPUS'' exceeded.  Limit: 72.0
        in region us-central1.'
- name: core-pool
  scaleUp:
    status: NoActivity
"""
FORMER = """\
Cluster-autoscaler status at 2023-11-24 10:25:10.316990961 +0000 UTC:
Cluster-wide:
  Health:      Healthy (ready=6)
  ScaleUp:     InProgress (ready=6 registered=6)

NodeGroups:
  Name:        nodes.example
  Health:      Healthy (ready=1 cloudProviderTarget=5 (minSize=3, maxSize=12))
               LastProbeTime:      2023-11-24 10:25:10.061622308 +0000 UTC m=+4514.931904993
  ScaleUp:     Backoff (ready=1 cloudProviderTarget=5)
  ScaleDown:   NoCandidates (candidates=0)

  Name:        other.example
  ScaleUp:     NoActivity (ready=1 cloudProviderTarget=1)
"""


def test_the_time_and_why_a_group_does_not_grow_are_kept() -> None:
    found = json.loads(reduced_status(STATUS))

    assert found["time"] == "2026-01-05T11:59:50+0000"
    assert [(g["name"], g["scaleUp"], g["code"]) for g in found["nodeGroups"]] == [
        ("user-pool-grp", "Backoff", "QUOTA_EXCEEDED"),
        ("core-pool", "NoActivity", ""),
    ]
    assert "Quota 'CPUS' exceeded" in found["nodeGroups"][0]["message"]
    assert "secret-project" not in reduced_status(STATUS)


def test_the_text_of_before_1_30_is_understood() -> None:
    found = json.loads(reduced_status(FORMER))

    assert found["time"] == "2023-11-24T10:25:10+0000"
    assert [(g["name"], g["scaleUp"]) for g in found["nodeGroups"]] == [
        ("nodes.example", "Backoff"),
        ("other.example", "NoActivity"),
    ]


@pytest.mark.parametrize("text", [STATUS, FORMER])
def test_doing_it_twice_changes_nothing(text: str) -> None:
    once = reduced_status(text)

    assert reduced_status(once) == once


@pytest.mark.parametrize("text", ["", "Running", "[1, 2]", "time: [", "time: never\nnodeGroups: {a: 1}", "x" * 2**19])
def test_what_is_no_status_says_nothing(text: str) -> None:
    found = reduced_status(text)

    assert found == "" or json.loads(found) == {"time": "", "nodeGroups": []}
