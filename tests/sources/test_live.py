"""The live reader against a server that behaves as real ones do, also badly."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from jhubdoctor import __version__
from jhubdoctor.commands.group import cli
from jhubdoctor.engine.result import CheckStatus
from jhubdoctor.model.errors import DoctorError
from jhubdoctor.model.hub import Scope
from jhubdoctor.report import FORMATS
from jhubdoctor.sources import http, kubeconfig, live
from jhubdoctor.sources.http import bounded
from jhubdoctor.sources.live import LiveReader
from jhubdoctor.sources.reads import Query, ReadState
from jhubdoctor.sources.table import Table
from jhubdoctor.testing import Example, judged, registry
from tests.cluster.pki import Authority
from tests.fakeapi import ENDLESS, FakeAPI

PODS = Query("pods", "jhub")
NODES = Query("nodes")
LOG = Query("pods/log", "jhub", "hub-7d9c/hub")
EMPTY = Example([{"kind": "Empty"}])


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rules, in less time."""
    monkeypatch.setattr(live, "BACKOFF", 0.01)


@pytest.fixture
def impatient(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For what will never come; for what comes, a busy machine needs its time."""
    if fault in ENDLESS:
        monkeypatch.setattr(live, "REQUEST_TIMEOUT", 0.5)


def pods(number: int) -> Example:
    return Example([{"kind": "Empty"}, *({"kind": "Pod", "metadata": {"name": f"p{i}"}} for i in range(number))])


def reader(api: FakeAPI, tmp_path: Path, **options: Any) -> LiveReader:
    config = {k: options.pop(k) for k in ("user", "cluster") if k in options}
    return LiveReader(api.kubeconfig(tmp_path, **config), **{"timeout": 10, **options})


# --- politeness ------------------------------------------------------------------------------------------------------


def test_only_get_is_ever_sent_and_it_says_who_asks(tmp_path: Path) -> None:
    with FakeAPI(Example("")).serve() as api:
        judged(registry(), registry().select(), reader(api, tmp_path), Scope(default_namespace="jhub"))

    assert len(api.requests) > 20
    assert {r.method for r in api.requests} == {"GET"}
    assert {r.headers["user-agent"] for r in api.requests} == {f"jhubdoctor/{__version__}"}
    assert {r.headers["authorization"] for r in api.requests} == {"Bearer kubeconfig-t0ken"}
    assert not [r for r in api.requests if r.query.get("watch")]


@pytest.mark.parametrize("concurrency", [1, 3, 8])
def test_never_more_requests_at_once_than_allowed(concurrency: int, tmp_path: Path) -> None:
    with FakeAPI(EMPTY, delay=0.02).serve() as api:
        live_reader = reader(api, tmp_path, concurrency=concurrency)
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(lambda i: live_reader.answer(Query("pods", f"n{i}")), range(40)))

    assert len(api.requests) == 40
    assert api.most_in_flight == concurrency


def test_names_of_objects_never_lead_to_another_path(tmp_path: Path) -> None:
    with FakeAPI(EMPTY).serve() as api:
        reader(api, tmp_path).answer(Query("secrets", "jhub/../kube-system", "../../nodes?watch=1#x"))

    [request] = api.requests
    assert request.path == "/api/v1/namespaces/jhub%2F..%2Fkube-system/secrets/..%2F..%2Fnodes%3Fwatch%3D1%23x"


# --- lists -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1, 4, 5, 6, 23])
def test_all_pages_of_a_list_are_read(number: int, tmp_path: Path) -> None:
    with FakeAPI(pods(number), page=5).serve() as api:
        answer = reader(api, tmp_path).answer(PODS)

    assert answer.state is ReadState.OK
    assert [p.name for p in answer.items] == [f"p{i}" for i in range(number)]


def test_a_list_whose_token_expired_is_read_again_from_the_start_once(tmp_path: Path) -> None:
    with FakeAPI(pods(12), page=5, gone_after=1).serve() as api:
        answer = reader(api, tmp_path).answer(PODS)

    assert answer.state is ReadState.OK
    assert len(answer.items) == 12
    assert len([r for r in api.requests if "continue" not in r.query]) == 2


def test_a_list_whose_token_expires_again_is_truncated(tmp_path: Path) -> None:
    with FakeAPI(pods(12), page=5, gone_after=1, always_gone=True).serve() as api:
        answer = reader(api, tmp_path).answer(PODS)

    assert answer.state is ReadState.TRUNCATED
    assert len(answer.items) == 5
    assert "410" in answer.detail


def test_a_list_that_breaks_off_after_its_first_page_is_truncated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "TRIES", 1)
    with FakeAPI(pods(12), page=5).serve() as api:
        live_reader = reader(api, tmp_path)
        first = live_reader._patiently

        def second_fails(path: str, *args: Any, **kwargs: Any) -> Any:
            if "continue=" in path:
                api.faults = {"pods": "500"}
            return first(path, *args, **kwargs)

        monkeypatch.setattr(live_reader, "_patiently", second_fails)
        answer = live_reader.answer(PODS)

    assert answer.state is ReadState.TRUNCATED
    assert len(answer.items) == 5


def test_pages_that_never_end_do_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "decode_page", lambda *_: ([], 0, "0"))
    with FakeAPI(pods(3)).serve() as api:
        answer = reader(api, tmp_path).answer(PODS)

    assert answer.state is ReadState.TRUNCATED
    assert len(api.requests) == 2


CLAIMS = Query("persistentvolumeclaims", "jhub", survey=True)
SURVEYED = Query("pods", "jhub", survey=True)


def named(kind: str, phases: list[str]) -> Example:
    objects = [{"kind": kind, "metadata": {"name": f"o{i}"}, "status": {"phase": p}} for i, p in enumerate(phases)]
    return Example([{"kind": "Empty"}, *objects])


@pytest.mark.parametrize("blank", [1, 3])
@pytest.mark.parametrize("query", [PODS, SURVEYED, Query("pods", "jhub", metadata_only=True)])
def test_a_page_without_items_is_not_the_end_of_a_list(query: Query, blank: int, tmp_path: Path) -> None:
    with FakeAPI(pods(12), page=5, blank=blank).serve() as api:
        answer = reader(api, tmp_path).answer(query)

    assert answer.state is ReadState.OK
    assert sorted(p.name for p in answer.items) == sorted(f"p{i}" for i in range(12))


def test_a_survey_whose_first_pages_have_no_items_finds_what_is_not_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SAMPLE", 2)
    phases = ["Bound"] * 9 + ["Pending"]
    with FakeAPI(named("PersistentVolumeClaim", phases), page=5, blank=5, tables=True).serve() as api:
        answer = reader(api, tmp_path).answer(CLAIMS)

    assert answer.state is ReadState.OK
    assert answer.surveyed == 10
    assert "o9" in [c.name for c in answer.items]


def test_the_slices_of_a_survey_go_on_behind_empty_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SAMPLE", 2)
    with FakeAPI(named("Pod", ["Running"] * 9 + ["Pending"]), page=5, blank=9, tables=True).serve() as api:
        answer = reader(api, tmp_path).answer(SURVEYED)

    assert (answer.state, answer.surveyed) == (ReadState.OK, 10)
    assert "o9" in [p.name for p in answer.items]


def test_all_pages_of_a_table_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SAMPLE", 2)
    with FakeAPI(named("PersistentVolumeClaim", ["Bound"] * 22 + ["Lost"]), page=5, tables=True).serve() as api:
        answer = reader(api, tmp_path).answer(CLAIMS)

    assert (answer.state, answer.surveyed) == (ReadState.OK, 23)
    assert "o22" in [c.name for c in answer.items]


def test_a_proxy_that_makes_no_tables_gives_all_pages_of_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SAMPLE", 2)
    with FakeAPI(named("PersistentVolumeClaim", ["Bound"] * 22 + ["Lost"]), page=5).serve() as api:
        answer = reader(api, tmp_path).answer(CLAIMS)

    assert answer.state is ReadState.OK
    assert [c.name for c in answer.items] == [f"o{i}" for i in range(23)]


def test_a_table_that_names_fewer_than_the_list_has_is_not_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SAMPLE", 2)
    monkeypatch.setattr(live, "read_table", lambda *_: Table(0, ()))
    with FakeAPI(named("PersistentVolumeClaim", ["Bound"] * 9 + ["Lost"])).serve() as api:
        answer = reader(api, tmp_path).answer(CLAIMS)

    assert answer.state is ReadState.TRUNCATED
    assert "Table" in answer.detail


def test_a_list_that_is_not_found_behind_an_empty_page_is_not_unknown_to_the_server(tmp_path: Path) -> None:
    with FakeAPI(pods(12), page=5, blank=1).serve() as api:
        live_reader = reader(api, tmp_path)
        patiently = live_reader._patiently

        def gone(path: str, *args: Any, **kwargs: Any) -> Any:
            if "continue=" in path:
                api.faults = {"pods": "404"}
            return patiently(path, *args, **kwargs)

        live_reader._patiently = gone  # type: ignore[method-assign]
        answer = live_reader.answer(PODS)

    assert (answer.state, answer.items) == (ReadState.TRUNCATED, [])


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("fault", "state", "says"),
    [
        ("403", ReadState.FORBIDDEN, "HTTP 403"),
        ("404", ReadState.ABSENT, "HTTP 404"),
        ("500", ReadState.TIMEOUT, "after 3 tries"),
        ("429", ReadState.TIMEOUT, "after 3 tries"),
        ("hang", ReadState.TIMEOUT, "no answer within"),
        ("reset", ReadState.TIMEOUT, "reset"),
        ("truncated", ReadState.MALFORMED, "not the JSON"),
        ("html", ReadState.MALFORMED, "login page"),
        ("nulls", ReadState.MALFORMED, "2 object(s)"),
        ("bare", ReadState.MALFORMED, "1 object(s)"),
        ("not-a-list", ReadState.MALFORMED, "not the JSON"),
        ("empty", ReadState.MALFORMED, "empty"),
        ("redirect", ReadState.MALFORMED, "login page"),
        ("slow-body", ReadState.TIMEOUT, ""),
        ("slow-headers", ReadState.TIMEOUT, ""),
        ("wrong-types", ReadState.MALFORMED, "1 object(s)"),
    ],
)
def test_every_way_in_which_a_list_can_fail_has_its_state(
    fault: str, state: ReadState, says: str, tmp_path: Path
) -> None:
    with FakeAPI(pods(3), faults={"pods": fault}).serve() as api:
        start = time.monotonic()
        answer = reader(api, tmp_path).answer(PODS)

    assert answer.state is state
    assert says in answer.detail
    assert time.monotonic() - start < 5


def test_a_version_that_is_not_served_is_asked_for_in_the_next_one(tmp_path: Path) -> None:
    with FakeAPI(EMPTY, faults={"poddisruptionbudgets": "404"}).serve() as api:
        reader(api, tmp_path).answer(Query("poddisruptionbudgets", "jhub"))

    assert [r.path.split("?")[0] for r in api.requests] == [
        "/apis/policy/v1/namespaces/jhub/poddisruptionbudgets",
        "/apis/policy/v1beta1/namespaces/jhub/poddisruptionbudgets",
    ]


# --- trying again ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["500", "429", "reset"])
def test_what_passes_is_tried_again(fault: str, tmp_path: Path) -> None:
    with FakeAPI(pods(2), faults={"pods": fault}, times={"pods": 2}).serve() as api:
        answer = reader(api, tmp_path).answer(PODS)

    assert answer.state is ReadState.OK
    assert len(answer.items) == 2


@pytest.mark.parametrize("fault", ["403", "404", "401", "html", "redirect"])
def test_what_does_not_pass_is_not_tried_again(fault: str, tmp_path: Path) -> None:
    with FakeAPI(EMPTY, faults={"nodes": fault}).serve() as api:
        reader(api, tmp_path).answer(NODES)

    assert len(api.requests) == 1


def test_retry_after_is_honoured(tmp_path: Path) -> None:
    with FakeAPI(pods(1), faults={"pods": "429"}, times={"pods": 1}, retry_after="1").serve() as api:
        start = time.monotonic()
        answer = reader(api, tmp_path).answer(PODS)

    assert answer.state is ReadState.OK
    assert 1 <= time.monotonic() - start < 3


def test_retry_after_beyond_the_budget_ends_at_once(tmp_path: Path) -> None:
    with FakeAPI(EMPTY, faults={"nodes": "429"}, retry_after="25").serve() as api:
        start = time.monotonic()
        answer = reader(api, tmp_path, timeout=3).answer(NODES)

    assert (answer.state, answer.detail) == (ReadState.TIMEOUT, "out of time")
    assert time.monotonic() - start < 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3), ("0", 0), ("-5", 0), ("999", 30), ("nan", None), ("soon", None), ("", None), (None, None),
     ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Fri, 31 Dec 2199 23:59:59 GMT", 30)],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert http.retry_after(header) == seconds


# --- time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["hang", "slow-body", "slow-headers", "429"])
def test_a_run_ends_inside_its_budget_however_slow_all_is(fault: str, tmp_path: Path) -> None:
    with FakeAPI(Example(""), faults={"*": fault}, times={"version": 0}, retry_after="30").serve() as api:
        start = time.monotonic()
        report = judged(
            registry(), registry().select(), reader(api, tmp_path, timeout=2), Scope(default_namespace="jhub")
        )

    assert time.monotonic() - start < 3.5
    assert report.exit_code == 3
    needing = {
        i
        for read, ids in registry().reads(registry().select(), required=True).items()
        for i in ids
        if read != "version"
    }
    assert not {r.check.id for r in report.results if r.status is CheckStatus.OK} & needing


def test_after_the_budget_nothing_more_is_asked(tmp_path: Path) -> None:
    with FakeAPI(EMPTY).serve() as api:
        live_reader = reader(api, tmp_path, timeout=0.2)
        time.sleep(0.3)
        answer = live_reader.answer(NODES)

    assert (answer.state, answer.detail) == (ReadState.TIMEOUT, "out of time")
    assert api.requests == []


def test_who_waits_for_a_slot_does_not_wait_longer_than_the_budget(tmp_path: Path) -> None:
    with FakeAPI(EMPTY, delay=0.4).serve() as api:
        live_reader = reader(api, tmp_path, timeout=1, concurrency=1)
        start = time.monotonic()
        with ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(lambda i: live_reader.answer(Query("pods", f"n{i}")), range(10)))

    assert time.monotonic() - start < 2
    assert {a.state for a in answers} == {ReadState.OK, ReadState.TIMEOUT}


def test_the_time_is_the_clusters_and_stays_the_same(tmp_path: Path) -> None:
    with FakeAPI(EMPTY).serve() as api:
        live_reader = reader(api, tmp_path)
        live_reader.connect()
        first = live_reader.now()
        time.sleep(1.1)
        live_reader.answer(NODES)

    assert live_reader.now() == first
    assert first.microsecond == 0


def test_a_bounded_function_gives_its_value_its_error_or_runs_out_of_time() -> None:
    assert bounded(lambda: 3, 1) == 3
    with pytest.raises(ZeroDivisionError):
        bounded(lambda: 1 // 0, 1)
    with pytest.raises(TimeoutError):
        bounded(lambda: threading.Event().wait(5), 0.05)


# --- logs ------------------------------------------------------------------------------------------------------------


def test_a_log_that_is_longer_than_what_is_kept_gives_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "REQUEST_TIMEOUT", 20)
    with FakeAPI(Example(""), faults={"pods/log": "huge"}).serve() as api:
        answer = reader(api, tmp_path, timeout=30).answer(LOG)

    assert answer.state is ReadState.OK
    assert answer.text.endswith("3.14ms\n")
    assert 100_000 < len(answer.text) < live.LOG_KEEP


def test_a_log_whose_end_is_not_reached_is_truncated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOG_READ", 4 * 2**20)
    monkeypatch.setattr(live, "REQUEST_TIMEOUT", 10)
    with FakeAPI(Example(""), faults={"pods/log": "endless-line"}).serve() as api:
        answer = reader(api, tmp_path, timeout=30).answer(LOG)

    assert answer.state is ReadState.TRUNCATED
    assert "abc" not in answer.text


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("fault", "state"),
    [("403", ReadState.FORBIDDEN), ("404", ReadState.ABSENT), ("500", ReadState.TIMEOUT), ("html", ReadState.MALFORMED),
     ("binary", ReadState.OK), ("hang", ReadState.TIMEOUT), ("redirect", ReadState.MALFORMED)],
)  # fmt: skip
def test_every_way_in_which_a_log_can_fail_has_its_state(fault: str, state: ReadState, tmp_path: Path) -> None:
    with FakeAPI(Example(""), faults={"pods/log": fault}).serve() as api:
        assert reader(api, tmp_path).answer(LOG).state is state


def test_a_container_that_has_not_started_has_an_empty_log(tmp_path: Path) -> None:
    with FakeAPI(Example("")).serve() as api:
        answer = reader(api, tmp_path).answer(Query("pods/log", "jhub", "hub-7d9c/nothing"))

    assert (answer.state, answer.text) == (ReadState.OK, "")


# --- configurations --------------------------------------------------------------------------------------------------


def test_expired_credentials_are_told_as_that(tmp_path: Path) -> None:
    with FakeAPI(EMPTY, denied=401).serve() as api, pytest.raises(DoctorError) as e:
        reader(api, tmp_path).connect()

    assert "refused the credentials (HTTP 401)" in e.value.what
    assert "sign in again" in e.value.next_step


def test_a_cluster_that_is_not_there_is_told_as_that(tmp_path: Path) -> None:
    with FakeAPI(EMPTY).serve() as api:
        live_reader = reader(api, tmp_path)

    with pytest.raises(DoctorError) as e:
        live_reader.connect()

    assert "the connection was refused" in e.value.what


def test_an_unknown_context_names_those_there_are(tmp_path: Path) -> None:
    with FakeAPI(EMPTY).serve() as api, pytest.raises(DoctorError) as e:
        LiveReader(api.kubeconfig(tmp_path), "there")

    assert "no context 'there'" in e.value.what
    assert "here" in e.value.next_step


@pytest.mark.parametrize("text", ["", "{}", "[]", "a: [", "\x00", "contexts: 3", "clusters: [{}]\ncontexts: [{}]"])
def test_a_file_that_is_no_kubeconfig_is_one_sentence(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(DoctorError, match="kubeconfig"):
        LiveReader(str(path))


def test_several_files_in_kubeconfig_are_one_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeAPI(EMPTY).serve() as api:
        whole = json.loads(Path(api.kubeconfig(tmp_path)).read_text(encoding="utf-8"))
        parts = {"users": "a", "clusters": "b", "contexts": "c"}
        for key, name in parts.items():
            part = {"apiVersion": "v1", "kind": "Config", key: whole[key]}
            for other in {"users", "clusters", "contexts"} - {key}:
                part[other] = []
            if key == "contexts":
                part["current-context"] = "here"
            (tmp_path / name).write_text(json.dumps(part), encoding="utf-8")
        monkeypatch.setenv("KUBECONFIG", os.pathsep.join(str(tmp_path / n) for n in parts.values()))

        live_reader = LiveReader()
        live_reader.connect()

    assert (live_reader.context, live_reader.namespace) == ("here", "jhub")


def test_in_a_pod_the_service_account_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    incluster_config = kubeconfig.package().incluster_config

    authority = Authority(tmp_path / "pki")
    with FakeAPI(EMPTY, tls=server_side(authority)).serve() as api:
        (tmp_path / "token").write_text("service-acc0unt", encoding="utf-8")
        monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
        monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(authority.path))
        monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(api.port))

        live_reader = LiveReader()
        live_reader.connect()

    assert live_reader.context == "in-cluster"
    assert api.requests[0].headers["authorization"].lower() == "bearer service-acc0unt"


def test_without_any_configuration_it_says_where_it_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    with pytest.raises(DoctorError, match=r"no kubeconfig at .*config"):
        LiveReader()


PLUGIN = """
import json, os, sys
assert json.loads(os.environ["KUBERNETES_EXEC_INFO"])["kind"] == "ExecCredential"
print(json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                  "status": {"token": "plug1n-token"}}))
"""


def exec_user(tmp_path: Path, script: str) -> dict[str, Any]:
    path = tmp_path / "plugin.py"
    path.write_text(script, encoding="utf-8")
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": sys.executable,
            "args": [str(path)],
            "interactiveMode": "Never",
        }
    }


def test_a_credential_plugin_is_run_as_the_kubeconfig_names_it(tmp_path: Path) -> None:
    with FakeAPI(EMPTY).serve() as api:
        reader(api, tmp_path, user=exec_user(tmp_path, PLUGIN)).connect()

    assert api.requests[0].headers["authorization"] == "Bearer plug1n-token"


def test_a_credential_plugin_that_fails_is_told_with_its_reason_and_without_its_secrets(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    script = "import sys; sys.exit('session expired, token=pl4nted-S3cret \\x1b[31m')"
    with FakeAPI(EMPTY).serve() as api, pytest.raises(DoctorError) as e:
        reader(api, tmp_path, user=exec_user(tmp_path, script))

    assert "session expired" in e.value.what
    assert "pl4nted" not in str(e.value)
    assert "\x1b" not in str(e.value)
    assert capfd.readouterr().err == ""
    assert api.requests == []


def test_a_credential_plugin_that_hangs_does_not_outlast_the_budget(tmp_path: Path) -> None:
    start = time.monotonic()
    with FakeAPI(EMPTY).serve() as api, pytest.raises(DoctorError, match="credential plugin"):
        reader(api, tmp_path, user=exec_user(tmp_path, "import time; time.sleep(30)"), timeout=1)

    assert time.monotonic() - start < 3


# --- TLS -------------------------------------------------------------------------------------------------------------


def server_side(authority: Authority, *, clients: bool = False, days: float = 30) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate, key = authority.issue("server", "kube-apiserver", days=days)
    context.load_cert_chain(certificate, key)
    if clients:
        context.load_verify_locations(authority.path)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_a_server_that_the_authority_signed_is_trusted(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "pki")
    with FakeAPI(EMPTY, tls=server_side(authority)).serve() as api:
        live_reader = reader(api, tmp_path, cluster={"certificate-authority": str(authority.path)})
        live_reader.connect()

    assert live_reader.verified


def test_a_server_that_another_authority_signed_is_not_asked_for_anything(tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    with FakeAPI(EMPTY, tls=server_side(theirs)).serve() as api, pytest.raises(DoctorError) as e:
        reader(api, tmp_path, cluster={"certificate-authority": str(ours.path)}).connect()

    assert "not signed by the authority" in e.value.what
    assert api.requests == []


def test_a_server_with_an_expired_certificate_is_not_asked_for_anything(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "pki")
    with FakeAPI(EMPTY, tls=server_side(authority, days=-2)).serve() as api, pytest.raises(DoctorError) as e:
        reader(api, tmp_path, cluster={"certificate-authority": str(authority.path)}).connect()

    assert "expired" in e.value.what
    assert api.requests == []


@pytest.mark.parametrize(("days", "accepted"), [(30, True), (-2, False)])
def test_a_client_certificate_is_sent_and_an_expired_one_told(days: float, accepted: bool, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "pki")
    certificate, key = authority.issue("client", "ada", days=days)
    user = {"client-certificate": str(certificate), "client-key": str(key)}
    with FakeAPI(EMPTY, tls=server_side(authority, clients=True)).serve() as api:
        live_reader = reader(api, tmp_path, user=user, cluster={"certificate-authority": str(authority.path)})
        if accepted:
            live_reader.connect()
        else:
            with pytest.raises(DoctorError, match="refused the client certificate"):
                live_reader.connect()


def test_verification_is_off_only_where_the_kubeconfig_says_so_and_the_report_says_it(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "pki")
    with FakeAPI(Example(""), tls=server_side(authority)).serve() as api:
        config = api.kubeconfig(tmp_path, cluster={"insecure-skip-tls-verify": True})
        ran = subprocess.run(
            [sys.executable, "-m", "jhubdoctor", "run", "--kubeconfig", config, "--select", "node", "-o", "json"],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    report = json.loads(ran.stdout)
    assert "turns TLS verification off" in report["run"]["notices"][0]
    assert "Insecure" not in ran.stderr


def said(*arguments: str) -> str:
    ran = CliRunner().invoke(cli, arguments)
    assert isinstance(ran.exception, SystemExit | None), ran.exception
    return " ".join(ran.stdout.split())


def in_all_formats(folder: Path, *arguments: str) -> dict[str, str]:
    """Format to text of one report."""
    files = {name: folder / f"report.{name}" for name in FORMATS}
    for file in files.values():
        file.unlink(missing_ok=True)
    said(*arguments, *(f"--output={name}={file}" for name, file in files.items()))
    return {name: " ".join(file.read_text(encoding="utf-8").split()) for name, file in files.items()}


def test_every_report_of_what_was_read_without_verification_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    authority, kept, report = Authority(tmp_path / "pki"), str(tmp_path / "b.tar.gz"), str(tmp_path / "r.json")
    sign = "turns TLS verification off"
    # the one finding, for the formats that tell findings alone
    ill = Example("kind: Values\nvalues: {cull: {enabled: false}}")
    with FakeAPI(ill, tls=server_side(authority)).serve() as api:
        config = api.kubeconfig(tmp_path, cluster={"insecure-skip-tls-verify": True})
        said("collect", "--kubeconfig", config, "-o", kept)
        said("run", "--kubeconfig", config, "-o", f"json={report}")
        assert sign in said("upgrade", "--kubeconfig", config, "--to-kubernetes", "1.37")
        assert sign in said("upgrade", "--kubeconfig", config, "--to-kubernetes", "1.37", "-o", "json")
        live = ("run", "--kubeconfig", config)
        assert sign in said(*live)
        for options in ([], ["--redact-users"]):
            assert [n for n, text in in_all_formats(tmp_path, *live, *options).items() if sign not in text] == []
    for options in ([], ["--redact-users"]):
        texts = in_all_formats(tmp_path, "run", "--from", kept, *options)
        assert [n for n, text in texts.items() if sign not in text] == []
    for form in ("text", "json"):
        assert said("diff", kept, report, "-o", form).count(sign) == 2
