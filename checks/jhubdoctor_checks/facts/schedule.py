"""Pods that no scheduler has placed, with what it says about each node."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from jhubdoctor.api import (
    LINE_LIMIT,
    CSINode,
    Event,
    Events,
    Hub,
    Look,
    Node,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    PodSpec,
    Query,
    ReadState,
    Ref,
    Shape,
    Unreadable,
    Values,
    clean,
    fact,
    may_run,
    selected,
    selector_matches,
    untolerated,
)
from jhubdoctor_checks.facts.image import USER_SERVER, shared, user_prefix
from jhubdoctor_checks.texts import known, most_telling
from jhubdoctor_checks.texts.autoscaler import AFTERWARDS, REFUSALS

# A pod that has been pending for less is normal.
PATIENCE = 120
# An autoscaler needs some minutes for a node; so long its work counts as under way.
SCALING = 600

# What kube-scheduler says of nodes; one row a reason, in the words of all releases from 1.19 to 1.36 (sources:
# pkg/scheduler/framework/plugins of 1.20.2 and 1.36.2, and messages seen from servers of 1.20, 1.24 and 1.36).
_SAYS: dict[str, str] = {
    # 1.20 "node(s) had taint {k: v}, that the pod didn't tolerate"; 1.24 "untolerated taint {k: v}"; 1.36 "taint(s)"
    "taint": r"(\d+) node\(s\) had (?:untolerated )?taint",
    # 1.19 "didn't match node selector"; 1.20 "... Pod's node affinity"; later "... Pod's node affinity/selector"
    "affinity": r"(\d+) node\(s\) didn't match (?:Pod's node affinity|node selector)",
    "resources": r"(\d+) Insufficient ([\w./-]+?)(?=[.,]?(?:\s|$)|,)",
    "pods": r"(\d+) Too many pods",
    # 1.20 "had volume node affinity conflict"; 1.36 "didn't match PersistentVolume's node affinity"
    "volume-zone": r"(\d+) node\(s\) (?:had volume node affinity conflict|didn't match PersistentVolume's node affinity"
    r"|had no available volume zone)",
    "volume-count": r"(\d+) node\(s\) exceed max volume count",
    "cordoned": r"(\d+) node\(s\) were unschedulable",
    "ports": r"(\d+) node\(s\) didn't have free ports",
}
_CLAIM = r"unbound immediate|persistentvolumeclaim \"|did(?:n't| not) find available persistent"
# Karpenter writes events of the same reason, in other words.
_SCHEDULER = r"\d+/\d+ nodes are available|no nodes available to schedule|persistentvolumeclaim|unbound immed"
# Words of cluster-autoscaler and Karpenter for "a node is coming".
COMING = ("TriggeredScaleUp", "Nominated")


@dataclass(frozen=True)
class Unplaced:
    """A pod without a node: one that waits, or a user's that the hub has deleted after its time ran out.

    Attributes:
        ref: a reference to it; those of users share what their fingerprint is made of.
        pod: the pod, None where it is gone.
        component: the chart's component, `singleuser-server` for a user's pod.
        spec: its spec; of a pod that is gone that of the only kind of pods that the values define, if there is but one.
        requests: what it asks for, empty where unknown.
        message: what the scheduler says, without what it says of preemption.
        source: `pod.status` or `event`.
        at: when it said so.
        nodes: the number of nodes that it counts for each reason (`taint`, `affinity`, `resources`, ...).
        short: the resources that it calls insufficient, with the number of nodes.
        claim: whether it waits for a claim.
        scaling: the autoscaler's word that a node is coming, if recent.
        refused: the autoscaler's word that it will not add one.
        volumes: the volumes with a node affinity that its claims are bound to; None where they cannot be read.
        like: pods of which the scheduler asks the same of a node have the same text here.
        kind: of those in `misfits` the class of reason: `affinity`, `taint`, `claim`, `volume-zone`, `volume-count`,
            `pods`, `resources`, `ports`; empty where it is none of these. Each pod has one.
        room: of those in `misfits` the nodes that it may run on, room aside.
    """

    ref: Ref
    pod: Pod | None
    component: str
    spec: PodSpec | None
    requests: Mapping[str, Decimal] = field(default_factory=dict)
    message: str = ""
    source: str = "event"
    at: datetime | None = None
    nodes: Mapping[str, int] = field(default_factory=dict)
    short: Mapping[str, int] = field(default_factory=dict)
    claim: bool = False
    scaling: Event | None = None
    refused: Event | None = None
    volumes: tuple[PersistentVolume, ...] | None = None
    like: str = ""
    kind: str = ""
    room: tuple[Node, ...] = ()

    @property
    def user(self) -> bool:
        """Whether it is a user's server."""
        return self.component == USER_SERVER


def read_refusal(message: str) -> tuple[str, dict[str, int], dict[str, int], bool]:
    """Of the scheduler's message: its words, nodes by reason, nodes by short resource, whether a claim is missing."""
    refusal = clean(re.split(r",? ?preemption: |no new claims to deallocate", message, maxsplit=1)[0], LINE_LIMIT)
    nodes: dict[str, int] = {}
    short: dict[str, int] = {}
    for kind, pattern in _SAYS.items():
        for found in re.finditer(pattern, refusal):
            if kind == "resources":
                short[found[2]] = short.get(found[2], 0) + int(found[1])
                nodes[kind] = max(nodes.get(kind, 0), short[found[2]])
            else:
                nodes[kind] = nodes.get(kind, 0) + int(found[1])
    return refusal, nodes, short, bool(re.search(_CLAIM, refusal))


@fact(passes_only_with=("events",))
def unplaced(
    hub: Hub,
    pods: list[Pod],
    user_pods: list[Pod],
    events: Events | None,
    nodes_are_added: bool | None,
    shapes: list[Shape] | None,
    values: Values | None,
    claims: list[PersistentVolumeClaim] | None,
    known_volumes: list[PersistentVolume] | None,
    now: datetime,
) -> list[Unplaced]:
    """Pods that the scheduler has tried to place and could not, two minutes after they were made or later.

    Users' pods that the hub has given up on count too, by what the scheduler said within the last hour; not those that
    found a node in the end. Where events cannot be read, the pods tell it by themselves, unless something adds nodes:
    that one is coming is told by events alone.
    """
    if events is None:
        if nodes_are_added is not False:
            raise Unreadable(Query("events", hub.namespace), ReadState.FORBIDDEN, "they tell whether a node is coming")
        events = Events()
    bound = _bound(claims, known_volumes)
    found = [u for p in (*pods, *user_pods) if (u := _live(p, events, now, bound))]
    alive = {u.ref.name for u in found}
    only = shapes[0] if shapes and len(shapes) == 1 else None
    return found + [u for u in _gone(hub, user_pods, events, user_prefix(values), only) if u.ref.name not in alive]


def _bound(
    claims: list[PersistentVolumeClaim] | None, volumes: list[PersistentVolume] | None
) -> dict[str, PersistentVolume] | None:
    if claims is None or volumes is None:
        return None
    tied = {v.name: v for v in volumes if v.spec.node_affinity and v.spec.node_affinity.required}
    return {c.name: tied[c.spec.volume_name] for c in claims if c.spec.volume_name in tied}


def _live(pod: Pod, events: Events, now: datetime, bound: dict[str, PersistentVolume] | None) -> Unplaced | None:
    if pod.phase != "Pending" or pod.node or pod.terminating or pod.status.nominated_node_name:
        return None
    if (now - pod.created).total_seconds() < PATIENCE:
        return None
    condition = pod.condition("PodScheduled")
    failed = [e for e in events.about("Pod", pod.name, "FailedScheduling") if _by_scheduler(e)]
    if condition is not None and condition.reason == "Unschedulable" and condition.message:
        message, source, at = condition.message, "pod.status", condition.last_transition_time
    elif failed:
        message, source, at = failed[0].message, "event", failed[0].at
    else:
        return None
    refusal, nodes, short, claim = read_refusal(message)
    refused = _refused(events, pod.name)
    coming = [e for e in events.about("Pod", pod.name, *COMING) if (now - e.at).total_seconds() < SCALING]
    volumes = None if bound is None else tuple(bound[c] for c in pod.spec.claims if c in bound)
    return Unplaced(
        ref=shared(pod.ref) if pod.component == USER_SERVER else pod.ref,
        pod=pod,
        component=pod.component,
        spec=pod.spec,
        requests=pod.spec.requests,
        message=refusal,
        source=source,
        at=at,
        nodes=nodes,
        short=short,
        claim=claim,
        scaling=coming[0] if coming and refused is None else None,
        refused=refused,
        volumes=volumes,
        like=_like(pod.spec, volumes),
    )


def _like(spec: PodSpec, volumes: tuple[PersistentVolume, ...] | None) -> str:
    names = sorted(v.name for v in volumes) if volumes is not None else None
    return repr((spec.node_selector, spec.affinity, spec.tolerations, names))


def _refused(events: Events, name: str) -> Event | None:
    answers = events.about("Pod", name, "NotTriggerScaleUp", "FailedScaleUp", "FailedScheduling", *COMING)
    # kube-scheduler's events have the same reason as Karpenter's
    answers = [e for e in answers if e.reason != "FailedScheduling" or not _by_scheduler(e)]
    if not answers or answers[0].reason in COMING:
        return None
    answers = [e for e in answers if e.reason not in COMING]
    found = most_telling(answers, _message, REFUSALS, AFTERWARDS)
    if known(REFUSALS, found.message) is None and known(AFTERWARDS, found.message):
        # the failure after which it waits is told of the pods that had asked for that node
        others = [e for e in events.of("FailedScaleUp") if e.at <= found.at]
        reasons = {known(REFUSALS, e.message) for e in others}
        return others[0] if len(reasons) == 1 and None not in reasons else found
    return found


def _message(event: Event) -> str:
    return event.message


def _by_scheduler(event: Event) -> bool:
    return re.search(_SCHEDULER, event.message) is not None


def _gone(hub: Hub, user_pods: list[Pod], events: Events, prefix: str, only: Shape | None) -> Iterator[Unplaced]:
    alive = {p.name: p for p in user_pods}
    for name, e in events.of_pods("FailedScheduling", where=_by_scheduler).items():
        pod = alive.get(name)
        if not name.startswith(prefix) or (pod is not None and (pod.node or pod.created <= e.at)):
            continue
        if any(s.at >= e.at for s in events.about("Pod", name, "Scheduled", *COMING)):
            continue
        refusal, nodes, short, claim = read_refusal(e.message)
        spec = pod.spec if pod is not None else only.spec if only is not None else None
        yield Unplaced(
            ref=shared(hub.pod_ref(name)),
            pod=None,
            component=USER_SERVER,
            spec=spec,
            requests=pod.spec.requests if pod is not None else only.requests if only is not None else {},
            message=refusal,
            at=e.at,
            nodes=nodes,
            short=short,
            claim=claim,
            refused=_refused(events, name),
            like=_like(spec, None) if spec is not None else "",
        )


@fact()
def misfits(unplaced: list[Unplaced], nodes: list[Node], shapes: list[Shape] | None) -> list[Unplaced]:
    """The pods of `unplaced`, with the scheduler's words checked against the nodes as they are now."""
    known: dict[str, tuple[bool, tuple[Node, ...], tuple[Node, ...]]] = {}
    found = []
    for given in unplaced:
        pod = given
        if pod.spec is None and (shape := _recognised(pod, shapes or [], nodes)):
            pod = replace(pod, spec=shape.spec, requests=shape.requests, like=_like(shape.spec, None))
        if pod.spec is None:
            kind = max(sorted(pod.nodes), key=lambda k, p=pod: p.nodes[k], default="")  # type: ignore[misc]
            found.append(replace(pod, kind="claim" if pod.claim else kind, room=tuple(nodes)))
            continue
        if pod.like not in known:
            chosen = [n for n in nodes if selected(pod.spec, n)]
            open_ = tuple(n for n in chosen if may_run(pod.spec, n))
            known[pod.like] = (bool(chosen), open_, tuple(n for n in open_ if _reaches(pod, n)))
        chosen_any, open_, room = known[pod.like]
        found.append(replace(pod, kind=_kind(pod, chosen_any, bool(open_), bool(room)), room=room))
    return found


def _recognised(pod: Unplaced, shapes: list[Shape], nodes: list[Node]) -> Shape | None:
    """Of the kinds of pods that the values define the one that the scheduler would refuse in these words.

    It counts a node once, for its taints before its labels; other words tell no kind from another.
    """
    if not pod.nodes.keys() <= {"taint", "affinity"}:
        return None
    fitting: dict[str, Shape] = {}
    for shape in shapes:
        tainted = [n for n in nodes if untolerated(shape.spec, n)]
        others = [n for n in nodes if n not in tainted and not selected(shape.spec, n)]
        if (len(tainted), len(others)) == (pod.nodes.get("taint", 0), pod.nodes.get("affinity", 0)):
            fitting[_like(shape.spec, None)] = shape
    return next(iter(fitting.values())) if len(fitting) == 1 else None


def _reaches(pod: Unplaced, node: Node) -> bool:
    """Whether the volumes of a pod can be used on a node."""
    wanted = [v.spec.node_affinity.required for v in pod.volumes or () if v.spec.node_affinity]
    return all(w is None or selector_matches(w, node) for w in wanted)


def _kind(pod: Unplaced, chosen: bool, open_: bool, room: bool) -> str:
    if pod.claim:
        return "claim"
    if not chosen:
        return "affinity"
    if not open_:
        return "taint"
    rest = {k: pod.nodes[k] for k in ("resources", "pods", "volume-count", "ports") if k in pod.nodes}
    if not room or (not rest and pod.volumes is None and "volume-zone" in pod.nodes):
        return "volume-zone"
    return max(rest, key=lambda k: (rest[k], k == "resources"), default="")


@fact(optional=("csinodes",))
def csi_nodes(look: Look, unplaced: list[Unplaced]) -> list[CSINode]:
    """Which CSI drivers run on each node, and how many volumes they attach; while a pod waits for a node."""
    return look.list("csinodes") if unplaced else []
