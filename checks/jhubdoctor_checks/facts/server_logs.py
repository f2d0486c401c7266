"""The logs of users' servers that run and that the hub or the proxy does not reach."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from jhubdoctor.api import Look, Pod, PodLog, Spawns, Unreadable, fact
from jhubdoctor_checks.facts.forgotten import Forgotten
from jhubdoctor_checks.facts.proxy_errors import ProxyErrors
from jhubdoctor_checks.texts import Known, known
from jhubdoctor_checks.texts.singleuser import SILENCES

MOST = 3
LINES = 200
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
    now: datetime,
) -> list[PodLog]:
    """The last lines of the newest three servers that run and did not answer; none where they cannot be read."""
    silent = {s.user for s in (spawns.unresolved(now, hours=1) if spawns else ()) if s.kind == "http-timeout"}
    failed = Counter(e.target for e in (proxy_errors.errors if proxy_errors else ()))
    # of those that run without the hub it is known why
    aside = {f.pod.name for f in forgotten or ()}
    found: list[PodLog] = []
    for pod in sorted(user_pods, key=lambda p: (p.created, p.name), reverse=True):
        wanted = pod.user in silent or failed[pod.name] >= _OFTEN
        if len(found) >= MOST or not wanted or pod.phase != "Running" or pod.terminating or pod.name in aside:
            continue
        names = [c.name for c in pod.spec.containers]
        name = _CONTAINER if _CONTAINER in names else next(iter(names), "")
        try:
            lines = [line for line in look.log(pod, name).splitlines() if line.strip()] if name else []
        except Unreadable:
            continue
        found.append(PodLog(pod, name, tuple(lines[-LINES:])))
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
            lines = [line for line in log.lines if known(SILENCES, line) is row]
            if lines:
                return row, lines[-1]
        raised = raised or next((line.strip() for line in reversed(log.lines) if _RAISED.match(line.strip())), "")
    return None, raised
