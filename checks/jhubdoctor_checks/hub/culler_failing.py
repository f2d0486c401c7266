"""An idle culler that cannot do its work."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Evidence, Finding, Hub, HubLog, Severity, Values, check, times
from jhubdoctor_checks.hub._culler_failing import remedy, rounds
from jhubdoctor_checks.hub._logged import DAY

# A single refusal right after the hub's start is a race (jupyterhub/jupyterhub#3956).
_OFTEN = 2
_SAYS = {
    "denied": "the idle culler cannot ask the hub for servers",
    "late": "the hub does not answer its own idle culler in time: it is slow, or hangs",
    "failed": "the idle culler fails",
}


# it is refused at the hub's API, where others may be refused for reasons of their own; that it ends, the hub logs too
@check(severity=Severity.WARNING, explains=("requests-refused", "errors-go-on"))
def culler_failing(hub: Hub, now: datetime, hub_log: HubLog, values: Values | None) -> Iterator[Finding]:
    """The idle culler cannot ask the hub for servers, so servers that nobody uses are never stopped."""
    failures = rounds(e for e in hub_log.current if e.at is None or now - e.at <= DAY)
    if len(failures) < _OFTEN:
        return
    # that it ends, or fails, follows from what it was told
    kind = next((k for k in ("denied", "late") if any(f.kind == k for f in failures)), "failed")
    alike = [f for f in failures if f.kind == kind]
    roles = kind == "denied" and values is not None and (
        values.has("hub.loadRoles") or "JupyterHub.load_roles" in values.traits_in_code
        or values.has("hub.config.JupyterHub.load_roles")
    )  # fmt: skip
    yield Finding(
        on=(hub.ref,),
        says=f"{_SAYS[kind]}; no server is stopped for being idle",
        evidence=(
            Evidence("hub log", f"{alike[-1].told} ({times(len(alike))})", alike[-1].at),
            Evidence("values", "roles of your own are set (hub.loadRoles or load_roles)") if roles else None,
        ),
        fix=remedy(hub, kind),
        cause="" if kind == "denied" else kind,
    )
