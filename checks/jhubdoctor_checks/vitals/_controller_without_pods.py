"""Since when what makes pods should have some, and what to do where it has none."""

from __future__ import annotations

from datetime import datetime, timedelta

from jhubdoctor.api import DaemonSet, Deployment, Fix, Hub, Ref, StatefulSet

_NEW = timedelta(minutes=10)


def for_long(maker: Deployment | StatefulSet | DaemonSet, now: datetime) -> bool:
    """Whether a pod would have been made by now; of DaemonSets the nodes come and go."""
    if isinstance(maker, DaemonSet) or maker.metadata.creation_timestamp is None:
        return False
    changed = [c.last_transition_time for c in maker.status.conditions if c.last_transition_time]
    return now - max([maker.created, *changed]) > _NEW


def of(name: str, maker: str) -> bool:
    """Whether this is the maker's name, or one that it gave."""
    return name == maker or name.startswith(f"{maker}-")


def fix(hub: Hub, maker: Ref) -> Fix:
    """What makes the pods and keeps the status."""
    return Fix(
        "The cluster's kube-controller-manager makes the pods and keeps the status: see that it runs; in a cloud ask "
        "whoever runs the control plane. Nothing of the chart helps before.",
        commands=(
            hub.kubectl(f"describe {maker.kind.lower()} {maker.name}"),
            "kubectl --namespace kube-system get lease kube-controller-manager --output yaml",
        ),
    )
