"""No fix harms: rules over every fix of every scenario and of every example of a note."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from packaging.version import Version

from jhubdoctor.engine.result import Report, Reported
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.values import nested
from jhubdoctor.privacy.releases import outline
from jhubdoctor.testing import Example
from jhubdoctor.upgrade.plan import Given
from jhubdoctor_checks.data import apis, charts, schemas
from jhubdoctor_checks.refused import refusals
from tests import fixes


def given(report: Report) -> list[Reported]:
    return [f for f in report.findings if f.hub is not None]


def at(patch: Mapping[str, Any], place: tuple[str, ...]) -> Any:
    found: Any = patch
    for key in place:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


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
        assert at(nested(path, 1), place) == 1, f"{check}: {path}"
        for f in given(case.other(today)):
            if f.check.id == check and (items := at(f.finding.fix.values, place)) is not None:
                assert own in items, f"{check} drops what is in {path} today"


def a_list_that_nobody_could_see_is_told_in_words(case: fixes.Case) -> None:
    if not set(added(case.report)):
        return
    blind = [{"kind": "Missing", "read": r} for r in ("secrets", "helm-secrets", "configmaps", "helm-configmaps")]

    for f in given(case.other(*blind)):
        left = [".".join(p) for p, _ in fixes.lists(f.finding.fix.values)]
        assert set(left) <= set(f.finding.fix.replaces), f"{f.check.id} patches {left}, and nobody knows what is there"


def containers(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if "securityContext" in value or "runAsUser" in value:
            yield value
        for below in value.values():
            yield from containers(below)
    elif isinstance(value, list):
        for below in value:
            yield from containers(below)


def root_is_allowed_to_run_where_a_fix_asks_for_it(case: fixes.Case) -> None:
    """The kubelet refuses a container with `runAsUser: 0` under `runAsNonRoot: true`, which the hub's pod has."""
    for f in case.report.findings:
        told = [f.fix.values, *_quoted(f.fix.text)]
        for asked in (c.get("securityContext", c) for c in containers(told)):
            if asked.get("runAsUser") == 0:
                assert asked.get("runAsNonRoot") is False, f"{f.check.id} asks for root in a pod that may refuse it"


def _quoted(text: str) -> Iterator[Any]:
    """The JSON in a text."""
    for i, letter in enumerate(text):
        if letter in "[{":
            try:
                yield json.JSONDecoder().raw_decode(text, i)[0]
            except ValueError:
                continue


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


def a_chart_that_a_command_installs_can_be_installed_on_this_cluster(case: fixes.Case) -> None:
    minor = re.match(r"v?1\.(\d+)", case.report.server_version)
    for f in case.report.findings:
        for command in f.fix.commands:
            wanted = re.match(r"helm upgrade .*--version (\S+)", command)
            chart = charts.find(wanted[1]) if wanted else None
            if chart is None or minor is None:
                continue
            assert chart.least_kubernetes <= int(minor[1]), f"{f.check.id}: {command}"
            made = [a for v in chart.budget if (a := apis.find(v, "PodDisruptionBudget")) is not None]
            assert any(a.served_in(int(minor[1])) for a in made), f"{f.check.id}: {command}"


HOLDS_DATA = re.compile(
    r"delete (?:pvc|pv|persistentvolume(?:claim)?s?|namespace|statefulsets?) |helm uninstall |--force\b"
)
LOSS = re.compile(r"(?i)\b(?:data|home|database|lost|empty|deleted|deletes|volume|disk|stopped)\b")


def what_is_deleted_with_its_data_is_told(case: fixes.Case) -> None:
    for f in case.report.findings:
        for command in f.fix.commands:
            if HOLDS_DATA.search(command):
                assert LOSS.search(f.fix.caution), f"{f.check.id} does not say what is lost by: {command}"


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


def a_command_is_about_the_namespace_of_its_object(case: fixes.Case) -> None:
    for f in case.report.findings:
        places: dict[str, set[str]] = {}
        for ref in (*f.finding.on, *f.finding.affects):
            places.setdefault(ref.name, set()).add(ref.namespace)
        for command in f.fix.commands:
            if place := re.match(r"kubectl --namespace (\S+)", command):
                for name in set(command.split()) & places.keys():
                    assert not any(places[name]) or place[1] in places[name], f"{f.check.id}: {command}"


ENDS = re.compile(r"rollout restart|delete pods? |scale |drain |helm upgrade ")


def nothing_is_ended_while_nothing_comes_back(case: fixes.Case) -> None:
    barred = [f for f in case.report.findings if f.check.bars and f.severity is Severity.ERROR]
    first = {f.explained_by or f.fingerprint for f in barred}
    for f in case.report.findings:
        if barred and f.explained_by is None and f.fingerprint not in first:
            assert f.waits or not any(map(ENDS.search, f.fix.commands)), f"{f.check.id} does not wait"


def a_release_goes_to_one_version_at_a_time(case: fixes.Case) -> None:
    now = [f for f in case.report.findings if f.explained_by is None and f.waits is None]
    to = {m[1] for f in now for c in f.fix.commands if (m := re.search(r"^helm upgrade .*--version (\S+)", c))}
    assert len(to) <= 1


RULES = (
    nothing_is_ended_while_nothing_comes_back,
    a_release_goes_to_one_version_at_a_time,
    a_list_keeps_what_is_set_today,
    a_list_that_nobody_could_see_is_told_in_words,
    root_is_allowed_to_run_where_a_fix_asks_for_it,
    a_patch_is_valid_for_the_chart_that_is_installed,
    a_chart_that_a_command_installs_can_be_installed_on_this_cluster,
    what_is_deleted_with_its_data_is_told,
    no_claim_is_deleted_under_a_running_pod,
    a_command_is_about_the_namespace_of_its_object,
)


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in fixes.cases()])
def test_no_fix_harms(case: fixes.Case) -> None:
    """All rules over what is said of one cluster, which is judged once for all of them."""
    for rule in RULES:
        rule(case)
