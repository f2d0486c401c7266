"""Agents of nodes that pods of a hub live on: which of them do not run where the hub's and users' pods are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from jhubdoctor.api import (
    DaemonSet,
    Event,
    Events,
    Evidence,
    Hub,
    Look,
    Node,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    Ref,
    Spawns,
    Taint,
    excerpt,
    fact,
    selected,
    transient,
    untolerated,
)
from jhubdoctor_checks.data.agents import brings, role_of
from jhubdoctor_checks.facts.hub_nodes import HubNodes, leaving
from jhubdoctor_checks.facts.workloads import PATIENCE, belongs, pods_of, trouble_of

MOST = 6
"""So many DaemonSets are looked into: of a cluster on which more are ill the first tell enough."""
STARTING = timedelta(minutes=2)
RECENT = timedelta(hours=1)
# A new node gets its agents one after the other.
JOINING = timedelta(minutes=10)
_UNREGISTERED = re.compile(r"driver name (\S+) not found in the list of registered CSI drivers")
_NO_NETWORK = re.compile(r"(?i)network(?:Plugin)? ?(?:is )?not ?ready|\bcni\b")
_PLACED = re.compile(r"Successfully assigned \S+ to (\S+)")


@dataclass(frozen=True)
class IdleAgent:
    """An agent that does not run on a node where pods of this hub are, or were refused.

    Attributes:
        daemon_set: the agent's DaemonSet.
        role: what the node has from it.
        node: the node.
        word: why it does not run, a part of fingerprints.
        says: that as the rest of a sentence.
        evidence: what shows it.
        pod: its pod there, None where there is none.
        here: the pods of this hub on the node.
        ailing: of those, and of users' pods that are gone, the ones that did not start or are not ready there.
    """

    daemon_set: DaemonSet
    role: str
    node: Node
    word: str
    says: str
    evidence: tuple[Evidence, ...]
    pod: Pod | None
    here: tuple[Pod, ...]
    ailing: tuple[Ref, ...]


@dataclass(frozen=True)
class _Place:
    """A node, what of this hub is there, and what the kubelet says of refusals."""

    node: Node
    here: tuple[Pod, ...]
    ailing: tuple[Ref, ...]
    refused: tuple[Event, ...]


@fact(optional=("pods",), passes_only_with=("events", "spawns", "known_claims", "known_volumes"))
def idle_agents(
    look: Look,
    hub: Hub,
    hub_nodes: HubNodes,
    all_daemon_sets: list[DaemonSet],
    events: Events | None,
    spawns: Spawns | None,
    known_claims: list[PersistentVolumeClaim] | None,
    known_volumes: list[PersistentVolume] | None,
) -> list[IdleAgent]:
    """The agents that do not run on nodes of this hub, as far as the hub needs them there."""
    places = _places(hub, hub_nodes, events, spawns, look.now)
    drivers = _drivers(known_claims or [], known_volumes or [], (e for p in places for e in p.refused))
    agents = [(d, role) for d in all_daemon_sets if (role := role_of(d)) and _needed(d, role, drivers)]
    ill = [(d, role) for d, role in agents if d.status.number_ready < d.status.desired_number_scheduled]
    kept = [(d, role) for d, role in agents if (d, role) not in ill and any(_kept_away(d, p, role) for p in places)]
    found: list[IdleAgent] = []
    for d, role in sorted((*ill, *kept), key=lambda a: (a[1], a[0].namespace, a[0].name))[:MOST]:
        others = [o for o, r in agents if r == role and o is not d and role != "volumes"]
        found += _idle(look, d, role, places, others)
    return found


def _places(hub: Hub, hub_nodes: HubNodes, events: Events | None, spawns: Spawns | None, now: datetime) -> list[_Place]:
    """The nodes where pods of this hub are or were refused, and those for users that have no network."""
    refused = _refused(events, now)
    gone = _gone(hub, hub_nodes, events, spawns, refused, now)
    found = []
    for node in hub_nodes.all:
        here = hub_nodes.pods.get(node.name, ())
        ailing = (*(p.ref for p in here if _ails(p, now)), *gone.get(node.name, ()))
        unready = [c for c in node.status.conditions if c.type == "Ready" and c.status != "True"]
        offline = bool(unready) and _NO_NETWORK.search(unready[0].message) is not None
        if leaving(node) or node.virtual or (unready and not offline):
            # of a node that is away all agents are: that is told of the node; a virtual one has none
            continue
        if here or ailing or (offline and node.name in hub_nodes.for_users):
            found.append(_Place(node, here, ailing, tuple(refused.get(node.name, ()))))
    return found


def _refused(events: Events | None, now: datetime) -> dict[str, list[Event]]:
    """The last hour's refusals of each node's kubelet: networks and volumes that it could not set up."""
    found: dict[str, list[Event]] = {}
    for e in events.of("FailedCreatePodSandBox", "NetworkNotReady", "FailedMount") if events is not None else ():
        if e.source.host and now - e.at < RECENT:
            found.setdefault(e.source.host, []).append(e)
    return found


def _gone(
    hub: Hub,
    hub_nodes: HubNodes,
    events: Events | None,
    spawns: Spawns | None,
    refused: Mapping[str, list[Event]],
    now: datetime,
) -> dict[str, tuple[Ref, ...]]:
    """Of each node the users' pods that did not come up there and are no more."""
    if events is None or spawns is None:
        return {}
    alive = {p.name for pods in hub_nodes.pods.values() for p in pods}
    failed = {s.pod for s in spawns.unresolved(now, hours=1) if s.pod and s.pod not in alive}
    found = {node: {e.about[1] for e in told if e.about[0] == "Pod"} & failed for node, told in refused.items()}
    for name in failed:
        placed = (e.source.host or _placed(e) for e in events.about("Pod", name))
        if node := next(filter(None, placed), ""):
            found.setdefault(node, set()).add(name)
    return {node: tuple(hub.pod_ref(n) for n in sorted(names)) for node, names in found.items() if names}


def _placed(event: Event) -> str:
    """The node on which a scheduler says that it has placed a pod."""
    m = _PLACED.search(event.message) if event.reason == "Scheduled" else None
    return m[1] if m else ""


def _ails(pod: Pod, now: datetime) -> bool:
    since = pod.unready_since
    return not pod.ready and not pod.terminating and now - since >= STARTING


def _drivers(
    claims: list[PersistentVolumeClaim], volumes: list[PersistentVolume], refusals: Iterable[Event]
) -> frozenset[str]:
    """The CSI drivers of the hub's and users' volumes, and those that a kubelet missed."""
    mine = {c.spec.volume_name for c in claims}
    used = {v.spec.csi.driver for v in volumes if v.name in mine and v.spec.csi}
    return frozenset(used | {m[1] for e in refusals if (m := _UNREGISTERED.search(e.message))})


def _needed(daemon_set: DaemonSet, role: str, drivers: frozenset[str]) -> bool:
    return role != "volumes" or any(brings(daemon_set, d) for d in drivers)


def _kept_away(daemon_set: DaemonSet, place: _Place, role: str) -> list[Taint]:
    """The taints that keep an agent from a node on which somebody was refused for want of it."""
    spec = daemon_set.spec.template.spec
    if not place.ailing or role == "names" or not selected(spec, place.node):
        return []
    wanted = {"network": ("FailedCreatePodSandBox", "NetworkNotReady"), "volumes": ("FailedMount",)}.get(role)
    told = [e for e in place.refused if wanted and e.reason in wanted]
    if role == "volumes":
        told = [e for e in told if (m := _UNREGISTERED.search(e.message)) and brings(daemon_set, m[1])]
    if wanted and not told:
        return []
    return [t for t in untolerated(spec, place.node) if not transient(t)]


def _idle(
    look: Look, daemon_set: DaemonSet, role: str, places: list[_Place], others: list[DaemonSet]
) -> Iterator[IdleAgent]:
    """The nodes on which an agent does not run."""
    there: dict[str, list[Pod]] = {}
    before = len(look.sampled)
    for pod in pods_of(look, daemon_set):
        there.setdefault(pod.node or _meant_for(pod), []).append(pod)
    sampled = len(look.sampled) > before
    for place in places:
        name = place.node.name
        pods = there.get(name) or (pods_of(look, daemon_set, node=name) if sampled and place.ailing else [])
        found = _unready(look, pods) if pods else _absent(look, daemon_set, role, place, others, sampled=sampled)
        if found is None:
            continue
        word, says, shown = found
        told = (Evidence("event", f"{e.reason}: {excerpt(e.message)}", e.at) for e in place.refused[:1])
        yield IdleAgent(
            daemon_set,
            role,
            place.node,
            word,
            says,
            (shown, *told),
            pods[0] if pods else None,
            place.here,
            place.ailing,
        )


def _unready(look: Look, pods: list[Pod]) -> tuple[str, str, Evidence] | None:
    """Why none of an agent's pods on a node is ready; None where one is, or may be any moment."""
    why = trouble_of(pods[0], (), look.now)
    if any(p.ready for p in pods) or (look.now - why.since < PATIENCE and why.word != "crashes"):
        return None
    return why.word, f"its pod there {why.says}", why.evidence


def _absent(
    look: Look, daemon_set: DaemonSet, role: str, place: _Place, others: list[DaemonSet], *, sampled: bool
) -> tuple[str, str, Evidence] | None:
    """Why an agent has no pod on a node; None where it has no business there, or where that cannot be told."""
    if any(belongs(o, place.node) for o in others):
        return None
    if taints := _kept_away(daemon_set, place, role):
        says = f"it has no pod there, for it does not tolerate the node's taint {taints[0]}"
        return "tainted", says, Evidence("node", f"{place.node.name}: taint {taints[0]}")
    young = min(look.now - place.node.created, look.now - daemon_set.created) < JOINING
    whole = daemon_set.status.current_number_scheduled >= daemon_set.status.desired_number_scheduled
    if sampled or young or whole or not belongs(daemon_set, place.node):
        return None
    return "missing", "it has no pod there", Evidence("daemonset", _counts(daemon_set))


def _meant_for(pod: Pod) -> str:
    """The node for which a DaemonSet made a pod that no scheduler has placed yet (its affinity names it)."""
    affinity = pod.spec.affinity.node_affinity if pod.spec.affinity else None
    terms = affinity.required.node_selector_terms if affinity and affinity.required else []
    return next((v for t in terms for r in t.match_fields if r.key == "metadata.name" for v in r.values), "")


def _counts(daemon_set: DaemonSet) -> str:
    status = daemon_set.status
    return (
        f"{daemon_set.namespace}/{daemon_set.name}: {status.desired_number_scheduled} wanted,"
        f" {status.current_number_scheduled} there, {status.number_ready} ready"
    )
