"""Facts about the namespace of a hub: one list of each kind, shared by all that ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from jhubdoctor.engine.declare import NotApplicable, fact
from jhubdoctor.engine.look import Look
from jhubdoctor.facts.cluster import Served
from jhubdoctor.facts.neighbours import USER_SERVER, Neighbours, is_foreign, strangers
from jhubdoctor.model.finding import Ref
from jhubdoctor.model.hub import Hub
from jhubdoctor.model.kube.cluster import Lease
from jhubdoctor.model.kube.events import Event
from jhubdoctor.model.kube.network import EndpointSlice, HTTPRoute, Ingress, NetworkPolicy, Service
from jhubdoctor.model.kube.nodes import Node
from jhubdoctor.model.kube.pods import Pod
from jhubdoctor.model.kube.policy import LimitRange, Namespace, PodDisruptionBudget, PriorityClass, ResourceQuota
from jhubdoctor.model.kube.rights import Role, RoleBinding
from jhubdoctor.model.kube.storage import CSIDriver, PersistentVolumeClaim, VolumeAttachment
from jhubdoctor.model.kube.workloads import DaemonSet, Deployment, Job, StatefulSet
from jhubdoctor.sources.reads import Unreadable

USER_STORAGE = "singleuser-storage"


@fact("pods")
def pods(look: Look, hub: Hub) -> list[Pod]:
    """All pods of the namespace that are no user's server and belong to this release (or to none)."""
    found = look.list("pods", hub.namespace, labels=f"component!={USER_SERVER}")
    return [p for p in found if hub.owns(p) and p.component != USER_SERVER]


@fact("pods")
def user_pods(look: Look, hub: Hub, elsewhere_pods: list[Pod] | None) -> list[Pod]:
    """The pods of users' servers; of very many those that are not well, and a sample of the others."""
    found = look.list("pods", hub.namespace, labels=f"component={USER_SERVER}", survey=True)
    return [*(p for p in found if hub.owns(p)), *(elsewhere_pods or ())]


@fact()
def hub_pods(hub: Hub, pods: list[Pod]) -> list[Pod]:
    """The pods of the hub itself, newest first."""
    return _newest(p for p in pods if _is(p, "hub", hub))


@fact()
def proxy_pods(hub: Hub, pods: list[Pod]) -> list[Pod]:
    """The pods of the proxy, newest first."""
    return _newest(p for p in pods if _is(p, "proxy", hub))


def _is(pod: Pod, component: str, hub: Hub) -> bool:
    """Whether a pod is of a component: by its label or, where a parent chart took the labels, by its Deployment."""
    if pod.component or hub.deployment is None:
        return pod.component == component
    return pod.owner == f"Deployment/{hub.deployment.name.removesuffix('hub')}{component}"


@fact()
def user_scheduler_pods(pods: list[Pod]) -> list[Pod]:
    """The pods of the user-scheduler, newest first."""
    return _newest(p for p in pods if p.component == "user-scheduler")


@fact()
def placeholder_pods(pods: list[Pod]) -> list[Pod]:
    """The pods of the user placeholders."""
    return [p for p in pods if p.component == "user-placeholder"]


def _newest(found: Iterable[Pod]) -> list[Pod]:
    return sorted(found, key=lambda p: p.created, reverse=True)


@dataclass(frozen=True)
class Events:
    """The events of the namespace, newest first.

    They live an hour by default (`--event-ttl` of the API server), so an absent event proves nothing.
    """

    items: tuple[Event, ...] = ()
    _about: dict[tuple[str, str], list[Event]] = field(default_factory=dict, compare=False, repr=False)

    def about(self, kind: str, name: str, *reasons: str) -> list[Event]:
        """Events about one object, newest first; only of these reasons where any are given."""
        if not self._about:
            for e in self.items:
                self._about.setdefault(e.about, []).append(e)
        return [e for e in self._about.get((kind, name), []) if not reasons or e.reason in reasons]

    def holding(self, pod: Pod | Ref, *reasons: str) -> list[Event]:
        """Events of these reasons that keep a pod from its images, newest first; none where it got to them since.

        A pod that is there tells that too: of one that failed very often the API server is not sent every event. Events
        of an earlier pod of its name tell of that one alone.
        """
        own = {"", pod.metadata.uid} if isinstance(pod, Pod) and pod.metadata.uid else None
        found = [e for e in self.about("Pod", pod.name, *reasons) if own is None or e.involved_object.uid in own]
        if not found:
            return []
        at = found[0].at
        further = any(e.at >= at for e in self.about("Pod", pod.name, "Pulling", "Pulled", "Created", "Started"))
        return [] if further or (isinstance(pod, Pod) and pod.started_since(at)) else found

    def of(self, *reasons: str) -> list[Event]:
        """Events of these reasons, newest first."""
        return [e for e in self.items if e.reason in reasons]

    def of_pods(self, *reasons: str, where: Callable[[Event], bool] = lambda _: True) -> dict[str, Event]:
        """The newest event of these reasons of each pod by its name, of those events for which `where` holds.

        Of a pod that is gone these are all that is left.
        """
        newest: dict[str, Event] = {}
        for e in self.of(*reasons):
            kind, name = e.about
            if kind == "Pod" and name not in newest and where(e):
                newest[name] = e
        return newest


@fact("events", optional=("pods", "persistentvolumeclaims"))
def events(look: Look, hub: Hub, neighbours: Neighbours, elsewhere_events: list[Event] | None) -> Events:
    """The events of the namespace, but for those about another hub that shares it; and of users' own namespaces."""
    found = look.list("events", hub.namespace, survey=True)
    if neighbours:
        pods, claims = strangers(look, hub, neighbours)
        found = [e for e in found if not is_foreign(e, hub, neighbours, pods, claims)]
    return Events(tuple(sorted((*found, *(elsewhere_events or ())), key=lambda e: e.at, reverse=True)))


@fact("services")
def services(look: Look, hub: Hub) -> list[Service]:
    """The Services of this release."""
    return [s for s in look.list("services", hub.namespace) if hub.owns(s)]


@fact("endpointslices")
def endpoint_slices(look: Look, hub: Hub) -> list[EndpointSlice]:
    """All EndpointSlices of the namespace."""
    return look.list("endpointslices", hub.namespace)


@fact("deployments")
def deployments(look: Look, hub: Hub) -> list[Deployment]:
    """The Deployments of this release."""
    return [d for d in look.list("deployments", hub.namespace) if hub.owns(d)]


@fact("daemonsets")
def daemon_sets(look: Look, hub: Hub) -> list[DaemonSet]:
    """The DaemonSets of this release."""
    return [d for d in look.list("daemonsets", hub.namespace) if hub.owns(d)]


@fact("statefulsets")
def stateful_sets(look: Look, hub: Hub) -> list[StatefulSet]:
    """The StatefulSets of this release."""
    return [d for d in look.list("statefulsets", hub.namespace) if hub.owns(d)]


@fact(optional=("priorityclasses",))
def priority_classes(
    look: Look, deployments: list[Deployment], stateful_sets: list[StatefulSet], user_pods: list[Pod] | None
) -> list[PriorityClass]:
    """All PriorityClasses; they are looked at where something of the hub uses one (scheduling.podPriority)."""
    specs = [
        *(d.spec.template.spec for d in deployments),
        *(s.spec.template.spec for s in stateful_sets),
        *(p.spec for p in user_pods or []),
    ]
    return look.list("priorityclasses") if any(s.priority_class_name for s in specs) else []


@fact("jobs")
def jobs(look: Look, hub: Hub) -> list[Job]:
    """The Jobs of this release."""
    return [j for j in look.list("jobs", hub.namespace) if hub.owns(j)]


@fact(optional=("csidrivers",))
def csi_drivers(look: Look, claims: list[PersistentVolumeClaim]) -> list[CSIDriver]:
    """The registered CSI drivers; they are looked at while a claim waits for its volume, and not otherwise."""
    return look.list("csidrivers") if any(c.status.phase != "Bound" for c in claims) else []


@fact(optional=("volumeattachments",))
def volume_attachments(
    look: Look, pods: list[Pod], user_pods: list[Pod], events: Events | None, nodes: list[Node] | None
) -> list[VolumeAttachment]:
    """All VolumeAttachments; they are looked at while a volume does not come or a node is away, and not otherwise."""
    calm = events is not None and nodes is not None and all(n.ready for n in nodes)
    # events are gone after an hour: a pod that has a node and does not start may wait for a volume still
    calm = calm and not any(p.phase == "Pending" and p.node for p in (*pods, *user_pods))
    if calm and events is not None and not events.of("FailedAttachVolume", "FailedMount", "FailedScheduling"):
        return []
    return look.list("volumeattachments")


@fact("ingresses")
def ingresses(look: Look, hub: Hub) -> list[Ingress]:
    """The Ingresses of the namespace."""
    return look.list("ingresses", hub.namespace)


@fact("httproutes")
def http_routes(look: Look, hub: Hub, served: Served | None) -> list[HTTPRoute]:
    """The HTTPRoutes of the namespace; none where the Gateway API is not installed."""
    if served is not None and not any(v.startswith("gateway.networking.k8s.io/") for v in served.versions):
        return []
    try:
        return look.list("httproutes", hub.namespace)
    except Unreadable as e:
        if e.not_served:
            return []
        raise


@fact("networkpolicies")
def network_policies(look: Look, hub: Hub) -> list[NetworkPolicy]:
    """The NetworkPolicies of the namespace."""
    return look.list("networkpolicies", hub.namespace)


@fact("poddisruptionbudgets")
def disruption_budgets(look: Look, hub: Hub) -> list[PodDisruptionBudget]:
    """The PodDisruptionBudgets of the namespace."""
    return look.list("poddisruptionbudgets", hub.namespace)


@fact("resourcequotas")
def resource_quotas(look: Look, hub: Hub) -> list[ResourceQuota]:
    """The ResourceQuotas of the namespace."""
    return look.list("resourcequotas", hub.namespace)


@fact("limitranges")
def limit_ranges(look: Look, hub: Hub) -> list[LimitRange]:
    """The LimitRanges of the namespace."""
    return look.list("limitranges", hub.namespace)


@fact("leases")
def leases(look: Look, hub: Hub) -> list[Lease]:
    """The Leases of the namespace."""
    return look.list("leases", hub.namespace)


@fact("roles")
def roles(look: Look, hub: Hub) -> list[Role]:
    """The Roles of the namespace."""
    return look.list("roles", hub.namespace)


@fact("rolebindings")
def role_bindings(look: Look, hub: Hub) -> list[RoleBinding]:
    """The RoleBindings of the namespace."""
    return look.list("rolebindings", hub.namespace)


@fact("namespaces")
def namespace(look: Look, hub: Hub) -> Namespace:
    """The namespace itself, for its labels."""
    found: Namespace | None = look.get("namespaces", hub.namespace)
    if found is None:
        raise NotApplicable("the namespace is gone")
    return found


@fact()
def user_scheduler(hub: Hub, deployments: list[Deployment]) -> Deployment:
    """The Deployment of the user-scheduler. Not applicable where the hub has none: that is a choice, not a fault."""
    for d in deployments:
        if d.component == "user-scheduler":
            return d
    raise NotApplicable(f"{hub.label} has no user-scheduler (scheduling.userScheduler.enabled is off)")
