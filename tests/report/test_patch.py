"""One patch for all fixes of a hub."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from jhubdoctor.commands.group import cli
from jhubdoctor.engine.order import order
from jhubdoctor.engine.result import Report, Reported
from jhubdoctor.engine.suppress import Suppression
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.hub import Origin
from jhubdoctor.model.values import contradiction, joined
from jhubdoctor.report import html, json_v1, markdown, patch, sarif, text
from jhubdoctor.testing import diagnose
from tests import accuracy, fixes

HUBS: dict[str, dict[str, Any]] = {
    "its own chart": {"origin": Origin(kept=True, chart="jupyterhub", version="4.4.0", root="")},
    "under a parent": {"origin": Origin(kept=True, chart="basehub", version="0.1.0", root="basehub.jupyterhub")},
    "nobody knows": {"origin": Origin()},
    "by Argo CD": {"argo_cd": True},
    "blocked": {"origin": Origin(kept=True, chart="jupyterhub", root=""), "installed": "blocked"},
}
AT_ONCE = 7


@dataclass(frozen=True)
class Blocked:
    """A chart that this cluster cannot run."""

    blocked: str = "chart 0.11.1 makes what is not served"

    def lacks(self, path: str) -> str:  # noqa: ARG002  - the protocol asks for it
        """Take every key."""
        return ""


@cache
def setting() -> tuple[Reported, ...]:
    """Every fix by values that there is, with a hub, each different one once."""
    found = (f for c in fixes.cases() for f in c.report.findings if f.hub is not None and f.fix.values)
    return tuple({(f.check.id, str(f.fix)): f for f in found}.values())


def together(kind: str) -> Iterator[Report]:
    """Reports of one hub with several of them: one is advice, one explained, one suppressed, one another hub's."""
    base = diagnose("")
    more: dict[str, Any] = {k: Blocked() if v == "blocked" else v for k, v in HUBS[kind].items()}
    hub, other = replace(base.hubs[0], **more), replace(base.hubs[0], namespace="other", patch_file="other.yaml")
    for i in range(0, len(setting()), AT_ONCE):
        here = [replace(f, hub=hub, fingerprint=f"{n}", waits=None) for n, f in enumerate(setting()[i : i + AT_ONCE])]
        here = [replace(f, severity=Severity.WARNING, explained_by=None) for f in here]
        here[-1] = replace(here[-1], severity=Severity.INFO)
        here[1:2] = [replace(f, explained_by="0") for f in here[1:2]]
        hidden = here[3:4]
        del here[3:4]
        here[3:4] = [replace(f, hub=other) for f in here[3:4]]
        order(here)
        yield replace(base, hubs=(hub, other), findings=tuple(here), suppressed=tuple(_ruled(hidden)))


def _ruled(findings: list[Reported]) -> Iterator[Reported]:
    for f in findings:
        yield replace(f, suppression=Suppression(check=f.check.id, reason="We know.", place="x"))


def _joined(patches: Iterable[dict[str, Any]]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for p in patches:
        whole = joined(whole, p)
    return whole


def in_text(text: str) -> dict[str, Any]:
    """The values at the end of a text, by hub."""
    shown = re.findall(r"^  apply +What the fixes .* set for (\S+), .*:\n((?: {12}.*\n)+)", text, re.MULTILINE)
    return {label: yaml.safe_load(block) for label, block in shown}


def in_markdown(text: str) -> list[Any]:
    blocks = re.findall(r"^#### What these fixes set.*?^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [yaml.safe_load(b) for b in blocks]


def in_html(text: str) -> list[Any]:
    blocks = re.findall(r'<article class="patch">.*?<pre>(.*?)</pre>', text, re.DOTALL)
    return [yaml.safe_load(unescape(b)) for b in blocks]


def one_patch_in_every_format(report: Report) -> None:
    """What is to be set is told once, by each format alike, and is what `--patch` writes."""
    data = json_v1.as_dict(report)
    by_hub = {f"{h['namespace']}/{h['release']}": h["patch"] for h in data["hubs"]}
    for label, told in by_hub.items():
        own = [f for f in data["findings"] if f["hub"] == label and f["explained_by"] is None and f["fix"]["values"]]
        for_it = [f for f in own if f["weight"] != "info" and f["fix"]["after"] is None]
        assert told["of"] == [f["fingerprint"] for f in for_it]
        assert told["values"] == _joined(f["fix"]["values"] for f in for_it)
        for f in for_it:
            assert contradiction(told["values"], f["fix"]["values"]) == "", f["check"]
    written = [yaml.safe_load(text) for text in patch.files(report, "patch.yaml").values()]
    assert [w for w in written if w] == [p["values"] for p in by_hub.values() if p["values"]]
    merged = {label: p["values"] for label, p in by_hub.items() if len(p["of"]) > 1}
    assert in_text(text.render(report, width=1000)) == merged
    assert in_text(text.render(report, width=1000, verbose=True)) == merged
    assert in_markdown(markdown.render(report)) == [*merged.values()]
    assert in_html(html.render(report)) == [*merged.values()]
    for result in json.loads(sarif.render(report))["runs"][0]["results"]:
        same = [f for f in data["findings"] if f["fingerprint"] in result["partialFingerprints"].values()]
        assert not same or result["properties"]["fix"] == same[0]["fix"]
    for p in by_hub.values():
        for command in p["commands"][-1:]:
            # once for all, and once more for each that is not in it and comes by the same
            apart = [f for f in data["findings"] if f["hub"] and f["fingerprint"] not in p["of"]]
            alone = sum(command in f["fix"]["commands"] for f in apart if f["explained_by"] is None)
            assert markdown.render(report).count(f"\n{command}\n") <= 1 + alone


@pytest.mark.parametrize("kind", HUBS)
def test_what_is_to_be_set_is_one_patch_in_every_format(kind: str) -> None:
    reports = list(together(kind))

    for report in reports:
        one_patch_in_every_format(report)
    patches = [patch.patch_of(r, r.hubs[0]) for r in reports]
    assert sum(p.apart for p in patches) > 10
    assert any(p.waits for p in patches)
    assert all(bool(p.commands) == (kind in {"its own chart", "under a parent"}) for p in patches if p.of)


def test_what_is_hidden_is_in_no_patch() -> None:
    report = next(r for r in together("its own chart") if patch.patch_of(r, r.hubs[0]).apart)
    worst = replace(report.findings[0], severity=Severity.ERROR)
    shown = replace(report, findings=(worst, *report.findings[1:])).least(Severity.ERROR)

    one_patch_in_every_format(shown)
    assert patch.patch_of(shown, shown.hubs[0]).of == (worst,)


def test_the_file_says_what_each_part_is_for() -> None:
    report = accuracy.diagnosed("failure.two-things-at-once-and-one-of-them-stops-everybody")
    hub = report.hubs[0]
    [(path, text)] = patch.files(report, "p.yaml").items()
    wanted = patch.patch_of(report, hub)

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


@pytest.mark.parametrize("extra", [["--watch"], ["--context", "a", "--context", "b"]])
def test_it_is_of_one_hub_at_one_time(extra: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["run", "--patch", str(tmp_path / "p.yaml"), *extra])

    assert done.exit_code == 2
    assert "--patch is of one cluster" in done.output
