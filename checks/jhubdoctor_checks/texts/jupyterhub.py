"""What hubs log: JupyterHub (app.py, orm.py, proxy.py, handlers/base.py), KubeSpawner, and what they print of others.

Most fatal errors are an entry with an empty message whose traceback ends in the cause; some have no header at all.
"""

from __future__ import annotations

from dataclasses import dataclass

from jhubdoctor.api import RESTARTS, Fix
from jhubdoctor_checks.texts import Known, upgraded

_APP = "JupyterHub 1.0 to 6.1: app.py"
_ORM = "JupyterHub 1.0 to 6.1: orm.py; SQLAlchemy and its drivers"
_PROXY = "JupyterHub 1.0 to 6.1: proxy.py"
_CHART = "the chart's jupyterhub_config.py and z2jh.py, 0.9 to 4.4"
_TRAITLETS = "traitlets; JupyterHub 1.0 to 6.1"
_SPAWNER = "KubeSpawner 0.11 to 7.1: spawner.py"
_REFLECTOR = "KubeSpawner 0.11 to 7.1: reflector.py"
_PYTHON = "Python's own exceptions"

ABORT = r"Aborting due to (?P<n>\d+) consecutive spawn failures"


@dataclass(frozen=True)
class Entered:
    """How an entry of a log stands in it.

    Attributes:
        level: its level; empty for lines without a header.
        fatal: whether the run ended with an exception that nobody caught.
    """

    level: str
    fatal: bool


_DRIVERS = "PostgreSQL: SQLSTATE 53100; MySQL and MariaDB: errors 1021, 1030 and 1114"
_SERVER_FULL = (
    r"(?m)DiskFull\b|could not (?:extend|write)[^\n]*: No space left on device|\((?:1021|1114), "
    r"|\(1030, [^\n]*(?:[Ee]rror 28\b|No space left)"
)
_ROOM_THERE = Fix(
    "Make the volume of the database server larger, or free it: the hub's own volume is another.",
    commands=("kubectl --namespace {ns} get pvc",),
)


def _last(e: Entered) -> bool:
    """Without an exception that nobody caught, such a line in an ordinary entry is something that the hub survived."""
    return e.fatal or e.level in {"", "C"}


_PODS = "kubectl --namespace {ns} get pods --selector component=proxy"
_LOG = "kubectl --namespace {ns} logs deployment/{hub} --container hub --previous --tail 60"
_NAME = r"[\w.\-]+"

# Why a hub does not start or ends, after "The hub does not start:" or "... ends again and again:". The first row that
# matches wins: what ends the process for certain stands before what only may.
CRASHES: tuple[Known[Entered], ...] = (
    Known(
        "consecutive-failures",
        ABORT,
        "it stops itself after {n} failed spawns in a row",
        Fix(
            "Solve what makes spawns fail. The hub stops on purpose, since some such failures end with a restart; "
            "hub.consecutiveFailureLimit: 0 turns that off.",
            commands=(_LOG,),
        ),
        _SPAWNER,
    ),
    # --- database ---
    Known(
        "db-schema",
        r"(?m)Found database schema version (?P<have>\w+) != (?P<want>\w+)",
        "its database has schema {have}, and this JupyterHub needs {want}",
        upgraded(
            "Back the database up, then let the hub upgrade it once. After a downgrade of the chart go back up, "
            "or restore "
            "the backup: there is no way down.",
            {"hub": {"db": {"upgrade": True}}},
            caution="The upgrade of the database cannot be undone: back it up first.",
        ),
        _ORM,
        _last,
    ),
    Known(
        "db-newer",
        r"(?m)Can't locate revision identified by '(?P<revision>\w+)'",
        "its database was written by a newer JupyterHub (revision {revision})",
        Fix(
            "Go back to the newer chart, or restore the backup from before the upgrade.",
            commands=("helm history {release} --namespace {ns}",),
        ),
        _ORM,
        _last,
    ),
    Known(
        "db-directory",
        r"(?m)^Directory (?P<dir>/\S*) does not exist",
        "the directory of its database, {dir}, does not exist",
        Fix(
            "Mount a volume there, or correct hub.db.url.",
            commands=("kubectl --namespace {ns} describe deployment {hub}",),
        ),
        _ORM,
    ),
    Known(
        "db-permission",
        r"(?m)cannot (?:create files in|edit) (?P<path>/\S*)|attempt to write a readonly database"
        r"|unable to open database file|PermissionError: \[Errno 13\] Permission denied: '/srv/jupyterhub",
        "it may not write its database",
        upgraded(
            "Give the volume to the hub's group (1000 in the chart), or correct the rights on the share.",
            {"hub": {"podSecurityContext": {"fsGroup": 1000}}},
        ),
        _ORM,
    ),
    Known(
        "db-locked",
        r"(?m)database is locked",
        "its sqlite database is locked",
        Fix(
            "Keep the database on block storage (no NFS, no SMB), with one hub at a time, or use PostgreSQL.",
            commands=(
                "kubectl --namespace {ns} get pods --selector component=hub",
                "kubectl --namespace {ns} get pvc",
            ),
        ),
        _ORM,
        _last,
    ),
    Known(
        "db-server-full",
        _SERVER_FULL,
        "its database server has no space left",
        _ROOM_THERE,
        _DRIVERS,
        _last,
    ),
    Known(
        "db-full",
        r"(?m)database or disk is full|No space left on device: '/srv/jupyterhub",
        "the volume of its database is full",
        upgraded(
            "Make the volume larger.", {"hub": {"db": {"pvc": {"storage": "5Gi"}}}}, "kubectl --namespace {ns} get pvc"
        ),
        _ORM,
        _last,
    ),
    Known(
        "path-full",
        r"(?m)(?:No space left on device|Disk quota exceeded): '(?P<path>/[^'\n]*)'",
        "no space is left on the disk that {path} lies on",
        Fix(
            "See which volume is mounted there, and make it larger or free it; without a mount it is its node's disk.",
            commands=("kubectl --namespace {ns} describe deployment {hub}",),
        ),
        "Python: OSError",
        _last,
    ),
    Known(
        "disk-full",
        r"(?m)No space left on device|Disk quota exceeded",
        "no space is left on a disk that it writes to",
        Fix(
            "See which of its volumes is full, or its node's disk: the log's traceback tells what it wrote.",
            commands=("kubectl --namespace {ns} describe deployment {hub}",),
        ),
        "Python: OSError",
        _last,
    ),
    Known(
        "db-damaged",
        r"(?m)database disk image is malformed|file is not a database|disk I/O error",
        "its sqlite database cannot be read",
        Fix(
            "Restore the database from a backup; on a network share move it to block storage.",
            commands=("kubectl --namespace {ns} get pvc",),
        ),
        _ORM,
        _last,
    ),
    Known(
        "db-connect",
        r"(?m)(?:psycopg2?|pymysql|asyncpg|MySQLdb)[\w.]*Error|could not (?:connect to server|translate host name)"
        r"|password authentication failed|Access denied for user|Can't connect to MySQL server"
        r"|Failed to connect to db: (?!sqlite)",
        "it cannot connect to its database",
        Fix(
            "See that the database server runs, and that hub.db.url and hub.db.password are right. The hub's "
            "NetworkPolicy "
            "has to allow the way (hub.networkPolicy.egress).",
            commands=(_LOG,),
        ),
        _ORM,
    ),
    Known(
        "db-connect",
        r"(?m)Failed to connect to db: ",
        "it cannot open its database",
        Fix(
            "See that the database's volume is mounted and may be written.",
            commands=("kubectl --namespace {ns} describe deployment {hub}",),
        ),
        _ORM,
    ),
    # --- proxy ---
    Known(
        "proxy-token",
        r"(?m)api_request to proxy failed: HTTP 403",
        "the proxy does not take the hub's token",
        Fix(
            "Restart both, so that they read the same token.",
            commands=("kubectl --namespace {ns} rollout restart deployment/proxy deployment/{hub}",),
            caution="Users lose their connection for some seconds; their servers keep running.",
        ),
        _PROXY,
    ),
    Known(
        "proxy-unreachable",
        r"(?m)TimeoutError: Repeated api_request to proxy path|CurlError: HTTP 599"
        r"|proxy\.py[\s\S]*(?:ConnectionRefusedError|TimeoutError|gaierror)",
        "it does not reach the proxy's API",
        Fix(
            "See that the proxy runs and that the Service proxy-api leads to it: DNS, NetworkPolicy, and the pod "
            "itself.",
            commands=(
                _PODS,
                "kubectl --namespace {ns} get endpointslices --selector kubernetes.io/service-name=proxy-api",
            ),
        ),
        _PROXY,
        _last,
    ),
    Known(
        "proxy-token-missing",
        r"(?m)auth_token or CONFIGPROXY_AUTH_TOKEN env is required",
        "it has no token for the proxy",
        upgraded(
            "The chart sets it: see that the hub's Secret has the key hub.config.ConfigurableHTTPProxy.auth_token."
        ),
        _PROXY,
        _last,
    ),
    # --- configuration ---
    Known(
        "service-environment",
        r"(?m)KeyError: '(?P<variable>[A-Z_]*_SERVICE_(?:PORT|HOST))'",
        "the variable {variable} is missing from its environment",
        Fix(
            "Kubernetes sets it for each Service that is there before the pod: see that the Services exist and "
            "that "
            "enableServiceLinks is not false, then start the pod anew.",
            commands=(
                "kubectl --namespace {ns} get services",
                "kubectl --namespace {ns} rollout restart deployment/{hub}",
            ),
            caution=RESTARTS,
        ),
        _CHART,
        _last,
    ),
    Known(
        "secret-key",
        rf"(?m)Exception: (?:\S*/)?(?P<key>{_NAME}) not found(?: in either k8s Secret)?!",
        "the key {key} is missing from its Secret or ConfigMap",
        upgraded(
            "Install the chart's objects again; hub.existingSecret only adds to the chart's own Secret.",
            None,
            "kubectl --namespace {ns} describe secret {hub}",
        ),
        _CHART,
        _last,
    ),
    Known(
        "config-section",
        rf"(?m)FATAL: Invalid hub\.config section name: (?P<section>{_NAME})\.",
        "hub.config.{section} is no section of JupyterHub's configuration",
        upgraded(
            "Sections are names of classes and begin with a capital letter (hub.config.JupyterHub). Move or correct it."
        ),
        _CHART,
        _last,
    ),
    Known(
        "config-trait",
        r"(?m)(?:Bad config encountered during initialization: |TraitError: )(?P<why>.*)",
        "a setting is not valid",
        upgraded("Correct the setting under hub.config, singleuser or hub.extraConfig."),
        _TRAITLETS,
        _last,
    ),
    Known(
        "cookie-secret",
        r"(?m)invalid cookie_secret_file|cookie_secret set as a string|cookie_secret.*(?:must be|hexadecimal)"
        r"|\bin init_secrets\n(?:.*\n)+?\s*binascii\.Error",
        "its cookie secret is not valid",
        upgraded(
            "Use 64 hexadecimal digits (openssl rand -hex 32), or leave hub.config.JupyterHub.cookie_secret "
            "out: the chart "
            "makes one.",
            caution="With a new cookie secret all users have to log in again.",
        ),
        _APP,
    ),
    Known(
        "crypt-keys",
        r"(?m)Encryption keys must be 32 bytes|NoEncryptionKeys|No encryption keys|CryptographyUnavailable",
        "its keys for auth state are not valid",
        upgraded(
            "Use 64 hexadecimal digits for each key (openssl rand -hex 32), or leave "
            "hub.config.CryptKeeper.keys out: the "
            "chart makes one."
        ),
        "JupyterHub 1.0 to 6.1: crypto.py",
        _last,
    ),
    Known(
        "roles",
        r"(?m)InvalidNameError|Found undefined \w+ \S+ in role|ScopeNotFound|RoleValueError|InvalidScopeError",
        "a role in its configuration is not valid",
        upgraded(
            "Correct hub.loadRoles: names have small letters, digits and dashes, and services have to be defined."
        ),
        "JupyterHub 2.0 to 6.1: roles.py and scopes.py",
        _last,
    ),
    Known(
        "service-unreachable",
        rf"(?m)Cannot connect to (?P<service>{_NAME}) service managed",
        "its service {service}, which it starts itself, does not answer at the URL that hub.services gives it",
        Fix(
            "Read what the service logs before this line. Where it listens, the way is closed: the hub asks at that URL"
            " too, so the Service of the hub needs the port (hub.service.extraPorts), and the hub's NetworkPolicy has"
            " to let the hub's own pod in on it (hub.networkPolicy.ingress).",
            commands=(_LOG,),
        ),
        "JupyterHub 5.2 to 6.1: app.py; jupyterhub/zero-to-jupyterhub-k8s#3871",
        _last,
    ),
    Known(
        "service-ended",
        rf"(?m)Failed to start service (?P<failed>{_NAME})|Service (?P<ended>{_NAME}) exited with status",
        "its service {failed}{ended}, which it starts itself, ends",
        Fix(
            "See why the service ends: what it says stands before this line. The hub does not start without the "
            "services that it starts itself (a command in hub.services).",
            commands=(_LOG,),
        ),
        "JupyterHub 1.0 to 6.1: app.py",
        _last,
    ),
    # --- the API server ---
    Known(
        "reflector",
        r"(?m)reflector failed, halting Hub|Reflector with key .* (?:failed|reflector), halting Hub"
        r"|Reflector for \w+ failed to start",
        "it lost the Kubernetes API and stopped itself",
        Fix(
            "See that the hub reaches the API server and may list pods and events.",
            commands=("kubectl --namespace {ns} auth can-i list pods --as=system:serviceaccount:{ns}:{account}",),
        ),
        _REFLECTOR,
    ),
    # --- code ---
    Known(
        "module-missing",
        r"(?m)(?:ModuleNotFoundError|ImportError): (?P<why>.*)|could not be imported",
        "a Python module is missing from its image",
        upgraded("Use an image of the hub that has the module (hub.image), or correct the name of the class."),
        _PYTHON,
        _last,
    ),
    Known(
        "config-code",
        r"(?m)(?:SyntaxError|IndentationError|NameError): (?P<why>.*)",
        "its configuration is no valid Python",
        upgraded("Correct hub.extraConfig (the log names the part that was loaded last)."),
        _PYTHON,
        _last,
    ),
)
# The exception that a traceback ends in, with or without a header before it.
CRASH: Known[Entered] = Known(
    "exception",
    r"(?m)^(?P<what>[\w.]*(?:Error|Exception|Exit|Interrupt|Timeout))\b(?P<why>.*)$",
    "it ends with {last}",
    Fix("See the whole traceback in the log of the run that ended.", commands=(_LOG,)),
    _PYTHON,
)

# What SQLite and the drivers say through SQLAlchemy of a hub that runs.
DATABASE: tuple[Known[None], ...] = (
    Known(
        "locked",
        r"database is locked|database table is locked",
        "its sqlite database is locked",
        Fix("Keep the database on block storage (a ReadWriteOnce disk; no NFS, no SMB) and run one hub at a time."),
        _ORM,
    ),
    Known(
        "read-only",
        r"attempt to write a readonly database|Read-only file system",
        "its database is read-only",
        Fix(
            "See why the volume is mounted read-only (a damaged file system, often), or give it to the hub's group "
            "1000."
        ),
        _ORM,
    ),
    Known(
        "cannot-open",
        r"unable to open database file|Directory /\S+ does not exist|cannot (?:create files in|edit) /\S+",
        "it cannot open its database",
        Fix("See that the volume is mounted at /srv/jupyterhub and belongs to the hub's user or group (1000)."),
        _ORM,
    ),
    Known(
        "damaged",
        r"database disk image is malformed|file is not a database|disk I/O error",
        "its sqlite database is damaged or its disk fails",
        Fix("Restore the database from a backup; do not keep it on a network share."),
        _ORM,
    ),
    Known("server-full", _SERVER_FULL, "its server has no space left", _ROOM_THERE, _DRIVERS),
    Known(
        "full",
        r"database or disk is full",
        "the volume of its database is full",
        Fix("Make the volume larger (hub.db.pvc.storage, where the storage class lets volumes grow)."),
        _ORM,
    ),
    Known(
        "connection",
        # PyMySQL's and mysqlclient's 2006, 2013 and 4031; libpq; psycopg 2 and 3, of a connection that was cut before;
        # SQLAlchemy, which goes on with such a connection
        r"Database connection error, attempting to reconnect|\((?:2006|2013|4031), |MySQL server has gone away"
        r"|Lost connection to MySQL server|server closed the connection unexpectedly|SSL SYSCALL error"
        r"|SSL connection has been closed unexpectedly|terminating connection due to"
        r"|Can't reconnect until invalid transaction|the connection is (?:closed|lost)|connection already closed"
        # PyMySQL, of a connection that was lost before
        r"|\(0, ''\)",
        "it loses the connection to its database",
        Fix(
            "Let the hub renew its connections before the database server, or a balancer or firewall between them, "
            "ends the idle ones: pool_recycle in seconds, below their limit. Until then a restart of the hub helps. "
            "Where the server itself restarts or has no connections left, mend that.",
            {"hub": {"config": {"JupyterHub": {"db_kwargs": {"pool_recycle": 60, "pool_pre_ping": True}}}}},
            caution=RESTARTS,
        ),
        _ORM,
    ),
)

# Exceptions with which spawns fail that are neither a refusal nor a matter of time.
SPAWN_ERRORS: tuple[Known[None], ...] = (
    Known(
        "certificate",
        r"Cannot connect to host (?P<host>\S{1,200}) .*CERTIFICATE_VERIFY_FAILED",
        "the hub does not trust the certificate of {host}",
        Fix(
            "See who answers at {host}: a proxy that opens TLS (HTTPS_PROXY in hub.extraEnv without NO_PROXY for the "
            "cluster), or a server whose CA the hub does not know. Of the API server it knows the CA from its service "
            "account: where that was renewed since, restart the hub."
        ),
        "aiohttp: client_exceptions.py; jupyterhub/kubespawner#799",
    ),
    Known(
        "api-unreachable",
        r"ClientConnector|Cannot connect to host|ServerDisconnected|ClientOSError|MaxRetryError|NewConnectionError"
        r"|Connection refused|ConnectionRefused|Connection reset|gaierror|ContentTypeError",
        "the hub does not reach the API server",
        Fix(
            "See that the hub's pod reaches the API server: NetworkPolicies of the hub, DNS, and the API server itself."
        ),
        "aiohttp, urllib3, Python",
    ),
    # KubeSpawner looks for a kubeconfig where its pod has no token, and tells of that alone
    Known(
        "no-account",
        r"ConfigException\W+(?:Invalid kube-config|Service (?:token|certification|host))",
        "the hub finds no token of a service account in its pod",
        Fix(
            "Let the pod have one: rbac.create and hub.serviceAccount.create, no automountServiceAccountToken: false "
            "on the account or the pod. Then start the hub anew.",
            commands=("kubectl --namespace {ns} get serviceaccount {account} -o yaml",),
            caution=RESTARTS,
        ),
        "KubeSpawner 4 to 7.1: clients.py; kubernetes_asyncio: config",
    ),
    Known(
        "no-address",
        r"KeyError\W+podIP",
        "the pod ran without an address",
        Fix("The network plugin gave the pod no address in time: see it on that node."),
        _SPAWNER,
    ),
    # the list holds what was asked for: it was asked for in another shape, as a list of one, or by other code
    Known(
        "profile-listed",
        r"No such profile: (?!\[removed)[\['\"]*(?P<slug>[^'\"\],\n]{1,120}?)['\"\]]*\. Options include: "
        r"(?:[^\n]*, )?(?P=slug)(?:,|\s*$|\n)",
        "the profile {slug} is refused, although it is among those that the same line lists",
        Fix(
            "See the traceback in the hub's log: whose code asks for the profile, and in which shape (a list is no "
            "slug).",
            commands=("kubectl --namespace {ns} logs deployment/{hub} | grep -A 40 'No such profile'",),
        ),
        "GoogleCloudPlatform/ai-notebooks-extended#12",
    ),
    Known(
        "profile",
        r"No such profile|unlisted_choice|profile_options|No such choice",
        "the profile that was asked for does not exist",
        Fix(
            "Users hold links to a profile that was renamed or removed (slug in singleuser.profileList): bring its "
            "slug "
            "back, or tell them."
        ),
        _SPAWNER,
    ),
    Known(
        "resource-value",
        r"is not a valid memory specification|(?:cpu|mem)_(?:limit|guarantee)\b.*trait",
        "a memory or cpu value is not one that KubeSpawner takes",
        Fix(
            "Memory takes the suffixes K, M, G and T (no Gi), cpu a number. Correct singleuser.memory and "
            "singleuser.cpu, "
            "in profiles too."
        ),
        "JupyterHub 1.0 to 6.1: traitlets.py",
    ),
    # what was given stands after it, and may be a secret
    Known(
        "trait",
        r"The '(?P<trait>\w+)' trait of an? (?P<cls>\w+) instance (?P<must>(?:must be|expected) [\w .-]{1,60})",
        "the setting {trait} of {cls} {must}",
        Fix(
            "Correct what sets {trait}: hub.config.{cls}, the chart's own value for it (singleuser.*), a profile's "
            "kubespawner_override, or code in hub.extraConfig."
        ),
        "traitlets 4 and 5; jupyterhub/zero-to-jupyterhub-k8s#807",
    ),
    Known(
        "template",
        r"(?:KeyError|IndexError): |Replacement index|expected '}' before|Single '[{}]' encountered|unmatched '\{'",
        "a template in the values has a name in braces that does not exist",
        Fix("Double the braces that are no template ({{{{ and }}}}) in singleuser.extraEnv, or correct the name."),
        "Python: str.format",
    ),
)
SPAWN_ERROR: Known[None] = Known(
    "exception",
    "",
    "the hub could not make its pod",
    Fix(
        "See the traceback in the hub's log.",
        commands=("kubectl --namespace {ns} logs deployment/{hub} | grep -A 40 'Unhandled error starting'",),
    ),
    "",
)

# What users' servers log before they end.
_SINGLEUSER = "JupyterHub 1.0 to 6.1: singleuser/mixins.py and extension.py"
SERVER_ENDINGS: tuple[Known[None], ...] = (
    Known(
        "hub-unreachable",
        r"Failed to connect to my Hub at \S+",
        "the server does not reach the hub's API",
        Fix(
            "See that the pod may reach the hub on port 8081: its label hub.jupyter.org/network-access-hub, "
            "NetworkPolicies and DNS."
        ),
        _SINGLEUSER,
    ),
    Known(
        "not-by-hub",
        r"JUPYTERHUB_API_TOKEN env is required|JPY_API_TOKEN env is required",
        "the server has no token of the hub",
        Fix("Something in the image's start script or in singleuser.extraEnv drops the environment that the hub sets."),
        _SINGLEUSER,
    ),
    Known(
        "home-full",
        r"No space left on device|Disk quota exceeded",
        "the user's volume is full",
        Fix("Make the volume larger, or have the user delete something."),
        "Python: OSError",
    ),
    Known(
        "home-permission",
        r"PermissionError: \[Errno 13\]|Permission denied: '/|: Permission denied$",
        "the server may not write the user's home",
        Fix(
            "Give the home to the server's user and group (singleuser.uid 1000, singleuser.fsGid 100). NFS and Azure "
            "Files ignore fsGroup: set the rights on the share, or its mount options."
        ),
        "Python: OSError",
    ),
    Known(
        "module-missing",
        r"ModuleNotFoundError: No module named|ImportError: cannot import name",
        "a Python module is missing from the image or does not fit",
        Fix("Correct the image; a package in the user's home (~/.local) can hide the image's own too."),
        _PYTHON,
    ),
    Known(
        "option-unknown",
        r"(?i)unrecognized (?:alias|flag|arguments)|no such option|Bad config encountered",
        "the server does not know one of its options",
        Fix("Correct singleuser.cmd, or the options that the profile or hub.extraConfig adds."),
        "traitlets, argparse, click",
    ),
    Known(
        "root-refused",
        r"Running as root is not recommended",
        "the server refuses to run as root",
        Fix(
            "Start it as its own user: leave singleuser.uid at 1000. Where it has to begin as root (GRANT_SUDO,"
            " NB_UID), singleuser.cmd has to be the image's own start script, which gives root up"
            " (start-singleuser.sh in images of docker-stacks)."
        ),
        "jupyter_server 1 and 2: serverapp.py; zero-to-jupyterhub-k8s#562, #2177",
    ),
    Known(
        "read-only",
        r"Read-only file system",
        "a disk that the server writes to is read-only",
        Fix(
            "See which path its log names. On a volume: it is mounted readOnly, or its disk has an error, after which"
            " Linux writes no more. Else: the image, which readOnlyRootFilesystem closes."
        ),
        "Linux: errno 30",
    ),
    # last, for sudo may be refused in a server that ends for another reason
    Known(
        "sudo-refused",
        r'sudo: The "no new privileges" flag is set',
        "its start script uses sudo, which is not allowed there",
        Fix(
            "Let users have sudo (singleuser.allowPrivilegeEscalation: true, with singleuser.uid: 0 and GRANT_SUDO"
            " for images of docker-stacks), and root in their containers with it; or have the image start without it."
        ),
        "sudo 1.9; zero-to-jupyterhub-k8s#2429, #2663",
    ),
)
