"""Where fixes get the chart from: an HTTPS proxy that answers for the chart's repository, with our own or another.

Fixes name the repository of z2jh. Helm is sent here by HTTPS_PROXY, so that their commands run as they stand.
"""

from __future__ import annotations

import http.server
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import yaml

from jhubdoctor.model.hub import CHART_REPOSITORY

from .binaries import ensure
from .release import CHART

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .pki import Authority

NOW = "4.4.0"
HOST = str(urlsplit(CHART_REPOSITORY).hostname)


Source = Callable[[str, Path], None]
"""Writes the chart of a version into a folder, which is not there yet."""


def minihub(version: str, at: Path) -> None:
    """Our own chart, as of this version."""
    shutil.copytree(CHART, at)
    called(version, at)
    # the images of the chart's own are of its release
    values = (at / "values.yaml").read_text().replace(f"tag: {NOW}", f"tag: {version}")
    (at / "values.yaml").write_text(values)


def called(version: str, at: Path) -> None:
    """Give a chart its version."""
    meta = {**yaml.safe_load((at / "Chart.yaml").read_text()), "version": version}
    (at / "Chart.yaml").write_text(yaml.safe_dump(meta))


class Pharmacy:
    """Serves these versions of the chart; use it with `with`."""

    def __init__(self, authority: Authority, folder: Path, versions: Sequence[str], source: Source = minihub) -> None:
        """Package the charts; nothing is served yet."""
        self.authority = authority
        self.folder = folder
        folder.mkdir(parents=True)
        entries: list[dict[str, Any]] = []
        for version in versions:
            copy = self.chart(version)
            source(version, copy)
            helm = [str(ensure("helm") / "helm"), "package", str(copy), "--destination", str(folder)]
            subprocess.run(helm, check=True, capture_output=True)
            meta = yaml.safe_load((copy / "Chart.yaml").read_text())
            entries.append({**meta, "urls": [f"{CHART_REPOSITORY}jupyterhub-{version}.tgz"]})
        (folder / "index.yaml").write_text(yaml.safe_dump({"apiVersion": "v1", "entries": {"jupyterhub": entries}}))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    def chart(self, version: str) -> Path:
        """Where the chart of a version lies."""
        return self.folder / f"chart-{version}"

    @property
    def environment(self) -> dict[str, str]:
        """What sends Helm here, and has it believe what it gets."""
        url = f"http://127.0.0.1:{self._server.server_port}"
        return {"HTTPS_PROXY": url, "SSL_CERT_FILE": str(self.authority.path)}

    def __enter__(self) -> Self:
        """Serve."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*self.authority.issue("pharmacy", "pharmacy", hosts=[HOST]))
        folder = self.folder

        class Handler(http.server.BaseHTTPRequestHandler):
            """A proxy that is the server behind it as well."""

            def do_CONNECT(self) -> None:
                """Answer for the repository, and for nobody else."""
                if self.path != f"{HOST}:443":
                    self.send_error(403)
                    return
                self.send_response(200)
                self.end_headers()
                self.connection = context.wrap_socket(self.connection, server_side=True)
                self.rfile.close()
                self.wfile.close()
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
                self.close_connection = False

            def do_GET(self) -> None:
                """Give a file."""
                file = folder / self.path.rpartition("/")[2]
                body = file.read_bytes() if file.is_file() else b""
                self.send_response(200 if body else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def finish(self) -> None:
                """End what was put over the connection, too."""
                super().finish()
                self.rfile.close()
                self.connection.close()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        return Handler
