"""What the culler and the hub log of rounds that failed, and what to do by the kind of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from jhubdoctor.api import RESTARTS, Entry, Fix, Hub, clean

# The hub's own log of requests (log.py, web.py) and tornado's of the culler's callback (jupyterhub-idle-culler 1.0 to
# 2.0), which quotes the culler's token: nothing of that line but its first words may be shown.
_DENIED = r"403 GET \S*/hub/api/users\?.*@(?:127\.0\.0\.1|::1|::ffff:127\.0\.0\.1)\)"
_CALLBACK = r"Exception in callback functools\.partial\(<function cull_idle"
_EXITED = r"Service (?P<service>jupyterhub-idle-culler|cull-idle) exited with status (?P<status>-?\d+)"
_WORKED = r"200 GET \S*/hub/api/users\?.*(?:jupyterhub-idle-culler|cull-idle)@|Culling server "
# Tornado 5 to 6.5: an answer that does not come is HTTP 599, or an error of its own kind.
_LATE = r"Timeout|HTTP 599"
_REFUSED = r"HTTP 40[13]\b"


@dataclass(frozen=True)
class Round:
    """A round that failed: when, how, and the exception where one is logged."""

    at: datetime | None
    what: str
    said: str = ""

    @property
    def told(self) -> str:
        """What the log has of it."""
        return f"{self.what}: {self.said}" if self.said else self.what

    @property
    def kind(self) -> str:
        """`denied`, `late`, or `failed` where nothing tells why."""
        return "denied" if re.search(_REFUSED, self.told) else "late" if re.search(_LATE, self.said) else "failed"


def rounds(entries: Iterable[Entry]) -> list[Round]:
    """Those that failed since one last worked."""
    found: list[Round] = []
    for e in entries:
        if re.search(_WORKED, e.message):
            found = []
        elif m := re.match(_EXITED, e.message):
            found.append(Round(e.at, f"{m['service']} exited with status {m['status']}"))
        elif re.match(_CALLBACK, e.message):
            found.append(Round(e.at, "its callback failed", clean(e.raised.text, 120) if e.raised else ""))
        elif re.match(_DENIED, e.message):
            found.append(Round(e.at, "HTTP 403 on /hub/api/users"))
    return found


def remedy(hub: Hub, kind: str) -> Fix:
    """What to do, by the kind."""
    again = hub.kubectl(f"rollout restart deployment/{hub.ref.name}")
    if kind == "denied":
        return Fix(
            "Let the chart define the culler and its role: a list of roles or services of your own in "
            "hub.config.JupyterHub or hub.extraConfig replaces the chart's. Use hub.loadRoles and hub.services, "
            "which add.",
            commands=(again,),
            caution=RESTARTS,
        )
    if kind == "late":
        return Fix(
            "Where the hub answers nobody any more, restart it. Then see what it waits for: CPU (hub.resources), its "
            "database, code in hub.extraConfig or an authenticator that waits without await.",
            commands=(hub.kubectl("top pod --containers --selector component=hub"), again),
            caution=RESTARTS,
        )
    log = hub.kubectl(f"logs deployment/{hub.ref.name} --container hub --tail 5000")
    return Fix("See what the culler logs of it.", commands=(f"{log} | grep -A 30 -E 'cull_idle|idle-culler'",))
