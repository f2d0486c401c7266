"""Several hubs in one namespace: what of it is another hub's, as far as that can be proved.

Labels tell it of what the chart and KubeSpawner make. What is gone has left events only, without labels: those are told
by the names that the chart makes, by the claim of the same user, and by the scheduler that wrote them. What cannot be
proved to be another hub's is looked at for each of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jhubdoctor.engine.declare import fact
from jhubdoctor.engine.look import Look
from jhubdoctor.model.hub import Hub
from jhubdoctor.model.kube.events import Event
from jhubdoctor.model.kube.pods import Pod
from jhubdoctor.model.kube.storage import PersistentVolumeClaim
from jhubdoctor.model.kube.workloads import Deployment
from jhubdoctor.sources.reads import Unreadable

USER_SERVER = "singleuser-server"
# What the chart's names begin with, after the prefix of the release (templates/_helpers-names.tpl, 1.0 to 4.4).
_STEMS = (
    "hub", "proxy", "autohttps", "user-scheduler", "user-placeholder", "hook-image-puller", "hook-image-awaiter",
    "continuous-image-puller", "jupyterhub",
)  # fmt: skip


def _prefix(hub: Deployment | None) -> str:
    """What `fullnameOverride` puts before the names of a release: nothing, or `two-`."""
    return hub.name.removesuffix("hub") if hub is not None and hub.name.endswith("hub") else ""


@dataclass(frozen=True)
class Neighbours:
    """The other hubs of the namespace.

    Attributes:
        releases: the releases that they are of.
        prefixes: what their names begin with.
    """

    releases: frozenset[str] = frozenset()
    prefixes: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.releases)

    def named(self, name: str, hub: Hub) -> bool:
        """Whether a name is one that the chart makes for another hub, and not for this one."""
        own = _longest(name, {_prefix(hub.deployment)})
        return _longest(name, self.prefixes) > own

    def scheduled(self, event: Event, hub: Hub) -> bool:
        """Whether another hub's user-scheduler wrote an event."""
        of_this_hub = _schedulers({hub.release}, {_prefix(hub.deployment)})
        by = {event.reporting_component, event.source.component}
        return bool(by & (_schedulers(self.releases, self.prefixes) - of_this_hub))


def _longest(name: str, prefixes: Iterable[str]) -> int:
    stems = (f"{p}{s}" for p in prefixes for s in _STEMS)
    return max((len(s) for s in stems if name == s or name.startswith(f"{s}-")), default=0)


def _schedulers(releases: Iterable[str], prefixes: Iterable[str]) -> frozenset[str]:
    names = {f"{r}-user-scheduler" for r in releases} | {f"{p}user-scheduler" for p in prefixes if p}
    return frozenset(names)


@fact("deployments")
def neighbours(look: Look, hub: Hub) -> Neighbours:
    """The other hubs of the namespace, also those that were not asked for."""
    others = [d for d in look.list("deployments", hub.namespace) if d.component == "hub" and not hub.owns(d)]
    return Neighbours(frozenset(o.release for o in others), frozenset(map(_prefix, others)))


def _all_pods(look: Look, hub: Hub) -> list[Pod]:
    core = look.list("pods", hub.namespace, labels=f"component!={USER_SERVER}")
    return [*core, *look.list("pods", hub.namespace, labels=f"component={USER_SERVER}", survey=True)]


@fact("pods")
def stranger_pods(look: Look, hub: Hub) -> list[Pod]:
    """The pods of the namespace that are labelled as another release's: of another hub, or of anything else."""
    return [p for p in _all_pods(look, hub) if not hub.owns(p)]


@fact("pods")
def service_pods(look: Look, hub: Hub, hubs: list[Hub], neighbours: Neighbours) -> list[Pod]:
    """The pods of the namespace but for users' servers and other hubs': those of this release and of its neighbours.

    Neighbours are what BinderHub, a gateway or a database bring along. Of several hubs the first has those.
    """
    first = next((h.release for h in hubs if h.namespace == hub.namespace), hub.release) == hub.release
    return [
        p
        for p in look.list("pods", hub.namespace, labels=f"component!={USER_SERVER}")
        if p.component != USER_SERVER
        and (p.release == hub.release or (first and p.release not in neighbours.releases))
        and not (not p.release and neighbours.named(p.name, hub))
    ]


@fact("persistentvolumeclaims", optional=("pods",))
def claims(
    look: Look, hub: Hub, neighbours: Neighbours, elsewhere_claims: list[PersistentVolumeClaim] | None
) -> list[PersistentVolumeClaim]:
    """The claims of the namespace, but for another hub's; of very many those not bound, and a sample of the others.

    Of users' own namespaces those whose servers do not start.
    """
    found: list[PersistentVolumeClaim] = look.list("persistentvolumeclaims", hub.namespace, survey=True)
    foreign = foreign_claims(look, hub, neighbours, found) if neighbours else frozenset()
    return [*(c for c in found if c.name not in foreign), *(elsewhere_claims or ())]


def foreign_claims(
    look: Look, hub: Hub, neighbours: Neighbours, claims: Iterable[PersistentVolumeClaim]
) -> frozenset[str]:
    """The names of the claims that are another hub's.

    A claim that one of our pods mounts concerns us, whoever made it. A claim that carries the label of a release that
    is no hub here may be left of a former name of ours.
    """
    try:
        pods = _all_pods(look, hub)
    except Unreadable:
        pods = []
    mounted = {name for p in pods if hub.owns(p) for name in p.spec.claims}
    if hub.deployment is not None:
        mounted |= set(hub.deployment.spec.template.spec.claims)
    theirs = {name for p in pods if p.release in neighbours.releases for name in p.spec.claims}
    return frozenset(
        c.name
        for c in claims
        if c.name not in mounted
        and (c.release in neighbours.releases or (c.release != hub.release and c.name in theirs))
    )


def is_foreign(event: Event, hub: Hub, neighbours: Neighbours, pods: frozenset[str], claims: frozenset[str]) -> bool:
    """Whether an event is about something of another hub: one of these pods or claims, or what is gone."""
    kind, name = event.about
    if kind == "PersistentVolumeClaim":
        return name in claims or neighbours.named(name, hub)
    if kind == "Pod" and (name in pods or neighbours.scheduled(event, hub)):
        return True
    # a user's pod and claim are named alike (podNameTemplate and pvcNameTemplate of KubeSpawner and the chart)
    if kind == "Pod" and name.startswith("jupyter-"):
        return f"claim-{name.removeprefix('jupyter-')}" in claims
    return neighbours.named(name, hub)


def strangers(look: Look, hub: Hub, neighbours: Neighbours) -> tuple[frozenset[str], frozenset[str]]:
    """The names of other hubs' pods and claims, as far as they can be read."""
    pods: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()
    try:
        pods = frozenset(p.name for p in _all_pods(look, hub) if not hub.owns(p))
        found = look.list("persistentvolumeclaims", hub.namespace, survey=True)
        claims = foreign_claims(look, hub, neighbours, found)
    except Unreadable:
        pass
    return pods, claims
