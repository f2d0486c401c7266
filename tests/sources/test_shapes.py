"""Answers at HTTP 200 that are not what was asked for: a proxy says 200 to anything."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from jhubdoctor.engine.result import CheckStatus, Report
from jhubdoctor.facts.logs import Entry, refusal
from jhubdoctor.model.hub import Scope
from jhubdoctor.sources.live import LiveReader
from jhubdoctor.sources.reader import Reader
from jhubdoctor.sources.reads import Answer, Query, ReadState
from jhubdoctor.sources.shapes import GONE
from jhubdoctor.testing import Example, judged, registry
from tests.fakeapi import FakeAPI
from tests.honesty import hushed, unearned

HERE = Scope(default_namespace="jhub")
LOG = Query("pods/log", "jhub", "hub-7d9c/hub")
STATUS = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "etcdserver: no leader", "code": 500}
DEEP = '{"groups":' * 4000 + "[]" + "}" * 4000
DEEPER_THAN_ANY = '{"groups":[' * 100 + "]}" * 100
METRICS = (
    "# HELP apiserver_request_total Counter\n# TYPE apiserver_request_total counter\napiserver_request_total 1.5e3 9\n"
)
PATHS = {
    "/metrics": ("metrics", ["", " \n", "OK", "not found\n", '{"status": "ok"}', "nginx_up 1\n", f"{METRICS}<!-- -->"]),
    "/readyz?verbose": ("readyz", ["", "garbage", json.dumps(STATUS), "healthy", "<html>[+]ping ok"]),
    "/livez?verbose": ("livez", ["", "[]", "oks"]),
    "/version": ("version", ["", "{}", "[]", '{"gitVersion": 7}', json.dumps(STATUS), DEEP]),
    "/apis": ("discovery", ["", "{}", '{"groups": {}}', json.dumps(STATUS), DEEP, DEEPER_THAN_ANY]),
    "/apis/policy/v1beta1": ("discovery", ["", '{"groups": []}', '{"resources": null}', json.dumps(STATUS)]),
}
ODD = [(path, read, text) for path, (read, texts) in PATHS.items() for text in texts]
WELL = [
    ("/metrics", "metrics", METRICS),
    ("/readyz?verbose", "readyz", "ok"),
    ("/readyz?verbose", "readyz", "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n"),
    ("/healthz?verbose", "healthz", "[+]ping ok\nhealthz check passed"),
    ("/apis", "discovery", '{"groups": []}'),
    ("/apis/policy/v1beta1", "discovery", '{"resources": []}'),
]


def answered(path: str, read: str, text: str, folder: Path) -> Answer:
    with FakeAPI(Example("")).serve() as api:
        api.paths[path] = text
        return LiveReader(api.kubeconfig(folder), timeout=20).answer(Query(read, name=path))


@pytest.mark.parametrize(("path", "read", "text"), ODD)
def test_what_is_not_the_answer_of_a_path_is_not_taken_for_it(path: str, read: str, text: str, tmp_path: Path) -> None:
    answer = answered(path, read, text, tmp_path)

    assert (answer.state, answer.text) == (ReadState.MALFORMED, "")
    assert answer.detail


@pytest.mark.parametrize(("path", "read", "text"), WELL)
def test_what_is_the_answer_of_a_path_is_read(path: str, read: str, text: str, tmp_path: Path) -> None:
    assert answered(path, read, text, tmp_path).state is ReadState.OK


def test_health_whose_end_is_missing_was_read_in_part(tmp_path: Path) -> None:
    answer = answered("/readyz?verbose", "readyz", "[+]ping ok\n[-]etcd fai", tmp_path)

    assert (answer.state, answer.text) == (ReadState.TRUNCATED, "[+]ping ok\n[-]etcd fai")


def logged(text: str, folder: Path, query: Query = LOG) -> Answer:
    with FakeAPI(Example("")).serve() as api:
        api.logs["jhub/" + query.name] = text
        return LiveReader(api.kubeconfig(folder), timeout=20).answer(query)


NOT_A_LOG = [
    json.dumps(STATUS),
    json.dumps(STATUS, indent=2),
    "<!DOCTYPE html><html>",
    "unable to retrieve container logs for containerd://e788ff6eb312",
    'failed to try resolving symlinks in path "/var/log/pods/x/hub/0.log": lstat /var/log/pods/x: no such file',
    'failed to open log file "/var/log/pods/x/hub/0.log": open /var/log/pods/x/hub/0.log: no such file or directory\n',
]


@pytest.mark.parametrize("text", NOT_A_LOG)
def test_what_comes_in_the_place_of_a_log_is_not_taken_for_one(text: str, tmp_path: Path) -> None:
    answer = logged(text, tmp_path)

    assert (answer.state, answer.text) == (ReadState.MALFORMED, "")
    assert answer.detail


@pytest.mark.parametrize(
    "text",
    ["", '{"level": "info", "msg": "started"}', "unable to retrieve container logs for x\n[I] and more", "{" * 9, DEEP],
)
def test_a_program_may_log_what_it_likes(text: str, tmp_path: Path) -> None:
    assert logged(text, tmp_path).state is ReadState.OK


def test_without_the_log_of_the_run_before_the_present_one_is_of_use(tmp_path: Path) -> None:
    query = Query("pods/log", "jhub", "hub-7d9c/hub/previous")
    answer = logged("unable to retrieve container logs for containerd://e788ff6eb312", tmp_path, query)

    assert (answer.state, answer.text, answer.detail) == (ReadState.TRUNCATED, "\n", GONE)


def looked(folder: Path, paths: dict[str, str], logs: dict[str, str]) -> tuple[Report, Report]:
    """The reports of the healthy hub, and of the same one with these answers."""
    with FakeAPI(Example("")).serve() as api:
        kubeconfig = api.kubeconfig(folder)
        whole = judged(registry(), registry().select(), LiveReader(kubeconfig, timeout=60), HERE)
        api.paths |= paths
        api.logs |= logs
        return whole, judged(registry(), registry().select(), LiveReader(kubeconfig, timeout=60), HERE)


@pytest.mark.engine
@pytest.mark.parametrize(("path", "text"), [(path, text) for path, _, text in ODD if path != "/apis/policy/v1beta1"])
def test_no_check_passes_or_breaks_on_the_strength_of_it(path: str, text: str, tmp_path: Path) -> None:
    whole, report = looked(tmp_path, {path: text}, {})

    assert [r.check.id for r in report.results if r.status is CheckStatus.BROKEN] == []
    assert unearned(report) == {}
    assert hushed(whole, report) == []
    assert not report.findings
    # /livez is asked for only where /readyz says too little; for what /apis tells there is a table as well
    assert report.exit_code == (0 if path in {"/livez?verbose", "/apis"} else 3)
    assert path != "/apis" or any("discovery" in r.reason for r in report.results)


@pytest.mark.engine
@pytest.mark.parametrize("text", NOT_A_LOG[:4])
def test_no_check_passes_on_a_log_that_is_none(text: str, tmp_path: Path) -> None:
    logs = dict.fromkeys(Example("").reader()._logs, text)
    whole, report = looked(tmp_path, {}, logs)

    assert logs
    assert hushed(whole, report) == []
    assert unearned(report) == {}
    assert report.exit_code == 3


class Kept(Reader):
    """A healthy hub, of which a bundle says this of a path."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text
        self.reader = Example("").reader()
        self.namespace = self.reader.namespace

    def now(self) -> datetime:
        return self.reader.now()

    def answer(self, query: Query) -> Answer:
        return Answer(ReadState.OK, [], self.text) if query.name == self.path else self.reader.answer(query)


@pytest.mark.engine
@pytest.mark.parametrize("path", ["/apis", "/version"])
@pytest.mark.parametrize("text", [DEEP, DEEPER_THAN_ANY, "[1]", ""])
def test_a_bundle_that_holds_such_an_answer_breaks_no_check(path: str, text: str) -> None:
    report = judged(registry(), registry().select(), Kept(path, text), HERE, concurrency=1)

    assert [r.check.id for r in report.results if r.status is CheckStatus.BROKEN] == []


def test_a_refusal_that_is_nested_without_end_tells_nothing() -> None:
    entry = Entry(
        "E", None, "JupyterHub", "spawner", "HTTP response body: " + '{"message":' * 2000 + '"x"' + "}" * 2000
    )

    assert refusal(entry)[0] is None
