"""Suppressions and baselines: what they hide, what they must not hide, and what is told about them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from jhubdoctor.engine.declare import Check, check
from jhubdoctor.engine.registry import Registry
from jhubdoctor.engine.result import Report
from jhubdoctor.engine.suppress import parse
from jhubdoctor.facts import cluster as cluster_facts
from jhubdoctor.facts import hub as hub_facts
from jhubdoctor.model.errors import UsageError
from jhubdoctor.model.finding import Finding, Fix, Ref, Severity
from jhubdoctor.model.hub import Hub, Scope
from jhubdoctor.report import json_v1
from jhubdoctor.report.schemas import schema
from jhubdoctor.testing import Example, judged
from jhubdoctor.visits import baseline, config
from jhubdoctor_checks.suppression.suppression_expired import suppression_expired
from jhubdoctor_checks.suppression.suppression_unused import suppression_unused


def a_finding(*pods: str, **more: Any) -> Finding:
    refs = tuple(Ref("Pod", n, "jhub") for n in pods)
    return Finding(on=refs, says="it is broken", evidence=(("pod.status", "Failed"),), fix=Fix("Mend it."), **more)


@check(severity=Severity.ERROR, explains=("symptom",))
def cause(hub: Hub) -> Iterator[Finding]:
    """The cause."""
    yield a_finding("a", "b")


@check(severity=Severity.ERROR)
def symptom(hub: Hub) -> Iterator[Finding]:
    """The symptom."""
    yield a_finding("b")


@check(severity=Severity.WARNING)
def quiet(hub: Hub) -> Iterator[Finding]:
    """Finds nothing."""
    yield from ()


ALL = [cause, symptom, quiet, suppression_expired, suppression_unused]


HERE = Scope(default_namespace="jhub")


def diagnose(*rules: dict[str, Any], checks: list[Check] | None = None, text: str = "", scope: Scope = HERE) -> Report:
    registry = Registry(ALL, [hub_facts.hubs, cluster_facts.server_version])
    reader = Example(text).reader()
    rules_ = parse(list(rules), "jhubdoctor.toml")
    return judged(registry, checks or ALL, reader, scope, suppressions=rules_)


def ids(report: Report) -> dict[str, str | None]:
    return {f.check.id: f.explained_by for f in report.findings}


def test_without_rules_their_checks_do_not_apply() -> None:
    report = diagnose()

    assert set(ids(report)) == {"cause", "symptom"}
    assert {r.check.id: r.status.value for r in report.results if r.check.area == "suppression"} == {
        "suppression-expired": "not-applicable",
        "suppression-unused": "not-applicable",
    }


@pytest.mark.parametrize(
    ("rule", "hides"),
    [
        ({"check": "symptom"}, True),
        ({"check": "symp*"}, True),
        ({"object": "Pod/b", "check": "symptom"}, True),
        ({"object": "Pod/jhub/*", "check": "symptom"}, True),
        ({"object": "Pod/other/b", "check": "symptom"}, False),
        ({"object": "Secret/b", "check": "symptom"}, False),
        ({"hub": "jhub/*", "check": "symptom"}, True),
        ({"hub": "other/*", "check": "symptom"}, False),
        ({"area": "schedule"}, False),
        ({"check": "Symptom"}, False),
        ({"check": "symptom", "until": date(2026, 1, 5)}, True),
        ({"check": "symptom", "until": date(2026, 1, 4)}, False),
        ({"check": "symptom", "until": "2026-01-05"}, True),
    ],
)
def test_a_rule_hides_what_all_its_patterns_fit(rule: dict[str, Any], hides: bool) -> None:
    report = diagnose({"reason": "known", **rule})

    assert ("symptom" not in ids(report)) == hides
    assert [f.check.id for f in report.suppressed] == (["symptom"] if hides else [])


def test_a_rule_for_one_object_does_not_hide_a_finding_about_two() -> None:
    report = diagnose({"reason": "known", "object": "Pod/a"})

    assert "cause" in ids(report)


def test_what_is_hidden_counts_nowhere() -> None:
    report = diagnose({"reason": "known", "object": "Pod/jhub/*"})

    assert report.findings == ()
    assert report.verdict == "ok"
    assert report.exit_code == 0
    assert report.severities(Severity.ERROR) == 0
    assert len(report.suppressed) == 2


def test_the_symptoms_of_a_hidden_cause_come_to_light() -> None:
    open_ = diagnose()
    hidden = diagnose({"reason": "known", "check": "cause"})

    assert ids(open_)["symptom"] is not None
    assert ids(hidden) == {"symptom": None}
    assert hidden.exit_code == 1


def test_a_rule_that_hides_nothing_is_told() -> None:
    report = diagnose({"reason": "known", "check": "quiet"})

    [found] = [f for f in report.findings if f.check.id == "suppression-unused"]
    assert found.finding.on[0].name == "check quiet"


@pytest.mark.parametrize(
    ("rule", "checks", "text"),
    [
        pytest.param({"check": "quiet"}, [symptom, suppression_unused], "", id="its check was not selected"),
        pytest.param({"hub": "elsewhere/*"}, ALL, "", id="its hub was not looked at"),
        pytest.param({"object": "Pod/elsewhere/x"}, ALL, "", id="its namespace was not looked at"),
        pytest.param({"check": "quiet"}, ALL, "kind: Missing\nread: deployments", id="its check could not look"),
        pytest.param({"check": "symptom"}, ALL, "", id="it is of use"),
    ],
)
def test_a_rule_is_not_called_unused_where_nobody_knows(rule: dict[str, Any], checks: list[Check], text: str) -> None:
    report = diagnose({"reason": "known", **rule}, checks=checks, text=text)

    assert "suppression-unused" not in ids(report)


def test_an_expired_rule_hides_nothing_and_says_what_it_would_hide() -> None:
    report = diagnose({"reason": "until the exam", "check": "symptom", "until": date(2026, 1, 1)})

    [found] = [f for f in report.findings if f.check.id == "suppression-expired"]
    assert "symptom" in ids(report)
    assert "would hide 1 finding of this report" in found.finding.says
    assert "suppression-unused" not in ids(report)


def test_the_findings_about_rules_cannot_be_hidden() -> None:
    report = diagnose(
        {"reason": "x", "check": "symptom", "until": date(2026, 1, 1)}, {"reason": "y", "check": "suppression-*"}
    )

    assert {"suppression-expired", "suppression-unused"} <= set(ids(report))


def test_json_keeps_what_is_hidden_with_the_reason() -> None:
    report = diagnose({"reason": "known", "check": "symptom", "until": date(2026, 1, 9)})
    found = json.loads(json_v1.render(report))
    jsonschema.Draft202012Validator(json.loads(schema("report"))).validate(found)

    assert [f["check"] for f in found["findings"]] == ["cause"]
    [hidden] = found["suppressed"]
    assert hidden["check"] == "symptom"
    assert hidden["suppression"] == {
        "rule": "check symptom", "reason": "known", "until": "2026-01-09", "place": "jhubdoctor.toml, suppress 1",
    }  # fmt: skip
    assert found["summary"]["suppressed"] == 1


# --- the file --------------------------------------------------------------------------------------------------------


def test_the_file_of_the_folder_is_found(tmp_path: Path) -> None:
    rule = '{name}check = "a"\nreason = "b"\nuntil = 2027-01-31\n'
    (tmp_path / "pyproject.toml").write_text(rule.format(name="[[tool.jhubdoctor.suppress]]\n"))
    own = config.load(folder=tmp_path)
    (tmp_path / "jhubdoctor.toml").write_text(rule.format(name="[[suppress]]\n"))
    first = config.load(folder=tmp_path)

    assert own[0].place == "pyproject.toml, suppress 1"
    assert own[0].until == date(2027, 1, 31)
    assert first[0].place == "jhubdoctor.toml, suppress 1"


@pytest.mark.parametrize("text", ["", "[tool.other]\nx = 1", "no toml at all ["])
def test_a_pyproject_of_something_else_is_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)

    assert config.load(folder=tmp_path) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = [", "cannot be read"),
        ("supress = []", "Did you mean 'suppress'?"),
        ("suppress = 3", "not a list of tables"),
        ('suppress = ["x"]', "is not a table"),
        ('[[suppress]]\ncheck = "a"', "gives no reason"),
        ('[[suppress]]\ncheck = "a"\nreason = " "', "gives no reason"),
        ('[[suppress]]\nreason = "a"', "would suppress everything"),
        ('[[suppress]]\ncheck = "a"\nreason = "b"\nexpires = "c"', "a key 'expires' that does not exist"),
        ('[[suppress]]\ncheck = ["a"]\nreason = "b"', "check is not a text"),
        ('[[suppress]]\ncheck = "a"\nreason = "b"\nuntil = "soon"', "until is not a day"),
        ('[[suppress]]\ncheck = "a"\nreason = "b"\nuntil = 2027-01-01T00:00:00Z', "until is not a day"),
    ],
)
def test_a_wrong_file_is_wrong_usage(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "jhubdoctor.toml"
    file.write_text(text)

    with pytest.raises(UsageError, match=said.replace("?", r"\?")):
        config.load(str(file))


def test_a_missing_file_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        config.load("/nonexistent.toml")


# --- baselines -------------------------------------------------------------------------------------------------------


def saved(report: Report, folder: Path, **changes: Any) -> baseline.Earlier:
    found = json_v1.as_dict(report)
    for f in found["findings"]:
        f.update(changes)
    (folder / "before.json").write_text(json.dumps(found))
    return baseline.load(str(folder / "before.json"))


def test_what_the_baseline_knows_does_not_fail_the_run(tmp_path: Path) -> None:
    before = saved(diagnose(checks=[cause]), tmp_path)
    same = baseline.compared(diagnose(checks=[cause]), before)
    more = baseline.compared(diagnose(checks=[cause, symptom]), before)

    assert (same.exit_code, same.verdict) == (0, "error")
    assert more.exit_code == 1
    assert [f.check.id for f in baseline.new(more)] == ["symptom"]


def test_what_became_worse_is_new(tmp_path: Path) -> None:
    before = saved(diagnose(checks=[cause]), tmp_path, severity="warning")
    report = baseline.compared(diagnose(checks=[cause]), before)

    assert report.exit_code == 1


def test_what_is_gone_is_told_only_where_its_check_looked(tmp_path: Path) -> None:
    before = saved(diagnose(), tmp_path)
    fine = replace(diagnose({"reason": "x", "object": "Pod/nothing"}), findings=())
    fine = baseline.compared(fine, before)
    blind = baseline.compared(diagnose(text="kind: Missing\nread: deployments"), before)

    assert fine.baseline is not None
    assert {g["check"] for g in fine.baseline.gone} == {"cause", "symptom"}
    assert blind.baseline is not None
    assert blind.baseline.gone == ()


EVERYWHERE = Scope(default_namespace="jhub", all_namespaces=True)


@pytest.mark.parametrize(
    ("hub", "scope", "searched"),
    [
        ("jhub/other", HERE, True),
        ("other/other", HERE, False),
        ("other/other", EVERYWHERE, True),
        ("other/other", Scope(namespace="jhub"), False),
        ("other/other", replace(EVERYWHERE, release="jhub"), False),
    ],
    ids=["here", "elsewhere", "all", "one-namespace", "one-release"],
)
def test_what_a_hub_had_is_gone_with_it_where_it_was_searched_for(
    tmp_path: Path, hub: str, scope: Scope, searched: bool
) -> None:
    report = diagnose(scope=scope)
    before = saved(report, tmp_path, hub=hub, fingerprint="0" * 16)
    found = baseline.compared(report, before)

    assert found.baseline is not None
    assert {g["hub"] for g in found.baseline.gone} == ({hub} if searched else set())


def test_where_the_context_has_no_hub_it_is_searched_for_everywhere() -> None:
    elsewhere = Scope(default_namespace="empty").searched(diagnose().hubs)

    assert elsewhere.covers("other/other")


def test_what_a_hub_had_is_not_gone_where_nobody_could_look_for_hubs(tmp_path: Path) -> None:
    before = saved(diagnose(), tmp_path, hub="jhub/other", fingerprint="0" * 16)
    blind = baseline.compared(diagnose(text="kind: Missing\nread: deployments"), before)

    assert blind.baseline is not None
    assert blind.baseline.gone == ()


def test_json_says_what_is_new_and_what_is_gone(tmp_path: Path) -> None:
    before = saved(diagnose(), tmp_path)
    report = diagnose()
    report = replace(report, findings=tuple(f for f in report.findings if f.check.id == "cause"))
    report = baseline.compared(report, before)
    found = json.loads(json_v1.render(report))
    jsonschema.Draft202012Validator(json.loads(schema("report"))).validate(found)

    assert [f["baseline"] for f in found["findings"]] == ["known"]
    assert [g["check"] for g in found["baseline"]["gone"]] == ["symptom"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "jhubdoctor-report-v9"}', '{"schema": "jhubdoctor-report-v1"}']
)
def test_a_file_that_is_no_report_is_wrong_usage(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)

    with pytest.raises(UsageError, match=r"no JSON report|another version"):
        baseline.load(str(tmp_path / "x.json"))


def test_clusters_are_compared_with_themselves(tmp_path: Path) -> None:
    one = json_v1.as_dict(diagnose(checks=[cause]))
    fleet = {"schema": baseline.FLEET, "reports": [one | {"run": one["run"] | {"context": "prod"}}]}
    (tmp_path / "fleet.json").write_text(json.dumps(fleet))
    before = baseline.load(str(tmp_path / "fleet.json"))

    assert len(before.of("prod")) == 1
    assert before.of("staging") == []
