"""What of the user-scheduler's log still holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from jhubdoctor.api import PodLog

# What it says once it works, kube-scheduler 1.13 to 1.36; a refusal before that is over.
_WORKS = r"(?i)successfully acquired lease|successfully bound pod|is bound successfully"
# client-go's reflector asks again within a minute (tools/cache/reflector.go, 1.13 to 1.36: 30 seconds and jitter). One
# that lists what it may list from now on says nothing of it, nor does a replica that waits for the lease.
RETRIES = timedelta(minutes=10)
# klog's header: `E0105 11:57:00.000000       1 reflector.go:200]`
_KLOG = r"[IWEF](?P<month>\d\d)(?P<day>\d\d) (?P<time>\d\d:\d\d:\d\d)\."


def lasting(logs: list[PodLog], now: datetime) -> Iterator[list[str]]:
    """Of each log the lines since it last said that it works, and none that it would have repeated by now."""
    for log in logs:
        last = max((i for i, line in enumerate(log.lines) if re.search(_WORKS, line)), default=-1)
        runs = any(s.name == log.container and s.state.running for s in log.pod.status.container_statuses)
        yield [
            line
            for i, line in enumerate(log.lines)
            if i > last and not (runs and (at := _at(log, i, now)) is not None and now - at > RETRIES)
        ]


def _at(log: PodLog, i: int, now: datetime) -> datetime | None:
    """When a line was logged: by the kubelet's time stamp, else by klog's, which has no year."""
    if i < len(log.times) and (stamp := log.times[i]) is not None:
        return stamp
    m = re.match(_KLOG, log.lines[i])
    if m is None:
        return None
    try:
        at = datetime.fromisoformat(f"{now.year}-{m['month']}-{m['day']}T{m['time']}").replace(tzinfo=UTC)
        return at if at <= now + timedelta(days=1) else at.replace(year=now.year - 1)
    except ValueError:
        return None
