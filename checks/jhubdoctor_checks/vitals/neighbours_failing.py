"""What runs beside the hub, is ready, and logs the same error again and again."""

import re
from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Entry, Evidence, Finding, Fix, Hub, PodLog, Rung, Severity, check, grouped, times
from jhubdoctor_checks.vitals._again import goes_on, kind_of, told
from jhubdoctor_checks.vitals._containers import HOUR, workload
from jhubdoctor_checks.vitals._said import nobody

_ANSWER = re.compile(r"\d{3} [A-Z]{3,8} ")
# oauth2-proxy 6 to 7, oauthproxy.go: it names no level, and calls those errors too who are not logged in yet
_CALLBACK = re.compile(r"Error .*(?:callback|redeem)")


def _fails(e: Entry) -> bool:
    return e.level in {"E", "C"} or (e.module == "oauthproxy.go" and _CALLBACK.match(e.message) is not None)


@check(severity=Severity.WARNING, at=Rung.SERVED, symptom=True)
def neighbours_failing(hub: Hub, now: datetime, neighbour_logs: list[PodLog]) -> Iterator[Finding]:
    """What runs beside the hub (a gateway, a database, a service) is ready, and logs the same error again and again."""
    for log in neighbour_logs:
        errors = [e for e in log.entries if _fails(e) and e.at is not None and now - e.at <= HOUR]
        told_of = [e.at for e in errors if e.raised is not None]
        # the answer to a request is logged beside the exception that it ended in
        apart = [e for e in errors if e.raised is not None or not (_ANSWER.match(e.message) and e.at in told_of)]
        for kind, found in grouped(apart, kind_of):
            at = [e.at for e in found if e.at is not None]
            if not goes_on(at, now):
                continue
            name, last = workload(log.pod) or log.pod.name, found[-1]
            words = told(last) if last.raised is None else f"{nobody(last.message, 80)}: {told(last)}"
            yield Finding(
                on=(log.pod.ref,),
                says=f"{name} beside the hub logs the same error again and again, {times(len(found))} since "
                f"{at[0]:%H:%M} UTC: {words}",
                evidence=(
                    Evidence("pod log", words, at[-1]),
                    Evidence("pod log", "the first of them", at[0]),
                ),
                fix=Fix(
                    "See what it logs before that, and what it asks.",
                    commands=(hub.kubectl(f"logs {log.pod.name} --container {log.container} --tail 200"),),
                ),
                cause=kind,
                unexplained=True,
            )
