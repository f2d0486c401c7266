"""An API server of the tests, on loopback, and reports made by hand."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from jhubdoctor.engine.declare import Check
from jhubdoctor.engine.rank import ranked
from jhubdoctor.engine.result import CheckStatus, Gap, Report, Reported, Result
from jhubdoctor.model.finding import Finding, Fix, Ref, Severity
from jhubdoctor.model.hub import Hub
from jhubdoctor.sources.memory import fields_match, labels_match
from jhubdoctor.sources.reads import Query, ReadState
from jhubdoctor.testing import NOW, Example

FAULT = """
kind: StatefulSet
metadata: {name: user-placeholder, labels: {component: user-placeholder}}
spec: {replicas: 2}
"""
SELECT = "placeholders-without-priority"
"""A check that finds `FAULT`, a warning, and needs little."""


class ApiServer:
    """Serves an example as an API server would. It can go away and come back on the same port."""

    def __init__(self, folder: Path, text: str = "") -> None:
        self.folder = folder
        self.text = text
        self.port = 0
        self.requests: list[str] = []
        self.denied: set[str] = set()
        self._server: ThreadingHTTPServer | None = None
        self.start()

    def start(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                code, body = outer.answer(self.path)
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002
                # the moment of all examples: a reader goes by the server's clock
                return format_datetime(NOW, usegmt=True)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        class Server(ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def context(self, name: str = "test") -> dict[str, Any]:
        return {"name": name, "server": f"http://127.0.0.1:{self.port}"}

    @property
    def kubeconfig(self) -> str:
        return kubeconfig(self.folder / "kubeconfig", self.context())

    def answer(self, path: str) -> tuple[int, bytes]:
        self.requests.append(path)
        reader = Example(self.text).reader()
        url = urlsplit(path)
        if path in reader._paths:
            return 200, reader._paths[path].encode()
        if url.path == "/version":
            return 200, b'{"gitVersion": "v1.33.4", "major": "1", "minor": "33"}'
        words = [unquote(w) for w in url.path.strip("/").split("/")]
        words = words[2:] if words[0] == "api" else words[3:]
        namespace = ""
        if words[:1] == ["namespaces"] and len(words) > 2:
            namespace, words = words[1], words[2:]
        if not words or words[0] in self.denied:
            return (403, status("forbidden")) if words else (404, status("not served"))
        found = [o for o in reader._objects.get(words[0], []) if namespace in {"", o["metadata"].get("namespace")}]
        asked = {k: v[0] for k, v in parse_qs(url.query).items()}
        if len(words) == 3:
            key = f"{namespace}/{words[1]}/{asked['container']}" + ("/previous" if "previous" in asked else "")
            return 200, reader._logs.get(key, "").encode()
        if len(words) == 2:
            one = [o for o in found if o["metadata"]["name"] == words[1]]
            return (200, json.dumps(one[0]).encode()) if one else (404, status(f'{words[0]} "{words[1]}" not found'))
        items = [
            o
            for o in found
            if labels_match(asked.get("labelSelector", ""), o["metadata"].get("labels") or {})
            and fields_match(asked.get("fieldSelector", ""), o)
        ]
        return 200, json.dumps({"kind": "List", "metadata": {}, "items": items}).encode()


def status(message: str) -> bytes:
    return json.dumps({"kind": "Status", "status": "Failure", "message": message}).encode()


def kubeconfig(path: Path, *contexts: dict[str, Any]) -> str:
    clusters = [{"name": c["name"], "cluster": {"server": c["server"]}} for c in contexts]
    named = [{"name": c["name"], "context": {"cluster": c["name"], "user": "u", "namespace": "jhub"}} for c in contexts]
    config = {"apiVersion": "v1", "kind": "Config", "clusters": clusters, "contexts": named}
    users = [{"name": "u", "user": {}}]
    path.write_text(json.dumps(config | {"users": users, "current-context": contexts[0]["name"]}))
    return str(path)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiServer]:
    """A healthy hub behind an API server."""
    server = ApiServer(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def fault() -> str:
    return FAULT


@pytest.fixture
def select() -> list[str]:
    return ["--select", SELECT]


@pytest.fixture
def several(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Makes API servers, one a context, and a kubeconfig of all; None is a cluster that is away."""
    servers: list[ApiServer] = []

    def make(**texts: str | None) -> str:
        contexts = []
        for name, text in texts.items():
            server = ApiServer(tmp_path, text or "")
            servers.append(server)
            contexts.append(server.context(name))
            if text is None:
                server.stop()
        return kubeconfig(tmp_path / "several", *contexts)

    yield make
    for server in servers:
        server.stop()


# --- reports ---------------------------------------------------------------------------------------------------------

HUB = Hub("jhub", "jhub", "4.4.0")
OTHER = Hub("jhub", "other", "4.4.0")


def a_check(check_id: str, explains: tuple[str, ...] = ()) -> Check:
    return Check(check_id, "spawn", "A title.", lambda: (), Severity.ERROR, explains, (), f"pack.spawn.{check_id}")


def a_report(
    *,
    found: dict[str, Severity] | None = None,
    ok: tuple[str, ...] = (),
    blind: dict[str, ReadState] | None = None,
    hubs: tuple[Hub, ...] = (HUB,),
    hub: Hub | None = HUB,
    symptoms: dict[str, str] | None = None,
) -> Report:
    """A report: checks that found (at a severity), that are well, that could not look (and why)."""
    findings, results = [], []
    for name, severity in (found or {}).items():
        check = a_check(name)
        finding = Finding(on=(Ref("Pod", "p"),), says=f"{name} is bad", evidence=(("a", "b"),), fix=Fix("Mend it."))
        cause = (symptoms or {}).get(name)
        findings.append(Reported(check, hub, finding, severity, print_of(name), print_of(cause) if cause else None))
        results.append(Result(check, hub, CheckStatus.FOUND))
    results += [Result(a_check(name), hub, CheckStatus.OK) for name in ok]
    for name, state in (blind or {}).items():
        gap = Gap(Query("nodes"), state, "because")
        results.append(Result(a_check(name), hub, CheckStatus.UNKNOWN, str(gap), (gap,)))
    return Report(
        started_at=datetime(2026, 1, 5, 12, tzinfo=UTC),
        duration=1.0,
        source="live",
        context="test",
        server_version="v1.33.4",
        hubs=hubs,
        results=tuple(results),
        findings=tuple(ranked(findings)),
        coverage=(),
    )


def print_of(name: str) -> str:
    return f"{abs(hash(name)):016x}"[:16]


@pytest.fixture
def make() -> Callable[..., Report]:
    return a_report


@pytest.fixture
def other_hub() -> Hub:
    return OTHER
