"""What each minor of kube-scheduler, the binary in the chart's user-scheduler, asks of an API server and accepts.

Read from pkg/scheduler (informers), pkg/scheduler/apis/config (configuration) and client-go's
tools/leaderelection/resourcelock (locks) of Kubernetes 1.16 to 1.24, 1.26, 1.28, 1.30, 1.33, 1.36 and 1.37; where a
minor between two of these matters, the source of the row is named. Alpha features, which are off, do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jhubdoctor_checks.data import apis


@dataclass(frozen=True, slots=True)
class Span:
    """Something that a range of minors does or accepts: from `since` to `until`, both included."""

    what: str
    since: int
    until: int
    source: str = ""

    def holds(self, minor: int) -> bool:
        """Whether this minor does it."""
        return self.since <= minor <= self.until


_EVER = 999

LISTS = (
    # 1.21 moved to policy/v1 (pkg/scheduler/framework/plugins/defaultpreemption)
    Span("policy/v1beta1 PodDisruptionBudget", 0, 20),
    Span("policy/v1 PodDisruptionBudget", 21, _EVER),
    Span("storage.k8s.io/v1beta1 CSINode", 14, 16),
    Span("storage.k8s.io/v1 CSINode", 17, _EVER),
    # the feature CSIStorageCapacity is on since 1.21 (volumebinding); its API is v1 since 1.24
    Span("storage.k8s.io/v1beta1 CSIStorageCapacity", 21, 23),
    Span("storage.k8s.io/v1 CSIStorageCapacity", 24, _EVER),
    # the feature DynamicResourceAllocation is on since 1.34
    Span("resource.k8s.io/v1 ResourceClaim", 34, _EVER, "kubernetes/kubernetes CHANGELOG-1.34"),
)
"""Kinds that it lists at start. It schedules nothing until every list has succeeded once."""

AUTOSCALER_LISTS = (
    # cluster-autoscaler/utils/kubernetes/listers.go and simulator/ of its tags 1.18 to 1.26; it holds a kube-scheduler
    # of its own minor, with that one's lists of volumes
    Span("policy/v1beta1 PodDisruptionBudget", 0, 24),
    Span("policy/v1 PodDisruptionBudget", 25, _EVER),
    Span("storage.k8s.io/v1beta1 CSINode", 14, 16),
    Span("storage.k8s.io/v1beta1 CSIStorageCapacity", 21, 23),
)
"""Kinds that cluster-autoscaler lists."""

CONFIGURATIONS = (
    Span("v1alpha1", 10, 18),
    Span("v1alpha2", 18, 18),
    Span("v1beta1", 19, 22),
    Span("v1beta2", 22, 27, "kubernetes/kubernetes#117649"),
    Span("v1beta3", 23, 28, "kubernetes/kubernetes#119994"),
    Span("v1", 25, _EVER, "kubernetes/kubernetes CHANGELOG-1.25"),
)
"""Versions of kubescheduler.config.k8s.io that it reads. With another it ends at start."""

POLICY = Span("policy", 0, 22, "kubernetes/kubernetes CHANGELOG-1.23")
"""The former configuration by a Policy file or ConfigMap."""

LOCKS = (
    Span("endpoints", 0, 23),
    Span("configmaps", 0, 23),
    Span("endpointsleases", 17, 27),
    Span("configmapsleases", 17, 27),
    Span("leases", 14, _EVER),
)
"""Locks of leader election that it takes. With another it ends at start (`endpoints lock is removed, ...`)."""

RIGHTS = (
    # the ClusterRole system:kube-scheduler of each minor (plugin/pkg/auth/authorizer/rbac/bootstrappolicy), as far as
    # informers need it; the chart's own role is a copy that fits the minor that the chart ships
    Span(" namespaces", 21, _EVER),
    Span("storage.k8s.io csistoragecapacities", 21, _EVER),
    Span("storage.k8s.io csidrivers", 22, _EVER),
    Span("storage.k8s.io volumeattachments", 32, _EVER),
    Span("resource.k8s.io deviceclasses", 34, _EVER),
    Span("resource.k8s.io resourceclaims", 34, _EVER),
    Span("resource.k8s.io resourceslices", 34, _EVER),
)
"""What it must be allowed to list, as group and resource, besides what it has always listed."""

_TAG = r"(?:^|/)(kube-scheduler|cluster-autoscaler)(?:-\w+)?:v?1\.(\d+)(?:\.\d+)?\b"


def minor_of(image: str, program: str = "kube-scheduler") -> int | None:
    """The minor of such an image; None for other images and for tags that do not tell."""
    found = re.search(_TAG, image)
    return int(found[2]) if found and found[1] == program else None


def lists(minor: int, rows: tuple[Span, ...] = LISTS) -> Iterator[apis.Api]:
    """The kinds that this minor lists, of which the table of APIs knows."""
    for row in rows:
        if row.holds(minor) and (api := apis.find(*row.what.split(" ", 1))) is not None:
            yield api


def reads_configuration(minor: int, version: str) -> bool:
    """Whether this minor reads this version of its configuration; True for a version that is not known here."""
    if version == "policy":
        return POLICY.holds(minor)
    rows = [r for r in CONFIGURATIONS if r.what == version]
    return not rows or any(r.holds(minor) for r in rows)


def takes_lock(minor: int, lock: str) -> bool:
    """Whether this minor takes this lock; True for a lock that is not known here."""
    rows = [r for r in LOCKS if r.what == lock]
    return not rows or any(r.holds(minor) for r in rows)


def rights(minor: int) -> Iterator[tuple[str, str]]:
    """Group and resource of what this minor must be allowed to list, besides what every release of the chart allows."""
    for row in RIGHTS:
        if row.holds(minor):
            group, _, resource = row.what.partition(" ")
            yield group, resource
