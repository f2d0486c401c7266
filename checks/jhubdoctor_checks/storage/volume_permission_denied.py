"""Volumes that belong to somebody else."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from jhubdoctor import (
    Evidence,
    Finding,
    Fix,
    Hub,
    HubLog,
    PersistentVolumeClaim,
    Pod,
    PodLog,
    Severity,
    Values,
    check,
    clean,
)
from jhubdoctor_checks.storage._claims import shared
from jhubdoctor_checks.storage._database import DIRECTORY, claim_at
from jhubdoctor_checks.storage._full import Trouble, of_today, troubles

_HOME = re.compile(r"PermissionError: \[Errno 13\] Permission denied: '/|Permission denied: '/home")
# SQLite's SQLITE_READONLY and SQLITE_CANTOPEN; JupyterHub's own words (app.py) before it opens the file
_DATABASE = re.compile(
    rf"attempt to write a readonly database|unable to open database file|cannot (?:create files in|edit) {DIRECTORY}"
    rf"|cannot (?:create files in|edit) \S*jupyterhub\.sqlite|Permission denied: '{DIRECTORY}"
)
_RESTARTS = "This restarts the hub; users' servers keep running."


@check(
    severity=Severity.ERROR,
    explains=("user-pod-crash-loop", "hub-crash-loop", "spawn-http-timeout", "hub-restarting", "hub-database-locked"),
)
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
    found = of_today(hub_log, _DATABASE, now)
    name = claim_at(hub, DIRECTORY)
    claim = next((c for c in known_claims if c.name == name), None)
    if found and claim is not None and hub.deployment is not None:
        entry, m = found[-1]
        security = hub.deployment.spec.template.spec.security_context
        group = security.fs_group if security else None
        yield Finding(
            on=(claim.ref,),
            says=f"the hub may not write its database on the claim {claim.name}",
            evidence=(
                Evidence("hub log", clean(m[0], 200), entry.at),
                Evidence("deployment", f"securityContext.fsGroup: {group if group is not None else 'not set'}"),
            ),
            fix=_own_database(hub, group),
            cause="hub",
            affects=(hub.ref, *(p.ref for p in hub_pods)),
        )
    homes: dict[str, list[Trouble]] = {}
    for t in troubles(ended_user_logs, _HOME):
        homes.setdefault(t.claim, []).append(t)
    denied = [(c, homes[c.name]) for c in sorted(known_claims, key=lambda c: c.name) if c.name in homes]
    if not denied:
        return
    shown = [ts[0] for _, ts in denied[:3]]
    yield Finding(
        on=tuple(shared(c.ref) for c, _ in denied),
        says=f"{'a server' if len(denied) == 1 else f'{len(denied)} servers'} may not write to the home of the user",
        evidence=tuple(Evidence("pod log", f"{t.pod.name}: {t.line}") for t in shown),
        fix=_own_home(hub, values, shown[0]),
        cause="homes",
        affects=tuple(t.pod.ref for _, ts in denied for t in ts),
    )


def _own_database(hub: Hub, group: int | None) -> Fix:
    if group is None:
        return Fix(
            "Let Kubernetes give the volume to the hub's group.",
            values={"hub": {"podSecurityContext": {"fsGroup": 1000}}},
            commands=(hub.helm_upgrade,),
            caution=_RESTARTS,
        )
    return Fix(
        "The storage ignores fsGroup, as NFS, EFS and Azure Files do: give the directory to the hub's user once. Where "
        "the share does not allow chown, set owner 1000 on its server or in its mount options (uid=1000,gid=1000).",
        values={"hub": {"initContainers": [_chown("1000:1000", "pvc", DIRECTORY)]}},
        commands=(hub.helm_upgrade,),
        caution=_RESTARTS,
    )


def _own_home(hub: Hub, values: Values | None, trouble: Trouble) -> Fix:
    uid = values.get("singleuser.uid", 1000) if values else 1000
    gid = values.get("singleuser.fsGid", 100) if values else 100
    text = (
        "Give the home to the server's user: NFS, EFS and Azure Files ignore fsGroup, and a subPath is made by root. "
        "Where the share does not allow chown, set the owner on its server or in its mount options."
    )
    container = _chown(f"{uid}:{gid}", trouble.mount.name, trouble.mount.mount_path)
    if values is not None and values.get("singleuser.storage.type") == "static":
        container["volumeMounts"][0]["subPath"] = values.get("singleuser.storage.static.subPath", "{username}")
    elif hub.at_least("4.0.0") is False:
        container["volumeMounts"][0]["name"] = "volume-{username}{servername}"
    else:
        container["volumeMounts"][0]["name"] = "volume-{user_server}"
    return Fix(
        text, values={"singleuser": {"initContainers": [container]}}, commands=(hub.helm_upgrade,), caution=_RESTARTS
    )


def _chown(owner: str, volume: str, path: str) -> dict[str, Any]:
    return {
        "name": "own-the-volume",
        "image": "busybox:1.37",
        "command": ["chown", owner, path],
        "securityContext": {"runAsUser": 0},
        "volumeMounts": [{"name": volume, "mountPath": path}],
    }
