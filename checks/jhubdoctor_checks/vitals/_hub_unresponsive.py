"""Pages that the hub takes long for, whatever it waits for."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from jhubdoctor.api import Event, Events, Evidence, HubLog, Pod, excerpt
from jhubdoctor_checks.facts.traffic import HOUR, Request, Traffic

# JupyterHub's metrics.py, 5.0 to 6.0: one line for each pause of more than event_loop_interval_log_threshold
_PAUSE = re.compile(r"Event loop was unresponsive for at least (?P<s>\d{1,6}(?:\.\d{1,3})?)s")
# A pause of a second is usual where a hundred servers start, and so are long ones while the hub comes up.
_LONG = 2.0
# A proxy before the hub gives up after 30 or 60 seconds, and users long before.
SLOW = 10.0
_OFTEN, _SHARE = 5, 0.25
# A login provider that asks by telephone takes that long; nobody waits longer for a form.
_LOGIN = 30.0
# The chart's readiness probe waits a second, every two seconds, and its pod stays ready for a thousand failures; its
# liveness probe waits three seconds, every ten.
_PROBES = {"Readiness": 30, "Liveness": 5}
# as many as go into the first two minutes of a run
_COMING_UP = 60
_TIMEOUT = re.compile(r"(?P<kind>Readiness|Liveness) probe failed: .*(?:deadline exceeded|Client\.Timeout|i/o timeout)")
# What answers by itself, as other than a start, a login provider's answer, or a list of all users.
_PAGES = frozenset({"page", "login", "pending", "static"})
_START, _LATELY = timedelta(minutes=2), timedelta(minutes=15)


def pauses(hub_log: HubLog, traffic: Traffic, now: datetime) -> list[tuple[datetime, float]]:
    """When the hub stood still within the hour, and for how many seconds, but for the first minutes of its run."""
    begins = traffic.begins
    return [
        (e.at, float(m["s"]))
        for e, m in hub_log.find(_PAUSE)
        if e.at is not None and not e.previous and now - e.at <= HOUR and float(m["s"]) >= _LONG
        and (begins is None or e.at - begins > _START)
    ]  # fmt: skip


def pages(traffic: Traffic, now: datetime) -> list[Request]:
    """What users looked at within the hour, but for the first minutes of the hub's run."""
    begins = traffic.begins
    return [
        r
        for r in traffic.lately(now)
        if (r.handler in _PAGES if r.method == "GET" else r.handler == "login" and r.method == "POST")
        and "callback" not in r.route
        and (begins is None or r.at - begins > _START)
    ]  # fmt: skip


def slow(seen: list[Request], now: datetime) -> list[Request]:
    """Those that took long, oldest first; none where they are few of many, or it is over."""
    found = [r for r in seen if r.seconds >= (_LOGIN if r.method == "POST" else SLOW)]
    few = len(found) < _OFTEN or len(found) < _SHARE * len(seen)
    return [] if few or now - found[-1].at > _LATELY else found


def unanswered(hub_pods: list[Pod], events: Events | None, now: datetime) -> Event | None:
    """The probe that a hub which is ready left without an answer again and again, as the kubelet counts."""
    for pod in hub_pods:
        for e in events.about("Pod", pod.name, "Unhealthy") if events is not None and pod.ready else ():
            found = _TIMEOUT.match(e.message)
            if found is None or now - e.at > _LATELY or pod.started_since(e.began):
                continue
            coming_up = _COMING_UP if pod.started_since(e.began - _START) else 0
            an_hour = (e.times - coming_up) * (HOUR / max(HOUR, e.at - e.began))
            if an_hour >= _PROBES[found["kind"]]:
                return e
    return None


def shown(probe: Event, traffic: Traffic, now: datetime) -> tuple[Evidence | None, ...]:
    """The probe, and what took longest within the hour."""
    worst = max(pages(traffic, now), key=lambda r: r.seconds, default=None)
    return (
        Evidence("event", f"Unhealthy: {excerpt(probe.message)}", probe.at),
        took(worst) if worst is not None and worst.seconds >= SLOW else None,
    )


def took(r: Request) -> Evidence:
    """How long an answer took."""
    return Evidence("hub log", f"{r.method} {r.route} took {r.seconds:.0f} s", r.at)
