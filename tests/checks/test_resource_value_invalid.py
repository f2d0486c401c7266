"""How KubeSpawner reads amounts. The table was made with JupyterHub's own traits (jupyterhub/traitlets.py)."""

import json
from typing import Any

import pytest

from jhubdoctor.testing import findings_of

GIB = 2**30


def causes(key: str, value: Any) -> set[str]:
    section, name = key.split(".")
    example = {"kind": "Values", "values": {"singleuser": {section: {name: value}}}}
    return {f.finding.cause for f in findings_of(json.dumps(example), "resource-value-invalid")}


@pytest.mark.parametrize(
    "value", ["1G", "1.5G", ".5G", "512M", "1e3M", "1048576K", "0.001T", " 1G", GIB, float(GIB), 0, None]
)
def test_memory_that_kubespawner_reads(value: Any) -> None:
    assert causes("memory.limit", value) <= {"mem-guarantee-above-limit"}


@pytest.mark.parametrize(
    "value", ["1Gi", "512Mi", "1GB", "1g", "1 GiB", "1073741824", "G", "", "lots", ["1G"], {"a": 1}, "nanG", "infG"]
)
def test_memory_that_kubespawner_refuses(value: Any) -> None:
    assert "mem-notation" in causes("memory.limit", value)


@pytest.mark.parametrize("value", [0.5, 2, 0, None])
def test_cores_that_kubespawner_reads(value: Any) -> None:
    assert not causes("cpu.limit", value)


@pytest.mark.parametrize("value", ["500m", "2", "0.5", "", True, ["1"], float("nan")])
def test_cores_that_kubespawner_refuses(value: Any) -> None:
    assert causes("cpu.limit", value) == {"cpu-notation"}


@pytest.mark.parametrize(
    ("section", "value", "better"),
    [("memory", "1Gi", "1G"), ("memory", "512Mi", "512M"), ("memory", "2gb", "2G"), ("memory", "1073741824", GIB),
     ("cpu", "500m", 0.5), ("cpu", "2", 2)],
)  # fmt: skip
def test_the_patch_says_the_same_amount_in_its_own_notation(section: str, value: str, better: Any) -> None:
    # a limit below the chart's guarantee would be raised to that
    example = json.dumps({"kind": "Values", "values": {"singleuser": {section: {"limit": value, "guarantee": None}}}})
    [found] = findings_of(example, "resource-value-invalid")

    assert found.fix.values == {"singleuser": {section: {"limit": better}}}
