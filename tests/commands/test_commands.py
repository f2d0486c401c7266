"""`run` as it is used again and again: waiting, watching, several clusters, plugins, configuration, baselines."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from jhubdoctor import __version__
from jhubdoctor.commands.group import cli
from jhubdoctor.commands.options import duration
from jhubdoctor.report.schemas import NAMES, schema

Api = Any
Several = Callable[..., str]


def call(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


@pytest.mark.parametrize(
    ("text", "seconds"), [("10m", 600), ("90s", 90), ("1h30m", 5400), ("45", 45), ("500ms", 0.5), ("1.5h", 5400)]
)
def test_spans_of_time(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "10x", "10m x", "-5s", "1m 30s"])
def test_no_spans_of_time(text: str) -> None:
    assert call("run", f"--wait={text}").exit_code == 2


@pytest.mark.parametrize("command", ["run", "exporter"])
def test_an_interval_of_nothing_would_never_let_the_api_server_rest(command: str) -> None:
    assert call(command, "--interval=0").exit_code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--watch", "--wait", "1m"], "--watch and --wait exclude each other"),
        (["--watch", "--context", "a", "--context", "b"], "--watch looks at one cluster"),
        (["--watch", "-o", "json"], "--watch cannot print json"),
        (["--all-contexts", "-o", "html=x.html"], "-o html is of one cluster"),
        (["--all-contexts", "-o", "nagios"], "-o nagios is of one cluster"),
        (["--config", "/nonexistent.toml"], "The configuration /nonexistent.toml cannot be read"),
        (["--baseline", "/nonexistent.json"], "The baseline /nonexistent.json cannot be read"),
    ],
)
def test_what_makes_no_sense_is_refused(words: list[str], said: str) -> None:
    result = call("run", *words)

    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


# --- waiting and watching --------------------------------------------------------------------------------------------


def test_wait_ends_when_all_is_well(api: Api, fault: str, select: list[str]) -> None:
    api.text = fault

    def mend() -> None:
        until(lambda: sum("/statefulsets" in r for r in api.requests) >= 2)
        api.text = ""

    threading.Thread(target=mend).start()
    words = ["--kubeconfig", api.kubeconfig, *select, "--fail-on", "warning", "--wait", "30s", "--interval", "200ms"]
    result = call("run", *words)

    assert result.exit_code == 0, result.stderr
    assert "waiting for placeholders-without-priority" in result.stderr
    assert "placeholders" not in result.stdout


def test_wait_gives_the_report_when_the_time_is_over(api: Api, fault: str, select: list[str]) -> None:
    api.text = fault
    words = ["--kubeconfig", api.kubeconfig, *select, "--fail-on", "warning", "--wait", "1s", "--interval", "200ms"]
    result = call("run", *words, "-o", "json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["findings"][0]["check"] == "placeholders-without-priority"


# A suite that a shell runs in the background has SIGINT ignored, and so would what it starts.
HEARS = (
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "runpy.run_module('jhubdoctor', run_name='__main__', alter_sys=True)"
)


def test_a_pipe_is_as_wide_as_columns_says(monkeypatch: pytest.MonkeyPatch) -> None:
    def widest() -> int:
        lines = call("demo").stdout.splitlines()
        return max(len(line) for line in lines if line.startswith("  seen"))

    narrow = widest()
    monkeypatch.setenv("COLUMNS", "130")

    assert narrow <= 80 < widest() <= 130


def test_what_is_less_than_asked_is_in_no_format_and_still_in_the_exit_code() -> None:
    every, errors = (json.loads(call("demo", "-o", "json", *more).stdout) for more in ((), ("--min-severity", "error")))

    assert {f["weight"] for f in errors["findings"] if f["explained_by"] is None} == {"error"}
    assert errors["summary"]["hidden"] == len(every["findings"]) - len(errors["findings"]) > 0
    assert errors["verdict"] == every["verdict"]
    assert call("demo", "--fail-on", "warning", "--min-severity", "error").exit_code == 1
    assert "advice" not in call("demo", "-o", "markdown", "--min-severity", "error").stdout


def started(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HEARS, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def until(found: Callable[[], Any], seconds: float = 30) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def test_watch_prints_changes_and_keeps_files_current(api: Api, fault: str, select: list[str], tmp_path: Path) -> None:
    file = tmp_path / "hub.prom"
    finding = re.compile(
        r'^jhubdoctor_findings\{check="placeholders-without-priority".*severity="warning"\} (\d)$', re.MULTILINE
    )

    def number() -> str | None:
        found = finding.search(file.read_text()) if file.exists() else None
        return found[1] if found else None

    words = ["--kubeconfig", api.kubeconfig, *select, "--watch", "--interval", "200ms"]
    kinds: list[str] = []

    def follow(lines: Iterable[str]) -> None:
        for line in lines:
            kinds.append(json.loads(line)["change"])  # noqa: PERF401  - what is there so far is looked at meanwhile

    with started("run", *words, "-o", "ndjson", "-o", f"prometheus={file}") as process:
        following = threading.Thread(target=follow, args=[process.stdout])
        following.start()
        try:
            until(lambda: number() == "0")
            api.text = fault
            until(lambda: number() == "1")
            api.stop()
            until(lambda: "lost" in kinds)
            assert number() == "1"
            api.start()
            api.text = ""
            until(lambda: number() == "0")
            # the file is written before the line: the end must not come between them
            until(lambda: "gone" in kinds)
        finally:
            process.send_signal(signal.SIGINT)
            following.join(timeout=30)

    assert [k for k in kinds if k not in {"blind", "sees"}] == ["new", "lost", "back", "gone"]
    assert process.returncode == 130


def test_watch_begins_with_the_report_and_goes_on_with_lines(api: Api, fault: str, select: list[str]) -> None:
    process = started("run", "--kubeconfig", api.kubeconfig, *select, "--watch", "--interval", "200ms")
    try:
        assert process.stdout is not None
        first = [process.stdout.readline() for _ in range(3)]
        api.text = fault
        line = next(x for x in iter(process.stdout.readline, "") if re.match(r"\d\d:\d\d:\d\dZ ", x))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)

    assert first[0].startswith("jhub/jhub")
    assert "NEW warning placeholders-without-priority (jhub/jhub): " in line


# --- several clusters ------------------------------------------------------------------------------------------------


def test_one_cluster_that_is_away_spoils_nothing(several: Several, fault: str, select: list[str]) -> None:
    config = several(prod=fault, staging="", gone=None)
    result = call("run", "--kubeconfig", config, "--all-contexts", *select, "--fail-on", "warning")
    lines = result.stdout.splitlines()

    assert result.exit_code == 1
    assert lines[0].split() == ["schedule"]
    assert lines[1].split() == ["prod:", "jhub/jhub", "\u25b21"]
    assert lines[2].split() == ["staging:", "jhub/jhub", "\u2714"]
    assert lines[3].split() == ["gone", "?", "not", "reached"]
    assert "prod/jhub/jhub: placeholders-without-priority: 2 user placeholders" in result.stdout
    assert "gone: The cluster at http://127.0.0.1" in result.stdout
    assert all(len(line) <= 80 for line in lines)


def test_several_clusters_as_json(several: Several, fault: str, select: list[str]) -> None:
    config = several(prod=fault, staging="", gone=None)
    named = ["--context", "staging", "--context", "gone", "--context", "prod"]
    result = call("run", "--kubeconfig", config, *named, *select, "-o", "json")
    found = json.loads(result.stdout)
    jsonschema.Draft202012Validator(json.loads(schema("fleet"))).validate(found)

    assert [r["run"]["context"] for r in found["reports"]] == ["staging", "prod"]
    assert [(f["context"], f["reason"]) for f in found["failures"]] == [("gone", "not-reached")]
    assert found["exit_code"] == result.exit_code == 3
    assert found["verdict"] == "warning"


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_printed_whole(name: str) -> None:
    found = json.loads(call("schema", name).stdout)

    jsonschema.Draft202012Validator.check_schema(found)
    assert found["properties"]["schema"]["const"] == f"jhubdoctor-{name}-v1"
    report = found if name == "report" else found["$defs"]["report"]
    assert report["properties"]["findings"]
    assert call("schema").stdout == schema("report")


def test_other_formats_get_a_file_for_each_cluster(
    several: Several, fault: str, select: list[str], tmp_path: Path
) -> None:
    config = several(**{"arn:aws:eks:eu:1:cluster/prod": fault, "staging": ""})
    paths = ["-o", f"junit={tmp_path}/{{context}}.xml", "-o", f"json={tmp_path}/all.json"]
    result = call("run", "--kubeconfig", config, "--all-contexts", *select, *paths)

    assert result.exit_code == 0
    assert {p.name for p in tmp_path.glob("*.xml")} == {"arn_aws_eks_eu_1_cluster_prod.xml", "staging.xml"}
    assert len(json.loads((tmp_path / "all.json").read_text())["reports"]) == 2


def test_a_cluster_without_a_hub_is_no_fault_unless_it_was_named(several: Several, select: list[str]) -> None:
    config = several(hub="", bare="kind: Empty")
    all_ = call("run", "--kubeconfig", config, "--all-contexts", *select)
    named = call("run", "--kubeconfig", config, "--context", "hub", "--context", "bare", *select)

    assert all_.exit_code == 0
    assert "no hub" in all_.stdout
    assert named.exit_code == 3


def test_a_rule_of_use_in_one_cluster_is_not_unused_in_another(several: Several, fault: str, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[[suppress]]\ncheck = "placeholders-without-priority"\nreason = "not needed"\n')
    selected = ["--select", "placeholders-without-priority,suppression", "--config", str(rules), "-o", "json"]
    config = several(prod=fault, staging="")
    both = json.loads(call("run", "--kubeconfig", config, "--all-contexts", *selected).stdout)
    alone = json.loads(call("run", "--kubeconfig", config, "--context", "staging", *selected).stdout)

    assert [f["check"] for r in both["reports"] for f in r["findings"]] == []
    assert [len(r["suppressed"]) for r in both["reports"]] == [1, 0]
    assert [f["check"] for f in alone["findings"]] == ["suppression-unused"]


def test_several_clusters_are_looked_at_side_by_side_but_not_all_at_once(several: Several, select: list[str]) -> None:
    config = several(a="", b="", c="")
    result = call("run", "--kubeconfig", config, "--all-contexts", "--parallel", "1", *select)

    assert result.exit_code == 0
    assert "3 clusters, 3 hubs" in result.stdout


# --- monitoring plugins ----------------------------------------------------------------------------------------------


def test_a_plugin_has_its_own_exit_codes_on_standard_output_alone(
    api: Api, fault: str, select: list[str], tmp_path: Path
) -> None:
    api.text = fault
    base = ["run", "--kubeconfig", api.kubeconfig, *select]
    screen = call(*base, "-o", "nagios")
    file = call(*base, "-o", f"nagios={tmp_path}/x", "-o", "json")

    assert screen.exit_code == 1
    assert screen.stdout.startswith("WARNING - 1 warning in 1 check of 1 hub: placeholders-without-priority | ")
    assert file.exit_code == 0


@pytest.mark.parametrize("words", [["--kubeconfig", "/nonexistent"], ["--select", "no-such-check"]])
def test_a_plugin_says_unknown_for_errors(words: list[str]) -> None:
    result = call("run", *words, "-o", "nagios")

    assert result.exit_code == 3
    assert result.stdout.startswith("UNKNOWN - ")
    assert result.stdout.count("\n") == 1


def test_a_plugin_says_unknown_for_a_cluster_that_is_away(several: Several) -> None:
    result = call("run", "--kubeconfig", several(gone=None), "-o", "nagios")

    assert result.exit_code == 3
    assert "cannot be reached" in result.stdout


# --- configuration and baselines -------------------------------------------------------------------------------------


def test_the_configuration_of_the_folder_is_used(
    api: Api, fault: str, select: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.text = fault
    (tmp_path / "jhubdoctor.toml").write_text(
        '[[suppress]]\ncheck = "placeholders-*"\nobject = "StatefulSet/jhub/user-placeholder"\nreason = "not needed"\n'
    )
    monkeypatch.chdir(tmp_path)
    base = ["run", "--kubeconfig", api.kubeconfig, *select, "--fail-on", "warning"]
    hidden = call(*base)
    told = call(*base, "--verbose")
    other = call(*base, "--config", os.devnull)

    assert hidden.exit_code == 0
    assert "0 errors, 0 warnings, 0 infos, 1 suppressed" in hidden.stdout
    assert "not needed" in told.stdout
    assert other.exit_code == 1


def test_the_demo_knows_no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "jhubdoctor.toml").write_text("nonsense = [")
    monkeypatch.chdir(tmp_path)

    assert call("demo", "-o", "json").exit_code == 1


def test_a_baseline_lets_only_what_is_new_fail(api: Api, fault: str, select: list[str], tmp_path: Path) -> None:
    api.text = fault
    before = str(tmp_path / "before.json")
    base = ["run", "--kubeconfig", api.kubeconfig, *select, "--fail-on", "warning"]
    first = call(*base, "-o", f"json={before}")
    second = call(*base, "--baseline", before)
    api.text = ""
    third = call(*base, "--baseline", before)

    assert (first.exit_code, second.exit_code, third.exit_code) == (1, 0, 0)
    assert "0 new, 1 known, 0 gone" in second.stdout
    assert "0 new, 0 known, 1 gone" in third.stdout
    assert "gone    placeholders-without-priority: " in third.stdout


# --- kubectl ---------------------------------------------------------------------------------------------------------


def test_the_distribution_has_a_script_for_kubectl() -> None:
    scripts = {
        e.name: e.value for e in metadata.distribution("jhubdoctor").entry_points if e.group == "console_scripts"
    }

    assert scripts["kubectl-jhubdoctor"] == scripts["jhubdoctor"]


@pytest.mark.skipif(not shutil.which("kubectl"), reason="no kubectl here")
def test_kubectl_finds_the_plugin() -> None:
    place = str(Path(sys.executable).parent)
    if not (Path(place) / "kubectl-jhubdoctor").exists():
        pytest.skip("the scripts of the package are not beside this Python")
    done = subprocess.run(
        ["kubectl", "jhubdoctor", "--version"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": f"{place}{os.pathsep}{os.environ['PATH']}"},
    )

    assert done.stdout == f"jhubdoctor {__version__}\n"


@pytest.mark.parametrize(
    ("text", "why"), [("a=" + "[" * 5000 + "]" * 5000, "nested too deep"), ("# nothing\n" * 2**17, "larger than")]
)
def test_a_configuration_of_no_good_faith_is_refused(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text, encoding="utf-8")

    result = CliRunner().invoke(cli, ["run", "--config", str(path)])

    assert result.exit_code == 2
    assert why in result.stderr
