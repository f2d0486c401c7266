"""Why a hub does not start or ends: told from the last lines of the run that ended.

Texts are those of JupyterHub 1.0 to 6.0 (app.py, orm.py, proxy.py), KubeSpawner 0.11 to 7.1 (reflector.py), the
chart's jupyterhub_config.py and z2jh.py (0.9 to 4.4), traitlets, SQLAlchemy and its drivers. Most fatal errors are an
entry with an empty message whose traceback ends in the cause; some have no header at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jhubdoctor.api import Entry, Fix, Hub, clean

_RESTARTS = "This restarts the hub; users' servers keep running."


@dataclass(frozen=True)
class Crash:
    """One class of fatal errors.

    Attributes:
        word: the cause, stable.
        pattern: in an entry, continuation lines included.
        says: the rest of a sentence that begins "The hub does not start:" or "... ends again and again:".
        text: what to do.
        values: the patch for values.yaml.
        commands: `{ns}`, `{hub}` and the pattern's groups are filled in.
        upgrade: whether a `helm upgrade` applies the fix.
        caution: what the fix does besides.
        alone: whether the hub ends after it without an exception that nobody caught; else such a line in an ordinary
            entry is something that it lived through.
    """

    word: str
    pattern: re.Pattern[str]
    says: str
    text: str
    values: Mapping[str, Any] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    upgrade: bool = False
    caution: str = ""
    alone: bool = False

    def fix(self, m: re.Match[str], hub: Hub) -> Fix:
        """The fix, with the names of this hub."""
        names = {k: v or "" for k, v in m.groupdict().items()}
        names |= {"ns": hub.namespace, "release": hub.release, "hub": "hub", "account": "hub"}
        if hub.deployment is not None:
            spec = hub.deployment.spec.template.spec
            names |= {"hub": hub.deployment.name, "account": spec.service_account_name or "default"}
        commands = [c.format_map(names) for c in self.commands]
        if self.upgrade:
            commands.append(hub.helm_upgrade)
        return Fix(
            self.text.format_map(names),
            values=self.values if hub.z2jh else {},
            commands=tuple(filter(None, commands)),
            caution=self.caution or (_RESTARTS if self.upgrade else ""),
        )


def _row(word: str, pattern: str, says: str, text: str, **more: Any) -> Crash:
    return Crash(word, re.compile(pattern, re.MULTILINE), says, text, **more)


_PODS = "kubectl --namespace {ns} get pods --selector component=proxy"
_LOG = "kubectl --namespace {ns} logs deployment/{hub} --container hub --previous --tail 60"
_NAME = r"[\w.\-]+"

# The first row that matches wins: what ends the process for certain stands before what only may.
CRASHES: tuple[Crash, ...] = (
    _row(
        "consecutive-failures",
        r"Aborting due to (?P<n>\d+) consecutive spawn failures",
        "it stops itself after {n} failed spawns in a row",
        "Solve what makes spawns fail. The hub stops on purpose, since some such failures end with a restart; "
        "hub.consecutiveFailureLimit: 0 turns that off.",
        commands=(_LOG,),
        alone=True,
    ),
    # --- database ---
    _row(
        "db-schema",
        r"Found database schema version (?P<have>\w+) != (?P<want>\w+)",
        "its database has schema {have}, and this JupyterHub needs {want}",
        "Back the database up, then let the hub upgrade it once. After a downgrade of the chart go back up, or restore "
        "the backup: there is no way down.",
        values={"hub": {"db": {"upgrade": True}}},
        upgrade=True,
        caution="The upgrade of the database cannot be undone: back it up first.",
    ),
    _row(
        "db-newer",
        r"Can't locate revision identified by '(?P<revision>\w+)'",
        "its database was written by a newer JupyterHub (revision {revision})",
        "Go back to the newer chart, or restore the backup from before the upgrade.",
        commands=("helm history {release} --namespace {ns}",),
    ),
    _row(
        "db-directory",
        r"^Directory (?P<dir>/\S*) does not exist",
        "the directory of its database, {dir}, does not exist",
        "Mount a volume there, or correct hub.db.url.",
        commands=("kubectl --namespace {ns} describe deployment {hub}",),
        alone=True,
    ),
    _row(
        "db-permission",
        r"cannot (?:create files in|edit) (?P<path>/\S*)|attempt to write a readonly database"
        r"|unable to open database file|PermissionError: \[Errno 13\] Permission denied: '/srv/jupyterhub",
        "it may not write its database",
        "Give the volume to the hub's group (1000 in the chart), or correct the rights on the share.",
        values={"hub": {"podSecurityContext": {"fsGroup": 1000}}},
        upgrade=True,
        alone=True,
    ),
    _row(
        "db-locked",
        r"database is locked",
        "its sqlite database is locked",
        "Keep the database on block storage (no NFS, no SMB), with one hub at a time, or use PostgreSQL.",
        commands=("kubectl --namespace {ns} get pods --selector component=hub", "kubectl --namespace {ns} get pvc"),
    ),
    _row(
        "db-full",
        r"database or disk is full|No space left on device",
        "the volume of its database is full",
        "Make the volume larger.",
        values={"hub": {"db": {"pvc": {"storage": "5Gi"}}}},
        commands=("kubectl --namespace {ns} get pvc",),
        upgrade=True,
    ),
    _row(
        "db-damaged",
        r"database disk image is malformed|file is not a database|disk I/O error",
        "its sqlite database cannot be read",
        "Restore the database from a backup; on a network share move it to block storage.",
        commands=("kubectl --namespace {ns} get pvc",),
    ),
    _row(
        "db-connect",
        r"(?:psycopg2?|pymysql|asyncpg|MySQLdb)[\w.]*Error|could not (?:connect to server|translate host name)"
        r"|password authentication failed|Access denied for user|Can't connect to MySQL server"
        r"|Failed to connect to db: (?!sqlite)",
        "it cannot connect to its database",
        "See that the database server runs, and that hub.db.url and hub.db.password are right. The hub's NetworkPolicy "
        "has to allow the way (hub.networkPolicy.egress).",
        commands=(_LOG,),
        alone=True,
    ),
    _row(
        "db-connect",
        r"Failed to connect to db: ",
        "it cannot open its database",
        "See that the database's volume is mounted and may be written.",
        commands=("kubectl --namespace {ns} describe deployment {hub}",),
        alone=True,
    ),
    # --- proxy ---
    _row(
        "proxy-token",
        r"api_request to proxy failed: HTTP 403",
        "the proxy does not take the hub's token",
        "Restart both, so that they read the same token.",
        commands=("kubectl --namespace {ns} rollout restart deployment/proxy deployment/{hub}",),
        caution="Users lose their connection for some seconds; their servers keep running.",
        alone=True,
    ),
    _row(
        "proxy-unreachable",
        r"TimeoutError: Repeated api_request to proxy path|CurlError: HTTP 599"
        r"|proxy\.py[\s\S]*(?:ConnectionRefusedError|TimeoutError|gaierror)",
        "it does not reach the proxy's API",
        "See that the proxy runs and that the Service proxy-api leads to it: DNS, NetworkPolicy, and the pod itself.",
        commands=(_PODS, "kubectl --namespace {ns} get endpointslices --selector kubernetes.io/service-name=proxy-api"),
    ),
    _row(
        "proxy-token-missing",
        r"auth_token or CONFIGPROXY_AUTH_TOKEN env is required",
        "it has no token for the proxy",
        "The chart sets it: see that the hub's Secret has the key hub.config.ConfigurableHTTPProxy.auth_token.",
        upgrade=True,
    ),
    # --- configuration ---
    _row(
        "service-environment",
        r"KeyError: '(?P<variable>[A-Z_]*_SERVICE_(?:PORT|HOST))'",
        "the variable {variable} is missing from its environment",
        "Kubernetes sets it for each Service that is there before the pod: see that the Services exist and that "
        "enableServiceLinks is not false, then start the pod anew.",
        commands=("kubectl --namespace {ns} get services", "kubectl --namespace {ns} rollout restart deployment/{hub}"),
        caution=_RESTARTS,
    ),
    _row(
        "secret-key",
        rf"Exception: (?:\S*/)?(?P<key>{_NAME}) not found(?: in either k8s Secret)?!",
        "the key {key} is missing from its Secret or ConfigMap",
        "Install the chart's objects again; hub.existingSecret only adds to the chart's own Secret.",
        commands=("kubectl --namespace {ns} describe secret {hub}",),
        upgrade=True,
    ),
    _row(
        "config-section",
        rf"FATAL: Invalid hub\.config section name: (?P<section>{_NAME})\.",
        "hub.config.{section} is no section of JupyterHub's configuration",
        "Sections are names of classes and begin with a capital letter (hub.config.JupyterHub). Move or correct it.",
        upgrade=True,
    ),
    _row(
        "config-trait",
        r"(?:Bad config encountered during initialization: |TraitError: )(?P<why>.*)",
        "a setting is not valid",
        "Correct the setting under hub.config, singleuser or hub.extraConfig.",
        upgrade=True,
    ),
    _row(
        "cookie-secret",
        r"invalid cookie_secret_file|cookie_secret set as a string|cookie_secret.*(?:must be|hexadecimal)",
        "its cookie secret is not valid",
        "Use 64 hexadecimal digits (openssl rand -hex 32), or leave hub.config.JupyterHub.cookie_secret out: the chart "
        "makes one.",
        upgrade=True,
        caution="With a new cookie secret all users have to log in again.",
        alone=True,
    ),
    _row(
        "crypt-keys",
        r"Encryption keys must be 32 bytes|NoEncryptionKeys|No encryption keys|CryptographyUnavailable",
        "its keys for auth state are not valid",
        "Use 64 hexadecimal digits for each key (openssl rand -hex 32), or leave hub.config.CryptKeeper.keys out: the "
        "chart makes one.",
        upgrade=True,
    ),
    _row(
        "roles",
        r"InvalidNameError|Found undefined \w+ \S+ in role|ScopeNotFound|RoleValueError|InvalidScopeError",
        "a role in its configuration is not valid",
        "Correct hub.loadRoles: names have small letters, digits and dashes, and services have to be defined.",
        upgrade=True,
    ),
    _row(
        "service-unreachable",
        rf"Cannot connect to \w+ service (?P<service>{_NAME}) at \S+ Is it running\?"
        rf"|Cannot connect to (?P<managed>{_NAME}) service managed|Failed to start service (?P<failed>{_NAME})"
        rf"|Service (?P<ended>{_NAME}) exited with status",
        "its service {service}{managed}{failed}{ended} does not answer",
        "See that the service runs at its URL and that NetworkPolicies let the hub reach it. JupyterHub 5 "
        "and later does not start without its services.",
        commands=(_LOG,),
        alone=True,
    ),
    # --- the API server ---
    _row(
        "reflector",
        r"reflector failed, halting Hub|Reflector with key .* (?:failed|reflector), halting Hub"
        r"|Reflector for \w+ failed to start",
        "it lost the Kubernetes API and stopped itself",
        "See that the hub reaches the API server and may list pods and events.",
        commands=("kubectl --namespace {ns} auth can-i list pods --as=system:serviceaccount:{ns}:{account}",),
        alone=True,
    ),
    # --- code ---
    _row(
        "module-missing",
        r"(?:ModuleNotFoundError|ImportError): (?P<why>.*)|could not be imported",
        "a Python module is missing from its image",
        "Use an image of the hub that has the module (hub.image), or correct the name of the class.",
        upgrade=True,
    ),
    _row(
        "config-code",
        r"(?:SyntaxError|IndentationError|NameError): (?P<why>.*)",
        "its configuration is no valid Python",
        "Correct hub.extraConfig (the log names the part that was loaded last).",
        upgrade=True,
    ),
)  # fmt: skip

# The exception that a traceback ends in, with or without a header before it.
_RAISED = re.compile(r"^(?P<what>[\w.]*(?:Error|Exception|Exit|Interrupt|Timeout))\b(?P<why>.*)$", re.MULTILINE)
_UNKNOWN = Crash(
    "exception",
    _RAISED,
    "it ends with {what}",
    "See the whole traceback in the log of the run that ended.",
    commands=(_LOG,),
)
# The chart prints these while it loads its configuration; the last before a traceback is the part that failed.
_PART = re.compile(
    r"^Loading (?P<part>extra config: [\w.\-/ ]{1,80}|\S+ config: \S{1,80}|pass-through config section \S+)$"
)
# How much before the fatal entry still belongs to it, and how far back is looked where there is none.
_NEAR, _FAR = 6, 60


@dataclass(frozen=True)
class Diagnosis:
    """A class of crash, and the entry that tells of it.

    Attributes:
        crash: the class.
        match: what its pattern found.
        entry: where.
        part: the part of the configuration that was loaded last.
    """

    crash: Crash
    match: re.Match[str]
    entry: Entry
    part: str = ""

    @property
    def says(self) -> str:
        """The sentence's end, with what the entry names."""
        return self.crash.says.format_map({k: v or "" for k, v in self.match.groupdict().items()})

    @property
    def line(self) -> str:
        """The line that tells, and no more of the entry."""
        text, at = self.entry.text, self.match.end() - 1
        start, end = text.rfind("\n", 0, max(at, 0)) + 1, text.find("\n", max(at, 0))
        found = text[start : end if end >= 0 else len(text)].strip() or self.entry.last
        # traitlets prints the value that it did not take, which may be a secret
        return clean(re.sub(r"(, not the \w+) .*", r"\1", found), 300)


def diagnosis(entries: Sequence[Entry]) -> Diagnosis | None:
    """Why a run ended, by its entries; None where they do not tell."""
    part = next((m["part"] for e in reversed(entries) if (m := _PART.search(e.message))), "")
    # a pod that could not be created is dumped whole, and what stands in it is no cause
    told = [e for e in entries if e.level not in {"D", "I"} and not e.message.startswith("Failed for {")]
    fatal = next((i for i in reversed(range(len(told))) if _is_fatal(told[i])), None)
    look = told[-_FAR:] if fatal is None else told[max(0, fatal - _NEAR) : fatal + 1]
    for crash in CRASHES:
        for e in reversed(look):
            if fatal is None and not (crash.alone or e.level in {"", "C"}):
                continue
            if m := crash.pattern.search(e.text):
                return Diagnosis(crash, m, e, part)
    for e in reversed(look):
        if e is (told[fatal] if fatal is not None else None) or not e.level:
            found = list(_RAISED.finditer(e.text))
            if found:
                return Diagnosis(_UNKNOWN, found[-1], e, part)
    return None


def _is_fatal(e: Entry) -> bool:
    """An exception that nobody caught: JupyterHub logs it with an empty message (launch_instance_async)."""
    return e.level in {"E", "C"} and e.module == "app" and not e.message.strip() and bool(e.more)
