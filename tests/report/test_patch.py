"""One patch for all fixes of a hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from jhubdoctor.commands.group import cli
from jhubdoctor.engine.result import Reported, Wait
from jhubdoctor.model.finding import Finding, Fix, Severity
from jhubdoctor.report import patch
from jhubdoctor.testing import diagnose, registry
from tests import accuracy

CHECK = registry().checks["hub-oom-killed"]


def setting(values: dict[str, Any], word: str = "") -> Reported:
    finding = Finding(on=(), says=f"it is {word}", evidence=(), fix=Fix("x", values))
    return Reported(CHECK, None, finding, Severity.ERROR, word)


def test_values_are_merged_and_lists_joined() -> None:
    both = patch.patch_of(
        [
            setting({"hub": {"a": 1, "tolerations": [{"key": "x"}]}}),
            setting({"hub": {"b": 2, "tolerations": [{"key": "x"}, {"key": "y"}]}, "debug": {"enabled": True}}),
            setting({}),
        ]
    )

    assert both.values == {
        "hub": {"a": 1, "b": 2, "tolerations": [{"key": "x"}, {"key": "y"}]},
        "debug": {"enabled": True},
    }
    assert (len(both.of), both.waits) == (2, [])


def test_of_two_that_set_a_key_otherwise_the_second_waits() -> None:
    first, second = (
        setting({"hub": {"db": {"type": "a"}, "b": 1}}, "1"),
        setting({"hub": {"db": {"type": "c"}, "d": 2}}, "2"),
    )

    both = patch.patch_of([first, second])

    assert both.values == {"hub": {"db": {"type": "a"}, "b": 1}}
    assert both.waits == [(second, "hub.db.type")]


def test_the_file_says_what_each_part_is_for() -> None:
    report = accuracy.diagnosed("failure.two-things-at-once-and-one-of-them-stops-everybody")
    hub = report.hubs[0]
    [(path, text)] = patch.files(report, "p.yaml").items()
    wanted = patch.patch_of(patch.worth(report, hub))

    assert path == "p.yaml"
    assert yaml.safe_load(text) == wanted.values
    assert wanted.values
    for f in wanted.of:
        assert f"# - {f.check.id}: " in text
    assert f"# {hub.helm_upgrade}" in text


def test_without_anything_to_set_it_is_an_empty_patch() -> None:
    assert yaml.safe_load(patch.files(diagnose(""), "p")["p"]) == {}


def test_each_of_several_hubs_has_a_file_of_its_own_that_its_command_names() -> None:
    report = accuracy.diagnosed("failure.one-of-two-hubs-wants-a-class-that-is-not-there")
    broken = next(f.hub for f in report.findings if f.severity is Severity.ERROR and f.hub is not None)
    name = f"patch-{broken.namespace}.{broken.release}"

    written = patch.files(report, "out/patch.yaml")

    assert len(report.hubs) > 1
    assert list(written) == [f"out/{name}.yaml"]
    assert broken.helm_upgrade.endswith(f"--values {name}.yaml")
    assert f"# {broken.helm_upgrade}" in written[f"out/{name}.yaml"]


def test_a_fix_that_waits_is_in_no_patch() -> None:
    first, second = setting({"a": 1}, "1"), setting({"b": 2}, "2")
    second.waits = Wait("1", "Only after that.")

    assert patch.patch_of([first, second]).values == {"a": 1}


@pytest.mark.parametrize("extra", [["--watch"], ["--context", "a", "--context", "b"]])
def test_it_is_of_one_hub_at_one_time(extra: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["run", "--patch", str(tmp_path / "p.yaml"), *extra])

    assert done.exit_code == 2
    assert "--patch is of one cluster" in done.output
