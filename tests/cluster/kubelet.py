"""Plays what a control plane expects around it: kubelets, a volume provisioner, and a cloud's load balancers.

Nothing runs in the pods. What their status and logs say comes from rules that a test may add; everything else about
them (scheduling, controllers, admission, the way logs are fetched) is done by the real servers of plane.py.
"""

from __future__ import annotations

import datetime as dt
import http.server
import itertools
import json
import ssl
import threading
import traceback
import urllib.parse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import urllib3

from .fate import COMPLETED, RUNNING, Fate, Happening, PodStatus, Rule, now, words_of
from .plane import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from .plane import ControlPlane

Object = dict[str, Any]
Line = tuple[float, str]
"""How many seconds ago a line was written, and the line."""
Log = Callable[[Object, str, bool], "str | Sequence[Line] | None"]
"""Asked of a pod, a container's name and whether the previous one is meant: its log, or nothing if not this one's."""

PROVISIONER = "jhubdoctor.test/provisioner"
NOT_FOUND, CONFLICT = 404, 409
MERGE, STRATEGIC = "application/merge-patch+json", "application/strategic-merge-patch+json"


class Kubelet:
    """All nodes of a control plane at once; use it with `with`, or `start` and `stop` it.

    `rules` and `logs` may be changed at any time; the one that was added last is asked first.
    """

    def __init__(self, plane: ControlPlane) -> None:
        """Prepare; nothing runs yet."""
        self.plane = plane
        self.rules: list[Rule] = []
        self.logs: list[Log] = []
        self.address: Callable[[Object], str | None] = lambda pod: None  # noqa: ARG005
        """Gives a pod's address where a test wants one that answers; else it is one of its own in 10.244.0.0/16."""
        self.load_balancer: Callable[[Object], str | None] = lambda service: "203.0.113.10"  # noqa: ARG005
        """Gives the address of a Service of type LoadBalancer, or nothing to leave it without."""
        self.provisions: Callable[[Object], bool] = lambda claim: True  # noqa: ARG005
        """Says whether a claim of a class whose provisioner is ours gets a volume."""
        self.errors: list[str] = []
        """What went wrong in here; a test that fails for no visible reason should look."""
        self._server = _LogServer(self)
        self._stopped = threading.Event()
        certificate, key = map(str, plane.authority.issue("kubelet", "kubelet", ["system:masters"]))
        self.http = urllib3.PoolManager(
            ca_certs=str(plane.authority.path), cert_file=certificate, key_file=key, retries=False, maxsize=8
        )
        """Connections as a user of its own, so that the audit log tells a kubelet's requests from a test's."""
        self._mirrors = {kind: _Mirror(self, path) for kind, path in _MIRRORED.items()}
        self._threads: list[threading.Thread] = []
        self._written: dict[str, str] = {}
        self._since: dict[str, str] = {}
        self._told: set[tuple[str, str, str]] = set()
        self._addresses: dict[str, str] = {}
        self._numbers = itertools.count(2)

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
        """Serve logs, follow the cluster, and act on it."""
        targets = [self._server.serve_forever, self._work, *(mirror.follow for mirror in self._mirrors.values())]
        self._threads = [threading.Thread(target=target, daemon=True) for target in targets]
        for thread in self._threads:
            thread.start()
        return self

    def rest(self) -> None:
        """Stop acting, and go on serving logs."""
        self._stopped.set()

    def stop(self) -> None:
        """Stop acting and serving; the watches end with the API server at the latest."""
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()

    # What a test says

    def node(
        self,
        name: str,
        *,
        labels: Mapping[str, str] | None = None,
        taints: Sequence[Mapping[str, str]] = (),
        cpu: str = "8",
        memory: str = "32Gi",
        pods: int = 110,
        conditions: Mapping[str, str] | None = None,
    ) -> Object:
        """Make a Node that is Ready, or in the given conditions such as {"Ready": "False", "DiskPressure": "True"}."""
        meta = {"name": name, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", **(labels or {})}}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": meta, "spec": {"taints": list(taints)}}
        self.plane.request("POST", "/api/v1/nodes", node)
        states = {"Ready": "True", "MemoryPressure": "False", "DiskPressure": "False", "PIDPressure": "False"}
        room = {"cpu": cpu, "memory": memory, "pods": str(pods), "ephemeral-storage": "100Gi"}
        version = self.plane.request("GET", "/version")["gitVersion"]
        runtime = {"kubeletVersion": version, "containerRuntimeVersion": "containerd://2.1.0", "osImage": "Test Linux"}
        system = {"kernelVersion": "6.1.0", "operatingSystem": "linux", "architecture": "amd64"}
        blank = dict.fromkeys(("machineID", "systemUUID", "bootID", "kubeProxyVersion"), "")
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}, {"type": "Hostname", "address": name}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self._server.server_port}},
            "capacity": room,
            "allocatable": room,
            "nodeInfo": {**blank, **system, **runtime},
            "conditions": [_node_condition(kind, value) for kind, value in {**states, **(conditions or {})}.items()],
        }
        self.plane.request("PATCH", f"/api/v1/nodes/{name}/status", {"status": status}, content_type=STRATEGIC)
        if (conditions or {}).get("Ready", "True") == "True":
            self.plane.wait(lambda: self._without_not_ready_taint(name), f"node {name} to be ready")
        answer: Object = self.plane.request("GET", f"/api/v1/nodes/{name}")
        return answer

    def storage_class(self, name: str = "standard", *, default: bool = True, mode: str = "Immediate") -> None:
        """Make a StorageClass whose provisioner is ours."""
        annotations = {"storageclass.kubernetes.io/is-default-class": str(default).lower()}
        self.plane.apply({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": PROVISIONER,
            "metadata": {"name": name, "annotations": annotations}, "volumeBindingMode": mode,
        })  # fmt: skip

    def event(self, about: Object, happening: Happening, *, host: str = "", field_path: str = "") -> None:
        """Record an event as a kubelet does."""
        meta = about["metadata"]
        reference = {
            "apiVersion": about.get("apiVersion", "v1"), "kind": about.get("kind", "Pod"), "name": meta["name"],
            "namespace": meta.get("namespace", "default"), "uid": meta["uid"], "fieldPath": field_path,
        }  # fmt: skip
        moment = now()
        self._ask("POST", f"/api/v1/namespaces/{reference['namespace']}/events", {
            "apiVersion": "v1", "kind": "Event", "involvedObject": reference, "reason": happening.reason,
            "message": happening.message, "type": happening.kind, "count": 1, "firstTimestamp": moment,
            "lastTimestamp": moment, "source": {"component": "kubelet", "host": host},
            "reportingComponent": "kubelet", "reportingInstance": host,
            "metadata": {"generateName": f"{meta['name']}.", "namespace": reference["namespace"]},
        })  # fmt: skip

    # What it does

    def _work(self) -> None:
        """Look at everything, ten times a second; only what has changed is written."""
        acts = (("pods", self._pod), ("services", self._service), ("claims", self._claim), ("volumes", self._volume))
        while not self._stopped.wait(0.1):
            for kind, act in acts:
                for obj in self._mirrors[kind].snapshot() if self.plane.up else ():
                    self._try(act, obj)

    def _try(self, act: Callable[[Object], None], obj: Object) -> None:
        """Let nothing end the kubelet: not an object that is gone meanwhile, nor a server, nor a mistake in a rule."""
        try:
            act(obj)
        except ApiError as error:
            if error.code not in {NOT_FOUND, CONFLICT} and self.plane.up:
                self.errors.append(str(error))
        except urllib3.exceptions.HTTPError:
            pass
        except Exception:  # noqa: BLE001
            self.errors.append(traceback.format_exc())

    def _pod(self, pod: Object) -> None:
        meta, node = pod["metadata"], pod["spec"].get("nodeName")
        uid = meta["uid"]
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        if not node or self._written.get(uid) == "deleted":
            return
        if "deletionTimestamp" in meta:
            self._ask("DELETE", path, {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}})
            self._written[uid] = "deleted"
            return
        moment = self._since.setdefault(uid, now())
        status, happened = PodStatus(pod, self._pod_address(pod), moment).of(self._fate)
        text = json.dumps(status)
        if self._written.get(uid) == text:
            return
        for container, happening in happened:
            message = happening.message.format_map(words_of(pod, container))
            if (uid, container["name"], message) not in self._told:
                place = "initContainers" if container in pod["spec"].get("initContainers", ()) else "containers"
                field_path = "" if happening.of_pod else f"spec.{place}{{{container['name']}}}"
                self.event(pod, happening._replace(message=message), host=node, field_path=field_path)
                self._told.add((uid, container["name"], message))
        self._ask("PATCH", f"{path}/status", {"metadata": {"uid": uid}, "status": status}, content_type=STRATEGIC)
        self._written[uid] = text

    def _fate(self, pod: Object, container: Object) -> Fate | None:
        for rule in reversed(list(self.rules)):
            if fate := rule(pod, container):
                return fate
        initial = container in pod["spec"].get("initContainers", ())
        ends = initial and container.get("restartPolicy") != "Always"
        owners = pod["metadata"].get("ownerReferences", ())
        return COMPLETED if ends or (not initial and any(owner["kind"] == "Job" for owner in owners)) else RUNNING

    def _pod_address(self, pod: Object) -> str:
        uid = pod["metadata"]["uid"]
        if uid not in self._addresses:
            number = next(self._numbers)
            self._addresses[uid] = self.address(pod) or f"10.244.{number // 250 % 250}.{number % 250 + 1}"
        return self._addresses[uid]

    def _service(self, service: Object) -> None:
        if service["spec"].get("type") != "LoadBalancer" or service["status"].get("loadBalancer"):
            return
        if address := self.load_balancer(service):
            meta = service["metadata"]
            body = {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}
            path = f"/api/v1/namespaces/{meta['namespace']}/services/{meta['name']}/status"
            self._ask("PATCH", path, body, content_type=MERGE)

    def _claim(self, claim: Object) -> None:
        """Make the volume that the real controller asks for, and leave the binding to it."""
        meta, spec = claim["metadata"], claim["spec"]
        annotations = meta.get("annotations", {})
        asked = annotations.get("volume.kubernetes.io/storage-provisioner")
        name = f"pvc-{meta['uid']}"
        if asked != PROVISIONER or spec.get("volumeName") or name in self._written or not self.provisions(claim):
            return
        storage_class = self._ask("GET", f"/apis/storage.k8s.io/v1/storageclasses/{spec['storageClassName']}")
        waits = storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"
        if waits and "volume.kubernetes.io/selected-node" not in annotations:
            return
        reference = {key: meta[key] for key in ("name", "namespace", "uid")}
        self._ask("POST", "/api/v1/persistentvolumes", {
            "apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER}},
            "spec": {
                "accessModes": spec["accessModes"], "capacity": {"storage": spec["resources"]["requests"]["storage"]},
                "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **reference},
                "hostPath": {"path": f"/volumes/{name}"}, "storageClassName": spec["storageClassName"],
                "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            },
        })  # fmt: skip
        self._written[name] = "made"

    def _volume(self, volume: Object) -> None:
        """Delete a volume of ours whose claim is gone, as its class has it; the controller leaves that to us."""
        meta, spec = volume["metadata"], volume["spec"]
        ours = meta.get("annotations", {}).get("pv.kubernetes.io/provisioned-by") == PROVISIONER
        released = volume["status"].get("phase") == "Released" and "deletionTimestamp" not in meta
        if ours and released and spec["persistentVolumeReclaimPolicy"] == "Delete":
            self._ask("DELETE", f"/api/v1/persistentvolumes/{meta['name']}")

    def log_of(self, pod: Object, container: str, *, previous: bool) -> str | Sequence[Line]:
        """Find the log that a test gave to this container."""
        for log in reversed(list(self.logs)):
            if (found := log(pod, container, previous)) is not None:
                return found
        return ""

    def find_pod(self, namespace: str, name: str) -> Object | None:
        """Give the pod as it was last seen."""
        return self._mirrors["pods"].find(namespace, name)

    def _without_not_ready_taint(self, name: str) -> bool:
        if not self.plane.running("controller-manager"):
            return True
        taints = self.plane.request("GET", f"/api/v1/nodes/{name}")["spec"].get("taints", ())
        return not any(taint["key"] == "node.kubernetes.io/not-ready" for taint in taints)

    def _ask(self, method: str, path: str, body: object = None, *, content_type: str = "application/json") -> Any:
        data = None if body is None else json.dumps(body).encode()
        answer = self.http.request(method, self.plane.url + path, body=data, headers={"Content-Type": content_type})
        if answer.status >= 400:
            raise ApiError(answer.status, answer.data.decode(errors="replace"))
        return answer.json()

    @property
    def stopped(self) -> threading.Event:
        """Set when it has been told to stop."""
        return self._stopped


_MIRRORED = {
    "pods": "/api/v1/pods",
    "services": "/api/v1/services",
    "claims": "/api/v1/persistentvolumeclaims",
    "volumes": "/api/v1/persistentvolumes",
}


class _Mirror:
    """A copy of a collection, kept by a watch as the real components keep theirs."""

    def __init__(self, kubelet: Kubelet, path: str) -> None:
        self._kubelet = kubelet
        self._path = path
        self._objects: dict[tuple[str, str], Object] = {}
        self._lock = threading.Lock()

    def snapshot(self) -> list[Object]:
        with self._lock:
            return list(self._objects.values())

    def find(self, namespace: str, name: str) -> Object | None:
        with self._lock:
            return self._objects.get((namespace, name))

    def follow(self) -> None:
        """List and watch until stopped; whatever breaks the connection (a restart of the server), begin again."""
        while not self._kubelet.stopped.is_set():
            try:
                self._watch(self._list())
            except (ApiError, urllib3.exceptions.HTTPError, ValueError, OSError):
                self._kubelet.stopped.wait(0.2)

    def _list(self) -> str:
        answer = self._get("", stream=False).json()
        with self._lock:
            self._objects = {_key(item): item for item in answer.get("items") or ()}
        version: str = answer["metadata"]["resourceVersion"]
        return version

    def _watch(self, version: str) -> None:
        answer = self._get(f"?watch=1&timeoutSeconds=3000&resourceVersion={version}", stream=True)
        rest = b""
        for chunk in answer.stream(None, decode_content=False):
            if self._kubelet.stopped.is_set():
                return
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                change = json.loads(line)
                if change["type"] == "ERROR":
                    return
                with self._lock:
                    if change["type"] == "DELETED":
                        self._objects.pop(_key(change["object"]), None)
                    else:
                        self._objects[_key(change["object"])] = change["object"]

    def _get(self, query: str, *, stream: bool) -> urllib3.BaseHTTPResponse:
        kubelet = self._kubelet
        timeout = urllib3.Timeout(connect=5, read=None if stream else 30)
        url = kubelet.plane.url + self._path + query
        answer = kubelet.http.request("GET", url, preload_content=not stream, timeout=timeout)
        if answer.status >= 400:
            raise ApiError(answer.status, "")
        return answer


class _LogServer(http.server.ThreadingHTTPServer):
    """The kubelet's port, which only the API server may ask: it shows a certificate of ours."""

    daemon_threads = True

    def __init__(self, kubelet: Kubelet) -> None:
        super().__init__(("127.0.0.1", 0), _LogHandler)
        self.kubelet = kubelet
        authority = kubelet.plane.authority
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.path))
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(*authority.issue("kubelet-server", "system:node:test", ["system:nodes"]))
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)


class _LogHandler(http.server.BaseHTTPRequestHandler):
    """GET /containerLogs/<namespace>/<pod>/<container>, refused in the kubelet's own words where there is no log."""

    protocol_version = "HTTP/1.1"
    server: _LogServer

    def do_GET(self) -> None:
        """Answer with the log, as much of it as is asked for."""
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        match url.path.strip("/").split("/"):
            case ["containerLogs", namespace, pod, container]:
                self._answer(*self._log(namespace, pod, container, query))
            case _:
                self._answer(NOT_FOUND, "404 page not found")

    def _log(self, namespace: str, name: str, container: str, query: Mapping[str, str]) -> tuple[int, str]:
        kubelet = self.server.kubelet
        pod = kubelet.find_pod(namespace, name)
        if pod is None:
            return NOT_FOUND, f'pod "{name}" does not exist'
        previous = query.get("previous") == "true"
        if refusal := _why_no_log(pod, name, container, previous=previous):
            return 400, refusal
        log = kubelet.log_of(pod, container, previous=previous)
        lines = [(0.0, line) for line in log.splitlines()] if isinstance(log, str) else list(log)
        if since := query.get("sinceSeconds"):
            lines = [line for line in lines if line[0] <= float(since)]
        if tail := query.get("tailLines"):
            lines = lines[-int(tail) :] if int(tail) else []
        text = "".join(f"{self._stamp(age, query)}{line}\n" for age, line in lines)
        return 200, text[: int(query["limitBytes"])] if "limitBytes" in query else text

    @staticmethod
    def _stamp(age: float, query: Mapping[str, str]) -> str:
        if query.get("timestamps") != "true":
            return ""
        moment = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=age)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ ")

    def _answer(self, code: int, text: str) -> None:
        data = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def _why_no_log(pod: Object, name: str, container: str, *, previous: bool) -> str | None:
    """Refuse as pkg/kubelet/kubelet_pods.go (validateContainerLogStatus) does."""
    status = pod["status"]
    statuses: Iterable[Object] = (
        *status.get("containerStatuses", ()), *status.get("initContainerStatuses", ()),
    )  # fmt: skip
    for each in statuses:
        if each["name"] != container:
            continue
        last = each.get("lastState", {}).get("terminated")
        if previous:
            return None if last else f'previous terminated container "{container}" in pod "{name}" not found'
        if last or "waiting" not in each["state"]:
            return None
        reason = each["state"]["waiting"]["reason"]
        known = {
            "ErrImagePull": "image can't be pulled",
            "ImagePullBackOff": "trying and failing to pull image",
        }
        return f'container "{container}" in pod "{name}" is waiting to start: {known.get(reason, reason)}'
    return f'container "{container}" in pod "{name}" is not available'


def _node_condition(kind: str, value: str) -> Object:
    reason, message = _NODE_CONDITIONS.get((kind, value), ("NodeStatusUnknown", "Kubelet stopped posting node status."))
    moment = now()
    return {
        "type": kind, "status": value, "reason": reason, "message": message, "lastHeartbeatTime": moment,
        "lastTransitionTime": moment,
    }  # fmt: skip


_NODE_CONDITIONS = {
    ("Ready", "True"): ("KubeletReady", "kubelet is posting ready status"),
    ("Ready", "False"): (
        "KubeletNotReady",
        (
            "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
            "message:Network plugin returns error: cni plugin not initialized"
        ),
    ),
    ("MemoryPressure", "False"): ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("MemoryPressure", "True"): ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
    ("DiskPressure", "False"): ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("DiskPressure", "True"): ("KubeletHasDiskPressure", "kubelet has disk pressure"),
    ("PIDPressure", "False"): ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("PIDPressure", "True"): ("KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
}


def _key(obj: Object) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
