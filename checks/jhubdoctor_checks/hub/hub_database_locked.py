"""A database that the hub cannot write."""

import re
from collections.abc import Iterator
from datetime import datetime

from jhubdoctor import Evidence, Finding, Fix, Hub, HubLog, Pod, Severity, check, clean, times
from jhubdoctor_checks.hub._logged import HOUR, lately, line_of, pods_of

# What SQLite and the drivers say through SQLAlchemy; JupyterHub's orm.py and handlers/base.py (1.0 to 6.0) log it.
_KINDS = tuple(
    (word, re.compile(pattern), says, text)
    for word, pattern, says, text in (
        (
            "locked",
            r"database is locked|database table is locked",
            "its sqlite database is locked",
            "Keep the database on block storage (a ReadWriteOnce disk; no NFS, no SMB) and run one hub at a time.",
        ),
        (
            "read-only",
            r"attempt to write a readonly database|Read-only file system",
            "its database is read-only",
            (
                "See why the volume is mounted read-only (a damaged file system, often), or give it to the hub's group "
                "1000."
            ),
        ),
        (
            "cannot-open",
            r"unable to open database file|Directory /\S+ does not exist|cannot (?:create files in|edit) /\S+",
            "it cannot open its database",
            "See that the volume is mounted at /srv/jupyterhub and belongs to the hub's user or group (1000).",
        ),
        (
            "damaged",
            r"database disk image is malformed|file is not a database|disk I/O error",
            "its sqlite database is damaged or its disk fails",
            "Restore the database from a backup; do not keep it on a network share.",
        ),
        (
            "full",
            r"database or disk is full",
            "the volume of its database is full",
            "Make the volume larger (hub.db.pvc.storage, where the storage class lets volumes grow).",
        ),
        (
            "connection",
            r"Database connection error, attempting to reconnect",
            "it loses the connection to its database",
            (
                "See the database server: whether it restarts, runs out of connections, or a NetworkPolicy or proxy "
                "between "
                "them ends idle connections."
            ),
        ),
    )
)
# A connection that broke once was mended at once.
_OFTEN = 3


@check(severity=Severity.ERROR, explains=("hub-crash-loop", "hub-restarting", "service-without-endpoints"))
def hub_database_locked(hub: Hub, now: datetime, hub_log: HubLog, hub_pods: list[Pod]) -> Iterator[Finding]:
    """The hub cannot read or write its database: locked, read-only, damaged, full, or out of reach."""
    for word, pattern, says, text in _KINDS:
        found = list(lately(hub_log, pattern, now))
        if not found or (word == "connection" and len(found) < _OFTEN):
            continue
        last, m = found[-1]
        # after a restart it may be well again
        fresh = (last.at is None or now - last.at <= HOUR) and (
            not last.previous or not hub_pods or not hub_pods[0].ready
        )
        yield Finding(
            on=(hub.ref,),
            says=f"the hub has trouble with its database: {says}",
            evidence=(Evidence("hub log", f"{clean(line_of(last, m), 200)} ({times(len(found))})", last.at),),
            fix=Fix(
                text,
                commands=(
                    hub.kubectl("get pods --selector component=hub -o wide"),
                    *(() if word == "connection" else (hub.kubectl("get pvc --selector component=hub"),)),
                ),
            ),
            severity=Severity.ERROR if fresh else Severity.WARNING,
            cause=word,
            affects=pods_of(hub_pods),
        )
