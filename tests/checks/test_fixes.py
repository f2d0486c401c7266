"""No fix harms: rules over every fix of every scenario and of every example of a note."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from jhubdoctor.engine.result import Report, Reported
from jhubdoctor.model.values import nested
from tests import fixes

CASES = [pytest.param(c, id=c.name) for c in fixes.cases()]


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


@pytest.mark.parametrize("case", CASES)
def test_a_list_keeps_what_is_set_today(case: fixes.Case) -> None:
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


@pytest.mark.parametrize("case", CASES)
def test_a_list_that_nobody_could_see_is_told_in_words(case: fixes.Case) -> None:
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


@pytest.mark.parametrize("case", CASES)
def test_root_is_allowed_to_run_where_a_fix_asks_for_it(case: fixes.Case) -> None:
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
