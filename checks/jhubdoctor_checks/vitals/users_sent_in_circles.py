"""Users whose server runs, and who do not get to it."""

import re
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import unquote

from jhubdoctor.api import Evidence, Finding, Fix, Hub, HubLog, Rung, Severity, Spawns, check, count, grouped, times
from jhubdoctor_checks.facts.traffic import HOUR, LOOP, Traffic
from jhubdoctor_checks.vitals._said import nobody
from jhubdoctor_checks.vitals._users_sent_in_circles import unknown

# JupyterHub's handlers/base.py, 1.0 to 6.0: a server that is ready, whose user comes to the hub once more. The first
# time a proxy may just not have been told the way yet; the hub waits, and gives up after four times, or two where the
# versions differ.
_AGAIN = re.compile(LOOP + r" on \S*?/hub/user/(?P<user>[^/?\s]+)")
_FEW = 2


@check(severity=Severity.WARNING, at=Rung.SERVED, symptom=True)
def users_sent_in_circles(
    hub: Hub, now: datetime, hub_log: HubLog, traffic: Traffic, spawns: Spawns
) -> Iterator[Finding]:
    """Users are sent to and fro between the hub and their server, which runs, or the login page."""
    yield from _by_the_login(hub, traffic, now)
    anew = {user.partition(":")[0]: at for user, _, at in spawns.succeeded if at}
    ends = [(r.about, r.at, r.reason) for r in traffic.lately(now) if r.failed and r.reason.startswith(LOOP)]
    turns = [
        (unquote(m["user"]), e.at, "")
        for e, m in hub_log.find(_AGAIN)
        if e.at is not None and not e.previous and now - e.at <= HOUR
    ]
    # who started their server once more since has another one
    seen = sorted(s for s in (*ends, *turns) if s[0] not in anew or anew[s[0]] < s[1])
    lost = [u for u, mine in grouped(seen, lambda s: s[0]) if len(mine) >= _FEW or any(why for _, _, why in mine)]
    mine = [s for s in seen if s[0] in lost]
    if not mine:
        return
    told = next((why for _, _, why in reversed(mine) if why), "")
    yield Finding(
        on=(hub.service_ref,),
        says=f"{count(len(lost), 'user')} {'is' if len(lost) == 1 else 'are'} sent to and fro between the hub and "
        f"{'a server that runs' if len(lost) == 1 else 'servers that run'}, since {mine[0][1]:%H:%M} UTC",
        evidence=(
            Evidence("hub log", f"{LOOP} ({times(len(mine))})", mine[-1][1]),
            Evidence("hub log", nobody(told)) if told else None,
            Evidence("hub log", "the first of them", mine[0][1]),
        ),
        fix=Fix(
            "See that the image's JupyterHub is of the hub's major version, that the proxy knows the way to these "
            "servers, and that the Services hub and proxy-public lead each to its own pods.",
            commands=(
                hub.kubectl(
                    "get pods --selector component=singleuser-server"
                    " -o 'custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[0].image'"
                ),
                hub.kubectl("get endpointslices"),
                hub.kubectl(f"logs deployment/{hub.ref.name} --container hub --tail 5000 | grep -B 5 'Redirect loop'"),
            ),
        ),
        severity=Severity.ERROR if len(lost) >= _FEW else None,
        cause="loop",
        unexplained=True,
    )


def _by_the_login(hub: Hub, traffic: Traffic, now: datetime) -> Iterator[Finding]:
    """Users who log in, and are nobody when they come back."""
    if not (lost := unknown(traffic, now)):
        return
    yield Finding(
        on=(hub.service_ref,),
        says=f"users log in ({times(len(lost))} since {traffic.since(now):%H:%M} UTC), and a moment later the hub does "
        "not know them",
        evidence=(
            Evidence("hub log", "User logged in, and then 302 to the login page for nobody", lost[-1]),
            Evidence("hub log", "the first of them", lost[0]),
        ),
        fix=Fix(
            "The hub's cookie does not come back. Let users come by one host name and by https all the way; see that "
            "nothing before the hub drops or renames cookies, and that hub.baseUrl is the path that users see.",
            commands=(hub.kubectl("get ingress,service"),),
        ),
        severity=Severity.ERROR,
        cause="login",
        unexplained=True,
    )
