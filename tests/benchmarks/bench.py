"""Measures a run on a hub of any size, beside what a user would do instead, in one go on one machine.

    python -m tests.benchmarks.bench --pods 20000 --nodes 2000        (nox -s bench -- --pods ...)

For each: wall time, CPU time, peak memory, requests, bytes; the median of several runs. It asserts nothing.
`--growth` measures at a twentieth, a quarter and the whole of the size. `--write` puts the table into
docs/performance.md. kubectl and popeye are measured where they are on PATH.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.fill import Filler, kubernetes_version
from tests.cluster.conftest import furnished
from tests.cluster.plane import ControlPlane
from tests.cluster.release import Release

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- measured -->\n", "<!-- end -->\n"

# What the same lists cost with the least that can be done: the pages, downloaded and thrown away.
DOWNLOAD = """
import sys, urllib3
from kubernetes.client.configuration import Configuration
from kubernetes.client.rest import RESTClientObject
from kubernetes.config import load_kube_config
c = Configuration(); load_kube_config(config_file=sys.argv[1], client_configuration=c)
pool = RESTClientObject(c).pool_manager
h = {s["key"]: s["value"] for s in c.auth_settings().values() if s["in"] == "header"}
total = n = 0
for path in sys.argv[2:]:
    token = ""
    while True:
        body = pool.request("GET", f"{c.host}{path}?limit=500&continue={token}", headers=h).data
        total += len(body); n += 1
        at = body[:400].find(b'"continue":"')
        if at < 0: break
        token = body[at + 12 : body.index(b'"', at + 12)].decode()
print(n, total)
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
        start = time.perf_counter()
        with tempfile.TemporaryFile() as out:
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
            _, _, usage = os.wait4(process.pid, 0)
            process.returncode = 0
            walls.append(time.perf_counter() - start)
            out.seek(0)
            words = out.read(200).split()
        cpus.append(usage.ru_utime + usage.ru_stime)
        peaks.append(usage.ru_maxrss / 1024)
        if counts is not None:
            found = json.loads(counts.read_text())["run"]
            requests, megabytes = found["requests"], found["bytes_read"] / 1e6
        elif len(words) == 2 and all(w.isdigit() for w in words):
            requests, megabytes = int(words[0]), int(words[1]) / 1e6
    return Measured(
        name, statistics.median(walls), statistics.median(cpus), statistics.median(peaks), requests, megabytes
    )


def doctor(kubeconfig: Path, namespace: str, runs: int, *words: str) -> Measured:
    """A whole run of all checks."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "report.json"
        command = [sys.executable, "-m", "jhubdoctor", "run", "--kubeconfig", str(kubeconfig), "-n", namespace]
        command += ["-o", f"json={target}", "--timeout", "120", *words]
        return measure("jhubdoctor run, all checks", command, runs, counts=target)


def others(kubeconfig: Path, namespace: str, runs: int) -> list[Measured]:
    """What a user would run instead, and the floor."""
    inside = f"/api/v1/namespaces/{namespace}"
    lists = [f"{inside}/pods", f"{inside}/persistentvolumeclaims", f"{inside}/events", "/api/v1/nodes"]
    found = [
        measure("floor: download of the same lists", [sys.executable, "-c", DOWNLOAD, str(kubeconfig), *lists], runs),
        measure("official client, pods alone", [sys.executable, "-c", CLIENT, str(kubeconfig), namespace], 1),
    ]
    if kubectl := shutil.which("kubectl"):
        command = [kubectl, "--kubeconfig", str(kubeconfig), "-n", namespace, "get", "pods", "-o", "json"]
        found.append(measure("kubectl get pods -o json", command, 1))
    if popeye := shutil.which("popeye"):
        command = [popeye, "--kubeconfig", str(kubeconfig), "-n", namespace, "-o", "json", "--force-exit-zero"]
        found.append(measure("popeye, the namespace", command, 1))
    return found


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
    with ControlPlane() as plane, furnished(plane) as kubelet:
        namespace = plane.namespace("bench")
        release = Release(plane, namespace, namespace)
        release.install()
        kubeconfig = plane.kubeconfig(namespace=namespace)
        kubelet.__exit__(None, None, None)
        for name in ("default-scheduler", "controller-manager"):
            plane.stop_scheduler(name)  # what is filled in below is none of theirs
        lines.append(f"Kubernetes {kubernetes_version(plane)}, {machine()}, {datetime.now(UTC):%Y-%m-%d}.")
        filler = Filler(plane, namespace, namespace)
        usual = doctor(kubeconfig, namespace, arguments.runs)
        lines += ["", "A hub without users:", "", HEAD, usual.row]
        for size in sizes:
            nodes = max(1, arguments.nodes * size // arguments.pods)
            started = time.perf_counter()
            filler.fill(pods=size, nodes=nodes)
            sys.stderr.write(f"filled to {size} pods, {nodes} nodes in {time.perf_counter() - started:.0f} s\n")
            lines += ["", f"{size} user pods, {size} claims, {size} events, {nodes} nodes:", "", HEAD]
            lines.append(doctor(kubeconfig, namespace, arguments.runs).row)
            if not arguments.alone and size == sizes[-1]:
                lines += [m.row for m in others(kubeconfig, namespace, arguments.runs)]
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
