"""How a hub came to be restarted: put out by its node, killed, or without an answer to its liveness probe."""

import re
from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import ContainerStatus, Evidence, Finding, Fix, Hub, Pod, Terminated, excerpt
from jhubdoctor_checks.hub._logged import DAY

# pkg/kubelet/eviction, 1.20 to 1.36
_SHORT_OF = r"low on resource: (?P<low>[\w-]+)|had condition: \[(?P<condition>\w+)"
# A single restart is mostly the node's or an administrator's doing.
OFTEN = 2


def evicted(hub: Hub, hub_pods: list[Pod], now: datetime) -> Iterator[Finding]:
    """Pods of the hub that their kubelet ended for want of memory or disk: they stay, as Failed, until cleaned up."""
    gone = [p for p in hub_pods if p.phase == "Failed" and p.status.reason == "Evicted" and now - _ended(p) <= DAY]
    if not gone or not hub.z2jh:
        return
    last = max(gone, key=lambda p: (_ended(p), p.name))
    m = re.search(_SHORT_OF, last.status.message)
    short = (m["low"] or m["condition"]).removesuffix("Pressure").lower() if m else ""
    asks = any(c.requests.get("memory") for c in last.spec.containers)
    values = {"hub": {"resources": {"requests": {"memory": "512Mi", "cpu": "200m"}}}}
    reserved = values if short == "memory" and not asks else {}
    yield Finding(
        on=tuple(p.ref for p in gone),
        says=f"the hub was evicted from node {last.node}" + (f", which ran short of {short}" if short else ""),
        evidence=(
            Evidence("pod.status", f"{last.name}: Evicted: {excerpt(last.status.message)}", _ended(last)),
            Evidence("pod.spec", "no memory is requested, so it is among the first to go") if not asks else None,
        ),
        fix=hub.values_fix(
            (
                "Reserve memory for the hub, as shown, so that others go before it"
                if reserved
                else "Give its node more room"
            )
            + "; or keep users' servers off its node (hub.jupyter.org/node-purpose), which leaves them less room.",
            reserved,
            f"kubectl describe node {last.node}",
        ),
        cause=f"evicted {short}".strip(),
        affects=(hub.ref,),
    )


def _ended(pod: Pod) -> datetime:
    """When a failed pod ended, as far as its conditions tell; the start of its life where they do not."""
    return max((c.last_transition_time for c in pod.status.conditions if c.last_transition_time), default=pod.created)


def remedy(hub: Hub, pod: Pod, status: ContainerStatus, *, unanswered: bool) -> Fix:
    """What to do where the log of the former run names no cause."""
    look = hub.kubectl(f"logs {pod.name} --container {status.name} --previous --tail 60")
    if not unanswered or not hub.z2jh:
        return Fix("See what the former run logged before it ended.", commands=(look,))
    # the chart's probe: 300 seconds after the start, then every 10 seconds, thirty times
    return Fix(
        "The kubelet restarts it after minutes without an answer: at its start it looks at every running server. Give "
        "it more time for that, and cpu (hub.resources); where it happens later, its log tells what it was busy with.",
        {"hub": {"livenessProbe": {"initialDelaySeconds": 900}}},
        (look, hub.helm_upgrade),
        "This restarts the hub once more; users' servers keep running.",
    )


def counts(status: ContainerStatus, end: Terminated, now: datetime) -> bool:
    """Whether it was restarted often, the last time within the day, and not because it was asked to end."""
    if status.restart_count < OFTEN or end.exit_code == 0:
        return False
    return end.finished_at is not None and now - end.finished_at <= DAY


def why(end: Terminated, *, liveness: bool) -> str:
    """Why it ended, as far as its exit code and reason tell."""
    if liveness:
        return "it did not answer its liveness probe"
    if end.reason == "OOMKilled":
        return "it used more memory than its limit"
    return {137: "it was killed", 143: "it was asked to end"}.get(
        end.exit_code, f"it ended with exit code {end.exit_code}"
    )
