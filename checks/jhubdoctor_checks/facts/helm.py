"""Facts about what a release makes beside the hub: cluster-wide objects, and the history of the hub's Deployment."""

from __future__ import annotations

from jhubdoctor.api import ClusterRoleBinding, Deployment, Hub, Look, NotApplicable, ReplicaSet, fact


def _names(hub: Hub, scheduler: Deployment) -> list[str]:
    """What the chart calls the rights of the user-scheduler: by the release, or by fullnameOverride."""
    found = {f"{hub.release}-user-scheduler"} if hub.release else set()
    if scheduler.name != "user-scheduler":
        found.add(scheduler.name)
    return sorted(found)


@fact("clusterrolebindings")
def scheduler_bindings(look: Look, hub: Hub, user_scheduler: Deployment) -> list[ClusterRoleBinding]:
    """The ClusterRoleBinding of the user-scheduler."""
    found: list[ClusterRoleBinding | None] = [
        look.get("clusterrolebindings", name) for name in _names(hub, user_scheduler)
    ]
    return [b for b in found if b is not None]


@fact("replicasets")
def rendered_replica_sets(look: Look, hub: Hub) -> list[ReplicaSet]:
    """The ReplicaSets of a hub that Argo CD renders, one a change of its pod template, newest first."""
    if not hub.argo_cd:
        raise NotApplicable("Argo CD does not manage the hub")
    found = [r for r in look.list("replicasets", hub.namespace) if hub.owns(r) and r.component == "hub"]
    return sorted(found, key=lambda r: r.created, reverse=True)
