"""What befalls servers in namespaces of their users is told as in the hub's own, of these namespaces."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from jhubdoctor.engine import notes
from jhubdoctor.engine.declare import Check
from jhubdoctor.testing import Example, diagnose, documents, registry
from tests import fixes

SETTING = {
    "kind": "Values",
    "values": {
        "hub": {
            "config": {"KubeSpawner": {"enable_user_namespaces": True, "user_namespace_template": "user-{username}"}}
        }
    },
}
AREAS = {"spawn", "image", "storage", "schedule", "vitals", "node", "policy", "network"}


def servers(text: str) -> dict[str, str]:
    """The names of users' servers whose pods an example brings, each with the namespace of its user."""
    found = {}
    for d in documents(text):
        labels = (d.get("metadata") or {}).get("labels") or {}
        if d.get("kind") == "Pod" and labels.get("component") == "singleuser-server":
            name = str(d["metadata"]["name"])
            found[name] = f"user-{labels.get('hub.jupyter.org/username') or name.removeprefix('jupyter-')}"
    return found


def moved(text: str) -> list[dict[str, Any]]:
    """The example with each of these servers, its claims and its events in a namespace of its own."""
    there = servers(text)
    claims: dict[str, str] = {}
    for d in Example(text).documents:
        if d.get("kind") == "Pod" and (place := there.get(d["metadata"]["name"])):
            for volume in (d.get("spec") or {}).get("volumes") or []:
                if claim := (volume.get("persistentVolumeClaim") or {}).get("claimName"):
                    claims[claim] = place
    return [{"kind": "Empty"}, *(_moved(d, there, claims) for d in Example(text).documents), SETTING]


def _moved(d: Mapping[str, Any], pods: Mapping[str, str], claims: Mapping[str, str]) -> dict[str, Any]:
    there = {**pods, **claims}
    meta = d.get("metadata") or {}
    about = (d.get("involvedObject") or {}).get("name")
    kind = d.get("kind")
    where = there.get(str(about)) if kind == "Event" else None
    if kind in {"Pod", "PersistentVolumeClaim"}:
        where = there.get(str(meta.get("name")))
    if kind == "Log":
        where = there.get(str(d.get("pod")))
        return {**d, "namespace": where} if where else dict(d)
    if kind == "PersistentVolume":
        text = json.dumps(d, default=str)
        for claim, ns in claims.items():
            text = text.replace(f'"namespace": "jhub", "name": "{claim}"', f'"namespace": "{ns}", "name": "{claim}"')
        return dict(d) if text == json.dumps(d, default=str) else json.loads(text)
    if not where:
        return dict(d)
    found = {**d, "metadata": {**meta, "namespace": where}}
    if kind == "Event":
        found["involvedObject"] = {**d["involvedObject"], "namespace": where}
    return found


def cases() -> Iterator[tuple[Check, int, str]]:
    for check in registry().checks.values():
        if check.area in AREAS:
            for i, text in enumerate(notes.of(check).fires_on):
                if servers(text):
                    yield check, i, text


CASES = list(cases())


@pytest.mark.parametrize(("check", "text"), [(c, t) for c, _, t in CASES], ids=[f"{c.id}-{i}" for c, i, _ in CASES])
def test_a_server_in_a_namespace_of_its_user_fails_like_any_other(check: Check, text: str) -> None:
    # that a server is not ready, and no more, is told of these by a check of its own
    report = diagnose(Example(moved(text)), check.id, "servers-elsewhere-not-ready")

    assert report.findings
    fixes.a_command_is_about_the_namespace_of_its_object(report)
    for f in report.findings:
        for command in f.fix.commands:
            for name in servers(text).keys() & set(re.split(r"[ /]", command)):
                assert f"--namespace {servers(text)[name]}" in command, command


def test_of_the_events_of_a_users_namespace_the_newest_is_told() -> None:
    event = """
kind: Event
metadata: {{namespace: user-bob}}
involvedObject: {{kind: Pod, name: jupyter-bob, namespace: user-bob}}
type: Warning
reason: FailedScheduling
message: {message}
lastTimestamp: {at}
"""
    pod = """
kind: Pod
metadata: {name: jupyter-bob, namespace: user-bob, creationTimestamp: -10m, labels: {component: singleuser-server}}
spec: {containers: [{name: notebook}]}
status: {phase: Pending}
"""
    told = [event.format(message=m, at=at) for m, at in (("older", "-8m"), ("newest", "-1m"), ("old", "-4m"))]

    report = diagnose(Example([*documents("---".join([pod, *told])), SETTING]), "servers-elsewhere-not-ready")

    [found] = report.findings
    assert [e.detail for e in found.finding.proof if e.source == "event"] == ["FailedScheduling: newest"]
