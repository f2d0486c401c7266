"""Users who asked for a server and were told to come back later."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Evidence, Finding, Fix, Hub, Pod, Rung, Severity, Spawns, check, count, times
from jhubdoctor_checks.facts.image import shared
from jhubdoctor_checks.facts.traffic import Traffic
from jhubdoctor_checks.facts.turned_away import TurnedAway, held
from jhubdoctor_checks.vitals._said import nobody

# Somebody who is turned away once, and has a server a minute later, has hardly noticed.
_FEW = 3
_WHY = {
    "starting": "too many servers were starting at once",
    "running": "as many servers were running as may",
    "told": "for a reason that the hub names",
}


@check(severity=Severity.WARNING, at=Rung.SERVED, symptom=True)
def users_turned_away(
    hub: Hub,
    now: datetime,
    turned_away: list[TurnedAway],
    traffic: Traffic,
    spawns: Spawns,
    user_pods: list[Pod],
) -> Iterator[Finding]:
    """Users asked for servers and the hub told them to come back later (429)."""
    for kind in turned_away:
        number = len(kind.at)
        came = {user.partition(":")[0]: at for user, _, at in spawns.succeeded if at and at > kind.at[0]}
        waiting = kind.users - came.keys()
        if number < _FEW and not waiting:
            continue
        started = [at for _, _, at in spawns.succeeded if at and at >= traffic.since(now)]
        slow = held(user_pods, now, kind.limit) if kind.why == "starting" else []
        yield Finding(
            on=tuple(shared(p.ref) for p in slow) or (hub.service_ref,),
            says=f"the hub turned users away {times(number)} since {traffic.since(now):%H:%M} UTC: {_WHY[kind.why]}",
            evidence=(
                Evidence("hub log", _said(kind), kind.at[-1]),
                Evidence("hub log", "the first of them", kind.at[0]) if number > 1 else None,
                Evidence("hub log", f"in that time {count(len(started))} came up, {number} requests were turned away"),
                Evidence("hub log", f"{count(len(kind.users), 'user')}, {len(waiting)} without a server since")
                if kind.users
                else None,
                Evidence("pods", f"{count(len(slow))} starting for more than 2 minutes") if slow else None,
            ),
            fix=_fix(hub, kind, slow),
            cause=kind.why,
            unexplained=kind.why == "told",
        )


def _said(kind: TurnedAway) -> str:
    if kind.limit is not None:
        return f"{kind.limit} servers {'pending' if kind.why == 'starting' else 'active'}"
    return f"HTTP 429: {nobody(kind.reason) or 'no reason is logged'}"


def _fix(hub: Hub, kind: TurnedAway, slow: list[Pod]) -> Fix:
    listed = hub.kubectl("get pods --selector component=singleuser-server --sort-by .metadata.creationTimestamp")
    match kind.why:
        case "starting" if slow:
            text = "See why these servers take so long to start: each holds a place until it is up or has failed."
            return Fix(text, commands=(hub.kubectl(f"describe pod {slow[0].name}"),))
        case "starting":
            return Fix("See how long starts take: each holds a place until it is up.", commands=(listed,))
        case "running":
            return Fix("See which servers run, and which of them nobody uses.", commands=(listed,))
    log = hub.kubectl(f"logs deployment/{hub.ref.name} --container hub --tail 5000 | grep ' 429 '")
    return Fix("See what the hub says before it: a hook or a profile of your own may answer so.", commands=(log,))
