"""A hub that no longer sees what happens to pods."""

import re
from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import RESTARTS, Evidence, Finding, Fix, Hub, HubLog, Pod, Rung, Severity, Spawns, check
from jhubdoctor_checks.facts.failures import aborted, objects, unresolved
from jhubdoctor_checks.spawn._reflector_frozen import halts

# KubeSpawner's reflector.py, all versions: after that it never watches again. Up to 4.x the hub then stopped itself.
_GIVEN_UP = r"Watching resources never recovered, giving up"
_HALTED = r".*halting Hub"
# spawner.py; up to JupyterHub 5.0 the line also follows a timeout for which the hub itself had deleted the pod
_MISSING = r"Pod (?:[^\s/]+/)?(?P<pod>[\w.-]+) never showed up in reflector, restarting pod reflector"
_DELETING = r"Deleting pod (?:[^\s/]+/)?(?P<pod>[\w.-]+)$"
_WATCHING = r"watching for pods with"


# the hub tells of both: no rung lies between
@check(severity=Severity.ERROR, at=Rung.REACHED, stops=Rung.TOLD, explains=("consecutive-failure-abort",))
def reflector_frozen(
    hub: Hub, now: datetime, hub_log: HubLog, spawns: Spawns, hub_pods: list[Pod], user_pods: list[Pod]
) -> Iterator[Finding]:
    """The hub stopped watching pods, so every start times out until the hub is restarted."""
    entries = hub_log.current
    at = dict.fromkeys(("gave-up", "halted", "watching"), -1)
    deleted: set[str] = set()
    missing: list[tuple[str, datetime | None]] = []
    for i, e in enumerate(entries):
        if re.match(_GIVEN_UP, e.message):
            at["gave-up"] = i
        elif e.level == "C" and re.match(_HALTED, e.message):
            at["halted"] = i
        elif re.match(_WATCHING, e.message):
            at["watching"] = i
        elif m := re.match(_DELETING, e.message):
            deleted.add(m["pod"])
        elif (m := re.match(_MISSING, e.message)) and m["pod"] not in deleted:
            missing.append((m["pod"], e.at))
    gave_up = at["gave-up"]
    ended = at["halted"] if halts(entries, at["halted"]) else -1
    if gave_up < 0 or gave_up < max(ended, at["watching"]):
        return
    when = entries[gave_up].at
    if any(started and when and started > when for _, _, started in spawns.succeeded):
        return
    failed = [s for s in unresolved(spawns, now, user_pods, "start-timeout") if not when or not s.at or s.at >= when]
    on, gone = objects(hub, failed, user_pods) if failed else ((), ())
    yield Finding(
        on=(hub.ref,),
        says="the hub gave up watching pods, so it takes every server that starts for one that does not",
        evidence=(
            Evidence("hub log", "Watching resources never recovered, giving up", when),
            *(Evidence("hub log", f"Pod {pod} never showed up in reflector", seen) for pod, seen in missing[-2:]),
        ),
        fix=Fix(
            "Restart the hub; it then finds the servers that run. If it comes back, see why the hub loses the API "
            "server.",
            commands=(hub.kubectl(f"rollout restart deployment/{hub.ref.name}"),),
            caution=RESTARTS,
        ),
        affects=(*(p.ref for p in hub_pods), *on, *gone, *aborted(hub, hub_log, hub_pods)),
    )
