"""Refusals of an API server: each leads to its own fix, and nothing of the pod's dump is shown."""

import json
from typing import Any

import pytest

from jhubdoctor.engine.result import Reported
from jhubdoctor.testing import Example, findings_of

OFF = {"singleuser": {"cloudMetadata": {"blockWithIptables": False}}}


def refused(message: str, *more: dict[str, Any]) -> Reported:
    body = json.dumps({"kind": "Status", "message": message, "code": 403})
    text = (
        f"[E {{-5m}} JupyterHub user:1013] Unhandled error starting ada's server: (403)\n    HTTP response body: {body}"
    )
    [found] = findings_of(
        Example([{"kind": "Log", "pod": "hub-7d9c", "container": "hub", "text": text}, *more]), "spawn-rejected"
    )
    return found


@pytest.mark.parametrize(
    "message",
    [
        (
            'pods "jupyter-ada" is forbidden: violates PodSecurity "baseline:latest": privileged (container'
            ' "block-cloud-metadata" must not set securityContext.privileged=true)'
        ),
        # GKE Autopilot
        (
            'admission webhook "warden-validating.common-webhooks.networking.gke.io" denied the request: GKE'
            " Warden rejected the request: [denied by autogke-disallow-privilege]: container block-cloud-metadata is"
            " privileged"
        ),
        # PodSecurityPolicy, up to 1.24
        (
            'pods "jupyter-ada" is forbidden: unable to validate against any pod security policy:'
            " [spec.initContainers[0].securityContext.privileged: Invalid value: true: Privileged containers are not "
            "allowed]"
        ),
    ],
)
def test_privileged_init_container_is_left_out(message: str) -> None:
    assert refused(message).fix.values == OFF


def test_former_chart_has_another_switch_for_the_init_container() -> None:
    chart = {"kind": "Deployment", "metadata": {"name": "hub", "labels": {"chart": "jupyterhub-0.9.1"}}}
    chart["metadata"]["labels"]["helm.sh/chart"] = "jupyterhub-0.9.1"  # type: ignore[index]
    values = {"kind": "Values", "values": {"Chart": {"Version": "0.9.1"}}}
    message = 'pods "jupyter-ada" is forbidden: violates PodSecurity "baseline:latest": privileged'

    assert refused(message, chart, values).fix.values == {"singleuser": {"cloudMetadata": {"enabled": True}}}


def test_restricted_level_also_asks_for_the_notebook_container() -> None:
    message = (
        'pods "jupyter-ada" is forbidden: violates PodSecurity "restricted:latest": unrestricted capabilities'
        ' (container "notebook" must set securityContext.capabilities.drop=["ALL"]), privileged (container'
        ' "block-cloud-metadata" must not set it)'
    )
    fix = refused(message).fix.values

    assert fix["singleuser"] == OFF["singleuser"]
    assert fix["hub"]["config"]["KubeSpawner"]["container_security_context"]["capabilities"] == {"drop": ["ALL"]}


def test_limits_are_set_for_each_container_that_the_quota_names() -> None:
    message = (
        'pods "jupyter-ada" is forbidden: failed quota: compute: must specify limits.cpu for: block-cloud-metadata,'
        "notebook; limits.memory for: block-cloud-metadata,notebook"
    )
    assert refused(message).fix.values["singleuser"]["networkTools"] == {
        "resources": {"limits": {"cpu": "100m", "memory": "64Mi"}}
    }
    only = refused('pods "jupyter-ada" is forbidden: failed quota: q: must specify limits.memory for: notebook')

    assert only.fix.values == {"singleuser": {"memory": {"limit": "1G"}}}


def test_pod_is_the_one_that_the_refusal_names() -> None:
    found = refused(
        'pods "jupyter-x---0a1b2c3d" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1'
    )

    assert [r.name for r in found.finding.on] == ["jupyter-x---0a1b2c3d"]


def test_names_from_a_log_never_bring_a_second_command() -> None:
    found = refused('admission webhook "a.example.org; rm -rf ~" denied the request: no')

    assert not [c for c in found.fix.commands if "rm -rf" in c]


SCC = 'pods "jupyter-ada" is forbidden: unable to validate against any security context constraint: '
GROUP = ".spec.securityContext.fsGroup: Invalid value: []int64{100}: 100 is not an allowed group"
PRIVILEGED = (
    "provider restricted-v2: .initContainers[0].privileged: Invalid value: true: Privileged containers are not allowed"
)
USER = "must be in the ranges: [1000670000, 1000679999]"
FORMER = (
    f"[{GROUP.removeprefix('.spec.securityContext.')} spec.containers[0].securityContext.runAsUser: Invalid: {USER}]"
)
ALL = f"[provider restricted-v2: {GROUP}, {PRIVILEGED}, provider restricted-v2: .containers[0].runAsUser: 1000: {USER}]"


@pytest.mark.parametrize(
    ("said", "patch"),
    [
        (f"[provider restricted-v2: {GROUP}]", {"singleuser": {"fsGid": None}}),
        (
            # OpenShift 4.3
            FORMER,
            {"singleuser": {"fsGid": None, "uid": None}},
        ),
        (
            ALL,
            {"singleuser": {"fsGid": None, "uid": None, **OFF["singleuser"]}},
        ),
        (
            f"[provider restricted-v2: .initContainers[0].runAsUser: Invalid value: 0: {USER}, {PRIVILEGED}]",
            OFF,
        ),
        ('[provider "anyuid": Forbidden: not usable by user or serviceaccount]', {}),
    ],
)
def test_openshift_names_the_fields_and_each_has_its_key_in_the_chart(said: str, patch: dict[str, Any]) -> None:
    found = refused(SCC + said)

    assert found.finding.cause == "openshift-scc"
    assert found.fix.values == patch


def test_a_cluster_without_privileged_containers_has_no_pod_security_to_blame() -> None:
    found = refused(
        'Pod "jupyter-ada" is invalid: spec.initContainers[0].securityContext.privileged: Forbidden: disallowed by '
        "cluster policy"
    )

    assert "Pod Security" not in found.finding.says
    assert found.fix.values == OFF


def test_what_fails_in_the_server_is_no_refusal() -> None:
    body = json.dumps({"kind": "Status", "message": "etcdserver: leader changed", "code": 500})
    text = f"[E {{-5m}} JupyterHub user:1] Unhandled error starting ada's server: (500)\n    HTTP response body: {body}"
    [found] = findings_of(
        Example([{"kind": "Log", "pod": "hub-7d9c", "container": "hub", "text": text}]), "spawn-rejected"
    )

    assert "refuses" not in found.finding.says
    assert "leader changed" in found.finding.says


def test_what_is_unknown_is_quoted() -> None:
    assert "the moon is full" in refused('pods "jupyter-ada" is forbidden: a layer: the moon is full').finding.says
