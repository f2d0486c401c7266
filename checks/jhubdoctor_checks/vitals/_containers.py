"""How bad it is that a container was restarted, why it ended, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from jhubdoctor.api import Deployment, Evidence, Fix, Hub, Pod, Ref, clean, human_bytes, times
from jhubdoctor_checks.data.components import path as path_of
from jhubdoctor_checks.facts.containers import Watched
from jhubdoctor_checks.facts.dependents import Dependents
from jhubdoctor_checks.hub._state import loops

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# What starts before the others that it waits for ends a few times, until they are there.
STARTUP = timedelta(minutes=5)
# Restarts less far apart are of one incident: an API server that was away, say.
APART = timedelta(minutes=10)
OFTEN = 2
# All connections of users go through these: each end of one cuts all of them.
WAY_IN = frozenset({"proxy", "autohttps"})


class Course(StrEnum):
    """How it goes on with a container."""

    WELL = "well"
    AGAIN = "again"
    """It runs, and was restarted within the day, and before."""
    LATELY = "lately"
    """It runs, and was restarted within the hour."""
    LOOPS = "loops"
    """It ends again and again."""


def course(w: Watched, now: datetime) -> Course:
    """How it goes on with a container. What came of its node's restart, or of its own first minutes, is over."""
    status = w.status
    if status.restart_count >= OFTEN and loops(status, now) and now - w.pod.created >= STARTUP:
        return Course.LOOPS
    end = status.last_state.terminated
    at = end.finished_at if end is not None else None
    if end is None or at is None or not status.restart_count or now - at > DAY or w.with_node:
        return Course.WELL
    if at - w.pod.created < STARTUP and status.ready:
        return Course.WELL
    if now - at <= HOUR:
        return Course.LATELY if status.restart_count >= OFTEN or w.pod.component in WAY_IN else Course.WELL
    lasted = at - end.started_at if end.started_at else DAY + DAY
    return Course.AGAIN if status.restart_count >= OFTEN and APART <= lasted < DAY + DAY else Course.WELL


def limit_of(w: Watched) -> int:
    """The memory limit of a container in bytes, 0 where it has none."""
    container = w.pod.container(w.status.name)
    return int(container.limits.get("memory", 0)) if container else 0


def word_of(w: Watched) -> str:
    """How it ended last, in a word."""
    end = w.end
    if end is None:
        return "unknown"
    if end.reason == "OOMKilled":
        return "oom"
    if w.unanswered is not None:
        return "liveness"
    return {0: "done", 137: "killed", 143: "stopped"}.get(end.exit_code, "failed")


def why(w: Watched) -> str:
    """The same as the rest of a sentence."""
    limit = limit_of(w)
    return {
        "oom": f"it used more memory than {f'its limit of {human_bytes(limit)}' if limit else 'its node had'}",
        "liveness": "it did not answer its liveness probe",
        "done": "it ends by itself with exit code 0, as if its work were done",
        "killed": "it was killed",
        "stopped": "it was asked to end",
        "unknown": "nothing tells why",
    }.get(word_of(w), f"it ended with exit code {w.end.exit_code if w.end else ''}")


def shown(w: Watched) -> tuple[Evidence, ...]:
    """How it ended, how often it was restarted, and what it waits for."""
    end, name = w.end, w.status.name
    reason = f" ({clean(end.reason, 40)})" if end is not None and end.reason else ""
    found = [
        Evidence("pod.status", f"{w.pod.name}: {name}: exit code {end.exit_code}{reason}", end.finished_at)
        if end is not None
        else None,
        Evidence(
            "pod.status", f"{name}: restarted {times(w.status.restart_count)} since the pod was made", w.pod.created
        ),
        Evidence("pod.status", f"{name}: waits: {clean(w.waits, 60)}") if w.waits else None,
        Evidence("pod.status", f"{name}: runs since", w.runs_since) if w.runs_since else None,
        Evidence("event", f"{name}: liveness probe failed", w.unanswered) if w.unanswered else None,
    ]
    return tuple(e for e in found if e is not None)


def resources_of(w: Watched) -> str:
    """Where the values set the resources of a container, empty where the chart has no value for it."""
    if w.status.name == "secret-sync":
        return "proxy.secretSync.resources"
    if w.pod.component in {"continuous-image-puller", "hook-image-puller"}:
        return "prePuller.resources"
    return path_of(w.pod.component, "resources")


def look(hub: Hub, w: Watched) -> Fix:
    """The next step where the reason stands in the log."""
    logs = hub.kubectl(f"logs {w.pod.name} --container {w.status.name} --previous --tail 60")
    describe = hub.kubectl(f"describe pod {w.pod.name}")
    where = resources_of(w)
    match word_of(w):
        case "oom":
            return Fix(f"Give it more memory{f' ({where}.limits.memory)' if where else ''}.", commands=(describe,))
        case "liveness":
            return Fix(
                "See in its log what it was busy with; it may need more cpu"
                f"{f' ({where})' if where else ''}, or a liveness probe with more patience.",
                commands=(logs, describe),
            )
        case "done":
            return Fix("Correct its command or arguments: it has to stay.", commands=(logs, describe))
    return Fix("See what it logged before it ended.", commands=(logs, describe))


def workload(pod: Pod) -> str:
    """The name of what made a pod, or its own."""
    return pod.owner.partition("/")[2]


def cut(
    dependents: Dependents, members: Iterable[Watched], deployments: list[Deployment] | None, now: datetime
) -> tuple[Ref, ...]:
    """What suffers: what is reached through these pods, who needs those that do not work, and what made these."""
    members = list(members)
    late = [w for w in members if not w.status.ready or _ended_within(w, HOUR, now)]
    down = [w.pod for w in members if not w.status.ready]
    made = {w.pod.owner for w in members if not w.status.ready}
    makers = [d.ref for d in deployments or () if d.ref.stable in made and not d.status.ready_replicas]
    reached = [r for w in late for r in dependents.reached_by(w.pod)]
    return tuple(dict.fromkeys((*reached, *makers, *(d.pod.ref for d in dependents.on(down)))))


def _ended_within(w: Watched, span: timedelta, now: datetime) -> bool:
    return w.end is not None and w.end.finished_at is not None and now - w.end.finished_at <= span


def needs(dependents: Dependents, members: Iterable[Watched]) -> tuple[Evidence, ...]:
    """What shows who needs those that do not work."""
    found = dependents.on(w.pod for w in members if not w.status.ready)
    return tuple(
        Evidence("pod.spec", f"{d.pod.name} mounts {clean(d.path, 120)} from node {d.pod.node}")
        if d.path
        else Evidence("pod.spec", f"{d.pod.name} has volumes on the server {clean(d.server, 120)}")
        for d in found[:3]
    )
