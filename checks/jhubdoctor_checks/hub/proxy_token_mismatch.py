"""A proxy that does not take the hub's token."""

import re
from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Evidence, Finding, Fix, Hub, HubLog, Pod, PodLog, Rung, Severity, check, times
from jhubdoctor_checks.hub._logged import lately, pods_of, weigh

# JupyterHub's proxy.py, 1.0 to 6.0
_REFUSED = r"api_request to proxy failed: HTTP 403"
# configurable-http-proxy 4 and 5 logs each request to its API with the status
_ROUTES = r"\b(?P<status>\d{3}) (?:GET|POST|DELETE) /api/routes"
_RUNNING = r"JupyterHub is now running"


# the same rung: a proxy that refuses the hub may be logged as one that does not answer
@check(
    severity=Severity.ERROR,
    at=Rung.UP,
    stops=Rung.UP,
    explains=("proxy-unreachable",),
    complete=("hub_pods", "proxy_pods"),
    fires_only_with=("proxy_log",),
)
def proxy_token_mismatch(
    hub: Hub, now: datetime, hub_log: HubLog, hub_pods: list[Pod], proxy_pods: list[Pod], proxy_log: PodLog | None
) -> Iterator[Finding]:
    """The proxy does not take the hub's token, since the two started with different ones."""
    found = list(lately(hub_log, _REFUSED, now))
    if found and found[-1][0].previous and any(re.match(_RUNNING, e.message) for e in hub_log.current):
        return
    routes = [m["status"] for m in proxy_log.search(_ROUTES)] if proxy_log is not None else []
    if not found or (routes and routes[-1] != "403"):
        # what the proxy said last is what counts: a hub that was restarted since is well again
        return
    last, _ = found[-1]
    hub_start, proxy_start = _started(hub_pods, "hub"), _started(proxy_pods, "chp")
    yield Finding(
        on=(hub.ref,),
        says="the proxy does not take the hub's token: they were started with different ones",
        evidence=(
            Evidence("hub log", f"api_request to proxy failed: HTTP 403 ({times(len(found))})", last.at),
            Evidence("proxy log", f"403 on /api/routes ({times(routes.count('403'))})") if routes else None,
            Evidence("pod.status", "the hub was started", hub_start) if hub_start else None,
            Evidence("pod.status", "the proxy was started", proxy_start) if proxy_start else None,
        ),
        fix=Fix(
            "Restart both, so that they read the same token. Where it comes back at each deployment (helm template, "
            "Argo CD), "
            "set hub.config.ConfigurableHTTPProxy.auth_token to a value of your own (openssl rand -hex 32).",
            commands=(hub.kubectl(f"rollout restart deployment/{_proxy(proxy_pods)} deployment/{hub.ref.name}"),),
            caution="Users lose their connection for some seconds; their servers keep running.",
        ),
        severity=weigh(last.at, now),
        affects=(*pods_of(hub_pods), *pods_of(proxy_pods)),
    )


def _started(pods: list[Pod], container: str) -> datetime | None:
    for pod in pods[:1]:
        for s in pod.status.container_statuses:
            if s.name == container and s.state.running:
                return s.state.running.started_at
    return None


def _proxy(pods: list[Pod]) -> str:
    owner = pods[0].owner if pods else ""
    return owner.removeprefix("Deployment/") if owner.startswith("Deployment/") else "proxy"
