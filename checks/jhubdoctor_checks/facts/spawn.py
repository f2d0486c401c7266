"""What containers of users' servers logged before they ended."""

from __future__ import annotations

from jhubdoctor.api import ContainerStatus, Look, Pod, PodLog, Unreadable, fact
from jhubdoctor_checks.texts.kubelet import CANNOT_START

# As many as tell what is wrong: users' servers mostly end for the same reason.
MOST = 5
LINES = 60


def has_ended(status: ContainerStatus) -> bool:
    """Whether a container ended with an error, now or before it was started again."""
    return any(s.terminated is not None and s.terminated.exit_code != 0 for s in (status.state, status.last_state))


def never_ran(status: ContainerStatus) -> bool:
    """Whether a container could not be made or started, so that nothing in it ran."""
    states = (status.state, status.last_state)
    reasons = {s.waiting.reason for s in states if s.waiting} | {s.terminated.reason for s in states if s.terminated}
    return bool(reasons & CANNOT_START)


@fact(optional=("pods/log",))
def ended_user_logs(look: Look, user_pods: list[Pod]) -> list[PodLog]:
    """The last lines of containers of users' servers that ended with an error: those of the newest five such pods."""
    found: list[PodLog] = []
    for pod in sorted(user_pods, key=lambda p: (p.created, p.name), reverse=True):
        for status in pod.statuses():
            if len(found) >= MOST or pod.terminating or not pod.node or not has_ended(status):
                continue
            text = ""
            if status.restart_count:
                text = look.log(pod, status.name, previous=True)
            if status.state.terminated is not None or not text:
                try:
                    text += "\n" + look.log(pod, status.name)
                except Unreadable:
                    if not text:
                        raise
            found.append(PodLog.of(pod, status.name, text, LINES))
    return found
