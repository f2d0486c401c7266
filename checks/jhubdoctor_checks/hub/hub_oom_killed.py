"""Containers of the hub's pod that were stopped for memory."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Evidence, Finding, Fix, Hub, Pod, Rung, Severity, check, human_bytes, times

_DAY = timedelta(days=1)


@check(severity=Severity.ERROR, at=Rung.STARTED, stops=Rung.REACHED)
def hub_oom_killed(hub: Hub, now: datetime, hub_pods: list[Pod]) -> Iterator[Finding]:
    """The hub was stopped because it used more memory than its limit, or than its node had."""
    reported: set[str] = set()
    for pod in (p for p in hub_pods if not p.finished):
        for status in pod.status.container_statuses:
            end = status.state.terminated or status.last_state.terminated
            if end is None or end.reason != "OOMKilled" or status.name in reported:
                continue
            if end.finished_at and now - end.finished_at > _DAY and status.ready:
                continue
            reported.add(status.name)
            container = pod.container(status.name)
            limit = int(container.limits.get("memory", 0)) if container else 0
            yield Finding(
                on=(pod.container_ref(status.name),),
                says=f"container {status.name} of the hub was stopped for using more memory than "
                + (f"its limit of {human_bytes(limit)}" if limit else "its node had"),
                evidence=(
                    Evidence("pod.status", f"{status.name}: OOMKilled, exit code {end.exit_code}", end.finished_at),
                    Evidence("pod.spec", f"resources.limits.memory: {human_bytes(limit) if limit else 'not set'}"),
                    Evidence("pod.status", f"restarted {times(status.restart_count)}"),
                ),
                fix=_fix(hub, limit, status.name),
                severity=Severity.WARNING if status.ready else Severity.ERROR,
                cause=status.name,
                affects=(pod.ref, hub.ref, hub.service_ref),
            )


def _fix(hub: Hub, limit: int, name: str) -> Fix:
    if name != "hub":
        return Fix("Give the container more memory where it is defined (hub.extraContainers).")
    if limit:
        more = human_bytes(max(2 * limit, 512 * 2**20))
        return hub.values_fix(
            f"Raise the hub's memory limit to {more}.", {"hub": {"resources": {"limits": {"memory": more}}}}
        )
    return hub.values_fix(
        "The node ran out of memory: request what the hub needs, so that others do not get it.",
        {"hub": {"resources": {"requests": {"memory": "1Gi"}}}},
    )
