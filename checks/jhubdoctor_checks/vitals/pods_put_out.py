"""Pods of the hub and of its users that their node, or the control plane, put out within the hour."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Finding, Fix, Hub, Rung, Severity, check, count, grouped
from jhubdoctor_checks.facts.losses import HOUR, Loss

_WHY = {
    "memory": "the node ran out of memory",
    "disk": "the node ran out of disk, or the pod used more of it than it may",
    "preempted": "a pod of higher priority took the place",
    "node-gone": "the node went away",
    "refused": "the node did not take what was placed there",
    "deadline": "it ran as long as it may",
    "evicted": "the node gave it up",
}
# A pod that goes with its node has another in its place by then, with its volume.
_MOVE = timedelta(minutes=5)


# a Service without a pod that is ready may lack it for any reason: here it was put out
@check(
    severity=Severity.WARNING,
    at=Rung.REACHED,
    symptom=True,
    explains=("service-without-endpoints",),
    complete=("user_pods", "service_pods"),
    passes_only_with=("lost_servers",),
)
def pods_put_out(hub: Hub, now: datetime, lost_servers: list[Loss] | None, lost_parts: list[Loss]) -> Iterator[Finding]:
    """Pods of users or of the hub were put out by their node, or by the control plane."""
    told = [m for m in (*(lost_servers or ()), *lost_parts) if _counts(m, now)]
    for (part, why), members in grouped(told, lambda m: (m.part, m.why)):
        last = max(members, key=lambda m: m.at)
        number = len(members)
        who = f"{count(number, 'pod')} of {part.partition('/')[2]}" if part else count(number)
        missed = bool(part) and not last.back
        says = f"{who} {'was' if number == 1 else 'were'} put out within the hour: {_WHY[why.partition(' ')[0]]}"
        yield Finding(
            # what keeps those in their place from running is the reason why they are missed
            on=(missed and last.instead) or tuple(m.ref for m in members),
            says=f"{says}, and no other does its work" if missed else says,
            evidence=tuple(m.evidence for m in members[:3]),
            fix=_fix(hub, last),
            severity=Severity.ERROR if part in _core(hub) and missed else None,
            cause=f"{part or 'servers'} {why}",
        )


def _counts(m: Loss, now: datetime) -> bool:
    """Whether somebody misses it: what goes with its node and runs elsewhere since was drained well.

    A node that ran short will again, as long as its last victim lies there; whoever has another server has it.
    """
    if now - m.at > HOUR or (m.part and m.why == "node-gone" and now - m.at < _MOVE):
        return False
    return not m.back or (m.why != "node-gone" and bool(m.part) and not m.gone)


def _core(hub: Hub) -> set[str]:
    """The parts without which nobody is served, by what makes them."""
    prefix = hub.ref.name.removesuffix("hub")
    return {f"Deployment/{prefix}hub", f"Deployment/{prefix}proxy"}


def _fix(hub: Hub, m: Loss) -> Fix:
    if m.why == "preempted":
        return Fix(
            "See which pods have a higher priority.",
            commands=(hub.kubectl("get pods -o custom-columns=NAME:.metadata.name,PRIORITY:.spec.priority"),),
        )
    return Fix(
        "See what the node says, and what else it put out.",
        commands=(
            f"kubectl describe node {m.node}" if m.node else "kubectl get nodes",
            hub.kubectl("get events --sort-by .lastTimestamp"),
        ),
    )
