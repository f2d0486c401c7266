"""The server: a few documents, and health."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any

from jhubdoctor import __version__
from jhubdoctor.service.exporter import Exporter, Page


class _Handler(BaseHTTPRequestHandler):
    """GET and HEAD of a few documents. Nothing that a client sends changes anything."""

    server_version = f"jhubdoctor/{__version__}"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 15
    server: Server

    def do_GET(self) -> None:
        """Send a document."""
        path = self.path.partition("?")[0]
        if self.server.metrics_only and path.startswith("/report"):
            page = Page(b"Not found.\n", "text/plain; charset=utf-8", 404)
        else:
            page = self.server.exporter.page(path, self.headers.get("Accept") or "")
        self.send_response(page.code)
        self.send_header("Content-Type", page.kind)
        self.send_header("Content-Length", str(len(page.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page.body)

    do_HEAD = do_GET  # noqa: N815  - the name that http.server calls

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  - http.server's name
        """Requests are not logged: there is one every few seconds, and none of them matters."""


class Server(ThreadingHTTPServer):
    """Serves an exporter."""

    daemon_threads = True
    most = 64
    """As many connections are served at once; more are closed, for each has a thread."""

    def __init__(self, host: str, port: int, exporter: Exporter, *, metrics_only: bool = False) -> None:
        self.exporter = exporter
        self.metrics_only = metrics_only
        # all addresses of both kinds where none is named, if this machine has IPv6 at all
        self.address_family = socket.AF_INET6 if ":" in host or (not host and _has_ipv6()) else socket.AF_INET
        self._free = threading.BoundedSemaphore(self.most)
        super().__init__((host, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own, if there is one left."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """What the thread does."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def server_bind(self) -> None:
        """Listen, on IPv4 as well where no address is named."""
        if self.address_family is socket.AF_INET6:
            with suppress(OSError):
                self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no matter of ours."""

    @property
    def url(self) -> str:
        """Where it can be reached."""
        host, port = self.server_address[:2]
        shown = str(host)
        if shown in {"", "::", "0.0.0.0"}:  # noqa: S104  - it is compared, not bound
            shown = "localhost"
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"


def _has_ipv6() -> bool:
    if not socket.has_ipv6:
        return False
    with suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        probe.bind(("::1", 0))
        return True
    return False


def address(text: str) -> tuple[str, int]:
    """`:9877`, `9877`, `127.0.0.1:9877`, `[::1]:9877` as host and port.

    Raises:
        ValueError: for anything else.
    """
    host, _, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(text)
    number = int(port)
    if not 0 <= number <= 65535:
        raise ValueError(text)
    return host, number


def serve(server: Server, signals: SimpleQueue[None], *, grace: float = 5.0) -> bool:
    """Serve and run until something is told, then finish what is being sent and let go of a run.

    Returns whether the run that was under way ended within the grace.
    """
    stop = threading.Event()
    requests = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, name="http", daemon=True)
    runs = threading.Thread(target=server.exporter.run_until, args=(stop,), name="runs", daemon=True)
    requests.start()
    runs.start()
    signals.get()
    stop.set()
    server.exporter.cancel()
    server.shutdown()
    server.server_close()
    runs.join(grace)
    return not runs.is_alive()
