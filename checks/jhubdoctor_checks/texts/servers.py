"""What a user's server logs that runs, and does not do what its user asks of it."""

from __future__ import annotations

from jhubdoctor.api import Fix
from jhubdoctor_checks.texts import Known

_ERRNO = "Python: OSError, by errno"
_DISK = "kubectl --namespace {ns} exec {pod} -- df -h"
_TOP = "kubectl --namespace {ns} top pod {pod} --containers"

# The first two are logged as news; the last is told more precisely by its exception.
TROUBLES: tuple[Known[None], ...] = (
    Known(
        "kernel-start",
        r"KernelRestarter: restarting kernel \(\d+/\d+\), new random ports|KernelRestarter: restart failed"
        r"|Kernel died before replying to kernel_info",
        "kernels end before they have started",
        Fix(
            "See in the server's log what the kernel printed before that: a package of the image, or one that its user "
            "has installed into the home (~/.local), does not fit.",
            commands=("kubectl --namespace {ns} logs {pod} --tail 200",),
        ),
        "jupyter_client 6 to 8: restarter.py, ioloop/restarter.py",
    ),
    Known(
        "kernel-dies",
        r"KernelRestarter: restarting kernel",
        "kernels end by themselves and are started again",
        Fix(
            "Most often that is memory: a kernel that takes more than is left of the server's limit is killed alone, "
            "and the server stays. Compare its use with its limit (singleuser.memory.limit); where memory is left, see "
            "what the kernel says before it ends.",
            commands=(_TOP,),
        ),
        "jupyter_client 6 to 8: restarter.py, ioloop/restarter.py",
    ),
    Known(
        "origin",
        r"Blocking Cross Origin (?:WebSocket Attempt|API request|request)",
        "it refuses requests for coming from another host than they are sent to",
        Fix(
            "What stands before the hub gives it another Host than the browser's: let it pass on Host (or "
            "X-Forwarded-Host) as it is, and let users come by one name.",
            commands=("kubectl --namespace {ns} get ingress,service",),
        ),
        "jupyter_server 1 to 2: base/handlers.py, base/websocket.py",
    ),
    Known(
        "disk-full",
        r"(?i)No space left on device|\bErrno 28\]|database or disk is full",
        "a disk that it writes to is full",
        Fix(
            "See what takes the room, and have the user delete it. Where all of it is needed, make the volume larger "
            "(singleuser.storage.capacity is for new ones).",
            commands=(_DISK,),
        ),
        _ERRNO,
    ),
    Known(
        "quota",
        r"Disk quota exceeded|\bErrno 122\]",
        "its user's disk quota is used up",
        Fix("Have the user delete something, or raise the quota on the file server.", commands=(_DISK,)),
        _ERRNO,
    ),
    Known(
        "read-only",
        r"Read-only file system|\bErrno 30\]|attempt to write a readonly database",
        "a disk that it writes to is read-only",
        Fix(
            "Stop the server and start it again; where that does not help, a volume is mounted readOnly, or its disk "
            "has an error that the node answers by writing no more.",
            commands=(_DISK,),
        ),
        _ERRNO,
    ),
    Known(
        "database-malformed",
        r"database disk image is malformed|file is not a database|file is encrypted or is not a database",
        "an SQLite file in its home is broken",
        Fix(
            "Move the file away: history.sqlite (~/.ipython), nbsignatures.db (~/.local/share/jupyter) and "
            ".jupyter_ystore.db are made anew. SQLite breaks on file shares and on full disks."
        ),
        "SQLite: result codes CORRUPT and NOTADB",
    ),
    Known(
        "database-locked",
        r"sqlite3\.OperationalError: (?:database is locked|disk I/O error|locking protocol)|database is locked",
        "an SQLite file in its home cannot be locked",
        Fix(
            "Homes on a file share often have no locks that SQLite can use: keep these files beside the home, as by "
            "c.NotebookNotary.db_file and c.HistoryManager.hist_file = ':memory:' in the image's configuration."
        ),
        "SQLite: result codes BUSY, IOERR and PROTOCOL",
    ),
    Known(
        "stale-handle",
        r"Stale (?:NFS )?file handle|\bErrno 116\]",
        "files of its home are no longer those of the file server",
        Fix(
            "Stop the server and start it again: the file server was restarted, or its export replaced.",
            commands=(_DISK,),
        ),
        _ERRNO,
    ),
    Known(
        "disk-error",
        r"\[Errno 5\] Input/output error|Transport endpoint is not connected|\[Errno 112\] Host is down",
        "its disk answers with errors",
        Fix("See whether the file server or the disk works: other servers on it fail too.", commands=(_DISK,)),
        _ERRNO,
    ),
    Known(
        "permission",
        r"PermissionError: \[Errno (?:13|1)\]|Permission denied: ",
        "it has no permission for files that its user works with",
        Fix(
            "See whose the files are: what root or another uid wrote is not the server's (singleuser.uid, "
            "singleuser.fsGid).",
            commands=("kubectl --namespace {ns} exec {pod} -- ls -lan",),
        ),
        _ERRNO,
    ),
    Known(
        "no-more-files",
        r"Too many open files|\bErrno 24\]|inotify (?:instance|watch) limit reached|\bErrno 23\]",
        "it may open no more files",
        Fix("Raise the limit of open files, or of inotify, on the node; or find what leaves files open."),
        _ERRNO,
    ),
    Known(
        "no-more-threads",
        r"can't start new thread|Resource temporarily unavailable|\bBlockingIOError: \[Errno 11\]",
        "it may start no more processes or threads",
        Fix("Raise the kubelet's podPidsLimit, or find what starts so many; libraries start a thread for each core."),
        _ERRNO,
    ),
    Known(
        "no-memory",
        r"Cannot allocate memory|\bMemoryError\b",
        "it gets no more memory",
        Fix("Raise singleuser.memory.limit, or use less.", commands=(_TOP,)),
        _ERRNO,
    ),
    Known(
        "xsrf",
        r"'_xsrf' argument (?:missing|has invalid format)|XSRF cookie does not match",
        "it refuses requests of its own pages as forged (XSRF)",
        Fix(
            "Let users load the page again. Where it goes on, jupyterhub in the image is of another release than the "
            "hub's, an extension is older than they are, or something before the hub drops cookies."
        ),
        "JupyterHub 4.1 and later: _xsrf_utils.py",
    ),
    Known(
        "hub-silent",
        r"Error notifying Hub of activity|Failed to notify Hub of activity|Error connecting to \S*/hub/api"
        r"|Failed to connect to my Hub",
        "it does not reach the hub's API",
        Fix(
            "See that NetworkPolicies, the cluster's DNS and the pod's label hub.jupyter.org/network-access-hub let it "
            "reach the hub on port 8081: without that it may be culled while it is used, and lets nobody in.",
            commands=("kubectl --namespace {ns} get networkpolicies",),
        ),
        "JupyterHub 1 to 6: singleuser/extension.py, services/auth.py",
    ),
)
# Seen by its answer alone: what it says of it is logged for debugging.
NO_UPGRADE: Known[None] = Known(
    "no-upgrade",
    r"400 GET \S*/(?:channels|websocket|subscribe)\b",
    "WebSockets come to it as plain requests, so no kernel and no terminal answers",
    Fix(
        "Let what stands before the hub pass WebSockets on: HTTP 1.1 with the headers Upgrade and Connection (nginx: "
        "proxy_set_header Upgrade $http_upgrade).",
        commands=("kubectl --namespace {ns} get ingress,service",),
    ),
    "tornado 4 to 6: websocket.py",
)
