"""Users' servers that were stopped for memory."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    ContainerStatus,
    Evidence,
    Finding,
    Fix,
    Hub,
    Pod,
    Rung,
    Severity,
    Terminated,
    check,
    count,
    grouped,
    human_bytes,
    nested,
)
from jhubdoctor_checks.spawn._servers import recent, refs, weigh


@check(severity=Severity.ERROR, at=Rung.STARTED)
def user_pod_oom_killed(hub: Hub, now: datetime, user_pods: list[Pod]) -> Iterator[Finding]:
    """Users' servers were stopped for using more memory than their limit, or than their node had."""
    killed = [
        (pod, status, end)
        for pod in user_pods
        if not pod.terminating
        for status in pod.statuses()
        if (end := status.state.terminated or status.last_state.terminated)
        and end.reason == "OOMKilled"
        and recent(end, now)
    ]
    for (name, limit), members in grouped(killed, lambda k: (k[1].name, _limit(k[0], k[1].name))):
        last = max((end.finished_at for _, _, end in members if end.finished_at), default=None)
        limited = f"its limit of {human_bytes(limit)}" if limit else "its node had"
        yield Finding(
            on=refs(pod for pod, _, _ in members),
            says=f"container {name} of {count(len(members))} was stopped for using more memory than {limited}",
            evidence=(
                *(_shown(*m) for m in members[:3]),
                Evidence("pod.spec", f"{name}: resources.limits.memory: {human_bytes(limit) if limit else 'not set'}"),
            ),
            fix=_fix(hub, name, limit),
            severity=weigh(last, now, down=any(not status.ready for _, status, _ in members)),
            cause=f"{name} {limit or 'node'}",
        )


def _limit(pod: Pod, name: str) -> int:
    container = pod.container(name)
    return int(container.limits.get("memory", 0)) if container else 0


def _shown(pod: Pod, status: ContainerStatus, end: Terminated) -> Evidence:
    return Evidence("pod.status", f"{pod.name}: {status.name}: OOMKilled, exit code {end.exit_code}", end.finished_at)


def _fix(hub: Hub, name: str, limit: int) -> Fix:
    look = (hub.kubectl("top pods --selector component=singleuser-server --containers --sort-by=memory"),)
    if name != "notebook":
        return Fix(
            f"Give container {name} more memory where it is defined (singleuser.extraContainers).", commands=look
        )
    caution = "This restarts the hub; users' servers keep theirs until they are started anew."
    if not limit:
        text = (
            "The node itself ran out of memory. Guarantee each server what it really uses, so that fewer share a node."
        )
        return hub.values_fix(text, nested("singleuser.memory.guarantee", "2G"), *look, caution=caution)
    more = f"{max(1, round(limit * 2 / 2**30))}G"
    text = (
        f"Raise the limit to {more}, as shown (in the profile, where a profile sets it), and fewer servers fit on a "
        "node that is short of memory; or use less: what is written to shared memory counts too."
    )
    return hub.values_fix(text, nested("singleuser.memory.limit", more), *look, caution=caution)
