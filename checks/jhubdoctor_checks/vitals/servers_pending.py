"""Servers of which the hub says that they start or stop, and that never do."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Evidence, Finding, Fix, Hub, HubLog, Pod, Rung, Severity, Spawns, check, count, times
from jhubdoctor_checks.facts.image import shared
from jhubdoctor_checks.facts.starts import Starts
from jhubdoctor_checks.vitals._servers_pending import pending


@check(severity=Severity.WARNING, at=Rung.SERVED, stops=Rung.SERVED, symptom=True)
def servers_pending(
    hub: Hub, now: datetime, hub_log: HubLog, spawns: Spawns, starts: Starts, user_pods: list[Pod]
) -> Iterator[Finding]:
    """The hub says of a server for long that it starts or stops, and lets its user do nothing else with it."""
    found = pending(hub_log.current, spawns, starts, user_pods, now)
    for what in ("stop", "spawn"):
        mine = [p for p in found if p.what == what]
        if not mine:
            continue
        first = mine[0]
        # one that has ended holds nothing up: why it ended is not why the hub goes on to say that it stops
        pods = tuple(shared(p.pod.ref) for p in mine if p.pod is not None and not p.pod.finished)
        word = "stopping" if what == "stop" else "starting"
        yield Finding(
            # without a pod it is a matter of the hub alone
            on=pods or (hub.ref,),
            says=f"by the hub's word {count(len(mine), 'server')} {'is' if len(mine) == 1 else 'are'} {word}, for up "
            f"to {first.minutes} minutes; until that ends their users get none",
            evidence=(
                Evidence("hub log", f"{first.shown} is pending {what} ({times(first.said)})", first.last),
                Evidence("hub log", "the first word of it", first.since),
                Evidence("pods", "there is no pod of it") if first.pod is None else None,
            ),
            fix=Fix(
                "A pod that does not go holds it up: see what it waits for. Where there is none, restart the hub: it "
                "then looks after each server.",
                commands=(
                    hub.kubectl("get pods --selector component=singleuser-server"),
                    hub.kubectl(f"rollout restart deployment/{hub.ref.name}"),
                ),
                caution="This restarts the hub; users' servers keep running.",
            ),
            severity=Severity.ERROR if len(mine) > 1 or any(p.asked for p in mine) else None,
            cause=what,
            affects=(
                *(shared(p.pod.ref) for p in mine if p.pod is not None and p.pod.finished),
                *(shared(hub.pod_ref(p.asked)) for p in mine if p.asked),
            ),
            unexplained=True,
        )
