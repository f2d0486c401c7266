"""The exporter: what it keeps, what it never hides, and that it can run for years."""

# ruff: noqa: S310  - the addresses are those of servers of the tests

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from jhubdoctor.commands.run import demo_reader
from jhubdoctor.engine.result import Report
from jhubdoctor.model.errors import DoctorError, NoHubError, NotNowError
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.hub import Hub
from jhubdoctor.report import prometheus
from jhubdoctor.service.exporter import Exporter
from jhubdoctor.service.http import Server, address, serve
from jhubdoctor.sources.reader import Reader
from jhubdoctor.sources.reads import ReadState
from jhubdoctor.testing import NOW

Make = Callable[..., Report]
Api = Any


class Looks:
    """Gives these reports, or raises these errors, one after the other."""

    def __init__(self, *answers: Report | Exception) -> None:
        self.answers = list(answers)

    def __call__(self, *, started: Callable[[Reader], None]) -> Report:
        started(demo_reader())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def exported(*answers: Report | Exception) -> Exporter:
    """An exporter after as many runs as there are answers."""
    exporter = Exporter(Looks(*answers))
    for _ in answers:
        exporter.run()
    return exporter


def metrics(exporter: Exporter) -> dict[tuple[str, ...], float]:
    text = exporter.page("/metrics", "").body.decode()
    return {
        (s.name, *(s.labels[k] for k in ("check", "hub", "severity", "status", "outcome") if k in s.labels)): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }


BAD = ("jhubdoctor_findings", "a", "jhub/jhub", "error")


def test_before_the_first_run_it_says_that_there_was_none() -> None:
    exporter = Exporter(Looks(NotNowError("away")))
    found = metrics(exporter)

    assert found["jhubdoctor_last_run_timestamp_seconds",] == 0
    assert found["jhubdoctor_last_complete_run_timestamp_seconds",] == 0
    assert found["jhubdoctor_run_complete",] == 0
    assert exporter.page("/report.json", "").code == 503
    assert exporter.page("/healthz", "").code == 200


def test_it_tells_the_same_as_the_textfile(make: Make) -> None:
    report = make(found={"a": Severity.ERROR}, ok=("b",), blind={"c": ReadState.TIMEOUT})
    ours = {
        line for line in prometheus.render(report).splitlines() if not line.startswith(("#", "jhubdoctor_build_info"))
    }
    found = metrics(exported(report))

    for line in ours:
        name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()  # type: ignore[union-attr]
        parts = dict(re.findall(r'(\w+)="([^"]*)"', labels or ""))
        key = (name, *(parts[k] for k in ("check", "hub", "severity", "status") if k in parts))
        assert found[key] == float(value), line


@pytest.mark.parametrize("error", [NotNowError("away"), DoctorError("no credentials"), RuntimeError("a bug")])
def test_a_run_that_came_to_nothing_resolves_nothing_and_is_not_hidden(make: Make, error: Exception) -> None:
    report = make(found={"a": Severity.ERROR}, ok=("b",))
    exporter = exported(report, error)
    found = metrics(exporter)

    assert found[BAD] == 1
    assert found["jhubdoctor_run_complete",] == 0
    assert found["jhubdoctor_last_complete_run_timestamp_seconds",] == report.started_at.timestamp()
    assert found["jhubdoctor_check_status", "a", "jhub/jhub", "unknown"] == 1
    assert found["jhubdoctor_check_status", "b", "jhub/jhub", "ok"] == 0
    assert found["jhubdoctor_runs_total", "failed"] == 1
    document = json.loads(exporter.page("/report.json", "").body)
    assert any("came to nothing" in n for n in document["run"]["notices"])
    assert "came to nothing" in exporter.page("/report.html", "").body.decode()
    assert exporter.page("/healthz", "").code == 200, "starting the exporter anew would mend nothing"


def test_the_text_of_a_fault_is_on_no_page(make: Make) -> None:
    exporter = exported(make(ok=("a",)), RuntimeError("password=hunter2"))

    for path in ("/report.json", "/report.html", "/healthz", "/metrics"):
        assert b"hunter2" not in exporter.page(path, "").body


def test_a_check_that_cannot_look_keeps_what_it_saw_and_says_of_when(make: Make) -> None:
    first, second = make(found={"a": Severity.ERROR}), make(blind={"a": ReadState.TIMEOUT}, ok=("b",))
    second = replace(second, started_at=first.started_at.replace(hour=13))
    found = metrics(exported(first, second))

    assert found[BAD] == 1
    assert found["jhubdoctor_check_status", "a", "jhub/jhub", "unknown"] == 1
    looked = "jhubdoctor_check_looked_timestamp_seconds"
    assert found[looked, "b", "jhub/jhub"] - found[looked, "a", "jhub/jhub"] == 3600
    assert found["jhubdoctor_run_complete",] == 0


def test_what_is_mended_is_gone(make: Make) -> None:
    assert metrics(exported(make(found={"a": Severity.ERROR}), make(ok=("a",))))[BAD] == 0


def test_a_search_that_fails_makes_nothing_gone(make: Make) -> None:
    lost = make(blind={"a": ReadState.TIMEOUT}, hub=None, hubs=())

    assert metrics(exported(make(found={"a": Severity.ERROR}), lost))[BAD] == 1


def test_a_hub_that_is_uninstalled_takes_its_findings_along(make: Make, other_hub: Hub) -> None:
    bad = make(found={"a": Severity.ERROR})

    assert BAD not in metrics(exported(bad, NoHubError("no hub")))
    assert BAD not in metrics(exported(bad, make(ok=("a",), hub=other_hub, hubs=(other_hub,))))


def test_after_an_outage_it_is_as_before(make: Make) -> None:
    report = make(ok=("a",))
    exporter = exported(report, NotNowError("away"), report)

    assert metrics(exporter)["jhubdoctor_run_complete",] == 1
    assert json.loads(exporter.page("/report.json", "").body)["run"]["notices"] == []


def test_a_service_that_is_stuck_is_not_healthy() -> None:
    exporter = Exporter(Looks(NotNowError("away")), patience=0.0)
    time.sleep(0.01)

    assert exporter.page("/healthz", "").code == 503


def test_one_run_at_a_time(make: Make) -> None:
    inside, most = 0, 0
    lock = threading.Lock()

    def look(**_: Any) -> Report:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.02)
        with lock:
            inside -= 1
        return make(ok=("a",))

    exporter = Exporter(look)
    threads = [threading.Thread(target=exporter.run) for _ in range(5)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()

    assert most == 1
    assert metrics(exporter)["jhubdoctor_runs_total", "complete"] == 5


def test_runs_start_at_the_interval(make: Make) -> None:
    times: list[float] = []

    def look(**_: Any) -> Report:
        times.append(time.monotonic())
        time.sleep(0.05)
        return make(ok=("a",))

    stop = threading.Event()
    exporter = Exporter(look, interval=0.2)
    thread = threading.Thread(target=exporter.run_until, args=(stop,))
    thread.start()
    # a busy machine takes its time
    while len(times) < 3:
        time.sleep(0.01)
    stop.set()
    thread.join()
    gaps = [b - a for a, b in pairwise(times)]

    assert min(gaps) >= 0.19


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (":9877", ("", 9877)),
        ("9877", ("", 9877)),
        ("127.0.0.1:80", ("127.0.0.1", 80)),
        ("[::1]:80", ("::1", 80)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_addresses(text: str, found: tuple[str, int]) -> None:
    assert address(text) == found


@pytest.mark.parametrize("text", ["", "x", ":x", "::1:80", ":70000", ":-1"])
def test_no_addresses(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        address(text)


# --- HTTP ------------------------------------------------------------------------------------------------------------


@contextmanager
def served(exporter: Exporter, **options: Any) -> Iterator[str]:
    server, told = Server("127.0.0.1", 0, exporter, **options), SimpleQueue[None]()
    thread = threading.Thread(target=serve, args=(server, told))
    thread.start()
    try:
        yield server.url
    finally:
        told.put(None)
        thread.join(20)


def get(url: str, method: str = "GET", **headers: str) -> tuple[int, bytes, Any]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method, headers=headers), timeout=10) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as e:
        with e:
            return e.code, e.read(), e.headers


def until(found: Callable[[], Any], seconds: float = 30) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(OSError):
            if value := found():
                return value
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def test_documents_over_http(make: Make) -> None:
    with served(Exporter(Looks(make(found={"a": Severity.ERROR})))) as url:
        until(lambda: get(f"{url}/report.json")[0] == 200)
        code, body, headers = get(f"{url}/report.html")
        assert code == 200
        assert body.startswith(b"<!DOCTYPE html>")
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
        assert json.loads(get(f"{url}/report.json?x=1")[1])["schema"] == "jhubdoctor-report-v1"
        assert get(f"{url}/")[0] == 200
        assert get(f"{url}/../../etc/passwd")[0] == 404
        assert get(f"{url}/metrics", "HEAD")[1] == b""
        assert get(f"{url}/metrics", "POST")[0] == 501
        assert get(f"{url}/metrics", Accept="application/openmetrics-text; version=1.0.0")[1].endswith(b"# EOF\n")


def test_only_metrics_where_that_is_asked_for(make: Make) -> None:
    with served(Exporter(Looks(make(found={"a": Severity.ERROR}))), metrics_only=True) as url:
        until(lambda: b'jhubdoctor_findings{check="a"' in get(f"{url}/metrics")[1])
        assert get(f"{url}/report.json")[0] == 404
        assert get(f"{url}/report.html")[0] == 404


def test_a_client_that_says_nothing_holds_up_nobody(make: Make) -> None:
    with served(Exporter(Looks(make(ok=("a",))))) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))) as silent:
            silent.sendall(b"GET /metr")
            assert until(lambda: get(f"{url}/metrics")[0] == 200)


def test_more_connections_than_it_has_threads_for_are_closed(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Server, "most", 2)
    with served(Exporter(Looks(make(ok=("a",))))) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        address = (host, int(port))
        first, second = (socket.create_connection(address, 10) for _ in range(2))
        with first, second, socket.create_connection(address, 10) as third:
            assert third.recv(1) == b""
        # and there is room again as soon as they are gone
        assert until(lambda: get(f"{url}/metrics")[0] == 200)


# --- the command -----------------------------------------------------------------------------------------------------


@contextmanager
def running(
    api: Api, *words: str, program: tuple[str, str] = ("-m", "jhubdoctor")
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [
        sys.executable,
        *program,
        "exporter",
        "--kubeconfig",
        api.kubeconfig,
        "--listen",
        "127.0.0.1:0",
    ]
    process = subprocess.Popen([*command, *words], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        address_ = re.search(r"(http://\S+)/metrics", line)
        assert address_, line
        yield process, address_[1]
    finally:
        process.kill()
        process.communicate(timeout=30)


def test_it_reconnects_after_the_api_server_was_away(api: Api, fault: str, select: list[str]) -> None:
    def value(url: str, name: str) -> str | None:
        found = re.search(rf"^{re.escape(name)} (\S+)$", get(f"{url}/metrics")[1].decode(), re.MULTILINE)
        return found[1] if found else None

    finding = 'jhubdoctor_findings{check="placeholders-without-priority",hub="jhub/jhub",severity="warning"}'
    with running(api, *select, "--interval", "300ms") as (_, url):
        until(lambda: value(url, finding) == "0.0")
        api.text = fault
        until(lambda: value(url, finding) == "1.0")
        api.stop()
        until(lambda: value(url, "jhubdoctor_run_complete") == "0.0")
        assert value(url, finding) == "1.0"
        api.start()
        until(lambda: value(url, "jhubdoctor_run_complete") == "1.0")
        api.text = ""
        until(lambda: value(url, finding) == "0.0")


def test_it_can_serve_pseudonyms(api: Api) -> None:
    api.text = """
kind: Pod
metadata:
  name: jupyter-lovelace
  labels: {component: singleuser-server, hub.jupyter.org/username: lovelace}
  creationTimestamp: -5m
spec: {nodeName: user-1, containers: [{name: notebook, image: "quay.io/example/x:1"}]}
status:
  phase: Failed
  containerStatuses:
  - {name: notebook, ready: false, state: {terminated: {exitCode: 127, reason: Error, finishedAt: -4m}}}
"""
    with running(api, "--select", "user-pod-crash-loop", "--redact-users") as (_, url):
        until(lambda: get(f"{url}/report.json")[0] == 200)
        report = get(f"{url}/report.json")[1].decode()

    assert [f["check"] for f in json.loads(report)["findings"]] == ["user-pod-crash-loop"]
    assert "lovelace" not in report


def test_it_stops_on_sigterm(api: Api, select: list[str]) -> None:
    with running(api, *select) as (process, url):
        until(lambda: get(f"{url}/report.json")[0] == 200)
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=20) == 0
        assert time.monotonic() - start < 8


AGAIN = """
import runpy, signal, threading

def again(self, notify_all=threading.Condition.notify_all):
    if threading.get_ident() == threading.main_thread().ident:
        threading.Condition.notify_all = notify_all
        signal.raise_signal(signal.SIGTERM)
    notify_all(self)

threading.Condition.notify_all = again
runpy.run_module("jhubdoctor", run_name="__main__")
"""


def test_a_second_sigterm_may_come_while_the_first_is_heeded(api: Api, select: list[str]) -> None:
    """As `timeout` sends them, to the process and to its group; here at the worst moment."""
    with running(api, *select, program=("-c", AGAIN)) as (process, url):
        until(lambda: get(f"{url}/report.json")[0] == 200)
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=20) == 0


def test_it_stops_on_sigterm_while_the_cluster_does_not_answer(tmp_path: Path, select: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:

        class Mute:
            kubeconfig = str(tmp_path / "mute")

        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "m", "users": [{"name": "u", "user": {}}],
            "clusters": [{"name": "m", "cluster": {"server": f"http://127.0.0.1:{mute.getsockname()[1]}"}}],
            "contexts": [{"name": "m", "context": {"cluster": "m", "user": "u"}}],
        }  # fmt: skip
        Path(Mute.kubeconfig).write_text(json.dumps(config))
        with running(Mute, *select) as (process, _):
            mute.settimeout(20)
            peer, _ = mute.accept()
            with peer:
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=20) == 0


def test_an_address_in_use_is_a_sentence(api: Api) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = ["exporter", "--kubeconfig", api.kubeconfig, "--listen", f"127.0.0.1:{port}"]
        command = [sys.executable, "-m", "jhubdoctor", *words]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    assert done.returncode == 3
    assert "cannot be listened on" in done.stderr
    assert "Traceback" not in done.stderr


def test_other_commands_do_not_import_the_client_of_prometheus() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from jhubdoctor.commands.group import cli;"
        "assert CliRunner().invoke(cli, ['demo', '-o', 'prometheus']).stdout; print('prometheus_client' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout.strip() == "False"


# --- for years -------------------------------------------------------------------------------------------------------


# In a process of its own: what other tests left would be counted.
HUNDREDS_OF_RUNS = """
import gc, json, os
from pathlib import Path
from jhubdoctor.commands.run import demo_reader
from jhubdoctor.service.exporter import Exporter
from jhubdoctor.testing import registry
from jhubdoctor.visits.visit import Visit

reader = demo_reader()
exporter = Exporter(Visit(registry(), registry().select(), lambda: reader, concurrency=1), knows=registry().knows)

def measured():
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return len(gc.get_objects()), pages * os.sysconf("SC_PAGE_SIZE") / 2**20

for i in range(300):
    exporter.run()
    page = exporter.page("/metrics", "").body.decode()
    if i == 49:
        first = measured()
print(json.dumps([first, measured(), page]))
"""


@pytest.mark.engine
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc/self/statm to measure with")
def test_memory_is_flat_over_hundreds_of_runs() -> None:
    """All checks over the example hub; the first fill caches, then nothing may be added: no object by five runs."""
    done = subprocess.run([sys.executable, "-c", HUNDREDS_OF_RUNS], check=True, capture_output=True, text=True)
    (objects, megabytes), (after_objects, after_megabytes), page = json.loads(done.stdout)

    assert 'jhubdoctor_runs_total{outcome="complete"} 300.0' in page
    assert after_objects - objects < 50
    assert after_megabytes - megabytes < 2


# --- a real Prometheus -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(not shutil.which("promtool"), reason="no promtool here: apt-get install prometheus")
def test_promtool_finds_nothing_wrong_with_the_metrics(make: Make) -> None:
    report = make(found={"a": Severity.ERROR}, ok=("b",), blind={"c": ReadState.TIMEOUT})
    for text in (prometheus.render(report).encode(), exported(report).page("/metrics", "").body):
        done = subprocess.run(["promtool", "check", "metrics"], check=False, input=text, capture_output=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("prometheus"), reason="no Prometheus here: apt-get install prometheus")
def test_a_real_prometheus_scrapes_a_real_exporter(api: Api, fault: str, select: list[str], tmp_path: Path) -> None:
    api.text = fault
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running(api, *select, "--interval", "500ms") as (_, url):
        until(lambda: get(f"{url}/report.json")[0] == 200)
        (tmp_path / "prometheus.yml").write_text(
            json.dumps(
                {
                    "global": {"scrape_interval": "500ms", "scrape_timeout": "400ms"},
                    "scrape_configs": [
                        {"job_name": "jhubdoctor", "static_configs": [{"targets": [url.removeprefix("http://")]}]}
                    ],
                }
            )
        )
        process = subprocess.Popen(
            [
                "prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
                f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
            ],
        )  # fmt: skip
        try:

            def query(text: str) -> list[Any]:
                asked = urllib.parse.quote(text)
                code, body, _ = get(f"http://127.0.0.1:{port}/api/v1/query?query={asked}")
                # it answers 503 while it starts
                found: list[Any] = json.loads(body)["data"]["result"] if code == 200 else []
                return found

            [sample] = until(lambda: query('jhubdoctor_root_causes{severity="warning"} > 0'), 60)
            assert sample["metric"]["check"] == "placeholders-without-priority"
            assert sample["metric"]["hub"] == "jhub/jhub"
            [at] = query("jhubdoctor_last_complete_run_timestamp_seconds")
            assert float(at["value"][1]) == NOW.timestamp()
            assert query("up == 1")
        finally:
            process.terminate()
            process.wait(timeout=30)
