"""Real hubs: JupyterHub and KubeSpawner from PyPI and their proxy from npm, which start servers in a played cluster.

The hub runs on loopback as the service account that the chart gave it. The hub pod of the release is only played, but
its log is what this hub says, line by line at the time it says it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import http.server
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import urllib3

from .kubelet import Kubelet, Line
from .plane import guard
from .release import Release

Object = dict[str, Any]

PROXY = "configurable-http-proxy@5.3.0"
PAIRS = {p.stem: p for p in sorted((Path(__file__).parent / "pairs").glob("*.txt"), reverse=True)}
"""JupyterHub and KubeSpawner as charts hold them, and all that they need; `nox -s lock` writes the files."""
CONFIG = Path(__file__).parent / "hub_config.py"
HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"
"""Two addresses of this machine: on the first a user's server may answer, on the second nobody does."""


def missing() -> str | None:
    """Say in one sentence why no hub can be had, or nothing if one can."""
    return None if shutil.which("npm") else "No proxy for a real hub: install Node.js with npm (https://nodejs.org)."


def ensure(pair: str) -> tuple[Path, Path]:
    """Return where jupyterhub and configurable-http-proxy are, after installing them if they are not there yet."""
    hub, proxy = ensure_hub(pair), _folder(PROXY)
    _once(proxy, lambda folder: _run("npm", "install", "--silent", "--no-fund", "--prefix", str(folder), PROXY))
    return hub / "bin" / "jupyterhub", proxy / "node_modules" / ".bin" / "configurable-http-proxy"


def ensure_hub(pair: str) -> Path:
    """Return the Python environment of a hub, which needs no proxy to say what it would make."""
    hub = _folder(pair, PAIRS[pair].read_text(), sys.version)
    _once(hub, lambda folder: _install_hub(folder, PAIRS[pair]))
    return hub


def _install_hub(folder: Path, requirements: Path) -> None:
    _run(sys.executable, "-m", "venv", str(folder))
    _run(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--requirement", str(requirements))


def _folder(name: str, *parts: str) -> Path:
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()[:8]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "jhubdoctor" / "hubs" / f"{name}-{digest}"


def _once(folder: Path, install: Any) -> None:
    """Install, one process at a time; a folder without the mark of success is begun anew."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    done = folder / ".complete"
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            install(folder)
            done.touch()


def _run(*command: str) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        message = f"{' '.join(command)}\n{done.stdout[-4000:]}"
        raise RuntimeError(message)


@dataclass(frozen=True)
class Said:
    """A line of a log, and when it was said by this machine's clock."""

    at: float
    text: str


class RealHub:
    """A hub and its proxy for a release; use it with `with`. The kubelet serves its log as that of the hub's pod."""

    def __init__(self, release: Release, kubelet: Kubelet, pair: str, folder: Path) -> None:
        """Prepare; nothing runs yet."""
        self.pair = pair
        self.release = release
        self.kubelet = kubelet
        self.folder = folder
        self.jupyterhub, self.proxy = ensure(pair)
        self.lines: list[Said] = []
        self.before: list[Said] = []
        """What the hub said before it was started anew."""
        self.token = secrets.token_hex(16)
        self.answers: set[str] = set()
        """The users whose servers answer when they run."""
        self.port, self.hub_port, self.api_port, self.user_port = _free_ports(4)
        self._stack = contextlib.ExitStack()
        self._processes: list[subprocess.Popen[str]] = []
        self._threads: list[threading.Thread] = []
        self._http = urllib3.PoolManager(retries=False, timeout=30)

    def __enter__(self) -> Self:
        """Start the servers of users that answer, the proxy, and the hub."""
        namespace = self.release.namespace

        def log(pod: Object, container: str, previous: bool) -> list[Line] | None:
            if container != "hub" or pod["metadata"]["namespace"] != namespace:
                return None
            return [(time.time() - one.at, one.text) for one in (self.before if previous else self.lines)]

        def address(pod: Object) -> str | None:
            user = pod["metadata"].get("annotations", {}).get("hub.jupyter.org/username")
            return None if user is None else HERE if user in self.answers else ELSEWHERE

        self.kubelet.logs.append(log)
        self.kubelet.address = address
        server = self._stack.enter_context(_UserServers((HERE, self.user_port), self.pair.partition("+")[0]))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self._stack.callback(server.shutdown)
        try:
            self._start(str(self.proxy), f"--ip={HERE}", f"--port={self.port}", f"--api-ip={HERE}",
                        f"--api-port={self.api_port}", f"--default-target=http://{HERE}:{self.hub_port}")  # fmt: skip
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End them all."""
        for process in self._processes:
            process.kill()
            process.wait()
        for thread in self._threads:
            thread.join()
        self._stack.close()
        self._http.clear()

    def start(self) -> None:
        """Start the hub, or start it anew after it has ended."""
        values = self.release.values
        namespace = self.release.namespace
        settings = {
            "values": values, "namespace": namespace, "release": self.release.name, "token": self.token,
            "api_url": f"http://{HERE}:{self.api_port}", "bind_url": f"http://{HERE}:{self.port}",
            "hub_url": f"http://{HERE}:{self.hub_port}", "db_url": f"sqlite:///{self.folder / 'hub.sqlite'}",
            "user_port": self.user_port,
        }  # fmt: skip
        file = self.folder / "settings.json"
        file.write_text(json.dumps(settings))
        kubeconfig = self.release.plane.kubeconfig(
            token=self.release.plane.token("hub", namespace), namespace=namespace
        )
        self.before, self.lines = self.lines, []
        self.process = self._start(
            str(self.jupyterhub), "--config", str(CONFIG), into=self.lines,
            environment={"KUBECONFIG": str(kubeconfig), "JHUBDOCTOR_TEST_HUB": str(file)},
        )  # fmt: skip
        self.wait_for("JupyterHub is now running")

    def _start(
        self, *command: str, into: list[Said] | None = None, environment: dict[str, str] | None = None
    ) -> subprocess.Popen[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("KUBE", "JUPYTERHUB"))}
        process = subprocess.Popen(
            [*guard(), *command], cwd=self.folder, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**clean, "TZ": "UTC", "PYTHONUNBUFFERED": "1", "CONFIGPROXY_AUTH_TOKEN": self.token,
                 **(environment or {})},
        )  # fmt: skip
        self._processes.append(process)

        def listen() -> None:
            assert process.stdout
            with process.stdout:
                for line in process.stdout:
                    if into is not None:
                        into.append(Said(time.time(), line.rstrip("\n")))

        self._threads.append(threading.Thread(target=listen, daemon=True))
        self._threads[-1].start()
        return process

    def spawn(self, user: str, **options: object) -> None:
        """Ask the hub to start a user's server, as its web page does."""
        self._ask("POST", f"users/{user}")
        self._ask("POST", f"users/{user}/server", options)

    def _ask(self, method: str, path: str, body: object = None) -> None:
        answer = self._http.request(
            method, f"http://{HERE}:{self.hub_port}/hub/api/{path}", body=json.dumps(body or {}).encode(),
            headers={"Authorization": f"token {self.token}", "Content-Type": "application/json"},
        )  # fmt: skip
        if answer.status >= 400 and answer.status != 409:
            message = f"{method} {path}: {answer.status} {answer.data.decode(errors='replace')}"
            raise RuntimeError(message)

    def wait_for(self, text: str, *, timeout: float = 60) -> str:
        """Wait until the hub says something that holds this text, and give the line."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for line in list(self.lines):
                if text in line.text:
                    return line.text
            time.sleep(0.05)
        message = f"the hub did not say {text!r}:\n" + "\n".join(line.text for line in self.lines[-60:])
        raise RuntimeError(message)


class _UserServers(http.server.ThreadingHTTPServer):
    """The servers of all users, as far as the hub looks at them: they are of its own version."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], version: str) -> None:
        super().__init__(address, _Answer)
        self.version = version


class _Answer(http.server.BaseHTTPRequestHandler):
    """An answer to whatever is asked."""

    server: _UserServers

    def do_GET(self) -> None:
        """Say that it is there."""
        self.send_response(200)
        self.send_header("X-JupyterHub-Version", self.server.version)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815  - http.server asks for this name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((HERE, 0))
        return [each.getsockname()[1] for each in sockets]
