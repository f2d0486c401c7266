"""Spawns that took most of their time limit, or more: the steps of each, and what shortens them."""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Events, Fix, Hub, Pod, Spawns, Values, count, pod_of
from jhubdoctor_checks.spawn._failures import unresolved
from jhubdoctor_checks.spawn._phases import phase_of, trace
from jhubdoctor_checks.spawn._remedies import enough, more_time
from jhubdoctor_checks.spawn._timeline import Timeline, timeline

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
    patch = more_time(values, seconds)
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
