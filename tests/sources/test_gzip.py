"""Answers come compressed where the server can: less than half the time on a slow link. What is inside is bounded."""

from __future__ import annotations

import gzip
import json
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from jhubdoctor.sources import bounds, http, live
from jhubdoctor.sources.live import LiveReader
from jhubdoctor.sources.reads import Query, ReadState

NODES = {"kind": "NodeList", "items": [{"metadata": {"name": f"node-{i}"}} for i in range(5000)]}


@dataclass
class Server:
    """Answers everything with one body."""

    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def reader(self, folder: Path) -> LiveReader:
        path = folder / "kubeconfig"
        path.write_text(
            json.dumps(
                {
                    "current-context": "x",
                    "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
                    "clusters": [{"name": "x", "cluster": {"server": f"http://127.0.0.1:{self.port}"}}],
                    "users": [{"name": "x", "user": {"token": "t"}}],
                }
            ),
            encoding="utf-8",
        )
        return LiveReader(str(path), timeout=20)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(live, "BACKOFF", 0.001)
    found = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.headers.get("Accept-Encoding", ""))
            self.send_response(200)
            self.send_header("Content-Length", str(len(found.body)))
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = http.server_address[1]
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield found
    http.shutdown()
    http.server_close()


def test_a_compressed_list_is_read_and_what_came_is_what_is_counted(server: Server, tmp_path: Path) -> None:
    server.body, server.headers = gzip.compress(json.dumps(NODES).encode()), {"Content-Encoding": "gzip"}
    reader = server.reader(tmp_path)

    answer = reader.answer(Query("nodes"))

    assert (answer.state, len(answer.items)) == (ReadState.OK, 5000)
    assert reader.bytes_read == len(server.body) < len(json.dumps(NODES)) / 5
    assert server.asked == ["gzip"]


def test_a_server_that_does_not_compress_is_read_as_well(server: Server, tmp_path: Path) -> None:
    server.body = json.dumps(NODES).encode()
    reader = server.reader(tmp_path)

    assert len(reader.answer(Query("nodes")).items) == 5000
    assert reader.bytes_read == len(server.body)


@pytest.mark.parametrize(
    "body", [gzip.compress(b"{}" * 9999)[:-20], b"no gzip at all", b""], ids=["cut", "text", "empty"]
)
def test_a_broken_archive_is_a_read_that_failed(server: Server, tmp_path: Path, body: bytes) -> None:
    server.body, server.headers = body, {"Content-Encoding": "gzip"}

    answer = server.reader(tmp_path).answer(Query("nodes"))

    assert (answer.state, answer.detail) == (ReadState.TIMEOUT, "its compressed answer was broken")
    assert len(server.asked) == http.TRIES


def test_an_answer_that_is_far_larger_inside_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "BODY", 4 * 2**20)
    packer = zlib.compressobj(9, wbits=31)
    server.body = b"".join([*(packer.compress(b" " * 2**20) for _ in range(200)), packer.flush()])
    server.headers = {"Content-Encoding": "gzip"}

    answer = server.reader(tmp_path).answer(Query("nodes"))

    assert len(server.body) < 2**20
    assert (answer.state, answer.detail) == (
        ReadState.MALFORMED,
        "the answer is larger than any that an API server gives",
    )
