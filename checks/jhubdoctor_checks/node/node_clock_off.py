"""Nodes whose clock is wrong: certificates and tokens are judged by it."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Events, Evidence, Finding, Fix, Node, Pod, Rung, Severity, check, count, excerpt, some
from jhubdoctor_checks.facts.control_plane import Silent
from jhubdoctor_checks.facts.hub_nodes import HubNodes

# What is written and answered within a minute agrees; certificates forgive less than five.
_OFF = timedelta(minutes=2)
# The kubelet writes its conditions every five minutes (nodeStatusReportFrequency), and when one changes; some set ten.
_WRITTEN, _LATE = timedelta(minutes=5), timedelta(minutes=15)
# Go's crypto/x509 (verify.go), service account tokens (pkg/serviceaccount/claims.go), JWT libraries
_BY_THE_CLOCK = re.compile(r"(?i)not yet valid|has expired|issued in the future|used before issued|is expired")


# a pull that fails by the clock alone is no matter of the registry
@check(
    severity=Severity.WARNING,
    stops=Rung.MOUNTED,
    explains=("image-pull-failed",),
    passes_only_with=("events",),
    fires_only_with=("silent_control_plane",),
)
def node_clock_off(
    hub_nodes: HubNodes,
    pods: list[Pod],
    user_pods: list[Pod],
    events: Events | None,
    silent_control_plane: Silent | None,
    now: datetime,
) -> Iterator[Finding]:
    """The clock of a node differs from that of the API server: it refuses certificates and tokens that are valid."""
    off = {n.name: by for n in hub_nodes.all if (by := _off(n, now))}
    if silent_control_plane is not None and silent_control_plane.leases:
        # nobody would have noticed that a kubelet is gone
        off = {name: by for name, by in off.items() if by > timedelta(0)}
    in_time = [n for n in hub_nodes.all if n.name not in off and (at := _written(n)) and now - at < _WRITTEN]
    for node in (n for n in hub_nodes.all if n.name in off):
        by = off[node.name]
        fast, minutes = by > timedelta(0), count(int(abs(by).total_seconds() // 60), "minute")
        there = [p for p in (*pods, *user_pods) if p.node == node.name]
        hurt = {p.name: e for p in there if (e := _told(p, events))}
        if not there or (not fast and not in_time):
            continue
        suffer = [p for p in there if p.name in hurt]
        yield Finding(
            on=(node.ref,),
            says=f"the clock of node {node.name} is {minutes} {'fast' if fast else 'slow'}"
            + (f": {count(len(suffer), 'pod')} there cannot start, because what is valid is refused" if suffer else ""),
            evidence=(
                Evidence("node", f"{node.name}: lastHeartbeatTime of Ready, by its own clock", _written(node)),
                Evidence("api server", "the time of its answers", now),
                Evidence("nodes", f"in time: {some(n.name for n in in_time)}") if in_time else None,
                *(Evidence("event", f"{name}: {excerpt(e)}") for name, e in list(hurt.items())[:2]),
            ),
            fix=Fix(
                f"Set the clock of {node.name}: check that chrony, systemd-timesyncd or ntpd runs there and reaches "
                "its server (UDP port 123). Then restart what still fails.",
                commands=(f"kubectl debug node/{node.name} -it --image=busybox -- chroot /host timedatectl",),
            ),
            severity=Severity.ERROR if suffer else None,
            cause="fast" if fast else "slow",
            affects=hub_nodes.suffer(suffer),
        )


def _written(node: Node) -> datetime | None:
    ready = next((c for c in node.status.conditions if c.type == "Ready" and c.status == "True"), None)
    return ready.last_heartbeat_time if ready else None


def _off(node: Node, now: datetime) -> timedelta | None:
    """By how much at least a clock is ahead, or behind as a negative time; None where it is right enough."""
    if (at := _written(node)) is None:
        return None
    if at - now > _OFF:
        return at - now
    # one that has stopped is not Ready any more
    return (at - now + _WRITTEN) if now - at > _LATE else None


def _told(pod: Pod, events: Events | None) -> str:
    """The event that says that a pod does not start for it."""
    if pod.ready or events is None:
        return ""
    return next((e.message for e in events.about("Pod", pod.name) if _BY_THE_CLOCK.search(e.message)), "")
