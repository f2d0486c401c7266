"""An idle culler that cannot do its work."""

import re
from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import RESTARTS, Entry, Evidence, Finding, Fix, Hub, HubLog, Severity, Values, check, times
from jhubdoctor_checks.hub._logged import DAY

# The hub's own log of requests (log.py, web.py) and tornado's of the culler's callback (jupyterhub-idle-culler 1.0 to
# 2.0), which quotes the culler's token: nothing of that line but its first words may be shown.
_DENIED = r"403 GET \S*/hub/api/users\?.*@(?:127\.0\.0\.1|::1|::ffff:127\.0\.0\.1)\)"
_CALLBACK = r"(?:\[\w \d+ [\d:]+ \S+\] )?Exception in callback functools\.partial\(<function cull_idle"
_REASON = r"HTTPClientError: (?P<http>HTTP \d{3})|(?P<refused>ConnectionRefusedError)|(?P<timeout>\w*Timeout\w*)"
_EXITED = r"Service (?P<service>jupyterhub-idle-culler|cull-idle) exited with status (?P<status>-?\d+)"
_WORKED = r"200 GET \S*/hub/api/users\?.*(?:jupyterhub-idle-culler|cull-idle)@|Culling server "
# A single refusal right after the hub's start is a race (jupyterhub/jupyterhub#3956).
_OFTEN = 2


# it is refused at the hub's API, where others may be refused for reasons of their own; that it ends, the hub logs too
@check(severity=Severity.WARNING, explains=("requests-refused", "errors-go-on"))
def culler_failing(hub: Hub, now: datetime, hub_log: HubLog, values: Values | None) -> Iterator[Finding]:
    """The idle culler cannot ask the hub for servers, so servers that nobody uses are never stopped."""
    failures: list[tuple[Entry, str]] = []
    for e in hub_log.current:
        if e.at is not None and now - e.at > DAY:
            continue
        if re.search(_WORKED, e.message):
            failures = []
        elif m := re.match(_EXITED, e.message):
            failures.append((e, f"{m['service']} exited with status {m['status']}"))
        elif re.match(_CALLBACK, e.message):
            r = re.search(_REASON, e.text)
            failures.append((e, f"its callback failed: {r[0]}" if r else "its callback failed"))
        elif e.module == "log" and re.match(_DENIED, e.message):
            failures.append((e, "HTTP 403 on /hub/api/users"))
    if len(failures) < _OFTEN:
        return
    last, what = failures[-1]
    roles = values is not None and (
        values.has("hub.loadRoles") or "JupyterHub.load_roles" in values.traits_in_code
        or values.has("hub.config.JupyterHub.load_roles")
    )  # fmt: skip
    yield Finding(
        on=(hub.ref,),
        says="the idle culler cannot ask the hub for servers, so none is stopped for being idle",
        evidence=(
            Evidence("hub log", f"{what} ({times(len(failures))})", last.at),
            Evidence("values", "roles of your own are set (hub.loadRoles or load_roles)") if roles else None,
        ),
        fix=Fix(
            "Let the chart define the culler and its role: a list of roles or services of your own in "
            "hub.config.JupyterHub or hub.extraConfig replaces the chart's. Use hub.loadRoles and hub.services, "
            "which add.",
            commands=(hub.kubectl(f"rollout restart deployment/{hub.ref.name}"),),
            caution=RESTARTS,
        ),
    )
