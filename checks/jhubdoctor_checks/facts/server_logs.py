"""The logs of users' servers that run: of those that the hub or the proxy does not reach, and of the newest."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from jhubdoctor.api import Look, Pod, PodLog, Spawns, Unreadable, fact
from jhubdoctor_checks.facts.forgotten import Forgotten
from jhubdoctor_checks.facts.proxy_errors import ProxyErrors
from jhubdoctor_checks.facts.traffic import LOOP, Traffic
from jhubdoctor_checks.texts import Known, known
from jhubdoctor_checks.texts.singleuser import SILENCES

MOST = 3
# Of servers of which nothing is known that is wrong: who came last is there now.
SAMPLE = 2
LINES = 200
# A server that has just started has not been asked for anything.
_SETTLED = timedelta(minutes=5)
_CONTAINER = "notebook"
# An exception, as the last line of a traceback; of other lines nothing is known, and they are the user's.
_RAISED = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception)\b")
_OFTEN = 3


@fact(optional=("pods/log",))
def server_logs(
    look: Look,
    user_pods: list[Pod],
    spawns: Spawns | None,
    proxy_errors: ProxyErrors | None,
    forgotten: list[Forgotten] | None,
    traffic: Traffic | None,
    now: datetime,
) -> list[PodLog]:
    """The last lines of three servers: of those that run and did not answer, then of the newest that are well.

    Of one that cannot be read nobody knows whether it is well.
    """
    silent = {s.user for s in (spawns.unresolved(now, hours=1) if spawns else ()) if s.kind == "http-timeout"}
    failed = Counter(e.target for e in (proxy_errors.errors if proxy_errors else ()))
    # of those that run without the hub it is known why
    aside = {f.pod.name for f in forgotten or ()}
    circles = {r.about for r in traffic.lately(now) if r.reason.startswith(LOOP)} if traffic else set()
    newest = sorted(user_pods, key=lambda p: (p.created, p.name), reverse=True)
    running = [p for p in newest if p.phase == "Running" and not p.terminating and p.name not in aside]
    wanted = [p for p in running if p.user in silent | circles or failed[p.name] >= _OFTEN]
    well = [p for p in running if p not in wanted and p.ready and now - p.created >= _SETTLED]
    found: list[PodLog] = []
    for pod in [*wanted, *well[:SAMPLE]][:MOST]:
        names = [c.name for c in pod.spec.containers]
        name = _CONTAINER if _CONTAINER in names else next(iter(names), "")
        try:
            found.append(PodLog.of(pod, name, look.log(pod, name, survey=True) if name else ""))
        except Unreadable as e:
            look.partial.append(e)
            continue
    return found


def reason_in(logs: Iterable[PodLog], names: Iterable[str]) -> tuple[Known[None] | None, str]:
    """What the logs of these pods say of their silence, and the line: the first row that one of their lines matches.

    (None, the last exception) where no row knows any of them, (None, "") where there is none.
    """
    wanted = set(names)
    raised = ""
    for log in logs:
        if log.pod.name not in wanted:
            continue
        for row in SILENCES:
            # the same line may be known by two rows: the first is the more precise
            lines = [line for line in log.lines[-LINES:] if known(SILENCES, line) is row]
            if lines:
                return row, lines[-1]
        raised = raised or next(
            (line.strip() for line in reversed(log.lines[-LINES:]) if _RAISED.match(line.strip())), ""
        )
    return None, raised
