"""Whatever a server sends: a run ends in its time, in bounded memory, and without a verdict."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jhubdoctor.sources import bounds
from jhubdoctor.sources.live import LiveReader
from jhubdoctor.sources.reads import Query, ReadState
from jhubdoctor.testing import Example
from tests.fakeapi import FakeAPI
from tests.floods import FLOODS

TIMEOUT = 4
# What a busy machine may take for imports and for judging.
SLACK = 20
MEGABYTES = 300
# Each of these took gigabytes or minutes, or stands for those that the benchmark measures besides.
HERE = (
    "2,000,000 items in one answer",
    "pages of 500 that do not end",
    "pages of 30 MB labels that do not end",
    "an object with 10,000,000 containers",
    "an object with 10,000,000 labels",
    "256 MiB of items in gzip",
    "256 MiB of wide letters in gzip",
    "a Table of 4,000,000 rows",
    "a refusal of 60 MB",
    "a chunk whose length does not end",
)


def peak(process: subprocess.Popen[str]) -> float:
    """The most MB that a process had until it ended; what wait() tells includes the memory of whoever started it."""
    most = 0
    while process.poll() is None:
        # its last moments it has none any more
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii", errors="replace")
            most = max([most, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))])
        time.sleep(0.02)
    return most / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="it asks the system how much memory a process took")
@pytest.mark.parametrize("name", HERE)
def test_a_flood_takes_neither_time_nor_memory(name: str, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with FakeAPI(Example(""), floods={"*": FLOODS[name]}, spared=("version",)).serve() as api:
        words = ["run", "--timeout", str(TIMEOUT), "-o", f"json={report}", "--kubeconfig", api.kubeconfig(tmp_path)]
        with subprocess.Popen(
            [sys.executable, "-m", "jhubdoctor", *words], stderr=subprocess.PIPE, text=True
        ) as process:
            took = peak(process)
            assert process.stderr is not None
            said = process.stderr.read()

    assert (process.returncode, said) == (3, "")
    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["run"]["duration_seconds"] < TIMEOUT + SLACK
    assert took < MEGABYTES
    assert not [r for r in found["checks"] if r["status"] == "broken"]


def large(count: int) -> Example:
    objects = [
        {"kind": "Pod", "metadata": {"name": f"p{i}", "labels": {"x": "y" * 20_000}, "annotations": {"z": "1"}}}
        for i in range(count)
    ]
    return Example([{"kind": "Empty"}, *objects])


def test_of_objects_that_are_large_fewer_are_asked_for(tmp_path: Path) -> None:
    with FakeAPI(large(500)).serve() as api:
        answer = LiveReader(api.kubeconfig(tmp_path), timeout=60).answer(Query("pods", "jhub"))

    assert (answer.state, len(answer.items)) == (ReadState.OK, 500)
    assert [r.query["limit"] for r in api.requests] == ["500", *["50"] * 10]


def test_what_was_kept_before_the_allowance_was_spent_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "KEPT", 100_000)
    with FakeAPI(large(200), page=10).serve() as api:
        answer = LiveReader(api.kubeconfig(tmp_path), timeout=60).answer(Query("pods", "jhub"))

    assert answer.state is ReadState.TRUNCATED
    assert 0 < len(answer.items) < 200
    assert "has kept" in answer.detail
