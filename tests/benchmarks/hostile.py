"""Measures what a run takes against servers, kubeconfigs and plugins that nobody has in good faith.

    python -m tests.benchmarks.hostile [--timeout 10] [--only WORDS] [--command collect]

For each: wall and CPU time, peak memory, exit code, and what the program said last. It asserts nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from jhubdoctor.testing import Example
from tests.fakeapi import FakeAPI
from tests.floods import FLOODS

HEAD = "| what | wall s | CPU s | peak MB | exit code | it says |\n|---|---|---|---|---|---|"
# Runs a program; then, on one line, what it took: the peak of a process counts what its parent was, so a small one
# starts it.
LAUNCH = """
import os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=sys.stdout)
_, status, usage = os.wait4(process.pid, 0)
wall = time.perf_counter() - start
code = os.waitstatus_to_exitcode(status)
print(f"\\n{wall} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss / 1024} {code}", end="")
"""


def row(name: str, *words: str) -> str:
    """A row of the table: what the program takes with these words."""
    command = [sys.executable, "-S", "-c", LAUNCH, sys.executable, "-m", "jhubdoctor", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    said, _, figures = done.stdout.rpartition("\n")
    wall, cpu, peak, code = figures.split()
    first = said.strip().partition("\n")[0][:80]
    return f"| {name} | {float(wall):.1f} | {float(cpu):.1f} | {float(peak):.0f} | {code} | {first} |"


def tell(line: str) -> None:
    """One line, at once: each takes long."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def kubeconfigs(folder: Path, url: str) -> Iterator[tuple[str, str]]:
    """Files that are given as kubeconfigs: a name and a path."""

    def written(name: str, text: str) -> tuple[str, str]:
        path = folder / name.replace(" ", "-").replace(",", "")
        path.write_text(text, encoding="utf-8")
        return name, str(path)

    def with_user(name: str, code: str) -> tuple[str, str]:
        plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": sys.executable, "args": ["-c", code]}
        plugin["interactiveMode"] = "Never"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": url}}],
            "users": [{"name": "me", "user": {"exec": plugin}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
        }
        return written(name, json.dumps(config))

    levels = "\n".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10))
    yield written("a kubeconfig of aliases", f"a0: &a0 [x]\n{levels}\ncontexts: *a9\n")
    yield written("a kubeconfig nested 100,000 deep", "contexts: " + "[" * 100_000)
    yield written("a kubeconfig of 500 MB", "contexts:\n" + "- name: x\n" * (50 * 2**20))
    yield with_user("a plugin that never ends", "import time; time.sleep(600)")
    yield with_user("a plugin with endless output", "while True: print('x' * 65536)")
    yield with_user("a plugin with endless errors", "import sys\nwhile True: sys.stderr.write('x' * 65536)")
    yield with_user("a plugin whose child holds its output", "import os, time\nif os.fork() == 0: time.sleep(600)")


def main() -> None:
    """Serve, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--timeout", type=float, default=10)
    parser.add_argument("--only", default="", help="a part of the names of those to measure")
    parser.add_argument("--command", default="run", choices=["run", "collect"])
    arguments = parser.parse_args()
    tell(HEAD)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        out = str(folder / "out.tar.gz") if arguments.command == "collect" else f"json={folder / 'out.json'}"
        words = (arguments.command, "--timeout", str(arguments.timeout), "-o", out, "--kubeconfig")
        for what, flood in FLOODS.items():
            if arguments.only in what:
                # the version is told as it should be: else nothing more would be asked
                with FakeAPI(Example(""), floods={"*": flood}, spared=("version",)).serve() as api:
                    tell(row(what, *words, api.kubeconfig(folder)))
        with FakeAPI(Example("")).serve() as api:
            for what, path in kubeconfigs(folder, api.url):
                if arguments.only in what:
                    tell(row(what, *words, path))


if __name__ == "__main__":
    main()
