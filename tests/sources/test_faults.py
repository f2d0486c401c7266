"""Every query that can fail fails in every way, one at a time and in pairs: nothing crashes, nothing passes unseen.

What comes of a request is looked at for each query and each fault (`answers`); each answer that differs is then judged
by all checks, without asking again. Over real sockets a few whole runs remain. A request that is served well has all
the time of the world: what these tests say does not depend on how busy the machine is.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from jhubdoctor.engine import notes
from jhubdoctor.engine.declare import Check
from jhubdoctor.engine.result import CheckStatus, Report
from jhubdoctor.model.hub import Scope
from jhubdoctor.report import FORMATS, formatter
from jhubdoctor.sources import live
from jhubdoctor.sources.http import bounded
from jhubdoctor.sources.live import LiveReader
from jhubdoctor.sources.reader import Reader
from jhubdoctor.sources.reads import READS, Answer, Query, ReadState
from jhubdoctor.testing import Example, diagnose, judged, registry
from tests import accuracy
from tests.fakeapi import ENDLESS, FAULTS, LOG_FAULTS, FakeAPI, Wire, plain
from tests.honesty import hushed, unearned

HERE = Scope(default_namespace="jhub")
DEMO = resources.files("jhubdoctor.example").joinpath("demo.yaml").read_text(encoding="utf-8")
SHARED = (Path(__file__).parent.parent / "scenarios" / "healthy.two-hubs-in-one-namespace.yaml").read_text(
    encoding="utf-8"
)
CLUSTERS = {"healthy": "", "demo": DEMO, "shared": SHARED}
BUDGET = 30.0
SLACK = 10.0
# These say nothing of a read but that it failed; the others put odd objects in the place of the real ones.
ODD = {"bare", "wrong-types"}
SILENT = {f for f in FAULTS if f not in ODD}
# A log that ends in one of these was read to its end.
WHOLE_LOGS = {"binary"}
# A log is text: these are short logs.
TEXTS = {"truncated", "nulls", "not-a-list", "empty"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rules, in less time."""
    monkeypatch.setattr(live, "BACKOFF", 0.001)
    monkeypatch.setattr(live, "REQUEST_TIMEOUT", BUDGET)
    monkeypatch.setattr(live, "LOG_READ", 2 * 2**20)
    monkeypatch.setattr(live, "LOG_KEEP", 2**18)


class Hasty(LiveReader):
    """It waits long for what is served, and not for what will never come."""

    def __init__(self, api: FakeAPI, folder: Path) -> None:
        super().__init__(api.kubeconfig(folder), timeout=BUDGET)
        self.api = api

    def _exchange(self, path: str, accept: str, limit: float, **how: Any) -> Any:
        if self.api.intended(path) not in ENDLESS:
            return super()._exchange(path, accept, limit, **how)
        exchange = super()._exchange
        return bounded(lambda: exchange(path, accept, 0.1, **how), 0.2)


class Instead(Reader):
    """Another reader, but for the answers to some queries."""

    def __init__(self, reader: Reader, answers: Mapping[Query, Answer]) -> None:
        self.reader = reader
        self.answers = answers
        self.namespace = reader.namespace

    def now(self) -> Any:
        return self.reader.now()

    def answer(self, query: Query) -> Answer:
        return self.answers.get(query) or self.reader.answer(query)


class Remembered(Reader):
    """Another reader, of which each query is asked once."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.known: dict[Query, Answer] = {}
        self.namespace = reader.namespace

    def now(self) -> Any:
        return self.reader.now()

    def answer(self, query: Query) -> Answer:
        if query not in self.known:
            self.known[query] = self.reader.answer(query)
        return self.known[query]


@cache
def whole(text: str) -> Report:
    return diagnose(text)


@cache
def queries_of(text: str) -> tuple[Query, ...]:
    """What a run over this cluster asks for."""
    return tuple(row.query for row in whole(text).coverage)


def judge(report: Report, faults: Mapping[Any, str], *, text: str) -> None:
    what = {str(k): v for k, v in faults.items()}
    assert [f"{r.check.id}: {r.reason}" for r in report.results if r.status is CheckStatus.BROKEN] == [], what
    assert unearned(report) == {}, what
    if all(f in SILENT and not (f in TEXTS and isinstance(q, Query) and is_text(q)) for q, f in faults.items()):
        known = {f.fingerprint for f in whole(text).findings}
        assert {f"{f.check.id}: {f.finding.says}" for f in report.findings if f.fingerprint not in known} == set(), what
        assert hushed(whole(text), report) == [], what
    worst = any(f.severity.value == "error" for f in report.findings)
    blind = any(r.status is CheckStatus.UNKNOWN for r in report.results)
    assert report.exit_code == (1 if worst else 3 if blind else 0), what


# --- each query, each fault ------------------------------------------------------------------------------------------


Faulty = tuple[str, dict[Query, dict[str, Answer]]]


@pytest.fixture(scope="module", params=["healthy", "demo"])
def faulty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Faulty:
    """A cluster, and what comes of each query of a run over it under each fault."""
    text = CLUSTERS[request.param]
    api = FakeAPI(Example(text))
    reader = LiveReader(api.kubeconfig(tmp_path_factory.mktemp("faults")), timeout=100 * BUDGET)
    reader._pool = Wire(api)  # type: ignore[assignment]
    found: dict[Query, dict[str, Answer]] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live, "BACKOFF", 0.0)
        for query in queries_of(text):
            for fault in FAULTS:
                api.faults = {plain(query): fault}
                found.setdefault(query, {})[fault] = reader.answer(query)
    return text, found


def is_text(query: Query) -> bool:
    return query.read == "pods/log" or bool(READS[query.read].paths)


def test_a_query_that_fails_has_no_answer_and_says_why(faulty: Faulty) -> None:
    _, found = faulty
    assert len(found) > 40
    for query, by_fault in found.items():
        for fault, answer in by_fault.items():
            assert fault not in {"401", "403"} or answer.state is ReadState.FORBIDDEN, (query, fault)
            assert fault != "404" or answer.state is ReadState.ABSENT, (query, fault)
            assert fault not in {"429", "500", "reset", *ENDLESS} or answer.state is ReadState.TIMEOUT, (query, fault)
            if fault not in ODD and not (is_text(query) and fault in TEXTS):
                assert answer.state is not ReadState.OK, (query, fault)
                assert (answer.items, answer.text) == ([], ""), (query, fault)
                assert answer.detail, (query, fault)


@pytest.mark.engine
def test_each_query_fails_in_each_way(faulty: Faulty) -> None:
    text, found = faulty
    inner = Remembered(Example(text).reader())
    for query, by_fault in found.items():
        # what differs only in its words is judged once
        different = {(a.state, repr(a.items), a.text): (fault, a) for fault, a in by_fault.items()}
        for fault, answer in different.values():
            report = judged(registry(), registry().select(), Instead(inner, {query: answer}), HERE, concurrency=1)

            judge(report, {query: fault}, text=text)


@pytest.mark.engine
@pytest.mark.parametrize("part", range(4))
def test_pairs_of_queries_fail_together(part: int, faulty: Faulty) -> None:
    text, found = faulty
    rng = random.Random(part)
    inner = Remembered(Example(text).reader())
    for _ in range(20):
        faults = {q: rng.choice(FAULTS) for q in rng.sample(list(found), 2)}
        given = {q: found[q][fault] for q, fault in faults.items()}
        report = judged(registry(), registry().select(), Instead(inner, given), HERE, concurrency=1)

        judge(report, faults, text=text)


@pytest.mark.engine
def test_of_two_hubs_in_a_namespace_each_query_fails() -> None:
    inner = Remembered(Example(SHARED).reader())
    for query in queries_of(SHARED):
        answers = {query: Answer(ReadState.TIMEOUT, [], detail="no answer within 15 s")}
        report = judged(registry(), registry().select(), Instead(inner, answers), HERE, concurrency=1)

        judge(report, {query: "hang"}, text=SHARED)


# --- a list that ends in the middle ----------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def of_example(text: str) -> tuple[Example, Remembered]:
    example = Example(text)
    return example, Remembered(example.reader())


def cut(text: str, query: Query, keep: slice, *checks: str) -> Report | None:
    """The report where a later page of a list failed; None where there is nothing to cut off."""
    example, inner = of_example(text)
    got = inner.answer(query)
    if not got.items[keep] or len(got.items[keep]) == len(got.items):
        return None
    part = Answer(ReadState.TRUNCATED, got.items[keep], detail="HTTP 500 (after 3 tries)")
    rules = example.suppressions()
    return judged(
        registry(), registry().select(checks), Instead(inner, {query: part}), HERE, concurrency=1, suppressions=rules
    )


@pytest.mark.parametrize("keep", [slice(0, 1), slice(-1, None)], ids=["first", "last"])
@pytest.mark.parametrize("text", CLUSTERS.values(), ids=CLUSTERS)
def test_a_list_that_ends_in_the_middle_is_not_taken_for_the_whole(text: str, keep: slice) -> None:
    for query in queries_of(text):
        if (report := cut(text, query, keep)) is not None:
            assert [r.reason for r in report.results if r.status is CheckStatus.BROKEN] == [], query
            assert unearned(report) == {}, query
            assert hushed(whole(text), report) == [], query


# An event that is not there may be the one that says that all is well again; none of them is worth the others' silence.
EVENTS = "events"


@pytest.mark.engine
@pytest.mark.parametrize("check", registry().checks.values(), ids=registry().checks)
def test_a_list_that_ends_in_the_middle_neither_accuses_nor_clears(check: Check) -> None:
    note = notes.of(check)
    for text in (note.fires_on[0], note.quiet_on[0]):
        before = diagnose(text, check.id)
        for row in before.coverage:
            for keep in (slice(0, 1), slice(-1, None)):
                if row.query.read != EVENTS and (report := cut(text, row.query, keep, check.id)) is not None:
                    assert hushed(before, report) == [], (row.query, text)


# --- whole runs over sockets -----------------------------------------------------------------------------------------


def looked(text: str, faults: Mapping[Any, str], folder: Path) -> Report:
    with FakeAPI(Example(text), faults=faults).serve() as api:
        reader = Hasty(api, folder)
        start = time.monotonic()
        report = judged(registry(), registry().select(), reader, HERE)
        assert time.monotonic() - start < BUDGET + SLACK, faults
        return report


@pytest.mark.parametrize("fault", LOG_FAULTS)
def test_each_log_that_is_none(fault: str, tmp_path: Path) -> None:
    report = looked(DEMO, {"pods/log": fault}, tmp_path)

    states = {row.state for row in report.coverage if row.query.read == "pods/log"}
    assert states <= ({ReadState.OK} if fault in WHOLE_LOGS else {ReadState.TRUNCATED, ReadState.TIMEOUT})
    judge(report, {"pods/log": fault}, text=DEMO)


@pytest.mark.parametrize("fault", FAULTS)
def test_everything_fails_at_once(fault: str, tmp_path: Path) -> None:
    report = looked("", {"*": fault}, tmp_path)

    judge(report, {"*": fault}, text="")
    assert report.exit_code == 3
    for name in FORMATS:
        assert "as the test says" not in formatter(name)(report) or fault in {"403", "429", "500", "401"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_healthy_hub_is_never_called_ill_and_never_wholly_well(fault: str, tmp_path: Path) -> None:
    """Of a healthy cluster a failing read makes something unknown, and nothing else."""
    of_users = Query("pods", "jhub", labels="component=singleuser-server")
    for read in (of_users, "secrets", "pods/log"):
        report = looked("", {read: fault}, tmp_path)

        judge(report, {read: fault}, text="")
        if fault in SILENT and not (read == "pods/log" and fault in TEXTS):
            assert report.exit_code == 3, (read, fault)
            assert report.verdict == "unknown", (read, fault)


# --- every read of the table -----------------------------------------------------------------------------------------


def missing(**states: str) -> str:
    return "\n---\n".join(
        f"kind: Missing\nread: {read}\nstate: {state}\ndetail: HTTP 404, as the test says"
        for read, state in states.items()
    )


# True without what is refused, and each says what it rests on: an object that is not there is not there, whatever Helm
# is doing; a pull takes long for the time that the chart gives by default; the hub mounts a claim for its database; a
# version that neither log nor values tell is not known to be newer.
TRUE_ANYWAY = {
    "image-pull-slow: ok, then found",
    "jupyterhub-newer-than-data: ok, then not-applicable",
    "release-object-missing: not-applicable, then found",
    "sqlite-on-network-share: not-applicable, then found",
}
# What is gone of two hubs in a namespace is told of both where nothing shows whose it was (facts/neighbours.py).
OF_BOTH = {"image-pull-failed: ok, then found", "warnings-go-on: ok, then found"}


def blinded(text: str, *checks: str) -> Iterator[tuple[Query, Report, Report]]:
    """What checks say of a cluster, and what they say where one thing that they ask for is refused, each in turn."""
    example, chosen = Example(text), registry().select(checks)
    reader = Remembered(example.reader())
    rules = example.suppressions()
    seen = judged(registry(), chosen, reader, concurrency=1, suppressions=rules)
    for query, answer in list(reader.known.items()):
        if answer.state in {ReadState.OK, ReadState.ABSENT}:
            refused = Instead(reader, {query: Answer(ReadState.FORBIDDEN, [], detail="HTTP 403")})
            yield query, seen, judged(registry(), chosen, refused, concurrency=1, suppressions=rules)


@pytest.mark.engine
@pytest.mark.parametrize("check", registry().checks.values(), ids=lambda c: c.id)
def test_no_query_of_an_example_makes_silence_or_an_accusation(check: Check) -> None:
    """What is found may become unknown, never `ok`; what is `ok` may become unknown, never found."""
    note = notes.of(check)
    for text in (*note.fires_on, *note.quiet_on):
        for query, seen, report in blinded(text, check.id):
            assert [r.reason for r in report.results if r.status is CheckStatus.BROKEN] == [], query
            assert unearned(report) == {}, query
            assert set(hushed(seen, report)) <= TRUE_ANYWAY, query


@pytest.mark.engine
@pytest.mark.parametrize("name", accuracy.scenarios())
def test_no_query_of_a_scenario_hides_what_was_found(name: str) -> None:
    text = accuracy.text_of(name)
    for query, seen, report in blinded(text, *sorted({f.check.id for f in accuracy.diagnosed(name).findings})):
        of_both = OF_BOTH if len(seen.hubs) > 1 else set()
        assert set(hushed(seen, report)) <= TRUE_ANYWAY | of_both, query


STATES = ["forbidden", "absent"]


@pytest.mark.engine
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("text", ["", DEMO], ids=["healthy", "demo"])
def test_no_check_passes_without_what_it_needs(text: str, state: str) -> None:
    for read in sorted({query.read for query in queries_of(text)}):
        report = diagnose(f"{text}\n---\n{missing(**{read: state})}")

        assert [r.reason for r in report.results if r.status is CheckStatus.BROKEN] == [], read
        assert unearned(report) == {}, read
        known = {f.fingerprint for f in whole(text).findings}
        assert {f.fingerprint for f in report.findings} <= known, read
        assert hushed(whole(text), report) == [], read
