"""The tables about the chart: releases, keys of the values, advisories, breaking changes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from jhubdoctor.api import Given, Severity, Values, nested
from jhubdoctor.privacy.releases import OUTLINE_LIMIT, outline
from jhubdoctor.privacy.values import allowed
from jhubdoctor_checks.api._move import fitting
from jhubdoctor_checks.data import KNOWS, advisories, apis, changes, charts, schemas
from jhubdoctor_checks.facts.api import Surface
from jhubdoctor_checks.refused import refusals, stops

SCENARIOS = Path(__file__).parents[1] / "scenarios" / "parts"


def test_it_reaches_as_far_as_it_says_and_is_in_order() -> None:
    versions = [c.parsed for c in charts.table()]

    assert versions == sorted(versions)
    assert charts.newest().version == KNOWS["chart"]
    assert [c.date for c in charts.table()] == sorted(c.date for c in charts.table())


FITTING = {16: "0.11.1", 19: "1.2.0", 20: "2.0.0", 22: "2.0.0", 23: "3.3.8", 27: "3.3.8", 28: "4.4.0", 37: "4.4.0"}


@pytest.mark.parametrize(("minor", "version"), FITTING.items())
def test_the_newest_release_that_fits_a_cluster(minor: int, version: str) -> None:
    best = fitting(Surface(minor, running=minor))

    assert best is not None
    assert best.version == version


@pytest.mark.parametrize(
    ("version", "last"), [("0.9.1", 24), ("0.11.1", 24), ("1.2.0", 24), ("2.0.0", 26), ("3.3.8", 37), ("4.4.0", 37)]
)
def test_the_last_kubernetes_that_a_release_works_on(version: str, last: int) -> None:
    chart = charts.find(version)

    assert chart is not None
    assert not chart.breaks_on(last)
    assert last == apis.LAST or chart.breaks_on(last + 1)


@pytest.mark.parametrize("version", ["4.3.3", "4.3.4", "4.3.5", "4.4.0"])
def test_the_scheduler_is_the_one_of_the_tag_and_not_of_the_changelog(version: str) -> None:
    chart = charts.find(version)

    assert chart is not None
    assert chart.scheduler == "1.30.14"


def test_what_older_clusters_get_instead() -> None:
    two, three = charts.find("2.0.0"), charts.find("3.3.8")

    assert two is not None
    assert (two.scheduler_minor(20), two.scheduler_minor(21)) == (20, 23)
    assert three is not None
    assert (three.scheduler_minor(23), three.scheduler_minor(24)) == (23, 26)


LATEST = ("CVE-2026-33175", "CVE-2026-34052", "CVE-2026-54338")
GOOGLE = ("CVE-2024-28233", "CVE-2024-29033")
OLD = ("CVE-2022-31027", *GOOGLE, *LATEST)
ROLES = ("GHSA-69wv-m5fw-2fhp",)


@pytest.mark.parametrize(
    ("version", "ids"),
    [
        ("0.9.0", {"CVE-2020-15110", "CVE-2021-41247", "GHSA-5xvc-vgmp-jgc3", *OLD}),
        ("0.10.3", {"GHSA-384w-5v3f-q499", "CVE-2021-41247", "GHSA-5xvc-vgmp-jgc3", *OLD}),
        ("0.10.6", {"CVE-2021-41247", "GHSA-5xvc-vgmp-jgc3", *OLD}),
        ("1.2.0", set(OLD)),
        ("3.0.3", {"jupyterhub/kubespawner#697", "CVE-2024-41942", *GOOGLE, *ROLES, *LATEST}),
        ("3.3.8", {"CVE-2026-40864", *ROLES, *LATEST}),
        ("4.3.4", {"4.3.4", "CVE-2026-54338", "GHSA-c4gm-pwx9-9w8j", *ROLES}),
        ("4.4.0", {"GHSA-c4gm-pwx9-9w8j", *ROLES}),
    ],
)
def test_known_faults_of_a_release(version: str, ids: set[str]) -> None:
    assert {a.id for a in advisories.ADVISORIES if a.concerns(Version(version))} == ids


def test_every_fault_is_fixed_by_a_release_that_exists() -> None:
    for a in advisories.ADVISORIES:
        assert a.url.startswith("https://"), a.id
        if a.fixed:
            assert charts.find(a.fixed) is not None, a.id
            assert Version(a.since) < Version(a.fixed), a.id


def test_every_breaking_change_is_of_a_release_that_exists_or_comes() -> None:
    for c in changes.CHANGES:
        # what the chart's main branch has done already is known before its release
        assert charts.find(c.since) or Version(c.since) > charts.newest().parsed, c.says
        assert c.source, c.says
        assert not c.says.endswith("."), c.says
        assert c.action.endswith("."), c.says


def refused(values: Mapping[str, Any], version: str) -> list[str]:
    return [p.path for p in refusals(Given(outline=outline(values)), Version(version))]


def test_keys_that_are_unknown_misspelt_or_of_another_type() -> None:
    values = {
        "hub": {"resource": {}, "config": {}},
        "custom": {"a": 1},
        "singleuser": {"cpu": {"limit": "500m"}, "memory": {"limit": 1}},
        "cull": {"timeout": None},
    }
    told = {p.path: p.fix for p in refusals(Given(outline=outline(values)), Version("4.4.0"))}

    assert set(told) == {"hub.resource", "singleuser.cpu.limit"}
    assert "hub.resources" in told["hub.resource"]


def test_a_key_is_known_only_from_its_release_on() -> None:
    values = {"httpRoute": {"enabled": True}, "rbac": {"create": True}}

    assert refused(values, "4.2.0") == ["httpRoute"]
    assert refused(values, "4.3.0") == []
    assert refused(values, "1.2.0") == ["httpRoute", "rbac.create"]
    assert refused(values, "0.11.1") == []
    assert schemas.since(Version("1.2.0"), "httpRoute.enabled") == Version("4.3.0")


@pytest.mark.parametrize("version", [c.version for c in charts.table() if c.parsed >= schemas.FIRST])
def test_every_release_takes_its_own_values(version: str) -> None:
    assert refused({}, version) == []


@pytest.mark.parametrize(
    ("values", "path", "fix"),
    [
        ({"hub": {"services": ["a"]}}, "hub.services", "type"),
        ({"hub": {"extraConfig": 5}}, "hub.extraConfig", "type"),
        ({"hub": {"db": {"type": ["postgres"]}}}, "hub.db.type", "Choose"),
        ({"hub": {"service": {"type": "NodeProt"}}}, "hub.service.type", "Choose"),
        ({"hub": {"annotations": {"prometheus.io/scrape": True}}}, "hub.annotations.prometheus.io/scrape", "quotes"),
        ({"singleuser": {"extraFiles": {"a": {"data": {}}}}}, "singleuser.extraFiles.a.mountPath", "Add"),
        ({"singleuser": {"extraFiles": {"a": {"mountPath": "/a"}}}}, "singleuser.extraFiles.a", "Keep one"),
        (
            {"hub": {"extraFiles": {"a": {"mountPath": "/", "data": {}, "mode": "0644"}}}},
            "hub.extraFiles.a.mode",
            "bare",
        ),
        (
            {"prePuller": {"extraImages": {"x": {"name": "a", "tag": "b", "policy": "c"}}}},
            "prePuller.extraImages.x.policy",
            "",
        ),
        ({"hub": {"image": {"tag": None}}}, "hub.image.tag", "Take it out"),
        ({"hub": {"revisionHistoryLimit": -1}}, "hub.revisionHistoryLimit", "Raise"),
        ({"hub": {"Authenticator": {"admin_users": []}}}, "hub.Authenticator", "hub.config.Authenticator"),
        ({"hub": {"pullPolicy": "Always"}}, "hub.pullPolicy", "hub.image.pullPolicy"),
        ({"extraResource": {}}, "extraResource", "singleuser.extraResource"),
    ],
)
def test_what_helm_refuses_is_foretold_with_what_to_do(values: dict[str, Any], path: str, fix: str) -> None:
    found = {p.path: p for p in refusals(Given(outline=outline(values)), Version("4.4.0"))}

    assert set(found) == {path}
    assert fix in found[path].fix
    assert path in found[path].says


def stopped(values: dict[str, Any], version: str = "4.4.0", root: str = "") -> list[tuple[str, Severity]]:
    given = Given(Values(allowed(values)), outline(values), root=root)
    return [(p.path, p.severity) for p in stops(given, Version(version))]


def test_a_section_that_a_null_takes_away_is_told() -> None:
    values = {
        "hub": {"db": None, "containerSecurityContext": None, "extraEnv": None, "config": None},
        "scheduling": {"userScheduler": {"tolerations": None}},
        "singleuser": {"image": {}},
    }

    assert stopped(values) == [
        ("hub.config", Severity.ERROR),
        ("hub.db", Severity.ERROR),
        ("scheduling.userScheduler.tolerations", Severity.WARNING),
    ]


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"hub": {"extraEnv": {"A": 1}}}, "hub.extraEnv.A"),
        ({"hub": {"services": {"a": "b"}}}, "hub.services.a"),
        ({"hub": {"args": [1]}}, "hub.args[0]"),
        ({"hub": {"image": {"tag": ""}}}, "hub.image.tag"),
        ({"singleuser": {"profileList": ["a"]}}, "singleuser.profileList[0]"),
        (
            {"singleuser": {"networkPolicy": {"egressAllowRules": {"cloudMetadataServer": True}}}},
            "singleuser.networkPolicy.egressAllowRules.cloudMetadataServer",
        ),
        ({"proxy": {"https": {"enabled": True, "hosts": ["a"]}}}, "proxy.https.letsencrypt.contactEmail"),
        ({"proxy": {"https": {"enabled": True, "type": "manual", "manual": {"cert": "a"}}}}, "proxy.https.manual.key"),
    ],
)
def test_what_the_templates_stop_at_is_foretold(values: dict[str, Any], path: str) -> None:
    assert stopped(values) == [(path, Severity.ERROR)]
    assert not list(refusals(Given(outline=outline(values)), Version("4.4.0")))


@pytest.mark.parametrize(
    "values",
    [
        {"hub": {"extraEnv": {"A": "1", "B": {"value": "2"}}, "services": {"a": {}}, "args": ["a"]}},
        {"hub": {"extraEnv": [{"name": "A", "value": "b"}]}},
        {"singleuser": {"extraEnv": {"A": 1}}},
        {"proxy": {"https": {"enabled": True}}},
        {"proxy": {"https": {"enabled": True, "hosts": ["a"], "letsencrypt": {"contactEmail": "a@b"}}}},
        {"proxy": {"https": {"enabled": True, "type": "manual", "manual": {"cert": "a", "key": "b"}}}},
        {"proxy": {"https": {"enabled": True, "type": "offload", "hosts": ["a"]}}},
    ],
)
def test_what_the_templates_render_is_not_told(values: dict[str, Any]) -> None:
    assert stopped(values) == []


def test_an_alias_is_refused_where_the_templates_know_none() -> None:
    assert stopped({"hub": {}}, "2.0.0", "base.lab") == [("", Severity.ERROR)]
    assert not stopped({"hub": {}}, "2.0.0", "base.jupyterhub")
    assert not stopped({"hub": {}}, "3.0.0", "base.lab")


def test_an_outline_says_nothing_of_what_is_private() -> None:
    secret = "s3cr3t-must-not-leak"
    values = {
        "hub": {"config": {"Auth": {"client_secret": secret}}, "extraConfig": {"a": secret}, "type": secret},
        "singleuser": {"profileList": [{"display_name": secret, "kubespawner_override": {"env": {secret: 1}}}]},
        "custom": {"deep": {secret: secret}},
        f"{secret}!": 123456,
    }

    assert secret not in json.dumps(outline(values))
    assert "123456" not in json.dumps(outline(values))
    assert outline(outline(values)) == outline(values)
    assert outline({"a": {str(i): {} for i in range(OUTLINE_LIMIT)}}) is None


def test_every_word_that_the_chart_gives_a_choice_of_is_kept_in_an_outline() -> None:
    def choices(rule: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
        if isinstance(rule, Mapping):
            if "enum" in rule:
                yield path, rule["enum"]
            for key, inner in (*rule.get("properties", {}).items(), *rule.get("patternProperties", {}).items()):
                yield from choices(inner, (*path, "x" if key == ".*" else key))

    for release in ("1.0.0", "4.4.0"):
        for path, words in choices(schemas.schema(Version(release)), ()):
            for word in words:
                *above, last = path
                values = nested(".".join(above), {last: word})
                assert outline(values) == values


@pytest.mark.parametrize("part", sorted(SCENARIOS.glob("chart-*.*.*.yaml")), ids=lambda p: p.stem)
def test_the_hub_of_a_chart_says_itself_that_it_is_the_jupyterhub_of_the_table(part: Path) -> None:
    chart = charts.find(part.stem.removeprefix("chart-"))

    assert chart is not None
    assert re.findall(r"Running JupyterHub version (\S+)", part.read_text(encoding="utf-8")) == [chart.jupyterhub]
