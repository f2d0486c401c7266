"""How often the API server could not answer the hub, by the hub's log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from jhubdoctor.api import Hub, HubLog, Ref, Spawns, refusal
from jhubdoctor_checks.hub._logged import HOUR
from jhubdoctor_checks.texts import known
from jhubdoctor_checks.texts.admission import ADMISSION

# KubeSpawner tries again by itself where one request fails.
OFTEN = 2
# One failure is logged by each layer that it passes.
_APART = timedelta(seconds=10)
# KubeSpawner 7's reflector.py; what the others log has the server's whole answer in it
_STATUS = re.compile(r"calling Kubernetes API\. Status: (?P<code>5\d\d)[^.]*\. Message: (?P<message>.*)")
_WELL = re.compile(r"User .+ took [\d.]+ seconds to start|watching for \w+ with")


@dataclass(frozen=True)
class Failed:
    """An answer of the API server that is an error of its own (5xx)."""

    at: datetime
    code: int
    message: str


def answers(hub_log: HubLog, now: datetime) -> list[Failed]:
    """Those of the last hour since something last came to a good end, oldest first.

    What a webhook, or another that the API server asks, does not answer is that one's fault.
    """
    found: list[Failed] = []
    for e in hub_log.entries:
        if e.at is None or now - e.at > HOUR:
            continue
        if _WELL.match(e.message):
            found = []
            continue
        code, message = refusal(e)
        if m := _STATUS.search(e.message):
            code, message = int(m["code"]), m["message"]
        row = known(ADMISSION, message) if message else None
        if not code or code < 500 or (row is not None and not row.word.startswith("etcd-")):
            continue
        if not found or e.at - found[-1].at > _APART:
            found.append(Failed(e.at, code, message))
    return found


def unmade(hub: Hub, spawns: Spawns, failed: Sequence[Failed]) -> tuple[Ref, ...]:
    """What was not made for that: the pods of users; the hub, where one was refused before its pod had a name."""
    said = {f.message for f in failed}
    lost = [s for s in spawns.failed if s.at and s.at >= failed[0].at - _APART and s.error in said]
    return tuple(dict.fromkeys(hub.pod_ref(s.pod) if s.pod else hub.ref for s in lost))
