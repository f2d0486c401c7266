"""What items of the API server's health mean, and which services behind it cannot be reached."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from jhubdoctor.api import APIService, Condition, grouped
from jhubdoctor_checks.facts.api import unavailable

_SETTLING = timedelta(minutes=2)
# Items of /livez and /readyz (k8s.io/apiserver pkg/server, pkg/controlplane; 1.16 to 1.37) and what to do about each
_ADVICE = (
    ("etcd", "Look at etcd first: its pods, its disks and its alarms (`etcdctl endpoint health`)."),
    ("shutdown", "The API server is shutting down; see why, and whether another one takes over."),
    ("informer-sync", "The API server still loads its caches; if it stays so, read its log for what it cannot list."),
    ("poststarthook/", "A start-up step of the API server has not finished; read its log for the step's name."),
    ("kms", "The provider of the encryption keys does not answer; look at the KMS plugin."),
)


def advice(names: list[str]) -> str:
    """What to do about these items."""
    found = [text for key, text in _ADVICE if any(n == key or n.startswith(key) for n in names)]
    return " ".join(found) or "See the API server's log for these items; on a managed cluster ask the provider."


def unreachable(services: Iterable[APIService], now: datetime) -> list[list[tuple[APIService, Condition]]]:
    """The APIs that have been unavailable for a while, each with the condition that says so, by the Service behind."""
    found = [
        (s, available)
        for s in sorted(services, key=lambda s: s.name)
        if unavailable(s) and s.spec.service is not None
        for available in [c for c in s.status.conditions if c.type == "Available"][:1]
        if available.last_transition_time is None or now - available.last_transition_time >= _SETTLING
    ]
    return [members for _, members in grouped(found, lambda f: service_of(f[0]))]


def service_of(item: APIService) -> str:
    """The Service behind an API, as `namespace/name`."""
    service = item.spec.service
    return f"{service.namespace}/{service.name}" if service is not None else ""
