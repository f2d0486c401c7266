"""What databases and login providers say, as the hub logs it."""

import re

from jhubdoctor_checks._known import Known, table

# What SQLite and the drivers say through SQLAlchemy; JupyterHub's orm.py and handlers/base.py (1.0 to 6.0) log it.
DATABASE = table(
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
        "See why the volume is mounted read-only (a damaged file system, often), or give it to the hub's group 1000.",
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
            "between them ends idle connections."
        ),
    ),
)
# OAuthenticator 14 to 17 (oauth2.py): `Error LABEL CODE METHOD URL: BODY`. The body is the provider's, and may hold
# tokens: of it only these words count, and only the words of our own are shown.
PROVIDER = re.compile(r"Error .{1,80}? (?P<code>\d{3}) (?:GET|POST) https?://(?P<host>[\w.-]+)\S*: (?P<body>.*)")
PROVIDER_SAYS = table(
    (
        "redirect-uri",
        r"(?i)redirect[_ ]uri",
        "it does not know the address that users come back to",
        "Register the hub's callback at the provider, letter by letter: https, host, base URL, /hub/oauth_callback.",
    ),
    (
        "client",
        r"(?i)invalid_client|incorrect_client_credentials|unauthorized_client|AADSTS7000215|client secret",
        "it does not take the hub's client id or secret",
        (
            "Make a new client secret at the provider (some expire) and set it: client_id and client_secret of the "
            "authenticator's class under hub.config."
        ),
    ),
    (
        "scope",
        r"(?i)invalid_scope|insufficient_scope|scope",
        "it does not grant what the hub asks for",
        "Correct the authenticator's scope, or let the application at the provider have it.",
    ),
)
OTHER = Known(
    "provider",
    re.compile(""),
    "it answers with an error",
    "See what the provider says of the application's registration.",
)
