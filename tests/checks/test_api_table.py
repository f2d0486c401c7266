"""The table of built-in APIs, held against what API servers serve and against what others have wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from jhubdoctor_checks.data import KNOWS, apis, scheduler
from tests import beside

FIXTURE = Path(__file__).parent.parent / "fixtures" / "discovery.txt"
FIRST, LAST = 31, 37


def fixture() -> dict[int, set[tuple[str, str]]]:
    found: dict[int, set[tuple[str, str]]] = {m: set() for m in range(FIRST, LAST + 1)}
    for line in FIXTURE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            version, kind, first, last = line.split()
            for minor in range(int(first), int(last) + 1):
                found[minor].add((version, kind))
    return found


def in_table(minor: int) -> set[tuple[str, str]]:
    rows = apis.table().values()
    return {(a.api_version, a.kind) for a in rows if a.served in {"on", "off"} and a.group and a.served_in(minor)}


@pytest.mark.parametrize("minor", range(FIRST, LAST + 1))
def test_a_release_serves_exactly_what_the_table_says(minor: int) -> None:
    assert in_table(minor) == fixture()[minor]


@pytest.mark.parametrize("served", beside.each("knowledge/served.json"))
def test_the_table_agrees_with_the_discovery_documents_beside_the_project(served: Path) -> None:
    for release, rows in json.loads(served.read_text()).items():
        minor = int(release.partition(".")[2])
        documented = {(f"{group}/{version}", kind) for group, version, kind, _ in rows if group}

        assert in_table(minor) == documented


def test_it_reaches_as_far_as_it_says() -> None:
    assert KNOWS["kubernetes"] == f"1.{apis.LAST}"
    assert any(a.introduced == apis.LAST for a in apis.table().values())


def test_every_row_is_consistent() -> None:
    for a in apis.table().values():
        assert a.source, a
        assert a.deprecated is None or a.introduced <= a.deprecated, a
        assert a.removed is None or a.introduced < a.removed, a
        if a.replacement:
            version, _, kind = a.replacement.partition(" ")
            successor = apis.find(version, kind)
            assert successor is not None or version.startswith("audit."), a
            assert successor is None or successor.removed is None or successor.removed > (a.removed or 0), a


# Rows that other tools have wrong, each with what is right (removed_in, deprecated_in; None for "not asserted").
OFTEN_WRONG = [
    ("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", 26, 23),
    ("flowcontrol.apiserver.k8s.io/v1beta1", "PriorityLevelConfiguration", 26, 23),
    ("flowcontrol.apiserver.k8s.io/v1beta2", "FlowSchema", 29, 26),
    ("flowcontrol.apiserver.k8s.io/v1beta2", "PriorityLevelConfiguration", 29, 26),
    ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", 32, 29),
    ("flowcontrol.apiserver.k8s.io/v1beta3", "PriorityLevelConfiguration", 32, 29),
    ("admissionregistration.k8s.io/v1alpha1", "ValidatingAdmissionPolicy", 32, 29),
    ("admissionregistration.k8s.io/v1alpha1", "ValidatingAdmissionPolicyBinding", 32, 29),
    ("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicy", 34, 31),
    ("resource.k8s.io/v1beta1", "DeviceClass", 38, 35),
    ("resource.k8s.io/v1beta1", "ResourceClaim", 38, 35),
    ("resource.k8s.io/v1beta1", "ResourceClaimTemplate", 38, 35),
    ("resource.k8s.io/v1beta1", "ResourceSlice", 38, 35),
    ("resource.k8s.io/v1alpha3", "DeviceClass", 34, None),
    ("resource.k8s.io/v1alpha3", "ResourceSlice", 34, None),
    ("rbac.authorization.k8s.io/v1alpha1", "Role", 23, None),
    ("rbac.authorization.k8s.io/v1alpha1", "ClusterRole", 23, None),
    ("rbac.authorization.k8s.io/v1alpha1", "RoleBinding", 23, None),
    ("rbac.authorization.k8s.io/v1alpha1", "ClusterRoleBinding", 23, None),
    ("scheduling.k8s.io/v1alpha1", "PriorityClass", 23, None),
    ("authentication.k8s.io/v1beta1", "TokenReview", 22, 19),
    ("apiregistration.k8s.io/v1beta1", "APIService", 22, 19),
    ("coordination.k8s.io/v1beta1", "Lease", 22, 19),
    ("storage.k8s.io/v1beta1", "StorageClass", 22, 19),
    ("storage.k8s.io/v1beta1", "VolumeAttachment", 22, 19),
    ("events.k8s.io/v1beta1", "Event", 25, 22),
    ("extensions/v1beta1", "PodSecurityPolicy", 16, 11),
    ("extensions/v1beta1", "Deployment", 16, 8),
    ("extensions/v1beta1", "DaemonSet", 16, 8),
    ("apps/v1beta1", "Deployment", 16, 8),
    ("storage.k8s.io/v1alpha1", "VolumeAttributesClass", 35, 32),
    ("storagemigration.k8s.io/v1alpha1", "StorageVersionMigration", 35, 33),
    ("storage.k8s.io/v1beta1", "VolumeAttributesClass", 37, 34),
    ("networking.k8s.io/v1beta1", "IPAddress", 37, 34),
    ("networking.k8s.io/v1beta1", "ServiceCIDR", 37, 34),
    ("networking.k8s.io/v1alpha1", "ClusterCIDR", 29, 28),
    ("networking.k8s.io/v1alpha1", "ServiceCIDR", 31, 30),
    ("coordination.k8s.io/v1alpha1", "LeaseCandidate", 32, None),
    ("certificates.k8s.io/v1alpha1", "PodCertificateRequest", 35, None),
    ("certificates.k8s.io/v1alpha1", "ClusterTrustBundle", 37, 34),
    ("authorization.k8s.io/v1beta1", "SubjectAccessReview", 22, 19),
    ("apps/v1beta1", "ControllerRevision", 16, 8),
    ("policy/v1beta1", "Eviction", 25, 22),
    ("policy/v1beta1", "PodDisruptionBudget", 25, 21),
    ("authentication.k8s.io/v1beta1", "SelfSubjectReview", 33, 30),
    ("admissionregistration.k8s.io/v1alpha1", "MutatingAdmissionPolicy", 38, 35),
]


@pytest.mark.parametrize(("version", "kind", "removed", "deprecated"), OFTEN_WRONG)
def test_rows_that_other_tools_have_wrong(version: str, kind: str, removed: int, deprecated: int | None) -> None:
    api = apis.find(version, kind)

    assert api is not None
    assert api.removed == removed
    assert deprecated is None or api.deprecated == deprecated


@pytest.mark.parametrize(
    ("version", "kind"),
    [("apps/v1beta1", "ReplicaSet"), ("flowcontrol.apiserver.k8s.io/v1beta1", "FlowControl")],
)
def test_kinds_that_never_existed_are_not_in_it(version: str, kind: str) -> None:
    assert apis.find(version, kind) is None


@pytest.mark.parametrize(
    ("version", "kind", "minor", "instead"),
    [
        ("networking.k8s.io/v1beta1", "IngressClass", 22, "networking.k8s.io/v1 IngressClass"),
        ("extensions/v1beta1", "Ingress", 22, "networking.k8s.io/v1 Ingress"),
        ("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", 26, "flowcontrol.apiserver.k8s.io/v1beta3 FlowSchema"),
        ("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", 33, "flowcontrol.apiserver.k8s.io/v1 FlowSchema"),
        ("policy/v1beta1", "PodSecurityPolicy", 25, ""),
        ("policy/v1beta1", "PodDisruptionBudget", 25, "policy/v1 PodDisruptionBudget"),
    ],
)
def test_the_replacement_is_one_that_the_release_serves(version: str, kind: str, minor: int, instead: str) -> None:
    api = apis.find(version, kind)

    assert api is not None
    assert api.replacement_in(minor) == instead


def test_plurals_are_those_of_urls() -> None:
    for kind, plural in {
        "Ingress": "ingresses",
        "IngressClass": "ingressclasses",
        "Endpoints": "endpoints",
        "NetworkPolicy": "networkpolicies",
        "PodDisruptionBudget": "poddisruptionbudgets",
        "CSIStorageCapacity": "csistoragecapacities",
        "IPAddress": "ipaddresses",
    }.items():
        assert apis.plural(kind) == plural


def test_what_is_removed_for_one_release_is_removed_for_all_later_ones() -> None:
    """For any two targets, the later one drops what the earlier one drops, but for what came in between."""
    for early in range(apis.FIRST, apis.LAST + 1):
        for late in range(early, apis.LAST + 1):
            gone_early = {a for a in apis.table().values() if not a.served_in(early)}
            gone_late = {a for a in apis.table().values() if not a.served_in(late)}
            skipped = {a for a in gone_early if early < a.introduced <= late}

            assert gone_early - skipped <= gone_late


@pytest.mark.parametrize(
    ("image", "minor"),
    [
        ("k8s.gcr.io/kube-scheduler:v1.19.13", 19),
        ("gcr.io/google_containers/kube-scheduler-amd64:v1.13.12", 13),
        ("registry.k8s.io/kube-scheduler:v1.30.14@sha256:0123", 30),
        ("mirror.example.org:5000/a/kube-scheduler:1.26.15", 26),
        ("registry.example.org/kube-scheduler:stable", None),
        ("registry.example.org/my-kube-scheduler-like:v1.30.0", None),
        ("registry.k8s.io/kube-scheduler@sha256:0123", None),
    ],
)
def test_the_minor_of_an_image(image: str, minor: int | None) -> None:
    assert scheduler.minor_of(image) == minor


@pytest.mark.parametrize(
    ("minor", "removed"),
    [
        (13, {"PodDisruptionBudget"}),
        (19, {"PodDisruptionBudget"}),
        (20, {"PodDisruptionBudget"}),
        (21, {"CSIStorageCapacity"}),
        (23, {"CSIStorageCapacity"}),
        (24, set()),
        (30, set()),
    ],
)
def test_what_a_scheduler_lists_that_a_cluster_of_today_has_dropped(minor: int, removed: set[str]) -> None:
    assert {a.kind for a in scheduler.lists(minor) if not a.served_in(apis.LAST)} == removed


def test_every_kind_that_a_program_lists_is_in_the_table() -> None:
    for row in (*scheduler.LISTS, *scheduler.AUTOSCALER_LISTS):
        assert apis.find(*row.what.split(" ", 1)) is not None, row
        assert re.fullmatch(r"[\w./]+ \w+", row.what)
