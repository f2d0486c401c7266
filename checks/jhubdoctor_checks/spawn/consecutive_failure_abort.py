"""A hub that stops itself over failed spawns."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Entry, Evidence, Finding, Fix, Hub, HubLog, Pod, Ref, Rung, Severity, Values, check
from jhubdoctor_checks.facts.failures import ABORT, NEAR

# JupyterHub's handlers/base.py, 1.0 to 6.0
_TOOK = r"User .+ took [\d.]+ seconds to start"
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@check(severity=Severity.ERROR, stops=Rung.UP)
def consecutive_failure_abort(
    hub: Hub, now: datetime, hub_log: HubLog, hub_pods: list[Pod], values: Values | None
) -> Iterator[Finding]:
    """The hub stopped itself, or is about to, since several spawns in a row failed."""
    aborts = [(e, m) for e, m in hub_log.find(ABORT) if e.at is None or now - e.at <= _DAY]
    if aborts:
        e, m = aborts[-1]
        over = any(e.at and started.at and started.at > e.at for started, _ in hub_log.find(_TOOK))
        recent = e.at is None or now - e.at <= _HOUR
        if over and not recent:
            return
        fresh = recent and not over
        yield _finding(
            hub, hub_pods, values, e, f"the hub stopped itself after {m['n']} failed spawns in a row", "aborted",
            Severity.ERROR if fresh else Severity.WARNING,
        )  # fmt: skip
        return
    near: tuple[Entry, re.Match[str]] | None = None
    for e in hub_log.current:
        if found := re.match(NEAR, e.message):
            near = (e, found)
        elif re.match(_TOOK, e.message):
            near = None
    if near and (near[0].at is None or now - near[0].at <= _HOUR):
        e, m = near
        says = f"{m['n']} spawns in a row failed; the hub stops itself at {m['limit']}"
        yield _finding(hub, hub_pods, values, e, says, "near", Severity.WARNING)


def _finding(
    hub: Hub, hub_pods: list[Pod], values: Values | None, e: Entry, says: str, cause: str, severity: Severity
) -> Finding:
    limit = values.get("hub.consecutiveFailureLimit") if values is not None else None
    return Finding(
        on=(hub.ref,),
        says=says,
        evidence=(
            Evidence("hub log", e.message, e.at),
            Evidence("values", f"hub.consecutiveFailureLimit: {limit}") if limit is not None else None,
        ),
        fix=Fix(
            "Solve what makes spawns fail: the failed spawns name it. One broken image or a full quota is enough to "
            "take the "
            "hub down for all; while you look for it, 0 keeps the hub up.",
            values={"hub": {"consecutiveFailureLimit": 0}},
            commands=(hub.helm_upgrade,),
            caution="This restarts the hub. Without the limit nothing restarts a hub that cannot start any server.",
        ),
        severity=severity,
        cause=cause,
        affects=(*(p.ref for p in hub_pods), Ref("Service", hub.ref.name, hub.namespace)),
    )
