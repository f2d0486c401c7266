"""Measures a run on a hub of any size, beside what a user would do instead, in one go on one machine.

    python -m tests.benchmarks.bench --pods 20000 --nodes 2000        (nox -s bench -- --pods ...)

For each: wall time, CPU time, peak memory, requests, bytes; the median of several runs. It asserts nothing.
A usual hub comes first, then the size asked for; `--growth` measures at a twentieth and a quarter of it too. The whole
is also measured through a slow link, with and without compression. `--write` puts the tables into docs/performance.md.
kubectl and popeye are measured where they are on PATH.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jhubdoctor.model.hub import Scope
from jhubdoctor.report import FORMATS, formatter
from jhubdoctor.sources.live import LiveReader
from jhubdoctor.testing import diagnose, judged, registry
from tests.benchmarks.fill import Filler, kubernetes_version
from tests.benchmarks.link import slow_link
from tests.cluster.conftest import furnished
from tests.cluster.plane import ControlPlane
from tests.cluster.release import Release

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "performance.md"
DEMO = ROOT / "jhubdoctor" / "example" / "demo.yaml"
USUAL = 200
# What else is on a large cluster.
AGENTS, LEASES = 60, 500
BEGIN, END = "<!-- measured -->\n", "<!-- end -->\n"

# What the same lists cost with the least that can be done: the pages, downloaded and thrown away.
DOWNLOAD = """
import gzip, sys, urllib3
from kubernetes.client.configuration import Configuration
from kubernetes.client.rest import RESTClientObject
from kubernetes.config import load_kube_config
c = Configuration(); load_kube_config(config_file=sys.argv[1], client_configuration=c)
pool = RESTClientObject(c).pool_manager
h = {s["key"]: s["value"] for s in c.auth_settings().values() if s["in"] == "header"}
if sys.argv[2] == "gzip": h["Accept-Encoding"] = "gzip"
total = n = 0
for path in sys.argv[3:]:
    token = ""
    while True:
        answer = pool.request("GET", f"{c.host}{path}?limit=500&continue={token}", headers=h, preload_content=False)
        body = b"".join(answer.stream(2**20, decode_content=False))
        total += len(body); n += 1
        if answer.headers.get("Content-Encoding") == "gzip": body = gzip.decompress(body)
        at = body[:400].find(b'"continue":"')
        if at < 0: break
        token = body[at + 12 : body.index(b'"', at + 12)].decode()
print(n, total)
"""
# The very requests of a run, as many at a time, without a doctor: what the server and the transport take of its time.
SAME = """
import json, sys, threading
from concurrent.futures import ThreadPoolExecutor
import urllib3
from jhubdoctor.sources import kubeconfig
c, _, _ = kubeconfig.load(sys.argv[1])
c.connection_pool_maxsize = 8
pool = kubeconfig.pool(c)
h = {s["key"]: s["value"] for s in c.auth_settings().values() if s["in"] == "header"}
def get(one):
    path, accept = one
    headers = {**h, "Accept": accept, "Accept-Encoding": "gzip"}
    answer = pool.request("GET", c.host + path, headers=headers, preload_content=False)
    return sum(map(len, answer.stream(2**18, decode_content=False)))
with ThreadPoolExecutor(8) as threads:
    sizes = list(threads.map(get, json.load(open(sys.argv[2]))))
print(len(sizes), sum(sizes))
"""
CLIENT = """
import sys
from kubernetes import client, config
config.load_kube_config(config_file=sys.argv[1])
api, n, token = client.CoreV1Api(), 0, None
while True:
    page = api.list_namespaced_pod(sys.argv[2], limit=500, _continue=token)
    n += 1; token = page.metadata._continue
    if not token: break
print(n, 0)
"""
# Runs a program; then the first of what it said, and on the last line wall and CPU seconds and peak MB.
LAUNCH = """
import os, subprocess, sys, tempfile, time
start = time.perf_counter()
with tempfile.TemporaryFile() as out:
    process = subprocess.Popen(sys.argv[1:], stdout=out, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    out.seek(0)
    sys.stdout.buffer.write(out.read(200).replace(b"\\n", b" "))
print(f"\\n{wall} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss / 1024}", end="")
"""


@dataclass
class Measured:
    """The median of several runs of one program."""

    name: str
    wall: float
    cpu: float
    peak: float
    requests: int = 0
    megabytes: float = 0.0

    @property
    def row(self) -> str:
        """A row of the table."""
        requests = str(self.requests) if self.requests else "-"
        size = f"{self.megabytes:.1f}" if self.megabytes else "-"
        return f"| {self.name} | {self.wall:.2f} | {self.cpu:.2f} | {self.peak:.0f} | {requests} | {size} |"


HEAD = "| what | wall s | CPU s | peak MB | requests | MB read |\n|---|---|---|---|---|---|"


def measure(name: str, command: Sequence[str], runs: int, *, counts: Path | None = None) -> Measured:
    """Run a program several times; its own children count too."""
    walls, cpus, peaks = [], [], []
    requests, megabytes = 0, 0.0
    for _ in range(runs):
        # the peak of a process counts what its parent was when it started it, so a small one starts it
        done = subprocess.run([sys.executable, "-S", "-c", LAUNCH, *command], stdout=subprocess.PIPE, check=True)
        said, _, figures = done.stdout.rpartition(b"\n")
        wall, cpu, peak = map(float, figures.split())
        walls.append(wall)
        cpus.append(cpu)
        peaks.append(peak)
        words = said.split()
        if counts is not None:
            found = json.loads(counts.read_text())["run"]
            requests, megabytes = found["requests"], found["bytes_read"] / 1e6
        elif len(words) == 2 and all(w.isdigit() for w in words):
            requests, megabytes = int(words[0]), int(words[1]) / 1e6
    return Measured(
        name, statistics.median(walls), statistics.median(cpus), statistics.median(peaks), requests, megabytes
    )


def doctor(kubeconfig: Path, namespace: str, runs: int) -> Measured:
    """A whole run of all checks."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "report.json"
        command = [sys.executable, "-m", "jhubdoctor", "run", "--kubeconfig", str(kubeconfig), "-n", namespace]
        command += ["-o", f"json={target}", "--timeout", "120"]
        return measure("jhubdoctor run, all checks", command, runs, counts=target)


class Listening(LiveReader):
    """A reader that keeps what it asked for."""

    def __init__(self, kubeconfig: Path) -> None:
        self.asked: list[tuple[str, str]] = []
        super().__init__(str(kubeconfig), timeout=120)

    def _exchange(self, path: str, accept: str, *rest: Any, **options: Any) -> Any:
        self.asked.append((path, accept))
        return super()._exchange(path, accept, *rest, **options)


def same(kubeconfig: Path, namespace: str, runs: int) -> Measured:
    """The requests of a run, the answers thrown away."""
    reader = Listening(kubeconfig)
    reader.connect()
    judged(registry(), registry().select(), reader, Scope(namespace))
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "asked.json"
        asked.write_text(json.dumps(reader.asked), encoding="utf-8")
        return measure("its requests alone", [sys.executable, "-c", SAME, str(kubeconfig), str(asked)], runs)


def floor(kubeconfig: Path, namespace: str, runs: int, encoding: str = "identity") -> Measured:
    """The least that reading the same lists whole can cost: downloaded, and thrown away."""
    inside = f"/api/v1/namespaces/{namespace}"
    lists = [f"{inside}/pods", f"{inside}/persistentvolumeclaims", f"{inside}/events", "/api/v1/nodes"]
    name = "download of four lists" + (", compressed" if encoding == "gzip" else "")
    return measure(name, [sys.executable, "-c", DOWNLOAD, str(kubeconfig), encoding, *lists], runs)


def others(kubeconfig: Path, namespace: str) -> list[Measured]:
    """What a user would run instead."""
    found = [measure("official client, pods alone", [sys.executable, "-c", CLIENT, str(kubeconfig), namespace], 1)]
    if kubectl := shutil.which("kubectl"):
        command = [kubectl, "--kubeconfig", str(kubeconfig), "-n", namespace, "get", "pods", "-o", "json"]
        found.append(measure("kubectl get pods -o json", command, 1))
    if popeye := shutil.which("popeye"):
        command = [popeye, "--kubeconfig", str(kubeconfig), "-n", namespace, "-o", "json", "--force-exit-zero"]
        found.append(measure("popeye, the namespace", command, 1))
    return found


def through_a_slow_link(kubeconfig: Path, namespace: str) -> list[Measured]:
    """The same through 20 Mbit/s with 40 ms."""
    text = kubeconfig.read_text(encoding="utf-8")
    port = text.partition("https://127.0.0.1:")[2].partition('"')[0]
    with slow_link(int(port), megabits=20, delay=0.04) as other, tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "kubeconfig"
        copy.write_text(text.replace(f"https://127.0.0.1:{port}", f"https://127.0.0.1:{other}"), encoding="utf-8")
        return [
            doctor(copy, namespace, 1),
            floor(copy, namespace, 1, "gzip"),
            floor(copy, namespace, 1),
        ]


def start() -> list[Measured]:
    """What starting costs: Python itself, the version, a note, the package that only a run needs."""
    doctor = [sys.executable, "-m", "jhubdoctor"]
    return [
        measure("python -c pass", [sys.executable, "-c", "pass"], 9),
        measure("jhubdoctor --version", [*doctor, "--version"], 9),
        measure("jhubdoctor explain taint-not-tolerated", [*doctor, "explain", "taint-not-tolerated"], 9),
        measure("python -c 'import kubernetes'", [sys.executable, "-c", "import kubernetes"], 5),
    ]


def rendering(count: int) -> list[str]:
    """The time and memory that each format takes for so many findings."""
    found = diagnose(DEMO.read_text(encoding="utf-8"))
    one = next(f for f in found.findings if f.finding.fix.values)
    findings = (dataclasses.replace(one, fingerprint=f"{i:016x}", explained_by=None) for i in range(count))
    report = dataclasses.replace(found, findings=tuple(findings))
    rows = ["| format | ms | MB out | peak MB |", "|---|---|---|---|"]
    for name in FORMATS:
        write = formatter(name)
        write(report)  # imports are not rendering
        started = time.process_time()
        size = len(write(report).encode())
        spent = time.process_time() - started
        tracemalloc.start()
        write(report)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        rows.append(f"| {name} | {spent * 1000:.0f} | {size / 1e6:.1f} | {peak / 1e6:.1f} |")
    return rows


def compiled() -> None:
    """Let programs start as installed ones do: from compiled modules, whatever the environment says."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir(), "jhubdoctor-bench-modules"))
    modules = "jhubdoctor.testing, jhubdoctor.report.text, kubernetes.config, jhubdoctor.sources.live"
    start = f"import {modules}; jhubdoctor.testing.registry(); jhubdoctor.sources.kubeconfig.package()"
    for program in (["-c", start], ["-m", "jhubdoctor", "explain", "taint-not-tolerated"]):
        subprocess.run([sys.executable, *program], stdout=subprocess.DEVNULL, check=True)


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pods", type=int, default=2000)
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--growth", action="store_true", help="also at a twentieth and a quarter of the size")
    parser.add_argument("--alone", action="store_true", help="measure nothing but jhubdoctor")
    parser.add_argument("--write", action="store_true", help="write the table to docs/performance.md")
    arguments = parser.parse_args()
    sizes = [arguments.pods // 20, arguments.pods // 4, arguments.pods] if arguments.growth else [arguments.pods]
    lines: list[str] = []
    compiled()
    with ControlPlane() as plane, furnished(plane) as kubelet:
        namespace = plane.namespace("bench")
        Release(plane, namespace, namespace).install()
        kubeconfig = plane.kubeconfig(namespace=namespace)
        kubelet.rest()
        for name in ("default-scheduler", "controller-manager"):
            plane.stop_scheduler(name)  # what is filled in below is none of theirs
        lines += [f"Kubernetes {kubernetes_version(plane)}, {machine()}, {datetime.now(UTC):%Y-%m-%d}.", "", HEAD]
        lines += [m.row for m in start()]
        filler = Filler(plane, namespace, namespace)
        for size in (USUAL, *sizes):
            if size != USUAL and size == sizes[0]:
                filler.agents(daemon_sets=AGENTS, leases=LEASES)
            nodes = max(USUAL // 10, arguments.nodes * size // arguments.pods)
            beside = "" if size == USUAL else f", {AGENTS} DaemonSets, {LEASES} Leases"
            started = time.perf_counter()
            filler.fill(pods=size, nodes=nodes)
            sys.stderr.write(f"filled to {size} pods, {nodes} nodes in {time.perf_counter() - started:.0f} s\n")
            lines += [
                "",
                f"{size} user pods, {size} claims, {size} volumes, {size} events, {nodes} nodes{beside}:",
                "",
                HEAD,
            ]
            lines.append(doctor(kubeconfig, namespace, arguments.runs).row)
            lines.append(same(kubeconfig, namespace, arguments.runs).row)
            lines.append(floor(kubeconfig, namespace, arguments.runs).row)
        if not arguments.alone:
            lines.append(floor(kubeconfig, namespace, arguments.runs, "gzip").row)
            lines += [m.row for m in others(kubeconfig, namespace)]
            lines += ["", "The same through 20 Mbit/s with 40 ms:", "", HEAD]
            lines += [m.row for m in through_a_slow_link(kubeconfig, namespace)]
    lines += ["", "A report of 1,000 findings, by format:", "", *rendering(1000)]
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if arguments.write:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def machine() -> str:
    """The machine, in words."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
