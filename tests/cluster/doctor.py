"""The doctor as its users run it: the command in a process of its own, and what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

Object = dict[str, Any]

UNSURE = {"unknown", "broken"}
"""What a check may be besides found, ok and not applicable."""


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """What a run said. `report` is there if it came to one."""

    code: int
    stdout: str
    stderr: str
    seconds: float

    def __repr__(self) -> str:
        """What matters of it in a failed assertion."""
        if not self.stdout.startswith("{"):
            return f"<exit code {self.code}: {self.stderr or self.stdout}>"
        lines = [f"exit code {self.code} after {self.seconds:.1f} s"]
        for one in self.report["findings"]:
            by = f" (under {one['explained_by']})" if one["explained_by"] else ""
            on = " ".join(f"{each['kind']}/{each['name']}" for each in one["objects"])
            lines.append(f"{one['severity']} {one['check']} {one['fingerprint']}{by}: {one['message']} [{on}]")
        return "<" + "\n".join(lines) + ">"

    @cached_property
    def report(self) -> Object:
        """The JSON report."""
        assert self.stdout, f"no report, exit code {self.code}: {self.stderr}"
        found: Object = json.loads(self.stdout)
        return found

    @property
    def requests(self) -> int:
        """How often it asked the API server."""
        count: int = self.report["run"]["requests"]
        return count

    @property
    def roots(self) -> list[Object]:
        """The findings that no other explains, in the order of the report."""
        return [each for each in self.report["findings"] if each["explained_by"] is None]

    @property
    def causes(self) -> list[str]:
        """The checks of these."""
        return [each["check"] for each in self.roots]

    @property
    def errors(self) -> list[str]:
        """The checks of the errors among these."""
        return [each["check"] for each in self.roots if each["severity"] == "error"]

    @property
    def grave(self) -> list[str]:
        """The errors and warnings among these, with what they say."""
        return [f"{one['check']}: {one['message']}" for one in self.roots if one["severity"] != "info"]

    def finding(self, check: str) -> Object:
        """The first finding of a check."""
        return next(each for each in self.report["findings"] if each["check"] == check)

    def folded(self, cause: str) -> set[str]:
        """The checks whose findings the finding of this check explains; vital signs stand under most of them."""
        fingerprint = self.finding(cause)["fingerprint"]
        symptoms = [each for each in self.report["findings"] if each["explained_by"] == fingerprint]
        return {each["check"] for each in symptoms if each["area"] != "vitals"}

    def named(self, check: str, kind: str = "Pod") -> set[str]:
        """The names of the objects of a kind that the findings of a check are about or affect."""
        found = [each for each in self.report["findings"] if each["check"] == check]
        objects = [one for each in found for one in (*each["objects"], *each["affects"])]
        return {one["name"] for one in objects if one["kind"] == kind}

    def statuses(self) -> dict[str, str]:
        """Each check's result; of several hubs' results the worst."""
        order = ["not-applicable", "ok", "found", "unknown", "broken"]
        found: dict[str, str] = {}
        for check in self.report["checks"]:
            worst = max(check["status"], found.get(check["id"], order[0]), key=order.index)
            found[check["id"]] = worst
        return found

    def of(self, *statuses: str) -> set[str]:
        """The checks that ended so."""
        return {name for name, status in self.statuses().items() if status in statuses}

    def reads(self, state: str) -> dict[str, str]:
        """The reads that ended so, each with the detail."""
        return {row["read"]: row["detail"] for row in self.report["coverage"] if row["state"] == state}


def command(*words: str) -> list[str]:
    """The command line of the doctor."""
    return [sys.executable, "-m", "jhubdoctor", *words]


def environment() -> dict[str, str]:
    """Ours, without what would lead to another cluster or change the output."""
    foreign = ("KUBE", "COLOR", "CLICOLOR", "NO_COLOR", "FORCE_COLOR", "CI")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def call(*words: str, timeout: float = 90) -> Diagnosis:
    """Run the doctor with these words and wait for it."""
    start = time.monotonic()
    done = subprocess.run(
        command(*words), env=environment(), cwd=tempfile.gettempdir(), capture_output=True, text=True, check=False,
        timeout=timeout,
    )  # fmt: skip
    return Diagnosis(done.returncode, done.stdout, done.stderr, time.monotonic() - start)


def diagnose(kubeconfig: Path, *words: str) -> Diagnosis:
    """Run `jhubdoctor run -o json` as whoever the kubeconfig says, with more words such as `-n NAMESPACE`."""
    return call("run", "--kubeconfig", str(kubeconfig), "-o", "json", *words)
