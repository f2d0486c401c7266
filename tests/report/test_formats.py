"""Every format: what it says of a report, against golden files and against what its readers demand."""

# ruff: noqa: S314  - the XML is our own

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from jhubdoctor.engine.declare import Check
from jhubdoctor.engine.result import CheckStatus, Report, Reported, Result
from jhubdoctor.engine.suppress import Suppression
from jhubdoctor.model.finding import Finding, Fix, Ref, Severity
from jhubdoctor.model.hub import Hub
from jhubdoctor.privacy.harmless import harmless
from jhubdoctor.report import FORMATS, formatter, junit, markdown, nagios, ndjson, openreports, prometheus, sarif
from jhubdoctor.report.schemas import schema

AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
FIXTURES = Path(__file__).parent.parent / "fixtures"
ENDINGS = {
    "text": "txt",
    "markdown": "md",
    "prometheus": "prom",
    "junit": "xml",
    "openreports": "yaml",
    "nagios": "txt",
}


@pytest.mark.parametrize("name", FORMATS)
def test_golden(name: str, report: Report, golden: Callable[[str, str], None]) -> None:
    golden(f"formats/{name}.{ENDINGS.get(name, name)}", formatter(name)(report))


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_a_pure_function(name: str, report: Report, make: Callable[[], Report]) -> None:
    assert formatter(name)(report) == formatter(name)(report) == formatter(name)(make())


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_lets_control_characters_through(name: str, report: Report) -> None:
    found = re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", formatter(name)(report))

    assert found == []


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_manages_an_empty_report(name: str, fine: Report) -> None:
    empty = replace(fine, results=(), hubs=(), coverage=(), knows={})

    assert isinstance(formatter(name)(empty), str)


@pytest.mark.parametrize("name", [n for n in FORMATS if n not in {"ndjson", "prometheus", "nagios"}])
def test_what_could_not_look_is_in_every_format_with_its_name(name: str, report: Report) -> None:
    text = formatter(name)(report)

    assert "hub-crash-loop" in text
    assert "quota-exhausted" in text


@given(text=st.text(max_size=60), key=st.text(min_size=1, max_size=20))
def test_any_text_of_a_cluster_keeps_every_format_whole(text: str, key: str) -> None:
    """Text arrives neutralised by the engine; what is left of it must break out of nothing."""
    check = Check("a-check", "area", "A title.", lambda: (), Severity.ERROR, (), (), "pack.area.a_check")
    hub = Hub(f"n{text}", f"r{text}", text, jupyterhub_version="5.0.0")
    refs = (Ref("Pod", f"x{text}", text, container=text),)
    fix = Fix(f"x{text}", {key: {text: [text]}}, (f"x{text}",), text)
    found = harmless(Finding(on=refs, says=f"x{text}", evidence=((text, text),), fix=fix))
    rule = Suppression(f"x{text}", check="a-check", place=text)
    results = [
        Result(check, hub, CheckStatus.FOUND),
        Result(check, None, CheckStatus.UNKNOWN, text),
        Result(check, None, CheckStatus.BROKEN, text),
    ]
    reported = Reported(check, hub, found, Severity.ERROR, "0" * 16)
    hidden = Reported(check, hub, found, Severity.ERROR, "1" * 16, suppression=rule)
    report = Report(
        AT, 1.0, "live", text, text, (hub,), tuple(results), (reported,), (), suppressed=(hidden,), notices=(text,)
    )

    jsonschema.Draft202012Validator(json.loads(schema("report"))).validate(json.loads(formatter("json")(report)))
    assert len(ndjson.render(report).split("\n")) == 2
    ET.fromstring(junit.render(report))
    json.loads(sarif.render(report))
    assert nagios.render(report).count("\n") == 1
    assert nagios.render(report).count("|") == 1
    samples(prometheus.render(report))
    assert [d["kind"] for d in yaml.safe_load_all(openreports.render(report))] == ["ClusterReport", "Report"]
    assert "<script" not in rendered(markdown.render(report))
    assert isinstance(formatter("html")(report), str)
    assert isinstance(formatter("text")(report), str)


def test_two_deployments_of_one_release_spoil_no_scrape(report: Report) -> None:
    twin = Hub("jhub", "jhub", "4.4.0")
    twins = tuple(Result(r.check, twin, CheckStatus.UNKNOWN) for r in report.results if r.hub is report.hubs[0])
    both = replace(report, hubs=(*report.hubs, twin), results=(*report.results, *twins))
    found = samples(prometheus.render(both))

    assert found["jhubdoctor_check_status", 'check="image-pull-failed",hub="jhub/jhub",status="unknown"'] == 1
    assert ("jhubdoctor_findings", 'check="image-pull-failed",hub="jhub/jhub",severity="error"') not in found


# --- json, ndjson ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["report", "fine", "compared"])
def test_json_is_valid(kind: str, request: pytest.FixtureRequest) -> None:
    found = json.loads(formatter("json")(request.getfixturevalue(kind)))

    jsonschema.Draft202012Validator(json.loads(schema("report"))).validate(found)


def test_ndjson_has_one_finding_a_line(report: Report, fine: Report) -> None:
    lines = [json.loads(line) for line in ndjson.render(report).splitlines()]

    assert [f["fingerprint"] for f in lines] == [f.fingerprint for f in report.findings]
    assert {f["context"] for f in lines} <= {"prod"}
    assert ndjson.render(fine) == ""


# --- junit -----------------------------------------------------------------------------------------------------------


def cases(report: Report) -> dict[str, ET.Element]:
    return {f"{c.get('classname')}.{c.get('name')}": c for c in ET.fromstring(junit.render(report)).iter("testcase")}


def test_junit_maps_results(report: Report) -> None:
    found = {name: [part.tag for part in case] for name, case in cases(report).items()}

    assert found["jhub/jhub.image.image-pull-failed"] == ["failure"]
    assert found["jhub/jhub.spawn.spawn-timeout"] == ["failure"]
    assert found["training/hub-2.storage.volume-full"] == ["system-out"], "a warning is none with --fail-on error"
    assert found["training/hub-2.hub.hub-crash-loop"] == ["error"]
    assert found["jhub/jhub.policy.quota-exhausted"] == ["error"]
    assert found["jhub/jhub.network.acme-failed"] == ["skipped"]
    assert found["cluster.api.api-server-unhealthy"] == []
    assert found["training/hub-2.image.image-tag-mutable"] == ["system-out"], "suppressed"


def test_junit_warnings_follow_fail_on(report: Report) -> None:
    strict = cases(replace(report, fail_on="warning"))
    never = cases(replace(report, fail_on="never"))

    assert strict["training/hub-2.storage.volume-full"].find("failure") is not None
    assert not any(c.find("failure") is not None for c in never.values())


def test_junit_accepted_unknowns_are_skipped(report: Report) -> None:
    accepted = replace(report, accept_unknown=True)

    assert cases(accepted)["training/hub-2.hub.hub-crash-loop"].find("skipped") is not None


def test_junit_counts_agree(report: Report) -> None:
    top = ET.fromstring(junit.render(report))

    for node in (top, *top):
        all_cases = list(node.iter("testcase"))
        assert int(node.get("tests", "")) == len(all_cases)
        for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(node.get(key, "")) == sum(c.find(tag) is not None for c in all_cases)
    assert len({(c.get("classname"), c.get("name")) for c in top.iter("testcase")}) == len(report.results)


# --- sarif -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["report", "fine", "compared"])
def test_sarif_is_valid_against_the_published_schema(kind: str, request: pytest.FixtureRequest) -> None:
    log = json.loads(sarif.render(request.getfixturevalue(kind)))
    rules = jsonschema.Draft4Validator(
        json.loads((FIXTURES / "sarif-2.1.0.schema.json").read_text()),
        format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER,
    )

    assert [e.message for e in rules.iter_errors(log)] == []


def sarif_results(report: Report) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = json.loads(sarif.render(report))["runs"][0]["results"]
    return results


def test_sarif_kinds_and_levels(report: Report) -> None:
    found = sarif_results(report)

    assert {r["kind"] for r in found} == {"fail", "open"}
    assert {r["ruleId"] for r in found if r["kind"] == "open"} == {"hub-crash-loop", "quota-exhausted"}
    assert all(r["level"] == "none" for r in found if r["kind"] == "open"), "3.27.10: a level other than none is a fail"
    assert {r["ruleId"]: r["level"] for r in found if r["kind"] == "fail"} == {
        "image-pull-failed": "error",
        "spawn-timeout": "error",
        "volume-full": "warning",
        "node-pressure": "warning",
        "image-tag-mutable": "note",
    }
    assert [r["ruleId"] for r in found if "suppressions" in r] == ["image-tag-mutable"]


def test_sarif_rule_indices_point_at_their_rules(report: Report) -> None:
    run = json.loads(sarif.render(report))["runs"][0]
    rules = run["tool"]["driver"]["rules"]

    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["invocations"][0]["exitCode"] == report.exit_code == 1


def test_sarif_baseline_states(compared: Report) -> None:
    states = {r["ruleId"]: r.get("baselineState") for r in sarif_results(compared) if r["kind"] == "fail"}

    assert states["image-pull-failed"] == "unchanged"
    assert states["spawn-timeout"] == "new"
    assert states["hub-crash-loop"] == "absent"


# --- nagios ----------------------------------------------------------------------------------------------------------

PERFDATA = re.compile(r"^'?[\w]+'?=-?\d+(\.\d+)?(s|B|%|c)?(;[\d.:~@]*){0,2}(;-?[\d.]*){0,2}$")


@pytest.mark.parametrize(
    ("drop", "state", "code"),
    [
        ((), "CRITICAL", 2),
        ((Severity.ERROR,), "WARNING", 1),
        ((Severity.ERROR, Severity.WARNING), "UNKNOWN", 3),
    ],
)
def test_nagios_states(report: Report, drop: tuple[Severity, ...], state: str, code: int) -> None:
    less = replace(report, findings=tuple(f for f in report.findings if f.severity not in drop))

    assert nagios.exit_code(less) == code
    assert nagios.render(less).startswith(f"{state} - ")


def test_nagios_is_one_line_with_performance_data(report: Report, fine: Report) -> None:
    for text in (nagios.render(report), nagios.render(fine)):
        assert text.endswith("\n")
        assert text.count("\n") == 1
        _, bar, data = text.strip().partition(" | ")
        assert bar
        assert all(PERFDATA.match(d) for d in data.split(" "))
        assert "|" not in data
    assert nagios.exit_code(fine) == 0


def test_nagios_unknown_can_be_accepted_and_the_baseline_counts(compared: Report) -> None:
    known = replace(compared, accept_unknown=True, findings=tuple(f for f in compared.findings if f.known))

    assert nagios.exit_code(known) == 0


# --- prometheus ------------------------------------------------------------------------------------------------------

SAMPLE = re.compile(r'^([a-z_:][a-z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?[\d.e+-]+)$')


def samples(text: str) -> dict[tuple[str, str], float]:
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            match = SAMPLE.match(line)
            assert match, f"{line} is no sample (with a timestamp?)"
            assert (match[1], match[2] or "") not in found, f"{line} comes twice"
            found[match[1], match[2] or ""] = float(match[3])
    return found


def test_prometheus_is_the_text_format_without_timestamps(report: Report) -> None:
    text = prometheus.render(report)
    names = {n for n, _ in samples(text)}
    declared = re.findall(r"^# TYPE (\S+) gauge$", text, re.MULTILINE)

    assert names == set(declared)
    assert len(declared) == len(set(declared))
    assert text.endswith("\n")
    assert not [n for n in names if n.endswith(("_total", "_count"))], "these endings are for counters"


def test_prometheus_labels_are_bounded(report: Report) -> None:
    labels = {k for _, text in samples(prometheus.render(report)) for k in re.findall(r'([a-z_]+)="', text)}

    assert labels == {"check", "hub", "severity", "status", "version", "kubernetes", "chart"}
    assert "jupyter-ada" not in prometheus.render(report)
    assert "node-1" not in prometheus.render(report)


def test_prometheus_has_no_zero_for_what_nobody_looked_at(report: Report) -> None:
    found = samples(prometheus.render(report))

    assert ("jhubdoctor_findings", 'check="hub-crash-loop",hub="jhub/jhub",severity="error"') in found
    assert ("jhubdoctor_findings", 'check="hub-crash-loop",hub="training/hub-2",severity="error"') not in found
    assert found["jhubdoctor_check_status", 'check="hub-crash-loop",hub="training/hub-2",status="unknown"'] == 1
    assert found["jhubdoctor_check_status", 'check="hub-crash-loop",hub="training/hub-2",status="ok"'] == 0


def test_prometheus_tells_root_causes_from_symptoms(report: Report) -> None:
    found = samples(prometheus.render(report))
    symptom = 'check="spawn-timeout",hub="jhub/jhub",severity="error"'

    assert found["jhubdoctor_findings", symptom] == 1
    assert found["jhubdoctor_root_causes", symptom] == 0
    assert found["jhubdoctor_root_causes", symptom.replace("spawn-timeout", "image-pull-failed")] == 1
    suppressed = 'check="image-tag-mutable",hub="training/hub-2",severity="info"'
    assert found["jhubdoctor_findings_suppressed", suppressed] == 1
    assert found["jhubdoctor_findings", suppressed] == 0


def test_prometheus_says_when_a_run_was_complete(report: Report, make: Callable[[], Report]) -> None:
    incomplete = samples(prometheus.render(report))
    whole = make()
    results = tuple(r for r in whole.results if r.status is not CheckStatus.BROKEN)
    complete = samples(prometheus.render(replace(whole, accept_unknown=True, results=results)))

    assert incomplete["jhubdoctor_run_complete", ""] == 0
    assert ("jhubdoctor_last_complete_run_timestamp_seconds", "") not in incomplete
    assert complete["jhubdoctor_run_complete", ""] == 1
    assert complete["jhubdoctor_last_complete_run_timestamp_seconds", ""] == whole.started_at.timestamp()


# --- markdown --------------------------------------------------------------------------------------------------------


def rendered(text: str) -> str:
    markdown_it = pytest.importorskip("markdown_it")
    html: str = markdown_it.MarkdownIt("gfm-like", {"linkify": False}).render(text)
    return html


def test_markdown_shows_hostile_text_as_text(report: Report) -> None:
    html = rendered(markdown.render(report))

    assert "<script>" not in html.replace("&lt;script&gt;", "")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<em>it</em>" not in html
    assert set(re.findall(r"<(h\d)", html)) == {"h2", "h3", "h4"}
    spoken = re.sub(r"<(code|pre).*?</\1>", "", html, flags=re.DOTALL)
    assert not re.findall(r"@\w|#\d|\w://", re.sub(r'href="[^"]*"', "", spoken))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# heading", "<p># heading</p>"),
        ("- item", "<p>- item</p>"),
        ("1. one", "<p>1. one</p>"),
        ("a | b", "<p>a | b</p>"),
        ("[x](y)", "<p>[x](y)</p>"),
        ("a_b_c *d* `e`", "<p>a_b_c *d* `e`</p>"),
        ("<b>", "<p>&lt;b&gt;</p>"),
        ("&amp;", "<p>&amp;amp;</p>"),
        ("z2jh 4.4.0", "<p>z2jh 4.4.0</p>"),
    ],
)
def test_markdown_escapes(text: str, shown: str) -> None:
    assert rendered(markdown.escaped(text)).strip() == shown


@pytest.mark.parametrize("text", ["a", "`", "``a`", "a``b", "`a", "x` <b>"])
def test_markdown_code_spans_hold_backticks(text: str) -> None:
    assert rendered(markdown.code(text)).strip() == f"<p><code>{escape(text)}</code></p>"


# --- openreports -----------------------------------------------------------------------------------------------------


def reports(report: Report) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(openreports.render(report)))


def test_openreports_has_a_report_a_hub_and_one_for_the_cluster(report: Report) -> None:
    found = [(r["kind"], r["metadata"].get("namespace"), r["metadata"]["name"]) for r in reports(report)]

    assert found == [
        ("ClusterReport", None, "jhubdoctor"),
        ("Report", "jhub", "jhubdoctor-jhub"),
        ("Report", "training", "jhubdoctor-hub-2"),
    ]


def test_openreports_keeps_to_the_types_of_the_api(report: Report) -> None:
    """The fields and enumerations of openreports.io/v1alpha1, apis/openreports.io/v1alpha1/report_types.go."""
    for r in reports(report):
        assert r["apiVersion"] == "openreports.io/v1alpha1"
        assert set(r) <= {"apiVersion", "kind", "metadata", "source", "scope", "summary", "results"}
        assert set(r["summary"]) == {"pass", "fail", "warn", "error", "skip"}
        for row in r["results"]:
            assert set(row) <= {
                "policy", "category", "severity", "timestamp", "result", "scored", "resources", "message", "properties",
            }  # fmt: skip
            assert row["policy"]
            assert row["result"] in {"pass", "fail", "warn", "error", "skip"}
            assert row["severity"] in {"critical", "high", "medium", "low", "info"}
            assert set(row["timestamp"]) == {"seconds", "nanos"}
            assert all(isinstance(n, int) for n in row["timestamp"].values())
            assert isinstance(row["scored"], bool)
            assert all(isinstance(k, str) and isinstance(v, str) for k, v in row["properties"].items())
            for ref in row.get("resources", []):
                assert set(ref) <= {"apiVersion", "kind", "namespace", "name", "fieldPath"}
        counted = [row["result"] for row in r["results"]]
        assert r["summary"] == {k: counted.count(k) for k in r["summary"]}


def test_openreports_results(report: Report) -> None:
    found = {(r["metadata"]["name"], row["policy"]): row for r in reports(report) for row in r["results"]}

    assert found["jhubdoctor-jhub", "image-pull-failed"]["result"] == "fail"
    assert found["jhubdoctor-hub-2", "volume-full"]["result"] == "warn"
    assert found["jhubdoctor-hub-2", "hub-crash-loop"]["result"] == "error"
    assert found["jhubdoctor-jhub", "quota-exhausted"]["result"] == "error"
    assert found["jhubdoctor-jhub", "acme-failed"]["result"] == "skip"
    assert found["jhubdoctor-hub-2", "image-tag-mutable"]["result"] == "skip"
    assert found["jhubdoctor-hub-2", "image-tag-mutable"]["properties"]["suppressed"]
    assert found["jhubdoctor", "api-server-unhealthy"]["result"] == "pass"


def test_nothing_but_colour_imports_rich(tmp_path: Path) -> None:
    outputs = [part for name in FORMATS for part in ("-o", f"{name}={tmp_path / name}")]
    code = (
        "import sys; from click.testing import CliRunner; from jhubdoctor.commands.group import cli\n"
        "for more in (['--no-color'], ['--color']):\n"
        f"    assert CliRunner().invoke(cli, ['demo', '-o', 'text', *more, *{outputs!r}]).stdout\n"
        "    print('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout.split() == ["False", "True"]
    assert {p.name for p in tmp_path.iterdir()} == set(FORMATS)
