"""A Kubernetes control plane on loopback: the real servers, with no node but those that a test plays (kubelet.py)."""

from __future__ import annotations

import atexit
import base64
import contextlib
import json
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

import urllib3

from .binaries import Version, ensure
from .pki import Authority, write_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

T = TypeVar("T")
Object = dict[str, Any]

ADVERTISED = "192.0.2.1"
"""What the API server says its address is: it may not be on loopback. The range is for documentation: nobody has it."""

AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


class ApiError(Exception):
    """The API server said no; `text` is what it said."""

    def __init__(self, code: int, text: str) -> None:
        """Keep the message of the Status object where there is one."""
        with contextlib.suppress(ValueError, TypeError, KeyError):
            text = json.loads(text)["message"]
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


class Request(NamedTuple):
    """One line of the audit log."""

    user: str
    verb: str
    uri: str
    code: int


class ServerError(RuntimeError):
    """A server of the control plane ended or did not become ready; the message has the end of its log."""


class Server:
    """One process, with its log in a file; it ends with the Python that started it, however that ends."""

    def __init__(self, log: Path, command: Sequence[str | Path]) -> None:
        """Start it."""
        self.log = log
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [*guard(), *command], stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
            )

    def end(self) -> None:
        """Kill it: what matters is in etcd, and an API server that is asked to end waits for its watches."""
        self.process.kill()
        self.process.wait()

    def tail(self, lines: int = 20) -> str:
        """Show the end of its log."""
        last = self.log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join((f"--- {self.log}", *last))


class ControlPlane:
    """etcd, kube-apiserver, kube-controller-manager and kube-scheduler; use it with `with`, or `start` and `stop` it.

    Whoever needs another user than the administrator takes `kubeconfig(user=...)`, a client certificate that can be
    made at any time, `token(service_account, namespace)`, or a static token given in `tokens` (the API server reads
    these only when it starts): `{"secret": ["alice", "a-group"]}`.
    """

    def __init__(
        self,
        version: Version = "newest",
        *,
        directory: Path | None = None,
        tokens: Mapping[str, Sequence[str]] | None = None,
        apiserver_flags: Sequence[str] = (),
    ) -> None:
        """Prepare keys and files; nothing runs yet."""
        self.version = version
        self.directory = directory or Path(tempfile.mkdtemp(prefix="jhubdoctor-plane-"))
        self.up = False
        """Whether the API server has said that it is ready and was not told to end since."""
        self._temporary = directory is None
        self._flags = tuple(apiserver_flags)
        self._servers: dict[str, Server] = {}
        self._plurals: dict[tuple[str, str], tuple[str, bool]] = {}
        self._port, self._etcd_port, self._peer_port = _free_ports(3)
        self.authority = Authority(self.directory / "pki")
        self.admin_token = secrets.token_hex(16)
        write_key(self._file("pki/service-accounts.key"))
        for name, user, groups in (
            ("apiserver", "kube-apiserver", ()),
            ("to-kubelet", "kube-apiserver-kubelet-client", ()),
            ("controller-manager", "system:kube-controller-manager", ()),
            ("scheduler", "system:kube-scheduler", ()),
        ):
            self.authority.issue(name, user, groups)
        users = {self.admin_token: ["admin", "system:masters"], **(tokens or {})}
        lines = (f'{token},{user},{user},"{",".join(groups)}"\n' for token, (user, *groups) in users.items())
        self._file("tokens.csv").write_text("".join(lines))
        self._file("audit-policy.json").write_text(json.dumps(AUDIT_POLICY))
        self._http = urllib3.PoolManager(ca_certs=str(self.authority.path), maxsize=10, retries=False, timeout=60)

    @property
    def url(self) -> str:
        """Where the API server is."""
        return f"https://127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        """The API server's port; it stays the same over a restart."""
        return self._port

    # Running it

    def __enter__(self) -> Self:
        """Start it."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    def start(self) -> Self:
        """Start every server and return when the API answers and a pod could be made."""
        atexit.register(self.stop)
        try:
            client, peer = f"http://127.0.0.1:{self._etcd_port}", f"http://127.0.0.1:{self._peer_port}"
            self._run(
                "etcd", ensure("newest") / "etcd", "--name=test", f"--data-dir={self._file('etcd')}",
                f"--listen-client-urls={client}", f"--advertise-client-urls={client}", f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=test={peer}", "--unsafe-no-fsync",
                "--log-level=warn",
            )  # fmt: skip
            self._start_kubernetes()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Kill everything; the logs stay if the folder was given by the caller."""
        atexit.unregister(self.stop)
        self.up = False
        for name in reversed(list(self._servers)):
            self._servers.pop(name).end()
        self._http.clear()
        shutil.rmtree(self._file("etcd"), ignore_errors=True)
        if self._temporary:
            shutil.rmtree(self.directory, ignore_errors=True)

    def restart(self, version: Version | None = None) -> None:
        """Start Kubernetes anew over the same data and on the same port: with another version this is an upgrade."""
        self.up = False
        for name in [name for name in self._servers if name != "etcd"]:
            self._servers.pop(name).end()
        self.version = version or self.version
        self._plurals.clear()
        self._http.clear()
        self._start_kubernetes()

    def kill_apiserver(self) -> None:
        """Let the API server vanish as in a crash; `restart` brings it back."""
        self.up = False
        self._servers.pop("apiserver").end()

    def start_scheduler(self, name: str) -> None:
        """Start one more scheduler, as a user-scheduler is: it places the pods whose `schedulerName` is this."""
        config = {
            "apiVersion": f"kubescheduler.config.k8s.io/{'v1beta3' if self.version == '1.24' else 'v1'}",
            "kind": "KubeSchedulerConfiguration",
            "clientConnection": {"kubeconfig": str(self._component_kubeconfig("scheduler")), "qps": 200, "burst": 400},
            "leaderElection": {"leaderElect": False},
            "profiles": [{"schedulerName": name}],
        }
        file = self._file(f"{name}.json")
        file.write_text(json.dumps(config))
        self._run(name, ensure(self.version) / "kube-scheduler", f"--config={file}", "--secure-port=0")

    def stop_scheduler(self, name: str) -> None:
        """End a scheduler; the cluster's own is `default-scheduler`."""
        self._servers.pop(name).end()

    def running(self, name: str) -> bool:
        """Say whether this server runs: apiserver, controller-manager, default-scheduler, etcd."""
        return name in self._servers and self._servers[name].process.poll() is None

    def logs(self, lines: int = 20) -> str:
        """Show the end of each server's log."""
        return "\n".join(server.tail(lines) for server in self._servers.values())

    def _start_kubernetes(self) -> None:
        folder = ensure(self.version)
        with_controllers = (folder / "kube-controller-manager").exists()
        self._run("apiserver", folder / "kube-apiserver", *self._apiserver_flags(with_controllers=with_controllers))
        self.wait(self._is_ready, "the API server to be ready", timeout=120)
        self.up = True
        if with_controllers:
            pki = self.directory / "pki"
            self._run(
                "controller-manager", folder / "kube-controller-manager", "--leader-elect=false", "--secure-port=0",
                f"--kubeconfig={self._component_kubeconfig('controller-manager')}",
                "--use-service-account-credentials=true", f"--root-ca-file={self.authority.path}",
                f"--service-account-private-key-file={pki / 'service-accounts.key'}",
                "--kube-api-qps=200", "--kube-api-burst=400", "--pvclaimbinder-sync-period=1s",
                # No heartbeat comes from the nodes that tests play, and none is missed for an hour.
                "--node-monitor-period=1s", "--node-monitor-grace-period=1h",
            )  # fmt: skip
        if (folder / "kube-scheduler").exists():
            self.start_scheduler("default-scheduler")
        if with_controllers:
            self._await_service_account("default")

    def _apiserver_flags(self, *, with_controllers: bool) -> Iterator[str]:
        pki = self.directory / "pki"
        flags: dict[str, object] = {
            "etcd-servers": f"http://127.0.0.1:{self._etcd_port}",
            "bind-address": "127.0.0.1",
            "secure-port": self._port,
            "advertise-address": ADVERTISED,
            "service-cluster-ip-range": "10.96.0.0/16",
            "tls-cert-file": pki / "apiserver.crt",
            "tls-private-key-file": pki / "apiserver.key",
            "client-ca-file": self.authority.path,
            "token-auth-file": self._file("tokens.csv"),
            "authorization-mode": "RBAC",
            "allow-privileged": "true",
            "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
            "service-account-key-file": pki / "service-accounts.key",
            "service-account-signing-key-file": pki / "service-accounts.key",
            "kubelet-client-certificate": pki / "to-kubelet.crt",
            "kubelet-client-key": pki / "to-kubelet.key",
            "kubelet-certificate-authority": self.authority.path,
            "kubelet-preferred-address-types": "InternalIP",
            "audit-policy-file": self._file("audit-policy.json"),
            "audit-log-path": self._file("audit.log"),
            "audit-log-mode": "blocking",
        }
        yield from (f"--{name}={value}" for name, value in flags.items())
        if not with_controllers:
            yield "--disable-admission-plugins=ServiceAccount"  # nobody would make the service accounts it asks for
        yield from self._flags

    def _run(self, name: str, program: Path, *flags: str) -> None:
        self._servers[name] = Server(self._file(f"{name}.log"), [program, *flags])

    def _is_ready(self) -> bool:
        try:
            return bool(self.request("GET", "/readyz") == "ok")
        except (ApiError, urllib3.exceptions.HTTPError):
            return False

    def _file(self, name: str) -> Path:
        return self.directory / name

    # Asking it

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        content_type: str = "application/json",
    ) -> Any:  # an answer is any JSON, or the text where it is none
        """Ask the API server as the administrator, or as whoever the token names; a refusal is an ApiError."""
        headers = {"Authorization": f"Bearer {token or self.admin_token}", "Content-Type": content_type}
        data = None if body is None else json.dumps(body).encode()
        answer = self._http.request(method, self.url + path, body=data, headers=headers)
        text = answer.data.decode(errors="replace")
        if answer.status >= 400:
            raise ApiError(answer.status, text)
        return json.loads(text) if answer.headers.get("Content-Type", "").startswith("application/json") else text

    def path(self, api_version: str, kind: str, namespace: str | None = None, name: str | None = None) -> str:
        """Give the path of an object, or without a name of its collection, as discovery says it."""
        root = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
        if (api_version, kind) not in self._plurals:
            for row in self.request("GET", root)["resources"]:
                if "/" not in row["name"]:
                    self._plurals[api_version, row["kind"]] = (row["name"], row["namespaced"])
        plural, namespaced = self._plurals[api_version, kind]
        place = f"/namespaces/{namespace or 'default'}" if namespaced else ""
        return f"{root}{place}/{plural}" + (f"/{name}" if name else "")

    def apply(self, obj: Mapping[str, Any], *, namespace: str | None = None) -> Object:
        """Make the object, or change it to be so, on the server's side; one with only a generateName is made."""
        meta = obj["metadata"]
        path = self.path(obj["apiVersion"], obj["kind"], meta.get("namespace", namespace), meta.get("name"))
        answer: Object
        if "name" not in meta:
            answer = self.request("POST", path, obj)
        else:
            query = "?fieldManager=jhubdoctor-tests&force=true"
            answer = self.request("PATCH", path + query, obj, content_type="application/apply-patch+yaml")
        return answer

    def get(self, path: str) -> Object | None:
        """Read one object, or nothing if there is none."""
        try:
            answer: Object = self.request("GET", path)
        except ApiError as error:
            if error.code == 404:
                return None
            raise
        return answer

    def items(self, path: str) -> list[Object]:
        """Read a collection."""
        answer: list[Object] = self.request("GET", path)["items"]
        return answer

    def namespace(self, prefix: str = "test", labels: Mapping[str, str] | None = None) -> str:
        """Make a fresh namespace and return its name when pods can be made in it."""
        name = f"{prefix}-{secrets.token_hex(3)}"
        meta = {"name": name, "labels": dict(labels or {})}
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
        if self.running("controller-manager"):
            self._await_service_account(name)
        return name

    def token(self, service_account: str, namespace: str) -> str:
        """Get a token of a service account, as a pod of it would have."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}/token"
        answer: str = self.request("POST", path, {"spec": {"expirationSeconds": 3600}})["status"]["token"]
        return answer

    def kubeconfig(
        self,
        *,
        token: str | None = None,
        user: str | None = None,
        groups: Sequence[str] = (),
        days: float = 30,
        namespace: str | None = None,
        ca: Path | None = None,
        server: str | None = None,
    ) -> Path:
        """Write a kubeconfig for the administrator, a token, or a user by client certificate.

        What a test needs to be wrong can be made so: negative `days` give an expired certificate, `ca` may be that of
        another authority, `server` may be where nobody answers.
        """
        who: dict[str, object] = {"token": token or self.admin_token}
        if user is not None:
            certificate, key = self.authority.issue(f"user-{secrets.token_hex(4)}", user, groups, days=days)
            who = {"client-certificate-data": _base64(certificate), "client-key-data": _base64(key)}
        context = {"cluster": "tests", "user": "tests", **({"namespace": namespace} if namespace else {})}
        trust = {"certificate-authority-data": _base64(ca or self.authority.path)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "tests",
            "contexts": [{"name": "tests", "context": context}],
            "clusters": [{"name": "tests", "cluster": {"server": server or self.url, **trust}}],
            "users": [{"name": "tests", "user": who}],
        }
        file = self._file(f"kubeconfig-{secrets.token_hex(4)}")
        file.touch(mode=0o600)
        file.write_text(json.dumps(config))
        return file

    def audit(self, user: str | None = None) -> list[Request]:
        """Say who has asked what since the start; of one user if given. A watch counts when it begins."""
        seen: dict[str, Request] = {}
        whole, _, _ = self._file("audit.log").read_text().rpartition("\n")  # what follows is being written
        for line in whole.splitlines():
            entry = json.loads(line)
            name, code = entry["user"].get("username", ""), entry.get("responseStatus", {}).get("code", 0)
            seen[entry["auditID"]] = Request(name, entry["verb"], entry["requestURI"], code)
        return [request for request in seen.values() if user in {None, request.user}]

    def compact(self) -> None:
        """Make etcd forget all that is past, as it does every five minutes: a continue token from before expires."""
        url = f"http://127.0.0.1:{self._etcd_port}/v3/kv"
        with urllib3.PoolManager() as http:
            key = base64.b64encode(b"\0").decode()
            found = http.request("POST", f"{url}/range", json={"key": key, "limit": "1"}).json()
            done = http.request("POST", f"{url}/compaction", json={"revision": found["header"]["revision"]})
        if done.status != 200:
            raise ServerError(done.data.decode())

    def wait(self, condition: Callable[[], T], what: str, *, timeout: float = 30) -> T:
        """Wait until the condition gives something true, and return that; say what was awaited if it never does."""
        deadline = time.monotonic() + timeout
        while not (found := condition()):
            dead = [name for name, server in self._servers.items() if server.process.poll() is not None]
            if dead or time.monotonic() > deadline:
                why = f"{', '.join(dead)} ended" if dead else f"not within {timeout:.0f} s"
                message = f"waited for {what}: {why}\n{self.logs()}"
                raise ServerError(message)
            time.sleep(0.05)
        return found

    def _await_service_account(self, namespace: str) -> None:
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
        self.wait(lambda: self.get(path), f"the default service account of {namespace}", timeout=60)

    def _component_kubeconfig(self, name: str) -> Path:
        file = self._file(f"{name}.kubeconfig")
        pki = self.directory / "pki"
        user = {"client-certificate": str(pki / f"{name}.crt"), "client-key": str(pki / f"{name}.key")}
        cluster = {"server": self.url, "certificate-authority": str(self.authority.path)}
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
            "clusters": [{"name": "c", "cluster": cluster}], "users": [{"name": "c", "user": user}],
        }  # fmt: skip
        file.write_text(json.dumps(config))
        return file


def guard() -> list[str]:
    """Give the start of a command line by which a process ends with the Python that started it, however that ends.

    A child's death signal is tied to the thread that made it, so it is only asked for where that thread stays.
    """
    stays = threading.current_thread() is threading.main_thread()
    return ["setpriv", "--pdeathsig", "KILL"] if stays and shutil.which("setpriv") else []


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
