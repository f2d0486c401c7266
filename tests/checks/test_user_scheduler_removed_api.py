"""The words in which client-go says that it cannot list a kind, release by release."""

from datetime import UTC, datetime

import pytest

from jhubdoctor.api import ServerVersion
from jhubdoctor.facts.logs import PodLog
from jhubdoctor.model.kube.pods import Container, Pod, PodSpec, PodTemplate
from jhubdoctor.model.kube.workloads import Deployment, DeploymentSpec
from jhubdoctor_checks.facts.api import SchedulerCalls, Surface, user_scheduler_calls

NOT_FOUND = "the server could not find the requested resource"
LISTING = f"failed to list *v1beta1.PodDisruptionBudget: {NOT_FOUND}"
WATCHING = f"Failed to watch *v1beta1.PodDisruptionBudget: {LISTING}"
NOW = datetime(2025, 11, 23, 3, 33, tzinfo=UTC)
KLOG = "E1123 03:32:23.1       1 reflector.go:127] k8s.io/client-go/informers/factory.go:134: "


def calls(*lines: str, minor: int = 36, image: str = "registry.example.org/scheduler:x") -> SchedulerCalls:
    spec = DeploymentSpec(template=PodTemplate(spec=PodSpec(containers=[Container(image=image)])))
    found: SchedulerCalls = user_scheduler_calls.function(
        surface=Surface(minor, None, minor),
        user_scheduler=Deployment(spec=spec),
        user_scheduler_logs=[PodLog(Pod(), "kube-scheduler", lines)],
        now=NOW,
    )
    return found


@pytest.mark.parametrize(
    "line",
    [
        f"{KLOG}F{LISTING[1:]}",  # client-go 0.18
        f"{KLOG}{WATCHING}",  # 0.19 to 0.30
        f'E1123 03:32:23.1 1 reflector.go:150] "Unhandled Error" err="{WATCHING}" logger="UnhandledError"',  # 0.31
        f'E1123 03:32:23.1 1 reflector.go:200] "Failed to watch" err="{LISTING}" type="*v1.X"',  # 0.33 and later
    ],
)
def test_all_known_forms_are_understood(line: str) -> None:
    [listing] = calls(line, line).refused

    assert (listing.api_version, listing.kind, listing.lines) == ("policy/v1beta1", "PodDisruptionBudget", 2)


def test_a_kind_that_the_table_does_not_know_is_told_by_its_log_alone() -> None:
    [listing] = calls(f"{KLOG}failed to list *v1alpha7.Wonder: {NOT_FOUND}").refused

    assert str(listing) == "v1alpha7 Wonder"


@pytest.mark.parametrize(
    "line",
    [
        f"{KLOG}failed to list *v1.Node: {NOT_FOUND}",
        f"{KLOG}failed to list *v1.PodDisruptionBudget: {NOT_FOUND}",
        f'{KLOG}failed to list *v1.Pod: Get "https://10.0.0.1:443/api/v1/pods": connect: connection refused',
        f"{KLOG}failed to list *v1beta1.PodDisruptionBudget: the server is currently unable to handle the request",
    ],
)
def test_a_server_that_starts_or_cannot_be_reached_is_another_matter(line: str) -> None:
    assert calls(line).refused == ()


def test_what_the_cluster_does_not_serve_yet_is_not_called_removed() -> None:
    found = calls(f"{KLOG}failed to list *v1.PodDisruptionBudget: {NOT_FOUND}", minor=20)

    assert found.refused == ()
    assert [str(r) for r in found.early] == ["policy/v1 PodDisruptionBudget"]


@pytest.mark.parametrize("quote", ['"', '\\"'])
def test_a_right_that_is_missing_is_told_by_group_and_resource(quote: str) -> None:
    user = f"User {quote}system:serviceaccount:jhub:user-scheduler{quote}"
    what = f"resource {quote}volumeattachments{quote} in API group {quote}storage.k8s.io{quote}"
    why = f"{user} cannot list {what} at the cluster scope"

    found = calls(f"{KLOG}failed to list *v1.VolumeAttachment: volumeattachments.storage.k8s.io is forbidden: {why}")

    assert found.forbidden == (("storage.k8s.io", "volumeattachments"),)
    assert found.refused == ()


def test_a_log_says_nothing_of_a_release_that_is_only_planned() -> None:
    spec = DeploymentSpec(template=PodTemplate(spec=PodSpec(containers=[Container(image="kube-scheduler:v1.30.1")])))
    log = PodLog(Pod(), "kube-scheduler", (f"{KLOG}failed to list *v1beta1.PodDisruptionBudget: {NOT_FOUND}",))

    found = user_scheduler_calls.function(
        surface=Surface(37, None, ServerVersion("v1.36.0", 36).minor),
        user_scheduler=Deployment(spec=spec),
        user_scheduler_logs=[log],
        now=NOW,
    )

    assert found.refused == ()
