"""What a hub was installed from: a release that Helm keeps, of which chart, and where in its values the hub's lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from jhubdoctor.engine.result import Reported
from jhubdoctor.model.hub import Origin
from jhubdoctor.testing import Example, diagnose

DELETED = {"kind": "Release", "name": "jhub", "version": 1, "$delete": True}
BLIND = [{"kind": "Missing", "read": r} for r in ("secrets", "helm-secrets", "configmaps", "helm-configmaps")]
# what is left of a release that a bundle or a broken write cut off
CUT = {
    "kind": "Secret",
    "metadata": {
        "name": "sh.helm.release.v1.jhub.v1",
        "labels": {"owner": "helm", "name": "jhub", "status": "deployed", "version": "1"},
    },
    "data": {"release": "SDRzSUFB"},
}
PARENT = {"kind": "Release", "name": "jhub", "version": 1, "chart": {"name": "basehub", "version": "0.1.0"}}
ALIAS = {**PARENT, "config": {"lab": {"hub": {}, "proxy": {}, "singleuser": {}}}}
BY_HELM = {"meta.helm.sh/release-name": "jhub"}
HUB = {"kind": "Deployment", "metadata": {"name": "hub", "annotations": BY_HELM}}
DASK = {
    "kind": "Service",
    "metadata": {"name": "gateway", "annotations": BY_HELM, "labels": {"helm.sh/chart": "dask-gateway-2026.1.0"}},
    "spec": {"selector": {"app": "gateway"}},
}
OOM = {
    "kind": "Pod",
    "metadata": {"name": "hub-7d9c"},
    "status": {
        "containerStatuses": [
            {"name": "hub", "restartCount": 1, "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}
        ]
    },
}


def asked(*documents: Mapping[str, Any]) -> Reported:
    """The one finding of the check that gives a patch, asked for alone: nothing else reads what Helm keeps."""
    [found] = diagnose(Example([OOM, *documents]), "hub-oom-killed").findings
    return found


@pytest.mark.parametrize(
    ("documents", "wanted"),
    [
        ([], Origin(kept=True, chart="jupyterhub", version="4.4.0", root="")),
        ([PARENT], Origin(kept=True, chart="basehub", version="0.1.0", root="jupyterhub")),
        ([ALIAS], Origin(kept=True, chart="basehub", version="0.1.0", root="lab")),
        (BLIND, Origin(kept=None)),
        ([DELETED, CUT], Origin(kept=True)),
        ([DELETED], Origin(kept=False)),
        # Helm keeps it elsewhere
        ([DELETED, HUB], Origin(kept=None)),
    ],
)
def test_it_is_told_from_what_helm_keeps(documents: list[Mapping[str, Any]], wanted: Origin) -> None:
    hub = asked(*documents).hub

    assert hub is not None
    assert hub.origin == wanted


def test_another_chart_in_the_release_shows_that_the_hubs_is_not_its_own() -> None:
    [hub] = diagnose(Example([*BLIND, HUB, DASK]), "hub-oom-killed", "service-without-endpoints").hubs

    assert hub.origin == Origin(kept=None, beside=("dask-gateway-2026.1.0",))
    assert "(dask-gateway-2026.1.0 is of it too): put it there, under the name by which that" in hub.set_elsewhere


@pytest.mark.parametrize("documents", [BLIND, [DELETED, CUT], [DELETED]])
def test_a_patch_of_which_nobody_knows_the_place_has_no_command(documents: list[Mapping[str, Any]]) -> None:
    found = asked(*documents)

    assert found.fix.values["hub"]
    assert not any(c.startswith("helm ") for c in found.fix.commands)
    assert "under the name by which that chart lists jupyterhub" in found.fix.text
    assert ("Helm keeps no release of it" in found.fix.text) is (documents == [DELETED])
