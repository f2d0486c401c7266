"""A hub that does not reach the Kubernetes API."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Entry, Evidence, Finding, Fix, Hub, HubLog, Pod, Rung, Severity, Spawns, check, clean, times
from jhubdoctor_checks.hub._logged import HOUR, line_of, pods_of

# KubeSpawner's reflector.py (4.2 and later; before it only the second), with an exception of the connection.
_FAILED = (
    r"Initial list of \w+ failed|Error when watching resources, retrying|Reflector (?:with key|for) .* failed to start"
)
_RETRYING = "Error when watching resources, retrying"
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
_LASTS = timedelta(minutes=5)
# A watch that breaks now and then is taken up again at once.
_OFTEN = 3


# by a rung it would take all that ails the pods of failed starts
@check(
    severity=Severity.ERROR,
    at=Rung.REACHED,
    stops=Rung.TOLD,
    explains=("hub-crash-loop", "reflector-frozen", "consecutive-failure-abort"),
)
def hub_api_unreachable(
    hub: Hub, now: datetime, hub_log: HubLog, spawns: Spawns, hub_pods: list[Pod]
) -> Iterator[Finding]:
    """The hub does not reach the Kubernetes API, so it cannot start or see any server."""
    failures: list[tuple[Entry, re.Match[str]]] = []
    gave_up = False
    for e in hub_log.entries:
        if re.match(_WELL, e.message) or re.search(_MADE, e.text):
            failures = []
        elif re.match(_GIVEN_UP, e.message):
            gave_up = True
        elif e.level in {"E", "W", "C"} and re.match(_FAILED, e.message) and (m := re.search(_CONNECTION, e.text)):
            failures.append((e, m))
            gave_up = False
    watching = all(e.message.startswith(_RETRYING) for e, _ in failures)
    if not failures or (watching and len(failures) < _OFTEN):
        return
    last, m = failures[-1]
    if (gave_up or watching) and last.at is not None and now - last.at > _LASTS:
        # it would have tried again, and said so, within half a minute: a watch that was taken up says nothing; of one
        # that was given up it is certain that the hub sees no pods (reflector-frozen)
        return
    fresh = last.at is None or now - last.at <= HOUR
    failed = tuple(hub.pod_ref(s.pod) for s in spawns.failed if s.pod)
    yield Finding(
        on=(hub.ref,),
        says="the hub does not reach the Kubernetes API, so no server can start",
        evidence=(Evidence("hub log", f"{clean(line_of(last, m), 200)} ({times(len(failures))})", last.at),),
        fix=Fix(
            "See that the hub's pod may reach the API server: NetworkPolicies (hub.networkPolicy.egressAllowRules lets "
            "private and public addresses be reached, and some network plugins treat the API server apart), DNS, and "
            "the "
            "API server itself.",
            commands=(
                "kubectl get endpointslices --namespace default --selector kubernetes.io/service-name=kubernetes",
                hub.kubectl("describe networkpolicies"),
            ),
        ),
        severity=Severity.ERROR if fresh else Severity.WARNING,
        affects=(*pods_of(hub_pods), *dict.fromkeys(failed)),
    )
