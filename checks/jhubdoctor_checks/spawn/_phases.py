"""Where a spawn stood when its time was up: told from the pod's events, the pod, its claims, and the hub's log.

The hub waits for a pod to run and never looks why it does not, so its own message is the same for all causes.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jhubdoctor.api import (
    LINE_LIMIT,
    Event,
    Events,
    Evidence,
    PersistentVolumeClaim,
    Pod,
    Spawn,
    clean,
    excerpt,
)
from jhubdoctor_checks.facts.image import PULL_REASONS
from jhubdoctor_checks.texts import Known, known, most_telling
from jhubdoctor_checks.texts.kubelet import CANNOT_START, MOUNTS, SANDBOXES
from jhubdoctor_checks.texts.registry import PULLS

# The hub's clock and the cluster's may differ, and a pod is there a moment after the hub asked for it.
BEFORE = timedelta(seconds=60)
AFTER = timedelta(seconds=30)
# KubeSpawner's own timer runs for 0.9 to 1.0 of the limit.
EARLY = 0.85
NO_TRACE = "no-trace"
"""The cause of a start of which nothing is left but that it failed."""
NEXT_VOLUME = "next-volume"
"""Its key where the user's next pod met a volume that is not there: the likely cause, and no proof."""


@dataclass(frozen=True)
class Phase:
    """What a spawn was waiting for when its time was up.

    Attributes:
        word: the cause, stable.
        says: the rest of a sentence that begins "... did not start in time:".
        key: what tells spawns of one cause apart (an image, a message).
        evidence: what shows it.
        took: seconds that this phase took in the end, where that is known.
    """

    word: str
    says: str
    key: str = ""
    evidence: tuple[Evidence, ...] = ()
    took: float | None = None


@dataclass(frozen=True)
class Trace:
    """What is known of one spawn's pod.

    Attributes:
        spawn: the failure.
        start: when the spawn began, at the latest.
        end: when the hub gave up.
        events: of the pod of this spawn, newest first; none of an earlier or a later attempt's.
        readable: whether events could be read, and are kept long enough to tell of this spawn.
        pod: the pod of that name that is there now.
        claims: its claims.
        claim_events: what was said of them, newest first.
        since: what was said of a pod of that name after the hub gave up, newest first.
    """

    spawn: Spawn
    start: datetime
    end: datetime
    events: tuple[Event, ...] = ()
    readable: bool = False
    pod: Pod | None = None
    claims: tuple[PersistentVolumeClaim, ...] = ()
    claim_events: tuple[Event, ...] = field(default=())
    since: tuple[Event, ...] = ()

    def of(self, *reasons: str) -> list[Event]:
        """Events of these reasons, newest first."""
        return [e for e in self.events if e.reason in reasons]

    @property
    def own_pod(self) -> bool:
        """Whether the pod that is there is the one of this spawn."""
        return self.pod is not None and self.start - BEFORE <= self.pod.created <= self.end + AFTER


def trace(
    spawn: Spawn,
    now: datetime,
    pods: Mapping[str, Pod],
    events: Events | None,
    claims: Mapping[str, PersistentVolumeClaim],
) -> Trace:
    """All that is known of one failed spawn."""
    end = spawn.at or now
    start = min(spawn.started or end, end - timedelta(seconds=spawn.limit or 0))
    pod = pods.get(spawn.pod)
    found = events.about("Pod", spawn.pod) if events and spawn.pod else []
    names = pod.spec.claims if pod else [n for n, c in claims.items() if _owner(c) == spawn.user]
    own = tuple(claims[n] for n in names if n in claims)
    about_claims = [e for n in names for e in (events.about("PersistentVolumeClaim", n) if events else [])]
    return Trace(
        spawn,
        start,
        end,
        tuple(_of_spawn(found, start, end)),
        readable=events is not None and any(e.began <= start for e in events.items),
        pod=pod,
        claims=own,
        claim_events=tuple(sorted(about_claims, key=lambda e: e.at, reverse=True)),
        since=tuple(e for e in found if e.began > end + AFTER),
    )


def _owner(claim: PersistentVolumeClaim) -> str:
    return claim.annotations.get("hub.jupyter.org/username") or claim.labels.get("hub.jupyter.org/username", "")


def _of_spawn(found: list[Event], start: datetime, end: datetime) -> list[Event]:
    """The events of the pod of that time: each attempt is a pod of its own uid."""
    by_uid: dict[str, list[Event]] = {}
    for e in found:
        by_uid.setdefault(e.involved_object.uid, []).append(e)

    def inside(e: Event) -> bool:
        return e.began <= end + AFTER and e.at >= start - BEFORE

    best = max(by_uid.values(), key=lambda g: (sum(map(inside, g)), max(e.at for e in g)), default=[])
    return [e for e in best if inside(e)]


# --- what the scheduler says -----------------------------------------------------------------------------------------

# Fragments of FailedScheduling and of the condition PodScheduled, from pkg/scheduler of Kubernetes 1.20 to 1.36.
_UNBOUND = r"unbound immediate PersistentVolumeClaims|persistentvolumeclaim \"[^\"]+\" (?:not found|is being)"
_REASONS = r"(?i)nodes are available: (?P<reasons>.*?)(?:\.? ?no new claims| preemption:|$)"


def reasons_of(message: str) -> str:
    """The reasons in a message of the scheduler: `3 Insufficient memory, 1 node(s) had untolerated taint {a: b}`."""
    found = re.search(_REASONS, message)
    return clean((found["reasons"] if found else message).strip(" ."), LINE_LIMIT)


def _without_counts(reasons: str) -> str:
    return ", ".join(sorted({re.sub(r"^\d+ ", "", r.strip()) for r in reasons.split(",")}))


def _unscheduled(t: Trace) -> Phase:
    refused = t.of("FailedScheduling")
    condition = t.pod.condition("PodScheduled") if t.pod else None
    scaled = t.of("TriggeredScaleUp")
    if scaled:
        says = "the autoscaler was still adding a node"
        return Phase("scaling-up", says, evidence=_shown(scaled[:1] + refused[:1]))
    if refused or (condition and condition.status == "False" and condition.message):
        message = refused[0].message if refused else (condition.message if condition else "")
        shown = _shown(refused[:1] + t.of("NotTriggerScaleUp")[:1])
        if not refused and condition:
            shown += (
                Evidence("pod.status", f"PodScheduled: {excerpt(reasons_of(message))}", condition.last_transition_time),
            )
        if re.search(_UNBOUND, message):
            return _bound_since(t, shown) if refused and not t.own_pod else _unbound(t, shown)
        reasons = reasons_of(message)
        return Phase("no-node", f"no node would take the pod ({excerpt(reasons)})", _without_counts(reasons), shown)
    if t.pod is not None and not t.pod.node and not t.pod.finished:
        scheduler = t.pod.spec.scheduler_name or "default-scheduler"
        gates = ", ".join(g.name for g in t.pod.spec.scheduling_gates)
        if gates:
            shown = (Evidence("pod.spec", f"schedulingGates: {gates}"),)
            return Phase("gated", f"a scheduling gate held the pod back ({gates})", gates, shown)
        shown = (
            Evidence("pod.status", "no node, and no condition PodScheduled"),
            Evidence("pod.spec", f"schedulerName: {scheduler}"),
        )
        return Phase("nobody-schedules", f"the scheduler {scheduler} did not even look at the pod", scheduler, shown)
    if not t.spawn.pod:
        # KubeSpawner since 0.15 (chart 0.11) logs that it asks for a pod
        return Phase("not-asked", "the log does not show that the hub came to ask for a pod", evidence=())
    if t.readable:
        says = "the pod left no event at all, so no scheduler looked at it"
        return Phase("nobody-schedules", says, evidence=(Evidence("event", f"none about Pod {t.spawn.pod}"),))
    says = "why can no longer be seen (events live an hour, and the hub deletes the pod)"
    return Phase(NO_TRACE, says)


def _bound_since(t: Trace, shown: tuple[Evidence, ...]) -> Phase:
    """The scheduler first waited for the volume of a pod that is gone.

    Later refusals are counted on the event of the first, whose text stays (client-go, tools/events: the key of a series
    is without its note), so that of a pod that is gone this text says nothing of the end.
    """
    if not t.claims or any(c.status.phase != "Bound" for c in t.claims):
        return _unbound(t, shown)
    names = ", ".join(c.name for c in t.claims)
    says = f"no node would take the pod; it first waited for its volume, and {names} is bound by now"
    return Phase("no-node", says, "after the volume", (*shown, Evidence("claim", f"{names}: Bound")))


def _unbound(t: Trace, shown: tuple[Evidence, ...]) -> Phase:
    names = ", ".join(c.name for c in t.claims if c.status.phase != "Bound") or "the claim"
    why = [e for e in t.claim_events if e.reason in {"ProvisioningFailed", "FailedBinding", "ExternalProvisioning"}]
    more = tuple(Evidence("event", f"{e.reason}: {excerpt(e.message)}", e.at) for e in why[:1])
    key = _plain(why[0].message) if why else ""
    return Phase("volume-pending", f"the volume was not there ({names} is not bound)", key, shown + more)


# --- what the kubelet says -------------------------------------------------------------------------------------------

# Reasons of events, from pkg/kubelet/events and pkg/controller/volume (1.20 to 1.36); the texts differ, these do not.
_VOLUME = ("FailedAttachVolume", "FailedMount", "FailedMapVolume", "FailedAttach")
_SANDBOX = ("FailedCreatePodSandBox", "NetworkNotReady", "FailedPodSandBoxStatus")
_GONE = ("Evicted", "Preempted", "TaintManagerEviction", "NodeNotReady", "NodeShutdown", "Preempting")
# Only a pod that has a node gets these; the scheduler's own event may be lost, as it is sent apart from the others.
_ON_A_NODE = (*_VOLUME, *_SANDBOX, "Pulling", "Pulled", "Created", "Started", "BackOff", "Failed")
# Fragments of events that are about an image (kubelet/images, container runtimes).
_IMAGE_TEXT = r"(?i)pull(?:ing)? image|ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull"
_IMAGE = r'image "([^"]+)"'
# The kubelet's event BackOff names the container since 1.25.
_RESTARTING = r"failed container[ =]([\w.-]+)"


def _plain(message: str) -> str:
    """A message without what differs from pod to pod: names in quotes, ids, numbers."""
    return re.sub(r'"[^"]*"|[0-9a-f]{8,}[0-9a-f-]*|\d+', "", message)[-120:]


def _started_phase(t: Trace) -> Phase:
    """It has a node: which of the kubelet's steps did not come to an end."""
    for find in (_ended, _crashed, _image, _volume, _sandbox, _config, _init, _pulling):
        if phase := find(t):
            return phase
    running = t.of("Started")
    if t.pod and t.pod.ready and not t.spawn.deleted and t.pod.created <= t.end + AFTER:
        shown = (Evidence("pod.status", "Ready: True"),)
        return Phase("not-noticed", "the pod runs, but the hub has not noticed", evidence=shown)
    if [e for e in running if e.container in {"notebook", ""}]:
        says = "the container had started, but not every container of the pod was ready"
        return Phase("not-ready", says, evidence=_shown(t.of("Unhealthy")[:1] + running[:1]))
    if not t.events and not t.readable:
        return Phase(
            "no-trace", "the pod had a node; what it waited for there only its events tell, and they are not there"
        )
    if since := [e for e in t.since if e.reason in _VOLUME]:
        # no node is silent that tells of the next pod: what the two waited for is likely one, and not proven
        says = "what its pod waited for is not told; the next one's volume could not be attached or mounted"
        return Phase(NO_TRACE, says, NEXT_VOLUME, _shown([most_telling(since, lambda e: e.message, MOUNTS)]))
    placed = t.of("Scheduled")
    return Phase("node-silent", "the pod had a node, which did nothing with it", evidence=_shown(placed[:1]))


def _ended(t: Trace) -> Phase | None:
    p = t.pod
    if p is not None and p.phase == "Failed" and p.status.reason:
        shown = (Evidence("pod.status", f"{p.status.reason}: {excerpt(p.status.message)}"),)
        return Phase("evicted", f"the pod ended with {p.status.reason}", p.status.reason, shown)
    gone = t.of(*_GONE)
    if gone:
        return Phase("evicted", f"the pod was removed ({gone[0].reason})", gone[0].reason, _shown(gone[:1]))
    return None


def _crashed(t: Trace) -> Phase | None:
    for s in t.pod.status.container_statuses if t.pod else []:
        end = s.last_state.terminated or s.state.terminated
        if end and end.reason == "OOMKilled":
            shown = (Evidence("pod.status", f"container {s.name}: OOMKilled", end.finished_at),)
            return Phase("oom", f"container {s.name} was stopped for using more memory than its limit", s.name, shown)
        if end and (end.exit_code or s.waits == "CrashLoopBackOff"):
            shown = (Evidence("pod.status", f"container {s.name}: exit code {end.exit_code}", end.finished_at),)
            return Phase("crash", f"container {s.name} ended with exit code {end.exit_code}", s.name, shown)
    init = {c.name for c in t.pod.spec.init_containers} if t.pod else {"block-cloud-metadata"}
    back = [e for e in t.of("BackOff") if not re.search(_IMAGE_TEXT, e.message)]
    for e in back:
        named = m[1] if (m := re.search(_RESTARTING, e.message)) else ""
        name = e.container or named or "notebook"
        if "initContainers" in e.involved_object.field_path or name in init:
            return _init_phase(name, _shown([e]))
        return Phase("crash", f"container {name} ended again and again", name, _shown([e]))
    hook = t.of("FailedPostStartHook")
    if hook:
        return Phase("crash", "the postStart hook failed", "postStart", _shown(hook[:1]))
    return None


def _image(t: Trace) -> Phase | None:
    for s in t.pod.statuses() if t.pod else []:
        if s.waits in PULL_REASONS and s.state.waiting:
            text = excerpt(s.state.waiting.message)
            shown = (Evidence("pod.status", f"container {s.name}: {s.waits}" + (f": {text}" if text else "")),)
            return Phase("pull-failed", f"the image {s.image} could not be pulled", s.image, shown)
    bad = [
        e for e in t.of("Failed", "BackOff", "InspectFailed", "ErrImageNeverPull") if re.search(_IMAGE_TEXT, e.message)
    ]
    pulled = t.of("Pulled")
    if bad and not (pulled and pulled[0].at > bad[0].at):
        # the one that says why, before those that only say that it failed
        why = most_telling(bad, lambda e: e.message, PULLS)
        why = why if known(PULLS, why.message) else next((e for e in bad if "Failed to pull" in e.message), bad[0])
        image = next((m[1] for e in bad if (m := re.search(_IMAGE, e.message))), "")
        return Phase("pull-failed", f"the image {image} could not be pulled", image, _shown([why]))
    return None


def _volume(t: Trace) -> Phase | None:
    return _stuck(t, _VOLUME, MOUNTS, "volume-mount", "a volume could not be attached or mounted")


def _sandbox(t: Trace) -> Phase | None:
    return _stuck(t, _SANDBOX, SANDBOXES, "sandbox", "the node could not set up the pod's sandbox")


def _stuck(t: Trace, reasons: Iterable[str], table: Iterable[Known[None]], word: str, says: str) -> Phase | None:
    """What the kubelet could not do before it comes to the images."""
    bad = t.of(*reasons)
    after = t.of("Pulling", "Pulled", "Created", "Started")
    if not bad or (after and max(e.at for e in after) >= bad[0].at):
        return None
    why = most_telling(bad, lambda e: e.message, table)
    return Phase(word, says, _plain(why.message), _shown([why]))


def _config(t: Trace) -> Phase | None:
    for s in t.pod.statuses() if t.pod else []:
        if s.waits in CANNOT_START and s.state.waiting:
            shown = (Evidence("pod.status", f"container {s.name}: {s.waits}: {excerpt(s.state.waiting.message)}"),)
            return Phase("container-config", f"container {s.name} cannot be started ({s.waits})", s.name, shown)
    bad = [e for e in t.of("Failed") if e.message.startswith("Error: ")]
    if bad:
        return Phase("container-config", "a container cannot be started", _plain(bad[0].message), _shown(bad[:1]))
    return None


def _init_phase(name: str, shown: tuple[Evidence, ...]) -> Phase:
    return Phase("init-failed", f"the init container {name} did not end well", name, shown)


def _init(t: Trace) -> Phase | None:
    for s in t.pod.status.init_container_statuses if t.pod else []:
        end = s.state.terminated or s.last_state.terminated
        if end and end.exit_code:
            shown = (Evidence("pod.status", f"init container {s.name}: exit code {end.exit_code}", end.finished_at),)
            return _init_phase(s.name, shown)
        if s.state.running and t.own_pod:
            shown = (Evidence("pod.status", f"init container {s.name} still runs", s.state.running.started_at),)
            return Phase("init", f"the init container {s.name} had not ended", s.name, shown)
    return None


def _pulling(t: Trace) -> Phase | None:
    """A pull that had not ended when the time was up; where it ended later, how long it took."""
    pulls = t.of("Pulling")
    for e in pulls:
        image = m[1] if (m := re.search(_IMAGE, e.message)) else ""
        done = [p for p in t.events if p.reason == "Pulled" and image in p.message and p.at >= e.began]
        took = None
        if done:
            # the kubelet's own figure leaves out the time in the queue, so the time between the events is what counts
            took = (done[-1].at - e.began).total_seconds()
            if done[-1].at <= t.end:
                continue
        says = f"the image {image} was still being pulled" if image else "the image was still being pulled"
        return Phase("pulling", says, image, _shown([e]), took)
    return None


def _shown(events: Iterable[Event]) -> tuple[Evidence, ...]:
    return tuple(Evidence("event", f"{e.reason}: {excerpt(e.message)}", e.at) for e in events)


# --- the hub and the API server --------------------------------------------------------------------------------------

_COULD_NOT = r"(?i)Could not create (?P<what>pod|PVC)"
_NOT_GONE = r"did not disappear|Could not delete pod"


def phase_of(t: Trace, looked: Container[str] = ()) -> Phase:
    """What the spawn was waiting for; `looked` are the namespaces whose events and pods were read."""
    s = t.spawn
    log = Evidence("hub log", excerpt(f"{s.user}: {s.error}" if s.error else s.user), s.at)
    if s.in_the_way or re.search(_NOT_GONE, s.error):
        says = "the former pod was still there and did not go away"
        return Phase("former-pod", says, evidence=(Evidence("hub log", f"Found existing pod {s.pod}", s.started),))
    if m := re.search(_COULD_NOT, s.error):
        what = "claim" if m["what"] == "PVC" else "pod"
        says = f"the API server did not answer in time when the hub asked for the {what}"
        return Phase("api-slow", says, evidence=(log,))
    took = s.took
    if took is not None and s.limit and took < s.limit * EARLY and s.tries > 1:
        says = f"the API server did not answer when the hub asked for the pod ({s.tries} times in {took:.0f} seconds)"
        return Phase("api-slow", says, "tries", (log,))
    if s.namespace and looked and s.namespace not in looked:
        # KubeSpawner's enable_user_namespaces: that nothing is seen here proves nothing
        return Phase("elsewhere", f"its pod was in the namespace {s.namespace}, which is not looked into", s.namespace)
    if t.of("Scheduled", *_ON_A_NODE) or (t.pod is not None and t.pod.node and (t.own_pod or not t.events)):
        return _slowest(t, _started_phase(t))
    return _unscheduled(t)


def _slowest(t: Trace, stuck: Phase) -> Phase:
    """The step it stood in, unless it had only just come to it because an earlier one ate the time."""
    placed = t.of("Scheduled")
    if stuck.word not in {"pulling", "node-silent", "init", "not-ready"} or not placed:
        return stuck
    waited = (min(e.began for e in placed) - t.start).total_seconds()
    whole = (t.end - t.start).total_seconds()
    if whole <= 0 or waited < whole * 0.6:
        return stuck
    scaled = t.of("TriggeredScaleUp")
    says = f"the pod waited {waited:.0f} of {whole:.0f} seconds for a node"
    shown = _shown([*scaled[:1], *t.of("FailedScheduling")[:1], placed[-1]])
    return Phase("scaling-up" if scaled else "late-node", says, evidence=shown, took=waited)
