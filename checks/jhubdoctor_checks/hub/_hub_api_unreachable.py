"""What a hub logs while it does not reach the API server."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from jhubdoctor.api import Entry, Hub, HubLog, NetworkPolicy, Pod, Spawns
from jhubdoctor_checks.api_walls import Wall, distrusted, walled

# KubeSpawner's reflector.py (4.2 and later; before it only the second), with an exception of the connection.
_FAILED = (
    r"Initial list of \w+ failed|Error when watching resources, retrying|Reflector (?:with key|for) .* failed to start"
)
_CONNECTION = (
    r"ClientConnector\w*|Cannot connect to host "
    r"\S+|ServerDisconnected\w*|ClientOSError|MaxRetryError|NewConnectionError"
    r"|ConnectionRefusedError|ConnectionResetError|TimeoutError|ConnectTimeout\w*|gaierror|ContentTypeError"
)
_WELL = r"watching for pods with|User .+ took [\d.]+ seconds to start"
# spawner.py: both are about a pod that the API server had made for the hub.
_MADE = r"Pod \S+ never showed up in reflector|pod \S+ did not start in \d+ seconds"
# After this the hub asks no more (reflector.py), so silence does not tell that the fault lasts.
_GIVEN_UP = r"Watching resources never recovered, giving up"
_UNANSWERED = r"Could not create (?:pod|PVC)"
# A policy drops what it does not allow: a connection that is refused or closed has another cause.
_SILENT = r"(?i)timed? ?out"
# A watch that breaks now and then is taken up again at once.
_OFTEN = 3
_TOGETHER = timedelta(minutes=15)

Outage = tuple[Entry, "re.Match[str]"]


def outages(hub_log: HubLog) -> tuple[list[Outage], bool]:
    """The failures to reach the API server since it last worked, and whether the hub has given up to watch."""
    failures: list[Outage] = []
    gave_up = False
    for e in hub_log.entries:
        if re.match(_WELL, e.message) or re.search(_MADE, e.text):
            failures = []
        elif re.match(_GIVEN_UP, e.message):
            gave_up = True
        elif e.level in {"E", "W", "C"} and re.match(_FAILED, e.message) and (m := _last(e.text)):
            failures.append((e, m))
            gave_up = False
    return failures, gave_up


def _last(text: str) -> re.Match[str] | None:
    """The last word of a connection: before it stand the lines of code that raise it."""
    return next(reversed(list(re.finditer(_CONNECTION, text))), None)


def lasting(failures: Sequence[Outage], spawns: Spawns) -> bool:
    """Whether they are more than watches that broke and were taken up again.

    A start that asked for minutes and was never answered says the same as a watch that is lost again and again.
    """
    return len(failures) >= _OFTEN or not watch_alone(failures, spawns)


def watch_alone(failures: Sequence[Outage], spawns: Spawns) -> bool:
    """Whether nothing but a watch broke: one that was taken up again says nothing, so its silence is its end."""
    at = failures[-1][0].at
    unanswered = any(
        s.at and at and abs(at - s.at) <= _TOGETHER and re.search(_UNANSWERED, s.error) and not well_since(spawns, s.at)
        for s in spawns.failed
    )
    return not unanswered and all("retrying" in e.message for e, _ in failures)


def well_since(spawns: Spawns, at: datetime) -> bool:
    """Whether a server started after this."""
    return any(t and t > at for _, _, t in spawns.succeeded)


def wall(hub: Hub, said: Entry, line: str, policies: list[NetworkPolicy], cilium: list[Pod]) -> Wall | None:
    """Why it does not reach it, where that is seen."""
    return distrusted(hub, line) or (walled(hub, policies, cilium) if re.search(_SILENT, said.text) else None)
