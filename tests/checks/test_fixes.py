"""No fix harms: rules over every fix of every scenario and of every example of a note."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
from packaging.version import Version

from jhubdoctor.engine import notes
from jhubdoctor.engine.result import Report, Reported
from jhubdoctor.model.finding import Fix
from jhubdoctor.model.values import nested
from jhubdoctor.model.yaml import load_yaml
from jhubdoctor.privacy.releases import outline
from jhubdoctor.testing import Example, diagnose, registry
from jhubdoctor.upgrade.plan import Given
from jhubdoctor_checks.data import KNOWS, schemas
from jhubdoctor_checks.refused import refusals
from tests import fixes


def given(report: Report) -> list[Reported]:
    return [f for f in report.findings if f.hub is not None]


def added(report: Report) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The lists that fixes add to, each with its check."""
    for f in given(report):
        for place, _ in fixes.lists(f.finding.fix.values):
            if ".".join(place) not in f.finding.fix.replaces:
                yield f.check.id, place


# Something that is in a list today, and that no fix knows of.
OWN = {"name": "our-own", "key": "our-own", "operator": "Exists"}


def a_list_keeps_what_is_set_today(case: fixes.Case) -> None:
    """Helm replaces lists: what a patch leaves out is gone with the next upgrade."""
    for check, place in set(added(case.report)):
        path = ".".join(place)
        own: Any = OWN if path != "singleuser.networkPolicy.egress" else {"to": [{"ipBlock": {"cidr": "10.9.9.9/32"}}]}
        today = {"kind": "Values", "values": nested(path, [own])}
        # a path with a dot in a key is none that the values of a hub are merged by here
        assert fixes.at(nested(path, 1), place) == 1, f"{check}: {path}"
        for f in given(case.other(today)):
            if f.check.id == check and (items := fixes.at(f.finding.fix.values, place)) is not None:
                assert own in items, f"{check} drops what is in {path} today"


def a_list_that_nobody_could_see_is_told_in_words(case: fixes.Case) -> None:
    if not set(added(case.report)):
        return
    blind = [{"kind": "Missing", "read": r} for r in ("secrets", "helm-secrets", "configmaps", "helm-configmaps")]

    for f in given(case.other(*blind)):
        left = [".".join(p) for p, _ in fixes.lists(f.finding.fix.values)]
        assert set(left) <= set(f.finding.fix.replaces), f"{f.check.id} patches {left}, and nobody knows what is there"


def homes(number: int) -> list[dict[str, Any]]:
    """So many more homes, each on a volume that goes with its claim."""
    labels = {"component": "singleuser-storage"}
    made: list[dict[str, Any]] = []
    for i in range(number):
        claim = {"metadata": {"name": f"claim-u{i}", "labels": labels}, "spec": {"volumeName": f"pv-u{i}"}}
        volume = {"persistentVolumeReclaimPolicy": "Delete", "claimRef": {"namespace": "jhub", "name": f"claim-u{i}"}}
        made.append({"kind": "PersistentVolumeClaim", **claim, "status": {"phase": "Bound"}})
        made.append({"kind": "PersistentVolume", "metadata": {"name": f"pv-u{i}"}, "spec": volume})
    return made


@pytest.mark.parametrize("number", [5, 45])
@pytest.mark.parametrize("check", ["namespace-terminating", "reclaim-policy-deletes-homes"])
def test_every_home_that_would_go_is_kept(check: str, number: int) -> None:
    [case] = [c for c in fixes.cases() if c.name == f"{check}-0"]

    for f in case.other(*homes(number)).findings:
        kept = {w for c in f.fix.commands if c.startswith("kubectl patch persistentvolume ") for w in c.split()}
        assert {f"pv-u{i}" for i in range(number)} <= kept


# The first and the last release of each major version, and those in between at which keys of the values came or went.
RELEASES = ("1.0.0", "1.1.0", "1.2.0", "2.0.0", "3.0.0", "3.3.8", "4.0.0", "4.1.0", "4.3.0", "4.4.0")


def refused(patch: Mapping[str, Any], version: Version) -> list[str]:
    """What of a patch a release of the chart does not take."""
    # a fix adds to what is set: what else is needed is there
    found = refusals(Given(outline=outline(patch)), version)
    return [p.says for p in found if p.fix != "Add it."]


def a_patch_is_valid_for_the_chart_that_is_installed(case: fixes.Case) -> None:
    """Whatever the release: Helm refuses an upgrade with a key that its schema does not know."""
    if not any(f.fix.values for f in case.report.findings):
        return
    for release in ("", *RELEASES):
        report = case.on_chart(release) if release else case.report
        for f in given(report):
            version = f.hub.version if f.hub is not None else None
            if version is not None and version >= schemas.FIRST:
                assert refused(f.finding.fix.values, version) == [], f"{f.check.id} on chart {version}"


def no_claim_is_deleted_under_a_running_pod(case: fixes.Case) -> None:
    """It would go as soon as that pod ends, for whatever reason, with all that is on its volume."""
    objects = Example(case.text).documents
    pods = [d for d in objects if d.get("kind") == "Pod"]
    # a claim that never got a volume holds nothing
    bound = {
        d["metadata"]["name"]
        for d in objects
        if d.get("kind") == "PersistentVolumeClaim" and (d.get("status") or {}).get("phase") != "Pending"
    }
    used = {
        (volume.get("persistentVolumeClaim") or {}).get("claimName")
        for pod in pods
        if (pod.get("status") or {}).get("phase") == "Running"
        for volume in (pod.get("spec") or {}).get("volumes") or []
    }
    for f in case.report.findings:
        stopped = False
        for command in f.fix.commands:
            stopped = stopped or "--replicas=0" in command
            if re.search(r"delete (?:pvc|persistentvolumeclaims?) ", command):
                gone = used & bound & set(command.split())
                assert stopped or not gone, f"{f.check.id} deletes what a pod has mounted: {command}"


RENDERS = re.compile(r"^helm (?:upgrade|install) ")


def no_helm_renders_what_nobody_knows_it_is_of(case: fixes.Case) -> None:
    """Without a release Helm fails, and of a release of another chart it drops the rest."""
    if not any(RENDERS.search(c) for f in given(case.report) for c in f.fix.commands):
        return
    kept = [d for d in case.whole if d["kind"] != "Release"]
    blind = [{"kind": "Missing", "read": r} for r in ("helm-secrets", "helm-configmaps")]

    for documents in (kept, [*case.whole, *blind]):
        for f in given(diagnose(Example(documents), *case.ids)):
            assert not any(map(RENDERS.search, f.fix.commands)), f"{f.check.id}: {f.fix.commands}"
            if f.fix.values:
                assert "under the name by which that chart lists jupyterhub" in f.fix.text, f"{f.check.id} does not say"


def of_a_parent(document: Mapping[str, Any]) -> dict[str, Any]:
    """A release of a chart that brings the hub's."""
    if document["kind"] != "Release":
        return dict(document)
    below = {"jupyterhub": document.get("config") or {}}
    return {**document, "chart": {"name": "basehub", "version": "0.1.0"}, "config": below}


def under_a_parent_chart_that_is_upgraded_and_named(case: fixes.Case) -> None:
    """`helm upgrade` of jupyterhub would put it in the parent's place; the parent has a version of its own."""
    if not any(RENDERS.search(c) for f in given(case.report) for c in f.fix.commands):
        return
    for f in given(diagnose(Example(map(of_a_parent, case.whole)), *case.ids)):
        upgrades = [c for c in f.fix.commands if RENDERS.search(c)]
        told = f"{f.check.id}: {f.fix.text} {f.fix.commands}"
        assert f.hub is None or f.fix.values == nested("jupyterhub", f.finding.fix.values) or not f.fix.values, told
        if not upgrades:
            continue
        [place] = {c.split()[3] for c in upgrades}
        assert place == "YOUR_CHARTS/basehub", told
        assert re.search(r"YOUR_CHARTS is the folder .*\bbasehub\b|Chart.yaml of your chart basehub", f.fix.text), told
        moves = not all("--version 0.1.0" in c for c in upgrades)
        assert moves == (f"helm dependency update {place}" in f.fix.commands), told
        assert moves == ("set the version of jupyterhub in the Chart.yaml" in f.fix.text), told


RULES = (
    under_a_parent_chart_that_is_upgraded_and_named,
    no_helm_renders_what_nobody_knows_it_is_of,
    a_list_keeps_what_is_set_today,
    a_list_that_nobody_could_see_is_told_in_words,
    a_patch_is_valid_for_the_chart_that_is_installed,
    no_claim_is_deleted_under_a_running_pod,
)


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in fixes.cases()])
def test_no_fix_harms(case: fixes.Case) -> None:
    """All rules over what is said of one cluster, which is judged once for all of them."""
    for rule in RULES:
        rule(case)
    for of_report in fixes.RULES:
        of_report(case.report)


GOOD = "kubectl --namespace jhub get pods"
ENDS = "kubectl --namespace jhub delete pod jupyter-ada"


@pytest.mark.parametrize(
    ("fix", "why"),
    [
        (Fix("Stop it.", commands=(ENDS,)), "what this interrupts"),
        (Fix("Empty the node.", commands=("kubectl drain user-1",)), "what this ends"),
        (Fix("Taint it.", commands=("kubectl taint nodes user-1 a=b:NoExecute",), caution="Think."), "what this ends"),
        (Fix("Raise it; or make the image smaller: it is large.", {"a": 1}), "which way is it"),
        (Fix("Raise it, as shown; or make the image smaller.", {"a": 1}), "what of the other way"),
        (
            Fix("Raise it. Or let it be: it is slow.", commands=("kubectl scale deployment hub --replicas 1",)),
            "which way",
        ),
    ],
)
def test_a_fix_that_hides_what_it_costs_breaks_a_rule(fix: Fix, why: str) -> None:
    report = next(c.report for c in fixes.cases() if c.name == "node-cordoned-0")
    found = replace(report.findings[0], waits=None)

    for told, fails in ((fix, True), (Fix("Look.", commands=(GOOD,)), False)):
        other = replace(report, findings=(replace(found, finding=replace(found.finding, fix=told)),))
        with pytest.raises(AssertionError, match=why) if fails else nullcontext():
            for rule in fixes.RULES:
                rule(other)


SECTIONS = {"hub", "proxy", "singleuser", "scheduling", "prePuller", "cull", "ingress", "rbac", "imagePullSecrets"}


def told() -> list[Any]:
    """The values that notes show their readers, each with its check."""
    found = []
    for check in registry().checks.values():
        prose, _ = notes.split(notes.text_of(check))
        for i, block in enumerate(re.findall(r"^```yaml\n(.*?)^```", prose, re.MULTILINE | re.DOTALL)):
            values = load_yaml(block)
            if isinstance(values, dict) and values.keys() <= SECTIONS:
                found.append(pytest.param(values, id=f"{check.id}-{i}"))
    return found


@pytest.mark.parametrize("values", told())
def test_what_a_note_shows_is_valid_for_the_newest_chart(values: dict[str, Any]) -> None:
    assert refused(values, Version(KNOWS["chart"])) == []
    for asked in (c.get("securityContext", c) for c in fixes.containers(values)):
        assert asked.get("runAsUser") != 0 or asked.get("runAsNonRoot") is False
