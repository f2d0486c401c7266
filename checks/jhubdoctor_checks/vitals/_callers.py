"""Who asks the hub for something, by the name and the address that it logged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from jhubdoctor.api import Pod, clean, count
from jhubdoctor_checks.facts.traffic import Request

METRICS = "/hub/metrics"


def by_address(pods: Iterable[Pod]) -> dict[str, Pod]:
    """Pods by the address that they have now; the network of their node is not theirs."""
    return {p.status.pod_ip: p for p in pods if p.status.pod_ip and not p.finished}


def by_services(requests: Iterable[Request], beside: Mapping[str, Pod]) -> list[Request]:
    """The same, where a pod beside the hub that is called as whoever asked is a service, and no user.

    The hub names its services as it starts, which the log that was read may not go back to.
    """
    return [
        replace(r, service=True) if r.caller == "user" and (p := beside.get(r.address)) and r.name in p.name else r
        for r in requests
    ]


def who(group: Sequence[Request], pods: Mapping[str, Pod]) -> str:
    """Who is refused, with `is` or `are`; `pods` by their addresses."""
    last = group[-1]
    if last.service:
        return f"service {clean(last.name, 60)} is"
    if last.caller == "user":
        number = len({r.name for r in group})
        return f"{count(number, 'user')} {'is' if number == 1 else 'are'}"
    if last.route.endswith("/activity"):
        number = len({r.about for r in group})
        return f"{count(number)} of users that the hub does not know {'is' if number == 1 else 'are'}"
    if pod := pods.get(last.address):
        return f"pod {pod.name} is"
    if last.route == METRICS:
        return "what scrapes the metrics (Prometheus) is"
    return f"a client at {last.address} is" if last.inside else "a client is"
