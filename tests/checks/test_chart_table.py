"""The tables about the chart: releases, keys of the values, advisories, breaking changes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.version import Version

from jhubdoctor_checks.data import KNOWS, advisories, apis, changes, charts, keys

SCENARIOS = Path(__file__).parents[1] / "scenarios" / "parts"


def test_it_reaches_as_far_as_it_says_and_is_in_order() -> None:
    versions = [c.parsed for c in charts.table()]

    assert versions == sorted(versions)
    assert charts.newest().version == KNOWS["chart"]
    assert [c.date for c in charts.table()] == sorted(c.date for c in charts.table())


FITTING = {16: "0.11.1", 19: "1.2.0", 20: "2.0.0", 22: "2.0.0", 23: "3.3.8", 27: "3.3.8", 28: "4.4.0", 37: "4.4.0"}


@pytest.mark.parametrize(("minor", "version"), FITTING.items())
def test_the_newest_release_that_fits_a_cluster(minor: int, version: str) -> None:
    best = charts.best_for(minor)

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


def test_every_breaking_change_is_of_a_release_that_exists() -> None:
    for c in changes.CHANGES:
        assert charts.find(c.since) is not None, c.says
        assert c.source, c.says
        assert not c.says.endswith("."), c.says
        assert c.action.endswith("."), c.says


def test_keys_that_are_unknown_misspelt_or_of_another_type() -> None:
    version = Version("4.4.0")
    shape = {
        "hub": "object",
        "hub.resource": "object",
        "hub.config": "object",
        "custom": "object",
        "singleuser": "object",
        "singleuser.cpu": "object",
        "singleuser.cpu.limit": "string",
        "singleuser.memory": "object",
        "singleuser.memory.limit": "integer",
        "cull": "object",
        "cull.timeout": "null",
    }

    assert dict(keys.unknown(shape, version)) == {"hub.resource": "hub.resources"}
    assert [path for path, _, _ in keys.mistyped(shape, version)] == ["singleuser.cpu.limit"]


def test_a_key_is_known_only_from_its_release_on() -> None:
    shape = {"httpRoute": "object", "rbac": "object", "rbac.create": "boolean"}

    assert [p for p, _ in keys.unknown(shape, Version("4.2.0"))] == ["httpRoute"]
    assert not list(keys.unknown(shape, Version("4.3.0")))
    assert [p for p, _ in keys.unknown(shape, Version("1.2.0"))] == ["httpRoute", "rbac.create"]


@pytest.mark.parametrize("part", sorted(SCENARIOS.glob("chart-*.*.*.yaml")), ids=lambda p: p.stem)
def test_the_hub_of_a_chart_says_itself_that_it_is_the_jupyterhub_of_the_table(part: Path) -> None:
    chart = charts.find(part.stem.removeprefix("chart-"))

    assert chart is not None
    assert re.findall(r"Running JupyterHub version (\S+)", part.read_text(encoding="utf-8")) == [chart.jupyterhub]
