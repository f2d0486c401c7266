"""KubeSpawner itself is asked for names and pods; what it answers is in fixtures, which tests/facts hold us against."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from jhubdoctor.model.values import merged

from .hubs import CONFIG, PAIRS, ensure_hub

pytestmark = pytest.mark.cluster

FIXTURES = Path(__file__).parent.parent / "fixtures"
SPAWNER = Path(__file__).parent / "spawner.py"
DEDICATED = [
    {"key": f"hub.jupyter.org{separator}dedicated", "operator": "Equal", "value": "user", "effect": "NoSchedule"}
    for separator in "/_"
]
# What the chart has where a case sets nothing, as far as it makes pods of users.
DEFAULTS = {
    "hub": {"concurrentSpawnLimit": 64, "consecutiveFailureLimit": 5},
    "scheduling": {"userScheduler": {"enabled": False}, "userPods": {"tolerations": DEDICATED}},
    "singleuser": {
        "image": {"name": "quay.io/example/base", "tag": "1"}, "memory": {"guarantee": "1G"}, "startTimeout": 300,
        "extraLabels": {}, "nodeSelector": {}, "extraTolerations": [], "profileList": [], "uid": 1000, "fsGid": 100,
        "storage": {"type": "none"}, "cloudMetadata": {"blockWithIptables": False},
    },
}  # fmt: skip
PLACES = ("bind_url", "hub_url", "db_url", "api_url", "token", "namespace", "release")


def ask(python: Path, questions: dict[str, Any]) -> dict[str, Any]:
    """Ask the KubeSpawner of a Python."""
    done = subprocess.run(
        [str(python), str(SPAWNER), str(CONFIG)],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        check=True,
    )
    answers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answers


def pods(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The questions for pods: a profile is named by its place in the list, a choice by its option."""
    asked = []
    for case in cases:
        values = merged(DEFAULTS, case["values"])
        places = {**dict.fromkeys(PLACES, "http://127.0.0.1:1"), "user_port": 8888}
        asked.append({"settings": {"values": values, **places}, "options": case.get("options", {})})
    return asked


@pytest.mark.parametrize("pair", PAIRS)
def test_what_fixtures_say_is_what_kubespawner_makes(pair: str) -> None:
    names = yaml.safe_load((FIXTURES / "names.yaml").read_text(encoding="utf-8"))
    cases = yaml.safe_load((FIXTURES / "pods.yaml").read_text(encoding="utf-8"))
    schemes = ["escape"] if pair.endswith("+6.2.0") else ["escape", "safe"]

    python = ensure_hub(pair) / "bin" / "python"
    questions = [[*name[:3], scheme] for scheme in schemes for name in names]
    made = ask(python, {"names": questions, "pods": pods(cases)})

    wanted = [name[3 if scheme == "escape" else 4] for scheme in schemes for name in names]
    # before KubeSpawner 7 templates have fewer fields
    assert [m for m in made["names"] if m is not None] == [w for w, m in zip(wanted, made["names"], strict=True) if m]
    assert made["pods"] == [case["merges"] for case in cases]
