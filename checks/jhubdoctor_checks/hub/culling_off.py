"""Servers that nobody ends."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor import Evidence, Finding, Hub, Pod, Severity, Values, check, count

# The chart's own culler ends a server after an hour without use; who keeps one for a week on purpose has few of them.
OLD = timedelta(days=7)


@check(severity=Severity.INFO)
def culling_off(hub: Hub, now: datetime, user_pods: list[Pod], values: Values) -> Iterator[Finding]:
    """Culling is turned off, and users' servers run for weeks."""
    if values.get("cull.enabled") is not False:
        return
    running = [p for p in user_pods if p.phase == "Running" and not p.terminating]
    old = sorted((p for p in running if now - _started(p) >= OLD), key=lambda p: (_started(p), p.name))
    if not old:
        return
    oldest = (now - _started(old[0])).days
    yield Finding(
        on=tuple(p.ref for p in old),
        says=f"idle servers are never stopped, and {len(old)} of {count(len(running))} "
        f"{'has' if len(old) == 1 else 'have'} run for a week or longer, one for {oldest} days",
        evidence=(
            Evidence("values", "cull.enabled: false"),
            *(Evidence("pod.status", f"{p.name}: Running", _started(p)) for p in old[:3]),
        ),
        fix=hub.values_fix(
            "Let the hub stop servers that nobody has used for an hour (cull.timeout, in seconds), or stop single ones "
            "on the admin page. Nodes that hold an old server cannot be removed by an autoscaler.",
            {"cull": {"enabled": True}},
            caution="Servers that nobody uses are stopped then, and what runs in them; the upgrade restarts the hub.",
        ),
    )


def _started(pod: Pod) -> datetime:
    return pod.status.start_time or pod.created
