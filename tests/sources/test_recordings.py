"""Recordings of real API servers (Kubernetes 1.20 and 1.36) that served real installs of the chart.

They lie beside the project, not in it; where they are absent these tests are skipped. What is expected here is what the
recording's own note says is wrong.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from jhubdoctor.engine.result import Report
from jhubdoctor.model.hub import Scope
from jhubdoctor.report import json_v1
from jhubdoctor.report.schemas import schema
from jhubdoctor.report.text import render
from jhubdoctor.sources.live import LiveReader
from jhubdoctor.testing import judged, registry
from tests import beside, fixes

RECORDINGS = beside.each("recordings/*.json.gz")

pytestmark = beside.needs("recordings/*.json.gz", "replay/replay.py")

FIRST = {
    "hook_pull_reset": "image-pull-failed",
    "no_default_storage_class": "hub-volume-pending",
    "scheduler_v1beta1_pdb": "user-scheduler-removed-api",
    "slow_pull_spawn_timeout": "image-pull-slow",
    "taint_typo": "taint-not-tolerated",
    "upgraded_cluster": "user-scheduler-removed-api",
}
FOLDED = {
    "hook_pull_reset": {"hook-image-puller-stuck", "helm-release-not-deployed"},
    "no_default_storage_class": set(),
    "scheduler_v1beta1_pdb": {"spawn-timeout"},
    "slow_pull_spawn_timeout": {"spawn-timeout"},
    "taint_typo": {"spawn-timeout"},
    "upgraded_cluster": {"spawn-timeout"},
}
# Of severity error or warning, besides the first and what it explains: true of the recording, each with the reason.
ALSO_TRUE = {
    # the release's manifest still holds policy/v1beta1, which 1.36 does not serve: the recording expects it
    "upgraded_cluster": {"removed-api-in-release", "helm-upgrade-blocked", "chart-known-bad", "chart-kubernetes-skew"},
    # kube-scheduler 1.19 beside 1.36, and chart 1.2.0 has published advisories
    "scheduler_v1beta1_pdb": {"chart-known-bad", "chart-kubernetes-skew"},
    # chart 0.11.1 has published advisories; nothing of it breaks today
    "old_cluster": {"chart-known-bad"},
}
PLANTED = ("must-not-leak", "hunter3", "s3cr3t")


@contextmanager
def served(recording: Path, *extra: str) -> Iterator[str]:
    """The kubeconfig of a server that replays a recording."""
    [replay] = beside.files("replay/replay.py")
    command = [sys.executable, str(replay), str(recording), *extra]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


@cache
def judged_of(recording: Path, *deny: str) -> Report:
    """What is said of a recording."""
    with served(recording, *(word for d in deny for word in ("--deny", d))) as kubeconfig:
        reader = LiveReader(kubeconfig, timeout=30)
        reader.connect()
        return judged(registry(), registry().select(), reader, Scope(default_namespace=reader.namespace))


@cache
def diagnosed(recording: Path, *deny: str) -> tuple[dict[str, Any], str]:
    """The JSON and the text report of a recording."""
    report = judged_of(recording, *deny)
    return json.loads(json_v1.render(report)), render(report, width=80, verbose=True)


def named(recording: Path) -> str:
    return recording.name.removesuffix(".json.gz")


def worth_acting_on(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [f for f in report["findings"] if f["severity"] in {"error", "warning"}]


@pytest.mark.parametrize("recording", RECORDINGS)
def test_the_fault_is_named_first_and_its_consequences_are_folded(recording: Path) -> None:
    report, text = diagnosed(recording)
    name = named(recording)
    if name not in FIRST:
        pytest.skip("nothing is broken in it, or its fault is not written down here")
    first = report["findings"][0]
    folded = {f["check"] for f in report["findings"] if f["explained_by"] == first["fingerprint"]}

    assert first["check"] == FIRST[name]
    assert folded >= FOLDED[name]
    assert first["message"][1:30] in text


@pytest.mark.parametrize("recording", RECORDINGS)
def test_nothing_else_is_claimed(recording: Path) -> None:
    report, _ = diagnosed(recording)
    name = named(recording)
    roots = {f["check"] for f in worth_acting_on(report) if f["explained_by"] is None}

    if name in FIRST or name in {"healthy", "old_cluster"}:
        assert roots - {FIRST.get(name, "")} <= ALSO_TRUE.get(name, set())
    assert not [c for c in report["checks"] if c["status"] == "broken"]
    assert not [c for c in report["checks"] if c["status"] == "unknown"]


@pytest.mark.parametrize("recording", RECORDINGS)
def test_no_fix_harms(recording: Path) -> None:
    for rule in fixes.RULES:
        rule(judged_of(recording))


@pytest.mark.parametrize("recording", RECORDINGS)
def test_the_report_is_valid_and_holds_no_secret(recording: Path) -> None:
    report, text = diagnosed(recording)

    jsonschema.validate(report, json.loads(schema("report")))
    for planted in PLANTED:
        assert planted not in json.dumps(report)
        assert planted not in text


@pytest.mark.parametrize("deny", ["list secrets", "* secrets", "* pods/log", "list nodes", "list events", "* *"])
@pytest.mark.parametrize("recording", RECORDINGS)
def test_what_is_refused_is_unknown_and_never_a_claim(recording: Path, deny: str) -> None:
    whole, _ = diagnosed(recording)
    report, _ = diagnosed(recording, deny)
    status = {(c["id"], c["hub"]): c["status"] for c in report["checks"]}
    refused = {row["read"] for row in report["coverage"] if row["state"] == "forbidden"}
    by_read = registry().reads(registry().select(), required=True)
    resource = {
        "list secrets": "helm-secrets",
        "* pods/log": "pods/log",
        "list nodes": "nodes",
        "list events": "events",
    }

    if not refused:
        pytest.skip("nothing of it is asked for here: a hub without a pod has no log")
    assert "broken" not in status.values()
    assert report["exit_code"] in {1, 3}
    for check_id in by_read.get(resource.get(deny, ""), []):
        if deny == "* pods/log" and recording.name.startswith("no_default"):
            break  # its hub has no node, so there is no log to be refused; that of the user-scheduler alone is
        assert {s for (i, _), s in status.items() if i == check_id} <= {"unknown", "found", "not-applicable"}
    known = {(f["check"], o["name"]) for f in worth_acting_on(whole) for o in f["objects"]}
    claimed = {(f["check"], o["name"]) for f in worth_acting_on(report) for o in f["objects"]}
    assert claimed <= known, "something is claimed that is not claimed with all rights"


@pytest.mark.parametrize("recording", RECORDINGS)
def test_a_run_is_polite(recording: Path) -> None:
    report, _ = diagnosed(recording)
    usual = 50 + 3  # the context points to another namespace, so that hubs are looked for twice
    # before 1.27 there is no aggregated discovery, and such a server serves many versions that were removed since
    versions = len([c for c in report["coverage"] if c["read"].startswith("discovery /apis/")])
    # and lacks the present versions of some kinds, which are asked for first
    versions += 10 if versions else 0
    # what is sick is looked at more closely
    closer = 10 if worth_acting_on(report) else 0

    assert report["run"]["requests"] <= usual + versions + closer


def test_every_recording_says_what_is_wrong_with_it() -> None:
    for recording in beside.files("recordings/*.json.gz"):
        with gzip.open(recording, "rt") as f:
            assert "expect" in json.load(f)
