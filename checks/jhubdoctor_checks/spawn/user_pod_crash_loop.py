"""Users' servers whose container ends with an error."""

import re
from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    ContainerStatus,
    Events,
    Evidence,
    Finding,
    Hub,
    Pod,
    PodLog,
    Rung,
    Severity,
    check,
    count,
    grouped,
)
from jhubdoctor_checks.facts.spawn import has_ended
from jhubdoctor_checks.spawn._servers import gone, recent, refs, weigh
from jhubdoctor_checks.spawn._user_pod_crash_loop import Ending, ending_of
from jhubdoctor_checks.texts.kubelet import CANNOT_START

# Kubelets of 1.20 to 1.36; an image's BackOff says `pulling image`.
_CRASHED = r"restarting failed container"


@check(severity=Severity.ERROR, at=Rung.UP, stops=Rung.TOLD, symptom=True)
def user_pod_crash_loop(
    hub: Hub, now: datetime, user_pods: list[Pod], ended_user_logs: list[PodLog] | None, events: Events | None
) -> Iterator[Finding]:
    """Containers of users' servers end with an error, again and again or for good."""
    logs = {(log.pod.name, log.container): log for log in ended_user_logs or []}
    found = [
        (pod, status, ending_of(status, logs.get((pod.name, status.name)), pod, events))
        for pod in user_pods
        if not pod.terminating and pod.status.reason == ""
        for status in pod.status.container_statuses
        if _fails(status, now)
    ]
    for (name, word), members in grouped(found, lambda f: (f[1].name, f[2].word)):
        ending = max((e for _, _, e in members), key=lambda e: len(e.line))
        last = max((e.at for _, _, e in members if e.at), default=None)
        yield Finding(
            on=refs(pod for pod, _, _ in members),
            says=f"container {name} of {count(len(members))} ends with an error: {ending.says}",
            evidence=tuple(_shown(members, ending)),
            fix=ending.fix(hub, members[0][0], name),
            severity=weigh(last, now, down=any(not s.ready for _, s, _ in members)),
            cause=f"{name} {word}",
            # those too that the hub deleted after it; their logs, which would tell why, went with them
            affects=tuple(
                ref
                for ref, e in gone(hub, user_pods, events, "BackOff")
                if e.container == name and re.search(_CRASHED, e.message)
            ),
        )


def _fails(status: ContainerStatus, now: datetime) -> bool:
    """Whether it ended with an error that no other check is about, and has not run well since."""
    end = status.state.terminated or status.last_state.terminated
    if end is None or not has_ended(status) or not recent(end, now) or status.waits in CANNOT_START:
        return False
    if end.reason in {"OOMKilled", "ContainerStatusUnknown", *CANNOT_START}:
        return False
    return not status.ready or status.restart_count > 1


def _shown(members: list[tuple[Pod, ContainerStatus, Ending]], ending: Ending) -> Iterator[Evidence]:
    for pod, status, e in members[:3]:
        restarts = f", restarted {status.restart_count} times" if status.restart_count else ""
        yield Evidence("pod.status", f"{pod.name}: {status.name}: exit code {e.code}{restarts}", e.at)
    if ending.line:
        yield Evidence("event" if ending.word == "post-start" else "pod log", ending.line)
