"""Every read that can fail fails in every way, one at a time and in pairs: nothing crashes, nothing passes unseen."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

import pytest

from jhubdoctor import live
from jhubdoctor.facts.hub import Scope
from jhubdoctor.live import LiveReader
from jhubdoctor.reads import READS, State
from jhubdoctor.report import FORMATS, formatter
from jhubdoctor.run import Report, Status, run
from jhubdoctor.testing import Example, diagnose, registry

from .fakeapi import FAULTS, LOG_FAULTS, FakeAPI
from .honesty import unearned

HERE = Scope(default_namespace="jhub")
DEMO = resources.files("jhubdoctor.example").joinpath("demo.yaml").read_text(encoding="utf-8")
BUDGET = 8.0
# These say nothing of a read but that it failed; the others put odd objects in the place of the real ones.
SILENT = tuple(f for f in FAULTS if f not in {"bare", "wrong-types"})
# A log that ends in one of these was read to its end.
WHOLE_LOGS = {"binary"}
# A log is text: these are short logs.
TEXTS = {"truncated", "nulls", "not-a-list", "empty"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rules, in less time."""
    monkeypatch.setattr(live, "BACKOFF", 0.001)
    monkeypatch.setattr(live, "REQUEST_TIMEOUT", 0.12)
    monkeypatch.setattr(live, "GRACE", 0.05)
    monkeypatch.setattr(live, "LOG_READ", 2 * 2**20)
    monkeypatch.setattr(live, "LOG_KEEP", 2**18)


@cache
def whole(text: str) -> Report:
    return diagnose(text)


@cache
def reads_of(text: str) -> tuple[str, ...]:
    """The reads that a run over this cluster makes."""
    return tuple(sorted({row.query.read for row in whole(text).coverage}))


def judge(report: Report, seconds: float, faults: Mapping[str, str], *, text: str) -> None:
    what = dict(faults)
    assert [f"{r.check.id}: {r.reason}" for r in report.results if r.status is Status.BROKEN] == [], what
    assert unearned(report) == {}, what
    assert seconds < BUDGET + 1, what
    if set(faults.values()) <= set(SILENT):
        known = {f.fingerprint for f in whole(text).findings}
        assert {f"{f.check.id}: {f.finding.says}" for f in report.findings if f.fingerprint not in known} == set(), what
    worst = any(f.severity.value == "error" for f in report.findings)
    blind = any(r.status is Status.UNKNOWN for r in report.results)
    assert report.exit_code == (1 if worst else 3 if blind else 0), what


def looked(text: str, faults: Mapping[str, str], folder: Path) -> tuple[Report, float]:
    with FakeAPI(Example(text), faults=faults).serve() as api:
        reader = LiveReader(api.kubeconfig(folder), timeout=BUDGET)
        start = time.monotonic()
        report = run(registry(), registry().select(), reader, HERE)
        return report, time.monotonic() - start


@pytest.mark.parametrize("fault", FAULTS)
def test_each_read_fails_in_each_way(fault: str, tmp_path: Path) -> None:
    assert len(reads_of(DEMO)) > 30
    for read in reads_of(DEMO):
        report, seconds = looked(DEMO, {read: fault}, tmp_path)

        judge(report, seconds, {read: fault}, text=DEMO)


@pytest.mark.parametrize("fault", LOG_FAULTS)
def test_each_log_that_is_none(fault: str, tmp_path: Path) -> None:
    report, seconds = looked(DEMO, {"pods/log": fault}, tmp_path)

    states = {row.state for row in report.coverage if row.query.read == "pods/log"}
    assert states <= ({State.OK} if fault in WHOLE_LOGS else {State.TRUNCATED, State.TIMEOUT})
    judge(report, seconds, {"pods/log": fault}, text=DEMO)


PAIRS = 60


@pytest.mark.parametrize("seed", range(PAIRS // 10))
def test_pairs_of_reads_fail_together(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    for _ in range(10):
        faults = {read: rng.choice(FAULTS) for read in rng.sample(reads_of(DEMO), 2)}
        report, seconds = looked(DEMO, faults, tmp_path)

        judge(report, seconds, faults, text=DEMO)


@pytest.mark.parametrize("fault", FAULTS)
def test_everything_fails_at_once(fault: str, tmp_path: Path) -> None:
    report, seconds = looked("", {"*": fault}, tmp_path)

    judge(report, seconds, {"*": fault}, text="")
    assert report.exit_code == 3
    for name in FORMATS:
        assert "as the test says" not in formatter(name)(report) or fault in {"403", "429", "500", "401"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_healthy_hub_is_never_called_ill_and_never_wholly_well(fault: str, tmp_path: Path) -> None:
    """Of a healthy cluster a failing read makes something unknown, and nothing else."""
    for read in ("deployments", "pods", "secrets", "nodes", "pods/log"):
        report, seconds = looked("", {read: fault}, tmp_path)

        judge(report, seconds, {read: fault}, text="")
        if fault in SILENT and not (read == "pods/log" and fault in TEXTS):
            assert report.exit_code == 3, (read, fault)
            assert report.verdict == "unknown", (read, fault)


# --- the same without a server ---------------------------------------------------------------------------------------


def missing(**states: str) -> str:
    return "\n---\n".join(
        f"kind: Missing\nread: {read}\nstate: {state}\ndetail: HTTP 404, as the test says"
        for read, state in states.items()
    )


STATES = [s.value for s in State if s not in {State.OK, State.TRUNCATED}]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("text", ["", DEMO], ids=["healthy", "demo"])
def test_no_check_passes_without_what_it_needs(text: str, state: str) -> None:
    for read in READS:
        report = diagnose(f"{text}\n---\n{missing(**{read: state})}")

        assert [r.reason for r in report.results if r.status is Status.BROKEN] == [], read
        assert unearned(report) == {}, read
        known = {f.fingerprint for f in whole(text).findings}
        assert {f.fingerprint for f in report.findings} <= known, read


@pytest.mark.parametrize("part", range(4))
def test_no_check_passes_without_two_things_that_it_needs(part: int) -> None:
    pairs = list(itertools.combinations(reads_of(""), 2))
    chosen = random.Random(part).sample(pairs, min(60, len(pairs)))
    for a, b in chosen:
        report = diagnose(missing(**{a: "forbidden", b: "timeout"}))

        assert [r.reason for r in report.results if r.status is Status.BROKEN] == [], (a, b)
        assert unearned(report) == {}, (a, b)
        assert report.findings == [], (a, b)
