"""jhubdoctor: the doctor for JupyterHub on Kubernetes.

What a check may import stands here. It is imported when it is asked for, so that `jhubdoctor --version` stays fast;
none of it reaches the network, the clock, the terminal or the kubernetes package.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

SITE = f"https://jhubdoctor.readthedocs.io/en/v{__version__}/"
"""Where the documentation of this version is published. The one place that says so."""

DOC_BASE = f"{SITE}checks/"
"""Where the notes of the built-in checks are. A pack names its own, in a `DOC_BASE` of its package."""

if TYPE_CHECKING:
    from jhubdoctor.declare import Check, Fact, NotApplicable, check, fact
    from jhubdoctor.facts.cluster import Autoscaler, Health, Served, ServerVersion, Webhooks, parse_health
    from jhubdoctor.facts.helm import Listed, Release, Revision
    from jhubdoctor.facts.hub import Hub, Scope, chart_version
    from jhubdoctor.facts.logs import Entry, HubLog, PodLog, Spawn, Spawns, pod_of, refusal
    from jhubdoctor.facts.namespace import Events
    from jhubdoctor.facts.users import Shape, may_run, selected, transient, untolerated
    from jhubdoctor.finding import Evidence, Finding, Fix, Ref, Severity
    from jhubdoctor.kube import (
        APIService,
        ClusterRole,
        ClusterRoleBinding,
        ComponentStatus,
        Condition,
        Container,
        ContainerStatus,
        CSIDriver,
        CSINode,
        DaemonSet,
        Deployment,
        EndpointSlice,
        Event,
        HTTPRoute,
        Ingress,
        IngressClass,
        Job,
        LabelSelector,
        Lease,
        LimitRange,
        LimitRangeItem,
        Namespace,
        NetworkPolicy,
        Node,
        Object,
        PersistentVolume,
        PersistentVolumeClaim,
        Pod,
        PodDisruptionBudget,
        PodSpec,
        PolicyPeer,
        PolicyPort,
        PriorityClass,
        ReplicaSet,
        ResourceQuota,
        Role,
        RoleBinding,
        Secret,
        Service,
        StatefulSet,
        StorageClass,
        Taint,
        Terminated,
        Toleration,
        VolumeAttachment,
        VolumeMount,
        Webhook,
        human,
        human_bytes,
        quantity,
        selector_matches,
        tolerates,
    )
    from jhubdoctor.plan import Change, Given, Plan, Problem, Step, Target
    from jhubdoctor.reader import Look
    from jhubdoctor.reads import Query, State, Unreadable
    from jhubdoctor.redact import clean, log_text
    from jhubdoctor.suppress import Suppression, Suppressions
    from jhubdoctor.values import Values, nested
    from jhubdoctor.words import count, grouped, some, times

_HOME = {
    "declare": "Check check Fact fact NotApplicable",
    "facts.cluster": "Autoscaler Health parse_health Served ServerVersion Webhooks",
    "facts.helm": "Listed Release Revision",
    "facts.hub": "chart_version Hub Scope",
    "facts.logs": "Entry HubLog pod_of PodLog refusal Spawn Spawns",
    "facts.namespace": "Events",
    "facts.users": "may_run selected Shape transient untolerated",
    "finding": "Evidence Finding Fix Ref Severity",
    "kube": "APIService ClusterRole ClusterRoleBinding ComponentStatus Condition Container ContainerStatus "
    "CSIDriver CSINode DaemonSet Deployment EndpointSlice Event HTTPRoute human human_bytes Ingress "
    "IngressClass Job LabelSelector Lease LimitRange LimitRangeItem Namespace NetworkPolicy Node Object "
    "PersistentVolume PersistentVolumeClaim Pod PodDisruptionBudget PodSpec PolicyPeer PolicyPort "
    "PriorityClass quantity ReplicaSet ResourceQuota Role RoleBinding Secret selector_matches Service "
    "StatefulSet StorageClass Taint Terminated tolerates Toleration VolumeAttachment "
    "VolumeMount Webhook",
    "plan": "Change Given Plan Problem Step Target",
    "reader": "Look",
    "reads": "Query State Unreadable",
    "redact": "clean log_text",
    "suppress": "Suppression Suppressions",
    "values": "nested Values",
    "words": "count grouped some times",
}
_MODULE = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = [  # noqa: PLE0604  - the names are those of _HOME
    "DOC_BASE",
    "__version__",
    *sorted(_MODULE),
]


def note_url(base: str, check_id: str) -> str:
    """The address of a note below its pack's `DOC_BASE`; where the pack has none, of what says how to read it."""
    fits = isinstance(base, str) and base.startswith("https://")
    return f"{base.rstrip('/')}/{check_id}/" if fits else f"{SITE}writing-packs/#a-check-without-a-page"


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module 'jhubdoctor' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"jhubdoctor.{_MODULE[name]}"), name)
    globals()[name] = value
    return value
