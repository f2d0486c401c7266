"""A small API server on loopback that serves an example, and the faults of real servers, proxies and networks.

It answers GET alone, as an API server does: lists with selectors and pages, single objects, logs, paths. What it is
asked for is kept, so that tests can say what was sent. `Wire` is the same without sockets, for tests of many requests.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import urllib3

from jhubdoctor.sources.memory import fields_match, labels_match
from jhubdoctor.sources.reads import READS, Query
from jhubdoctor.testing import Example
from tests.floods import Flood

HTML = b"<!DOCTYPE html><html><title>Sign in</title><form action=/login></form></html>"
BIG = 50 * 2**20
FAULTS = (
    "403", "404", "500", "429", "401", "hang", "reset", "truncated", "html", "nulls", "bare", "not-a-list", "empty",
    "redirect", "slow-body", "slow-headers", "wrong-types",
)  # fmt: skip
"""What any read can end in."""
LOG_FAULTS = ("huge", "endless-line", "binary")
ENDLESS = frozenset({"hang", "slow-body", "slow-headers", "endless-line"})
"""Those that only a limit of time ends."""
_PATH = re.compile(
    r"/(?:api/v1|apis/(?P<group>[^/]+)/(?P<version>[^/]+))(?:/namespaces/(?P<namespace>[^/]+)(?=/))?/(?P<resource>[^/]+)"
    r"(?:/(?P<name>[^/]+))?(?:/(?P<sub>[^/]+))?"
)


@dataclass(frozen=True)
class Request:
    """One request that came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """With lower-case names."""
    read: str


@dataclass
class FakeAPI:
    """The server. `faults` maps a query, or the name of a read, to one of FAULTS; `"*"` is for all of them.

    Attributes:
        times: how often a fault happens before the read is served well, per read; for ever where it is not named.
        page: the most items in a page, whatever is asked.
        blank: so many pages without an item before each page: all of theirs were filtered out.
        tables: whether it makes Tables (of pods), in pages like lists.
        gone_after: the pages of a list after which its token has expired, once.
        delay: seconds before each answer.
        denied: a status for everything (401 for expired credentials).
        floods: what comes instead of an answer, for the name of a read or `"*"` (`tests/floods.py`).
        spared: reads that `"*"` of the floods does not mean.
    """

    example: Example
    faults: Mapping[Any, str] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    page: int = 500
    blank: int = 0
    tables: bool = False
    gone_after: int | None = None
    always_gone: bool = False
    delay: float = 0.0
    denied: int = 0
    retry_after: str = "0"
    message: str = "as the test says"
    floods: Mapping[str, Flood] = field(default_factory=dict)
    spared: tuple[str, ...] = ()
    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    port: int = 0

    def __post_init__(self) -> None:
        reader = self.example.reader()
        self.objects: dict[str, list[dict[str, Any]]] = reader._objects
        self.logs: dict[str, str] = reader._logs
        self.paths: dict[str, str] = reader._paths
        self.now = reader.now()
        self.lock = threading.Lock()
        self.stopped = threading.Event()

    # --- running -----------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def serve(self) -> Iterator[FakeAPI]:
        """Serve until the block ends."""
        api = self

        class Bound(_Handler):
            server_api = api

        server = _Server(("127.0.0.1", 0), Bound)
        if self.tls is not None:
            server.socket = self.tls.wrap_socket(server.socket, server_side=True)
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.stopped.set()
            server.shutdown()
            server.server_close()
            thread.join(5)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port or 9}"

    def kubeconfig(
        self,
        folder: Path,
        *,
        namespace: str = "jhub",
        user: Mapping[str, Any] | None = None,
        cluster: Mapping[str, Any] | None = None,
        name: str = "kubeconfig",
    ) -> str:
        """A kubeconfig that points here."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": self.url, **(cluster or {})}}],
            "users": [{"name": "me", "user": dict(user or {"token": "kubeconfig-t0ken"})}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me", "namespace": namespace}}],
        }
        path = folder / name
        path.write_text(json.dumps(config), encoding="utf-8")
        return str(path)

    # --- answering ---------------------------------------------------------------------------------------------------

    def intended(self, path: str) -> str:
        """The fault that a request for this path is to meet, empty for none."""
        query = query_of(path)
        return self.faults.get(query) or self.faults.get(query.read) or self.faults.get("*", "")

    def fault(self, path: str) -> str:
        """The fault of this request, empty where it is served well."""
        found, read = self.intended(path), query_of(path).read
        with self.lock:
            if found and read in self.times:
                if self.times[read] <= 0:
                    return ""
                self.times[read] -= 1
        return found

    def items(self, resource: str, namespace: str | None, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Objects as an API server selects them."""
        found = []
        for o in self.objects.get(resource, []):
            meta = o.get("metadata") or {}
            if namespace and meta.get("namespace") != namespace:
                continue
            if (s := query.get("labelSelector")) and not labels_match(s, meta.get("labels") or {}):
                continue
            if (s := query.get("fieldSelector")) and not fields_match(s, o):
                continue
            found.append(o)
        return found


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are what some tests are about."""


def read_of(path: str, query: Mapping[str, str]) -> str:
    """The name in READS of what a path asks for."""
    m = _PATH.fullmatch(path)
    if m is None:
        for name, read in READS.items():
            if any(path == p or (p.endswith("*") and path.startswith(p[:-1])) for p in read.paths):
                return name
        return path
    if m["sub"] == "log":
        return "pods/log"
    helm = "owner=helm" in query.get("labelSelector", "") or (m["name"] or "").startswith("sh.helm.release")
    return f"helm-{m['resource']}" if helm else m["resource"]


def query_of(path: str) -> Query:
    """What a path with its parameters asks for; `metadata_only` and `survey` are not told by it."""
    split = urlsplit(path)
    given = {k: v[0] for k, v in parse_qs(split.query).items()}
    read = read_of(split.path, given)
    m = _PATH.fullmatch(split.path)
    if m is None:
        return Query(read, name=path)
    name = unquote(m["name"] or "")
    if m["sub"] == "log":
        name += f"/{given.get('container', '')}" + ("/previous" if given.get("previous") == "true" else "")
    namespace = unquote(m["namespace"]) if m["namespace"] else None
    return Query(read, namespace, name, given.get("labelSelector", ""), given.get("fieldSelector", ""))


def plain(query: Query) -> Query:
    """A query as `query_of` tells it."""
    return Query(query.read, query.namespace, query.name, query.labels, query.fields)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_api: FakeAPI

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002  - the example has its own time
        """The time of the cluster."""
        return format_datetime(self.server_api.now, usegmt=True)

    def log_message(self, *_: Any) -> None:
        """Nothing on standard error."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self) -> None:
        api = self.server_api
        with api.lock:
            api.in_flight += 1
            api.most_in_flight = max(api.most_in_flight, api.in_flight)
        try:
            self._answer(api)
        finally:
            with api.lock:
                api.in_flight -= 1

    def _answer(self, api: FakeAPI) -> None:
        split = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(split.query, keep_blank_values=True).items()}
        read = read_of(split.path, query)
        headers = {k.lower(): v for k, v in self.headers.items()}
        request = Request(self.command, self.path, query, headers, read)
        with api.lock:
            api.requests.append(request)
        if api.delay:
            api.stopped.wait(api.delay)
        if api.denied:
            self.status(api.denied, "Unauthorized")
            return
        if flood := api.floods.get(read) or (None if read in api.spared else api.floods.get("*")):
            self.flood(flood)
            return
        if fault := api.fault(self.path):
            getattr(self, f"fault_{fault.replace('-', '_')}", lambda: self.plain_fault(fault))()
            return
        m = _PATH.fullmatch(split.path)
        if m is None:
            self.path_text(api)
        elif m["sub"] == "log":
            key = f"{m['namespace']}/{unquote(m['name'])}/{query.get('container', '')}"
            text = api.logs.get(key + ("/previous" if query.get("previous") == "true" else ""))
            if text is None:
                self.status(400, "the container is waiting to start")
            else:
                self.send(200, text.encode(), "text/plain")
        elif m["name"]:
            self.one(api, m, unquote(m["name"]))
        else:
            self.page(api, m, query)

    def path_text(self, api: FakeAPI) -> None:
        text = api.paths.get(self.path)
        if text is None:
            self.send(404, b"404 page not found\n", "text/plain")
        else:
            kind = "application/json" if text.lstrip()[:1] == "{" else "text/plain"
            self.send(200, text.encode(), kind)

    def one(self, api: FakeAPI, m: re.Match[str], name: str) -> None:
        for o in api.items(m["resource"], m["namespace"], {}):
            if o["metadata"]["name"] == name:
                self.json(200, o)
                return
        self.status(404, f'{m["resource"]} "{name}" not found')

    def page(self, api: FakeAPI, m: re.Match[str], query: Mapping[str, str]) -> None:
        found = api.items(m["resource"], m["namespace"], query)
        start, blank = divmod(int(query.get("continue", 0)), api.blank + 1)
        size = min(int(query.get("limit", 500)), api.page)
        if api.gone_after is not None and start // size == api.gone_after:
            if not api.always_gone:
                api.gone_after = None
            self.status(410, "The provided continue parameter is too old")
            return
        if blank < api.blank:
            items, token = [], str(start * (api.blank + 1) + blank + 1)
        else:
            items = found[start : start + size]
            token = str((start + size) * (api.blank + 1)) if start + size < len(found) else ""
        if api.tables and "as=Table" in self.headers.get("Accept", ""):
            self.table(items, token)
            return
        if "PartialObjectMetadataList" in self.headers.get("Accept", ""):
            items = [{"metadata": o["metadata"]} for o in items]
        self.json(200, {"kind": "List", "apiVersion": "v1", "metadata": {"continue": token}, "items": items})

    def table(self, pods: list[dict[str, Any]], token: str) -> None:
        """Pods as a Table: none of them has containers that are ready."""
        rows = [{"cells": [p["metadata"]["name"], "0/1", p["status"]["phase"], 0]} for p in pods]
        columns = [{"name": name} for name in ("Name", "Ready", "Status", "Restarts")]
        self.json(200, {"kind": "Table", "metadata": {"continue": token}, "columnDefinitions": columns, "rows": rows})

    # --- sending -----------------------------------------------------------------------------------------------------

    def json(self, code: int, body: Any) -> None:
        self.send(code, json.dumps(body).encode(), "application/json")

    def status(self, code: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code}
        self.send(code, json.dumps(body).encode(), "application/json", headers)

    def send(self, code: int, body: bytes, kind: str, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for k, v in (headers or {}).items():
            self.send_header(k, v)
        self.end_headers()
        self.wfile.write(body)

    def flood(self, parts: Flood) -> None:
        """Bytes as they are, until nobody reads them any more."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            for part in parts(self.path):
                if self.server_api.stopped.is_set():
                    break
                self.wfile.write(part)

    # --- faults ------------------------------------------------------------------------------------------------------

    def plain_fault(self, fault: str) -> None:
        """An HTTP status with a message."""
        headers = {"Retry-After": self.server_api.retry_after} if fault == "429" else {}
        self.status(int(fault), f"{self.server_api.message}: {fault}", headers)

    def fault_404(self) -> None:
        self.send(404, b"404 page not found\n", "text/plain")

    def fault_hang(self) -> None:
        self.server_api.stopped.wait(60)

    def fault_reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def fault_truncated(self) -> None:
        self.send(
            200, b'{"kind":"List","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"a', "application/json"
        )

    def fault_html(self) -> None:
        self.send(200, HTML, "text/html")

    def fault_nulls(self) -> None:
        self.json(200, {"kind": "List", "apiVersion": "v1", "metadata": None, "items": [None, None]})

    def fault_bare(self) -> None:
        """Objects of which every optional field is absent, and one that is not even named."""
        self.json(200, {"items": [{"metadata": {"name": "bare"}}, {}], "metadata": {"name": "bare"}})

    def fault_wrong_types(self) -> None:
        item = {"metadata": {"name": "odd", "labels": 3}, "spec": [], "status": "x", "data": 1, "message": {}}
        self.json(200, {**item, "items": [item]})

    def fault_not_a_list(self) -> None:
        self.send(200, b"[1, 2, 3]", "application/json")

    def fault_empty(self) -> None:
        self.send(200, b"", "application/json")

    def fault_redirect(self) -> None:
        self.send(302, b"", "text/html", {"Location": f"{self.server_api.url}/elsewhere"})

    def fault_slow_body(self) -> None:
        """One byte now and then: every read of the socket is in time, and the answer never ends."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self.trickle(b" ")

    def fault_slow_headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        self.trickle(b"X: y\r\n")

    def trickle(self, unit: bytes) -> None:
        with contextlib.suppress(OSError):
            while not self.server_api.stopped.wait(0.05):
                self.wfile.write(unit)
                self.wfile.flush()
        self.close_connection = True

    def fault_huge(self) -> None:
        """A log of fifty megabytes."""
        line = b"[I 2026-01-05 11:00:00.000 JupyterHub log:1] 200 GET /hub/api/users (hub@10.0.0.1) 3.14ms\n"
        self.send_response(200)
        self.send_header("Content-Length", str(BIG // len(line) * len(line)))
        self.end_headers()
        for _ in range(BIG // len(line) // 1000):
            self.wfile.write(line * 1000)
        self.wfile.write(line * (BIG // len(line) % 1000))

    def fault_endless_line(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        until = time.monotonic() + 30
        with contextlib.suppress(OSError):
            while not self.server_api.stopped.is_set() and time.monotonic() < until:
                self.wfile.write(b"token=abc" * 10_000)
        self.close_connection = True

    def fault_binary(self) -> None:
        self.send(200, bytes(range(256)) * 1000 + b"\n\xff\xfe\x00", "text/plain")


# --- without sockets -------------------------------------------------------------------------------------------------


class _Offline(_Handler):
    """One request, answered into memory."""

    def __init__(self, api: FakeAPI, request: bytes) -> None:  # no socket, so nothing of the base is set up
        self.server_api = api
        self.rfile, self.wfile = io.BytesIO(request), io.BytesIO()
        self.client_address = ("127.0.0.1", 0)
        self.handle_one_request()


@dataclass
class Wire:
    """A pool of connections to a `FakeAPI` that does not run: the same bytes, and the same errors at once."""

    api: FakeAPI

    def request(self, method: str, url: str, *, headers: Mapping[str, str], **_: Any) -> urllib3.HTTPResponse:
        """As urllib3 does it."""
        path = url.removeprefix(self.api.url)
        fault = self.api.intended(path)
        if fault in ENDLESS:
            raise urllib3.exceptions.ReadTimeoutError(self, path, "Read timed out.")  # type: ignore[arg-type]
        if fault == "reset":
            raise urllib3.exceptions.ProtocolError("Connection aborted.", ConnectionResetError(104, "reset by peer"))
        head = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        answer = _Offline(self.api, f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode()).wfile
        answer.seek(0)
        status = int(answer.readline().split()[1])
        found = dict(http.client.parse_headers(answer))
        return urllib3.HTTPResponse(io.BytesIO(answer.read()), found, status, preload_content=False)

    def clear(self) -> None:
        """There is nothing to let go of."""
