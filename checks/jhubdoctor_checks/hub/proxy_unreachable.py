"""A hub that does not reach its proxy."""

import re
from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Entry, Evidence, Finding, Fix, Hub, HubLog, Pod, Rung, Severity, check, pod_of, times
from jhubdoctor_checks.facts.image import shared
from jhubdoctor_checks.hub._logged import pods_of, weigh

# JupyterHub's proxy.py: retries for 30 seconds (1.2 and later), then the first; 1.0 and 1.1 end with the CurlError.
# Without pycurl, which the chart's hub has, the connection is refused at once.
_GIVEN_UP = (
    # a traceback of a login provider's may end alike
    r"Repeated api_request to proxy path|proxy\.py[\s\S]*(?:CurlError: HTTP 599|ConnectionRefusedError|gaierror)"
)
_ADD = r"Failed to add (?P<user>.+) to proxy!"
_ATTEMPT = r"Attempting to create pod (?P<pod>[\w.-]+)"
_RETRY = r"api_request to the proxy failed with (?:status code (?P<code>\d+)|connection error (?P<error>.*)), retr"
_WELL = r"JupyterHub is now running|User .+ took [\d.]+ seconds to start|Adding missing route"


@check(severity=Severity.ERROR, at=Rung.UP, stops=Rung.UP, symptom=True)
def proxy_unreachable(
    hub: Hub, now: datetime, hub_log: HubLog, hub_pods: list[Pod], proxy_pods: list[Pod]
) -> Iterator[Finding]:
    """The hub does not reach the proxy's API, so it does not start, or cannot let users to their servers."""
    given_up: list[Entry] = []
    retries, code = 0, ""
    for e in hub_log.entries:
        if re.match(_WELL, e.message):
            given_up, retries = [], 0
        elif m := re.match(_RETRY, e.message):
            # tornado's own number for no answer at all
            retries, code = retries + 1, (m["code"] or "").replace("599", "")
        elif e.level in {"E", "C", ""} and (re.search(_GIVEN_UP, e.text) or re.match(_ADD, e.message)):
            given_up.append(e)
    if not given_up:
        # retries alone are normal while the proxy is being restarted
        return
    last = given_up[-1]
    ready = [p for p in proxy_pods if p.ready]
    fails = f"the proxy's API answers the hub with an error (HTTP {code})"
    # these ran, and the hub stopped them since nobody would get there
    asked = [m["pod"] for _, m in hub_log.find(_ATTEMPT)]
    users = [m["user"] for e in given_up if (m := re.match(_ADD, e.message))]
    lost = dict.fromkeys(shared(hub.pod_ref(pod)) for u in users if (pod := pod_of(u, asked)))
    yield Finding(
        on=(hub.ref,),
        says=(fails if code else "the hub does not reach the proxy's API")
        + ("" if ready else ", and no pod of the proxy is ready"),
        evidence=(
            Evidence("hub log", f"gave up; tried {times(retries)}" if retries else "gave up at once", last.at),
            Evidence("pod.status", f"{len(ready)} of {len(proxy_pods)} pods of the proxy are ready"),
        ),
        fix=Fix(
            "See in the proxy's log why it fails; a proxy of your own may lack a right that it needs."
            if code
            else "See that the proxy runs, that the Service proxy-api leads to it, and that DNS and NetworkPolicies "
            "let the hub reach port 8001.",
            commands=(
                hub.kubectl("get pods --selector component=proxy"),
                hub.kubectl("get endpointslices --selector kubernetes.io/service-name=proxy-api"),
            ),
        ),
        severity=weigh(last.at, now),
        affects=(*pods_of(hub_pods), *lost),
    )
