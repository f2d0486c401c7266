"""The autoscaler itself: whether it runs, when it last said something, and which node groups do not grow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jhubdoctor.api import Deployment, Events, Look, Node, NotApplicable, fact
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.facts.workloads import Down, down, has_ready

STATUS = "cluster-autoscaler-status"
# It writes its status as often as it looks, every ten seconds unless told otherwise (--scan-interval).
STALE = timedelta(minutes=10)
# What the charts of the two call their Deployments; that of cluster-autoscaler puts the cloud's name before its own.
_CLOUDS = ("aws", "azure", "gce", "clusterapi", "magnum", "hetzner", "civo", "exoscale", "openstack", "digitalocean")
_NAMES = ("cluster-autoscaler", *(f"{c}-cluster-autoscaler" for c in _CLOUDS), "karpenter")
_SAYS = ("NotTriggerScaleUp", "TriggeredScaleUp", "FailedScaleUp")


@dataclass(frozen=True)
class Backoff:
    """A node group that did not grow when it was asked to.

    Attributes:
        group: its name.
        code: the autoscaler's word for why (`QUOTA_EXCEEDED`); may be empty.
        message: what the cloud said; may be empty.
    """

    group: str
    code: str
    message: str


@dataclass(frozen=True)
class AutoscalerState:
    """What is known of the autoscaler.

    Attributes:
        deployments: it, where it runs in the cluster; empty where the cloud runs it.
        down: why it has no ready pod; empty where it has one.
        said_at: when it last wrote its status, None where it keeps none.
        silent: whether that is long ago, and nothing else was heard of it since.
        backoffs: the node groups that it does not ask just now, for the last node did not come.
    """

    deployments: tuple[Deployment, ...] = ()
    down: tuple[Down, ...] = ()
    said_at: datetime | None = None
    silent: bool = False
    backoffs: tuple[Backoff, ...] = ()


@fact("configmaps", "deployments", optional=("pods",))
def autoscaler_state(look: Look, unplaced: list[Unplaced], events: Events, nodes: list[Node] | None) -> AutoscalerState:
    """cluster-autoscaler, or Karpenter, as it says and as its Deployment shows.

    Looked for in kube-system; in all namespaces while a pod waits for a node and none was found there.
    """
    status = look.get("configmaps", STATUS, "kube-system")
    found = [d for d in look.list("deployments", "kube-system") if _is_autoscaler(d)]
    if not found and unplaced:
        found = look.list("deployments", labels=f"app.kubernetes.io/name in ({','.join(_NAMES)})")
    if status is None and not found:
        raise NotApplicable("no autoscaler was seen that runs in the cluster")
    said_at, backoffs = _read(status.data.get("status", "") if status is not None else "")
    last = max([said_at, *(e.at for e in events.of(*_SAYS))]) if said_at is not None else None
    ends = [down(look, d, nodes) for d in found] if not any(has_ready(d) for d in found) else []
    return AutoscalerState(
        tuple(found),
        tuple(d for d in ends if d is not None) if all(ends) else (),
        said_at,
        last is not None and look.now - last > STALE,
        backoffs,
    )


def _is_autoscaler(deployment: Deployment) -> bool:
    name = deployment.name
    # cluster-proportional-autoscaler adds pods of the DNS
    return ("cluster" in name and "autoscaler" in name and "proportional" not in name) or name == "karpenter"


def _read(status: str) -> tuple[datetime | None, tuple[Backoff, ...]]:
    """When the autoscaler said so, and the groups in backoff, of what is kept of its status."""
    if not status:
        return None, ()
    found = json.loads(status)
    groups = [g for g in found["nodeGroups"] if g["scaleUp"] == "Backoff"]
    try:
        at = datetime.fromisoformat(found["time"])
    except ValueError:
        at = None
    if at is not None and at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return at, tuple(Backoff(g["name"], g["code"], g["message"]) for g in groups)
