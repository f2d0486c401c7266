"""One patch for all fixes of a hub."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from jhubdoctor.commands.group import cli
from jhubdoctor.engine.result import Reported
from jhubdoctor.model.errors import UsageError
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
    text = patch.render(report)
    wanted = patch.patch_of(patch.worth(report, hub))

    assert yaml.safe_load(text) == wanted.values
    assert wanted.values
    for f in wanted.of:
        assert f"# - {f.check.id}: " in text
    assert f"# {hub.helm_upgrade}" in text


def test_without_anything_to_set_it_is_an_empty_patch() -> None:
    assert yaml.safe_load(patch.render(diagnose(""))) == {}


def test_two_hubs_are_no_one_patch() -> None:
    report = accuracy.diagnosed("failure.two-things-at-once-and-one-of-them-stops-everybody")
    hub = report.hubs[0]
    other = replace(hub, release="other")
    twice = [replace_hub(f, other) for f in report.findings]

    with pytest.raises(UsageError, match="several"):
        patch.render(replace(report, hubs=(hub, other), findings=(*report.findings, *twice)))


def replace_hub(f: Reported, hub: Any) -> Reported:
    return Reported(f.check, hub, f.finding, f.severity, f"{f.fingerprint}x")


@pytest.mark.parametrize("extra", [["--watch"], ["--context", "a", "--context", "b"]])
def test_it_is_of_one_hub_at_one_time(extra: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["run", "--patch", str(tmp_path / "p.yaml"), *extra])

    assert done.exit_code == 2
    assert "--patch is of one hub" in done.output
