"""Which fix waits for another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from jhubdoctor.engine.order import acts_of, order
from jhubdoctor.engine.result import Reported
from jhubdoctor.model.finding import Finding, Fix, Severity
from jhubdoctor.testing import registry

CHECKS = registry().checks
RESTART = "kubectl --namespace jhub rollout restart deployment/hub"
MOVE = "helm upgrade jhub jupyterhub --repo https://x --namespace jhub --version 4.4.0"
PATCH = "helm upgrade jhub jupyterhub --repo https://x --namespace jhub --version 3.3.8 --values patch.yaml"


def found(check: str, *commands: str, severity: Severity = Severity.ERROR) -> Reported:
    finding = Finding(on=(), says="it is", evidence=(), fix=Fix("Do it.", commands=commands))
    return Reported(CHECKS[check], None, finding, severity, check)


def waiting(*findings: Reported) -> dict[str, str]:
    order(list(findings))
    return {f.check.id: f.waits.after for f in findings if f.waits}


@pytest.mark.parametrize(
    "command",
    [
        RESTART,
        MOVE,
        "kubectl --namespace jhub delete pod hub-1",
        "kubectl --namespace jhub scale deployment/hub --replicas=0",
        "kubectl taint nodes a node.kubernetes.io/out-of-service=nodeshutdown:NoExecute",
        "kubectl drain a",
    ],
)
def test_nothing_is_ended_while_nothing_comes_back(command: str) -> None:
    restart = found("reflector-frozen", command)

    assert waiting(restart, found("etcd-full")) == {"reflector-frozen": "etcd-full"}
    assert restart.fix.text.startswith("Only after etcd-full")
    assert waiting(restart, found("etcd-full", severity=Severity.WARNING)) == {}


def test_a_symptom_that_bars_has_its_cause_mended_first() -> None:
    cause, refused = found("quota-needs-limits", PATCH), found("core-pods-refused")
    refused.explained_by = cause.fingerprint

    assert waiting(cause, found("reflector-frozen", RESTART), refused) == {"reflector-frozen": "quota-needs-limits"}


def test_what_only_looks_waits_for_nothing() -> None:
    look = found("reflector-frozen", "kubectl --namespace jhub get pods", "kubectl --namespace jhub logs deploy/hub")

    assert waiting(look, found("etcd-full")) == {}


def test_a_release_goes_to_one_version_at_a_time() -> None:
    both = found("chart-outdated", MOVE), found("debug-on", PATCH)

    assert waiting(*both) == {"debug-on": "chart-outdated"}
    assert waiting(*reversed(both)) == {"chart-outdated": "debug-on"}
    assert waiting(found("debug-on", PATCH), found("culler-off", PATCH)) == {}


def test_two_that_do_otherwise_with_one_object() -> None:
    restart = found("reflector-frozen", RESTART)

    assert waiting(
        found("hub-database-locked", "kubectl --namespace jhub scale deployment/hub --replicas=0"), restart
    ) == {"reflector-frozen": "hub-database-locked"}
    assert waiting(found("culler-failing", RESTART), restart) == {}
    assert waiting(found("node-cordoned", "kubectl uncordon a"), found("kubelet-skew", "kubectl drain a")) != {}
    assert waiting(found("node-cordoned", "kubectl uncordon a"), found("kubelet-skew", "kubectl drain b")) == {}


def test_what_a_fix_waited_for_is_told_anew_in_another_order() -> None:
    restart = found("reflector-frozen", RESTART)
    waiting(restart, found("etcd-full"))

    assert waiting(restart) == {}
    assert replace(restart).fix.text == "Do it."


@pytest.mark.parametrize(
    ("command", "changed"),
    [
        ("kubectl --namespace a delete pvc b c", [("persistentvolumeclaim", "a/b"), ("persistentvolumeclaim", "a/c")]),
        ("kubectl patch persistentvolume v -p '{}'", [("persistentvolume", "v")]),
        ("kubectl delete volumeattachment v", [("volumeattachment", "v")]),
        ("kubectl --namespace a rollout restart deploy/b", [("deployment", "a/b")]),
        ("kubectl label nodes n a=b", [("node", "n")]),
        ("kubectl get --raw '/readyz", []),
    ],
)
def test_what_a_command_changes(command: str, changed: list[tuple[str, str]]) -> None:
    assert [target for target, _ in acts_of(command)] == changed


def test_of_two_that_set_a_key_otherwise_the_second_waits() -> None:
    def sets(check: str, values: dict[str, Any], *replaces: str) -> Reported:
        f = found(check)
        return replace(f, finding=replace(f.finding, fix=Fix("Set it.", values, replaces=replaces)))

    first = sets("hub-oom-killed", {"hub": {"db": {"type": "a"}, "x": [1]}})
    other = sets("culler-off", {"hub": {"db": {"type": "b"}, "y": 1}})
    # that one waits, so nothing is contradicted
    same = sets("hub-restarting", {"hub": {"y": 2, "x": [2], "db": {"type": "a"}}})

    assert waiting(first, other, same) == {"culler-off": "hub-oom-killed"}
    assert other.fix.text.startswith("Only after hub-oom-killed, which sets hub.db.type otherwise")
    assert waiting(first, sets("culler-off", {"hub": {"x": [2]}}, "hub.x")) == {"culler-off": "hub-oom-killed"}
    assert waiting(first, sets("culler-off", {"hub": None})) == {"culler-off": "hub-oom-killed"}
