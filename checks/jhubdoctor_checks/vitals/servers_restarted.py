"""Users' servers whose container ended with an error within the hour."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Evidence, Finding, Fix, Hub, Rung, Severity, check, count, grouped, some, times
from jhubdoctor_checks.facts.containers import Watched
from jhubdoctor_checks.facts.image import shared
from jhubdoctor_checks.vitals._containers import HOUR, OFTEN, limit_of, shown, why, word_of

# What ends once in the first minutes of a pod, and runs then, is a slow start: its user had nothing to lose yet.
_START = timedelta(minutes=2)


@check(severity=Severity.WARNING, at=Rung.SERVED, symptom=True)
def servers_restarted(hub: Hub, now: datetime, watched_servers: list[Watched]) -> Iterator[Finding]:
    """Users' servers were restarted, or ended with an error: what ran in them is gone."""
    found = [w for w in watched_servers if _ended(w, now)]
    for (name, word, again), members in grouped(found, lambda w: (w.status.name, _word(w), _again(w))):
        first = max(members, key=lambda w: (w.status.restart_count, w.pod.name))
        number, most = len(members), first.status.restart_count
        done = "restarted" if again else "ended and not started again"
        often = f", {'up to ' if number > 1 else ''}{times(most)} in all" if most > 1 else ""
        yield Finding(
            on=tuple(shared(w.pod.ref) for w in members),
            says=f"container {name} of {count(number)} was {done} within the hour{often}: {_why(first)}",
            evidence=(
                *shown(first),
                Evidence("pods", f"restarted: {some(w.pod.name for w in members)}") if number > 1 else None,
            ),
            fix=_fix(hub, first, name),
            cause=f"{name} {word}" if again else f"{name} {word} for good",
            unexplained=word not in {"oom", "node"},
        )


def _ended(w: Watched, now: datetime) -> bool:
    """Whether it ended with an error within the hour; one that does not run again is told as a server not ready."""
    end = w.end
    at = end.finished_at if end is not None else None
    if end is None or at is None or now - at > HOUR or w.status.name not in _kept(w):
        return False
    failed = end.exit_code != 0 or end.reason == "OOMKilled"
    if not failed or not (w.status.ready or w.pod.finished):
        return False
    if end.reason == "OOMKilled" or w.status.restart_count >= OFTEN:
        return True
    # beside the server itself there may be helpers, of which a user notices nothing
    own = bool(w.pod.spec.containers) and w.status.name == w.pod.spec.containers[0].name
    return own and (w.pod.finished or at - w.pod.created > _START)


def _kept(w: Watched) -> set[str]:
    """The containers that are there to stay."""
    return {s.name for s in w.pod.status.container_statuses}


def _again(w: Watched) -> bool:
    return not w.pod.finished


def _word(w: Watched) -> str:
    return "node" if w.with_node else word_of(w)


def _why(w: Watched) -> str:
    return f"its node {w.pod.node}, or the runtime there, was restarted" if w.with_node else why(w)


def _fix(hub: Hub, w: Watched, name: str) -> Fix:
    match _word(w):
        case "node":
            return Fix(
                "Move users away before a node is restarted (kubectl drain). See what the node says where nobody did.",
                commands=(f"kubectl describe node {w.pod.node}",),
            )
        case "oom" if limit_of(w):
            text = "Raise the limit (singleuser.memory.limit, or that of the profile), or use less memory."
            return Fix(text, commands=(hub.kubectl(f"top pod {w.pod.name} --containers"),))
        case "oom":
            return Fix(
                "The node itself ran out of memory. Guarantee each server what it uses (singleuser.memory.guarantee).",
                commands=(f"kubectl describe node {w.pod.node}",),
            )
    previous = " --previous" if _again(w) else ""
    look = hub.kubectl(f"logs {w.pod.name} --container {name}{previous} --tail 60")
    return Fix("See what it logged before it ended.", commands=(look,))
