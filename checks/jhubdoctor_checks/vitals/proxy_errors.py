"""Requests of users that the proxy could not pass on."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    Evidence,
    Finding,
    Fix,
    Hub,
    HubLog,
    Pod,
    PodLog,
    Rung,
    Severity,
    check,
    clean,
    count,
    times,
)
from jhubdoctor_checks.facts.image import shared
from jhubdoctor_checks.facts.proxy_errors import GONE, HUB, OTHER, ProxyErrors
from jhubdoctor_checks.facts.server_logs import reason_in
from jhubdoctor_checks.texts import known, names_of
from jhubdoctor_checks.texts.proxy import CONNECT, ENDED
from jhubdoctor_checks.vitals._proxy_errors import Failing, failing, reached_again


@check(severity=Severity.ERROR, at=Rung.SERVED, symptom=True)
def proxy_errors(
    hub: Hub,
    now: datetime,
    proxy_errors: ProxyErrors,
    hub_pods: list[Pod],
    user_pods: list[Pod],
    hub_log: HubLog | None,
    server_logs: list[PodLog] | None,
) -> Iterator[Finding]:
    """The proxy cannot pass on what users ask for."""
    for f in failing(proxy_errors, hub_pods, user_pods, now):
        last = f.errors[-1]
        reason, line = reason_in(server_logs or [], [p.name for p in f.pods])
        row = ENDED if f.target == GONE else reason or known(CONNECT, f"{f.errno} {last.address}".strip())
        names = {**names_of(hub), "name": proxy_errors.pod.owner.partition("/")[2]}
        yield Finding(
            on=(() if f.target == GONE else tuple(shared(p.ref) for p in f.pods)) or (hub.service_ref,),
            says=f"the proxy {_cannot(f)}" + (f": {row.means(names)}" if row else f" ({f.errno})" if f.errno else ""),
            evidence=(
                Evidence("proxy log", f"{last.text} ({times(len(f.errors))})", last.at),
                Evidence("pod log", clean(line, 300)) if line else None,
                Evidence("proxy log", "the first of them", f.errors[0].at),
                Evidence("proxy log", "the log that was read begins", proxy_errors.since),
            ),
            fix=row.remedy(names)
            if row
            else Fix(
                "See what the proxy and its target log.",
                commands=(hub.kubectl(f"logs {proxy_errors.pod.name} --container chp --tail 200"),),
            ),
            severity=Severity.WARNING if reached_again(f, hub_log, now) else Severity.ERROR,
            cause=f"{f.target} {row.word if row else f.errno}".strip(),
            # why a server ended is not why its users are still sent there: mending that one mends nothing here
            affects=tuple(shared(p.ref) for p in f.pods) if f.target == GONE else (),
            unexplained=row is None,
        )


def _cannot(f: Failing) -> str:
    if f.target == HUB:
        return f"could not reach the hub for {count(len(f.errors), 'request')}"
    if f.target == OTHER:
        last = f.errors[-1]
        where = f"{last.address or 'a service'}{f' (service {last.service})' if last.service else ''}"
        return f"could not reach {where}, which is neither the hub nor a server, for {count(len(f.errors), 'request')}"
    if f.target == GONE:
        one = len(f.users) == 1
        who = "a user to a server" if one else f"{len(f.users)} users to servers"
        return f"still sends {who} that {'has' if one else 'have'} ended, for {count(len(f.errors), 'request')}"
    if f.cut_by_one:
        return f"got no answer from a server that runs, for {count(len(f.errors), 'request')}"
    run = "run" if len(f.pods) > 1 else "runs"
    return f"could not reach {count(len(f.pods))} that {run}, for {count(len(f.errors), 'request')}"
