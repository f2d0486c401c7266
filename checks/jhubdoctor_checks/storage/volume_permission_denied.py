"""Volumes that belong to somebody else."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Finding, Hub, HubLog, PersistentVolumeClaim, Pod, PodLog, Rung, Severity, Values, check
from jhubdoctor_checks.storage._claims import shared
from jhubdoctor_checks.storage._database import DIRECTORY
from jhubdoctor_checks.storage._full import database_trouble, homes_in_trouble
from jhubdoctor_checks.storage._volume_permission_denied import own_database, own_home

_HOME = r"PermissionError: \[Errno 13\] Permission denied: '/|Permission denied: '/home"
# SQLite's SQLITE_READONLY and SQLITE_CANTOPEN; JupyterHub's own words (app.py) before it opens the file
_DATABASE = (
    rf"attempt to write a readonly database|unable to open database file|cannot (?:create files in|edit) {DIRECTORY}"
    rf"|cannot (?:create files in|edit) \S*jupyterhub\.sqlite|Permission denied: '{DIRECTORY}"
)


# all that the hub's log tells is about its Deployment: of what it says of a disk, this alone
@check(severity=Severity.ERROR, stops=Rung.UP, explains=("hub-database-locked",))
def volume_permission_denied(
    hub: Hub,
    hub_pods: list[Pod],
    hub_log: HubLog,
    ended_user_logs: list[PodLog],
    known_claims: list[PersistentVolumeClaim],
    values: Values | None,
    now: datetime,
) -> Iterator[Finding]:
    """The hub, or a user's server, may not write to its volume."""
    database = database_trouble(hub, hub_log, _DATABASE, known_claims, now)
    if database and hub.deployment is not None:
        claim, logged = database
        security = hub.deployment.spec.template.spec.security_context
        group = security.fs_group if security else None
        yield Finding(
            on=(claim.ref,),
            says=f"the hub may not write its database on the claim {claim.name}",
            evidence=(logged, ("deployment", f"securityContext.fsGroup: {group if group is not None else 'not set'}")),
            fix=own_database(hub, group),
            cause="hub",
            affects=(hub.ref, *(p.ref for p in hub_pods)),
        )
    denied = homes_in_trouble(ended_user_logs, _HOME, known_claims)
    if denied:
        who = "a server" if len(denied) == 1 else f"{len(denied)} servers"
        yield Finding(
            on=tuple(shared(h.claim.ref) for h in denied),
            says=f"{who} may not write to the home of the user",
            evidence=tuple(h.evidence for h in denied[:3]),
            fix=own_home(hub, values, denied[0].troubles[0]),
            cause="homes",
            affects=tuple(t.pod.ref for h in denied for t in h.troubles),
        )
