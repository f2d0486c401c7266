"""How long each step of a spawn took, by its pod, events and the hub's log; which were slow, what shortens them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from jhubdoctor.api import Event, Events, Fix, Hub, Pod, Spawns, Values, count, pod_of
from jhubdoctor_checks.facts.failures import unresolved
from jhubdoctor_checks.spawn._phases import phase_of, trace
from jhubdoctor_checks.spawn._remedies import enough, more_time

STEPS = ("node", "volumes and network", "init containers", "image", "start", "answer")
"""The steps, in order: until it had a node, until its first container, and so on until it answered."""
# A start that takes this share of the limit is one bad day away from failing.
SLOW = 0.6
_DAY = timedelta(days=1)
# Of the others no setting of time or of pulling makes an end.
_A_MATTER_OF_TIME = {"pulling", "scaling-up", "late-node", "init", "not-ready"}
_DEFAULT_HTTP = 30
WORDS = {
    "node": "went by until there was a node for the pod",
    "volumes and network": "went by for volumes and the pod's network",
    "init containers": "was spent in init containers",
    "image": "was spent pulling the image",
    "start": "went by until the container had started",
    "answer": "went by until the server answered",
}


@dataclass(frozen=True)
class Timeline:
    """One spawn.

    Attributes:
        user: whose.
        pod: its pod's name.
        steps: seconds by step; only those of which the end is known, and the open one.
        open: the step that had not ended when the hub gave up, empty where it answered in the end.
        total: seconds in all.
    """

    user: str
    pod: str
    steps: Mapping[str, float]
    open: str
    total: float

    @property
    def longest(self) -> str:
        """The step that took longest."""
        return max(self.steps, key=lambda s: self.steps[s], default="")

    def __str__(self) -> str:
        parts = [f"{step} {s:.0f} s{' and not done' if step == self.open else ''}" for step, s in self.steps.items()]
        return f"{self.user}: {', '.join(parts)}; {self.total:.0f} s in all"


def timeline(
    user: str, pod_name: str, start: datetime, end: datetime, pod: Pod | None, events: Events | None, *, done: bool
) -> Timeline:
    """The steps of a spawn between these moments."""
    about = events.about("Pod", pod_name) if events else []
    own = [e for e in about if start.timestamp() - 60 <= e.began.timestamp() <= end.timestamp() + 30]
    marks = _marks(own, pod if pod is not None and pod.name == pod_name else None, start, end)
    if done:
        marks["answer"] = end
    steps: dict[str, float] = {}
    at = start
    for step in STEPS:
        if step not in marks:
            continue
        reached = min(max(marks[step], at), end)
        steps[step] = (reached - at).total_seconds()
        at = reached
    following = _following(marks)
    still = ""
    if not done and following and (end - at).total_seconds() > 0:
        still = following
        steps[still] = (end - at).total_seconds()
    return Timeline(
        user, pod_name, {k: v for k, v in steps.items() if v >= 1 or k == still}, still, (end - start).total_seconds()
    )


def _marks(events: list[Event], pod: Pod | None, start: datetime, end: datetime) -> dict[str, datetime]:
    """When each step ended."""
    marks: dict[str, datetime] = {}
    if pod is not None and start.timestamp() - 60 <= pod.created.timestamp() <= end.timestamp() + 30:
        placed = pod.condition("PodScheduled")
        if placed and placed.status == "True" and placed.last_transition_time:
            marks["node"] = placed.last_transition_time
        inits = [s.state.terminated for s in pod.status.init_container_statuses if s.state.terminated]
        if inits and all(t.finished_at for t in inits) and len(inits) == len(pod.status.init_container_statuses):
            first = min(t.started_at or end for t in inits)
            marks["volumes and network"] = first
            marks["init containers"] = max(t.finished_at or start for t in inits)
        runs = [s.state.running.started_at for s in pod.status.container_statuses if s.state.running]
        if runs and all(runs):
            marks["start"] = max(r for r in runs if r)
    for reason, step, of in (("Scheduled", "node", min), ("Pulled", "image", max), ("Started", "start", max)):
        main = [e.began for e in events if e.reason == reason and "initContainers" not in e.involved_object.field_path]
        if main and step not in marks:
            marks[step] = of(main)
    before = [e.began for e in events if e.reason in {"Pulling", "Pulled", "Created"}]
    if before and "volumes and network" not in marks:
        marks["volumes and network"] = min(before)
    ended = [
        e.began
        for e in events
        if e.reason in {"Pulling", "Pulled"} and "initContainers" not in e.involved_object.field_path
    ]
    inits_seen = [e for e in events if "initContainers" in e.involved_object.field_path]
    if ended and inits_seen and "init containers" not in marks:
        marks["init containers"] = min(ended)
    return marks


def _following(marks: Mapping[str, datetime]) -> str:
    """The step after the last that is known to have ended."""
    reached = [i for i, step in enumerate(STEPS) if step in marks]
    if not reached:
        return ""
    after = reached[-1] + 1
    if STEPS[after - 1] == "volumes and network":
        # its end is the first pull or the first container
        return "image"
    return STEPS[after] if after < len(STEPS) else ""


def slow_spawns(now: datetime, spawns: Spawns, user_pods: list[Pod], events: Events, limit: int) -> Iterator[Timeline]:
    """The timelines of failures that still matter, and of successes that came close to the limit."""
    pods = {p.name: p for p in user_pods}
    for s in unresolved(spawns, now, user_pods, "start-timeout", "http-timeout"):
        if s.at is None or not s.pod or s.limit is None:
            continue
        if s.kind == "start-timeout" and phase_of(trace(s, now, pods, events, {})).word not in _A_MATTER_OF_TIME:
            continue
        start = s.started or s.at - timedelta(seconds=s.limit)
        line = timeline(s.user, s.pod, start, s.at, pods.get(s.pod), events, done=False)
        if s.kind == "http-timeout":
            waited = min(float(s.limit), line.total)
            steps = {k: v for k, v in line.steps.items() if k not in {line.open, "answer"}}
            line = Timeline(s.user, s.pod, {**steps, "answer": waited}, "answer", line.total)
        yield line
    for user, took, at in spawns.succeeded:
        if at is None or now - at > _DAY or took < limit * SLOW:
            continue
        pod = pod_of(user.partition(":")[0], pods)
        if pod:
            yield timeline(user, pod, at - timedelta(seconds=took), at, pods.get(pod), events, done=True)


def quicker(step: str, members: list[Timeline], hub: Hub, values: Values, limit: int) -> Fix:
    """The one setting to change, with a value that follows from what was seen."""
    done = None if any(t.open for t in members) else max(t.total for t in members)
    seconds = enough(limit, done)
    patch = more_time(seconds)
    text = f"Give a start {seconds} seconds."
    if step == "node":
        now_kept = values.integer("scheduling.userPlaceholder.replicas") or 0
        patch = {
            "scheduling": {"podPriority": {"enabled": True}, "userPlaceholder": {"replicas": now_kept + len(members)}}
        }
        text = (
            f"Keep room for {count(now_kept + len(members), 'user')} ahead, so that a node is there before they come."
        )
    elif step == "image" and not values.enabled("prePuller.continuous.enabled"):
        patch = {"prePuller": {"continuous": {"enabled": True}}}
        text = "Let the continuous image puller bring the image to each node as soon as it is there."
    elif step == "answer":
        seconds = max(math.ceil(max(t.steps.get("answer", 0) for t in members) * 2 / 30) * 30, 2 * _DEFAULT_HTTP)
        patch = {"hub": {"config": {"KubeSpawner": {"http_timeout": seconds}}}}
        text = f"Give a server {seconds} seconds to answer once its container runs."
    return hub.values_fix(text, patch)
