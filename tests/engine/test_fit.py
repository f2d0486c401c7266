"""A fix as it fits its hub."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from jhubdoctor.engine.fit import fitted
from jhubdoctor.model.finding import Fix
from jhubdoctor.model.hub import RESTARTS, Hub, Origin
from jhubdoctor.model.kube.meta import ManagedField, Meta
from jhubdoctor.model.kube.workloads import Deployment
from jhubdoctor.model.values import Values


@dataclass(frozen=True)
class Installed:
    """A chart without these keys."""

    missing: tuple[str, ...] = ()
    blocked: str = ""

    def lacks(self, path: str) -> str:
        """Why it does not take a key."""
        return f"chart 1.2.0 has no {path}" if path in self.missing else ""


OURS = Origin(kept=True, chart="jupyterhub", version="4.4.0", root="")
HUB = Hub(
    "jhub", "jhub", "4.4.0", origin=OURS, values=Values({"imagePullSecrets": [{"name": "ours"}]}), installed=Installed()
)
SECRETS: dict[str, Any] = {"imagePullSecrets": [{"name": "pull-secret"}]}


def test_a_list_holds_what_is_set_today() -> None:
    fix = fitted(Fix("Use it.", SECRETS, (HUB.helm_upgrade,)), HUB)

    assert fix.values == {"imagePullSecrets": [{"name": "ours"}, {"name": "pull-secret"}]}
    assert fix.commands == (HUB.helm_upgrade,)


def test_a_null_comes_by_a_file_of_its_own() -> None:
    """Merged into a release's values it is dropped, or taken for a return to the chart's default."""
    fix = fitted(Fix("Leave it out.", {"singleuser": {"cmd": None}}, ("kubectl get pods", HUB.helm_upgrade)), HUB)

    assert fix.commands == ("kubectl get pods", *HUB.setting(fix.values))
    assert "--reset-then-reuse-values" not in " ".join(fix.commands)
    assert fix.commands[-1].endswith(" --values values-today.yaml --values patch.yaml")
    assert HUB.setting({"singleuser": {"cmd": [None]}}) == (HUB.helm_upgrade,)
    assert replace(HUB, release="").setting({"a": None}) == ()


def test_an_item_that_is_there_is_not_added_twice_and_one_of_its_name_takes_its_place() -> None:
    sysctls = "proxy.chp.extraPodSpec.securityContext.sysctls".split(".")
    today = {"name": "net.range", "value": "1 2"}
    wanted = [{"name": "net.range", "value": "1 9"}, {"name": "net.other", "value": "1"}]

    def nest(items: list[Any]) -> dict[str, Any]:
        patch: Any = items
        for key in reversed(sysctls):
            patch = {key: patch}
        return dict(patch)

    hub = replace(HUB, values=Values(nest([today])))

    assert fitted(Fix("x", nest(wanted)), hub).values == nest(wanted)
    assert fitted(Fix("x", nest([today])), hub).values == nest([today])


@pytest.mark.parametrize(
    ("values", "patch"),
    [
        # nobody could read them
        (None, SECRETS),
        # it is known how many there are, and not what
        (Values({"hub": {"initContainers": ["[removed]"]}}), {"hub": {"initContainers": [{"name": "chown"}]}}),
        # nothing of this is kept, so that it seems unset
        (Values({}), {"hub": {"extraVolumes": [{"name": "more"}]}}),
    ],
)
def test_a_list_that_cannot_be_seen_is_told_in_words_and_added_by_hand(
    values: Values | None, patch: dict[str, Any]
) -> None:
    hub = replace(HUB, values=values)
    fix = fitted(Fix("Use it.", patch, (hub.helm_upgrade,)), hub)

    assert fix.values == {}
    assert "keep what is in it today" in fix.text
    assert fix.commands == hub.by_hand()
    assert fix.commands[0] == "helm get values jhub --namespace jhub --output yaml > values-today.yaml"
    assert fix.commands[1].endswith("--version 4.4.0 --values values-today.yaml")


def test_under_a_parent_chart_words_name_the_whole_path() -> None:
    under = Origin(kept=True, chart="basehub", version="0.1.0", root="base.lab")
    hub = replace(HUB, origin=under, values=None)

    added = fitted(Fix("Use it.", SECRETS, (hub.helm_upgrade,)), hub)
    changed = fitted(Fix("It is set at singleuser.cmd.", commands=(hub.helm_upgrade,)), hub)

    assert "Add to base.lab.imagePullSecrets, and keep" in added.text
    assert (
        "Change it in values-today.yaml (under base.lab) before the upgrade. YOUR_CHARTS is the folder" in changed.text
    )
    assert changed.commands[1] == (
        "helm upgrade jhub YOUR_CHARTS/basehub --namespace jhub --version 0.1.0 --values values-today.yaml"
    )


@pytest.mark.parametrize("wanted", ["", "values"])
def test_without_a_command_nothing_is_to_be_done_before_it(wanted: str) -> None:
    hub = replace(HUB, argo_cd=True)
    fix = fitted(Fix("Set it.", {"debug": {"enabled": True}} if wanted else {}, (hub.helm_upgrade,)), hub)

    assert fix.commands == ()
    assert "before the upgrade" not in fix.text
    assert "of Argo CD" in fix.text


def test_a_list_that_the_fix_replaces_is_left_as_it_is() -> None:
    fix = fitted(Fix("Use it alone.", SECRETS, replaces=("imagePullSecrets",)), HUB)

    assert fix.values == SECRETS


def test_a_key_that_the_chart_lacks_is_told_and_the_rest_set() -> None:
    hub = replace(HUB, installed=Installed(("ingress.ingressClassName",)))
    both = {"ingress": {"ingressClassName": "nginx", "hosts": []}, "debug": {"enabled": True}}

    fix = fitted(Fix("Name it.", both, (hub.helm_upgrade,), "It restarts."), hub)
    none = fitted(Fix("Name it.", {"ingress": {"ingressClassName": "nginx"}}, (hub.helm_upgrade,), "It restarts."), hub)

    assert fix.values == {"ingress": {"hosts": []}, "debug": {"enabled": True}}
    assert (none.values, none.commands, none.caution) == ({}, (), "")
    assert none.text == "Name it. Chart 1.2.0 has no ingress.ingressClassName."


def test_a_chart_that_this_cluster_cannot_run_is_installed_by_no_command() -> None:
    hub = replace(HUB, installed=Installed(blocked="chart 0.11.1 makes what is not served"))
    fix = fitted(Fix("Set it.", {"debug": {"enabled": True}}, (hub.helm_upgrade,)), hub)

    assert fix.commands == ()
    assert fix.text.endswith("It takes effect when the chart is moved: chart 0.11.1 makes what is not served.")


def written_by(*programs: str) -> Hub:
    """The hub as these programs have written it, one after the other."""
    wrote = [
        ManagedField(manager=p, operation="Update", time=datetime(2026, 1, 1 + i, tzinfo=UTC))
        for i, p in enumerate(programs)
    ]
    return replace(HUB, deployment=Deployment(metadata=Meta(name="hub", namespace="jhub", managed_fields=wrote)))


def test_who_wrote_the_hub_last_holds_its_values() -> None:
    assert written_by("helm").manager == ""
    assert written_by("terraform-provider-helm_v2.17.0_x5", "helm").manager == ""
    assert written_by("kube-controller-manager").manager == ""


FLUX = {"helm.toolkit.fluxcd.io/name": "hub", "helm.toolkit.fluxcd.io/namespace": "flux"}


@pytest.mark.parametrize(
    ("hub", "who"),
    [
        (
            replace(HUB, argo_cd=True, labels={"argocd.argoproj.io/instance": "jhub-prod"}),
            "Application jhub-prod of Argo",
        ),
        (replace(HUB, labels=FLUX), "HelmRelease hub of Flux in namespace flux"),
        (written_by("terraform-provider-helm_v2.17.0_x5"), "the helm_release of Terraform"),
        (written_by("helm", "pulumi-resource-kubernetes"), "the Release of Pulumi"),
        (written_by("helm", "fleetagent", "kubectl-edit"), "the Bundle of Fleet"),
    ],
)
def test_under_who_holds_the_values_no_helm_changes_the_release(hub: Hub, who: str) -> None:
    commands = ("kubectl get pods", hub.helm_upgrade, hub.helm_again, "helm rollback jhub 3", "helm history jhub")
    fix = fitted(Fix("Set it.", {"debug": {"enabled": True}}, commands), hub)

    assert fix.commands == ("kubectl get pods", "helm history jhub")
    assert who in fix.text
    assert fix.values == {"debug": {"enabled": True}}


def test_a_patch_is_added_to_what_is_set() -> None:
    """Tried with Helm 3.22 and 4.3: what was set stays, a newer chart's defaults come, a null takes a setting away."""
    assert HUB.helm_upgrade == (
        "helm upgrade jhub jupyterhub --repo https://hub.jupyter.org/helm-chart/ --namespace jhub --version 4.4.0"
        " --reset-then-reuse-values --values patch.yaml"
    )


def test_a_patch_that_no_command_applies_gets_one() -> None:
    assert fitted(Fix("x", {"debug": {"enabled": False}}), HUB).commands == (HUB.helm_upgrade,)
    assert fitted(Fix("x", {"a": 1}, ("helm upgrade jhub other",)), HUB).commands == ("helm upgrade jhub other",)
    assert fitted(Fix("x"), HUB).commands == ()


@pytest.mark.parametrize("caution", ["", "It is slow.", "The proxy restarts."])
def test_an_upgrade_that_sets_values_says_what_it_interrupts(caution: str) -> None:
    told = fitted(Fix("x", {"a": 1}, (HUB.helm_upgrade,), caution), HUB).caution

    assert told.startswith(caution)
    assert "restarts" in told
    assert told.count("restart") == 1
    half = fitted(Fix("x", {"a": 1}, (HUB.helm_upgrade,), "Users' servers keep running."), HUB).caution
    assert half == RESTARTS
    assert fitted(Fix("x", commands=(HUB.helm_again,), caution=caution), HUB).caution == caution


def test_what_a_patch_leaves_to_its_reader_is_named() -> None:
    values = {"hub": {"db": {"url": "postgresql://USER@HOST/x"}, "a": {"b": "NAME OF A USER"}}, "c": "ALL", "d": 1}

    assert "in place of USER, HOST, NAME OF A USER." in fitted(Fix("x.", values, (HUB.helm_upgrade,)), HUB).text
    assert fitted(Fix("x.", {"a": "plain"}, (HUB.helm_upgrade,)), HUB).text == "x."
