"""Breaking changes of the chart, release by release: what changes, which values it concerns, what to do.

Sources: docs/source/changelog.md and docs/source/administrator/upgrading/ of the chart's repository at tag 4.4.0. Only
what a hub can be concerned by is here; what the chart rejects outright stands in `keys.py` as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jhubdoctor.api import Given, Severity
from jhubdoctor_checks.data.keys import MOVED
from jhubdoctor_checks.login import allow_rules, authenticator, is_dummy, is_oauth

_GUIDE = "https://z2jh.jupyter.org/en/stable/administrator/upgrading/"
_LOG = "https://z2jh.jupyter.org/en/stable/changelog.html"
_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
Touches = Callable[[Given], list[str]]


@dataclass(frozen=True)
class Breaking:
    """One breaking change.

    `touches` gives the keys of somebody's values that it concerns; None concerns every hub. With `refused` Helm refuses
    those keys as they are. From release `until` on it no longer holds. Whoever set the key `unless` has chosen.
    """

    since: str
    says: str
    action: str
    touches: Touches | None
    severity: Severity
    source: str
    refused: bool = False
    until: str = ""
    unless: str = ""


def _there(path: str) -> Touches:
    """A key that is there, with null as well: the chart looks for the key."""
    return lambda given: [path] if given.has(path) else []


def _set(*paths: str) -> Touches:
    """Those of these keys that are set to anything but nothing."""
    return lambda given: [p for p in paths if given.sets(p)]


def _https(given: Given) -> list[str]:
    values = given.values
    meant = values.get("proxy.https.hosts") or given.sets("proxy.https.letsencrypt.contactEmail")
    # who says false has chosen, and who lets an Ingress do TLS needs no other
    elsewhere = values.enabled("ingress.enabled") and values.items("ingress.tls")
    return ["proxy.https"] if meant and values.get("proxy.https.enabled") is None and not elsewhere else []


def _external_database(given: Given) -> list[str]:
    kind = given.values.get("hub.db.type")
    return (
        ["hub.db.upgrade"]
        if kind in ("mysql", "postgres", "other") and not given.values.enabled("hub.db.upgrade")
        else []
    )


def _oauth_allows_nobody(given: Given) -> list[str]:
    return ["hub.config"] if is_oauth(authenticator(given.values)) and not allow_rules(given.values) else []


def _allows_nobody(given: Given) -> list[str]:
    name = authenticator(given.values)
    return ["hub.config"] if not is_dummy(name) and not is_oauth(name) and not allow_rules(given.values) else []


def _class(*words: str) -> Touches:
    def found(given: Given) -> list[str]:
        name = authenticator(given.values).lower()
        return ["hub.config.JupyterHub.authenticator_class"] if any(w in name for w in words) else []

    return found


def _images(*starts: str) -> Touches:
    """Image names that somebody set and that begin so."""

    def walk(data: Any, path: str, found: list[str]) -> None:
        if isinstance(data, Mapping):
            name = data.get("name")
            if path.endswith("image") and isinstance(name, str) and name.startswith(starts):
                found.append(f"{path}.name")
            for key, below in data.items():
                walk(below, f"{path}.{key}" if path else str(key), found)

    def touched(given: Given) -> list[str]:
        found: list[str] = []
        if given.supplied:
            walk(given.values.data, "", found)
        return found

    return touched


_TEMPLATE = r"\{(?:username|servername)\}"


def _templates(given: Given) -> list[str]:
    """Names that are made of the user's name by hand."""
    if given.values.get("hub.config.KubeSpawner.slug_scheme") == "escape":
        return []
    storage = "singleuser.storage"
    paths = (
        "singleuser.podNameTemplate",
        f"{storage}.dynamic.pvcNameTemplate",
        f"{storage}.dynamic.volumeNameTemplate",
        f"{storage}.static.subPath",
        "hub.config.KubeSpawner.pod_name_template",
        "hub.config.KubeSpawner.pvc_name_template",
    )
    # the chart's own defaults have such names too, and are changed with the chart
    return [p for p in paths if re.search(_TEMPLATE, str(given.values.get(p, "")))] if given.supplied else []


def _static_without_path(given: Given) -> list[str]:
    static = given.values.get("singleuser.storage.type") == "static"
    return (
        ["singleuser.storage.static.subPath"]
        if static and not given.values.get("singleuser.storage.static.subPath")
        else []
    )


def _lower_case(given: Given) -> list[str]:
    return [f"hub.config.{k}" for k in given.values.mapping("hub.config") if not k[:1].isupper()]


def _sudo(given: Given) -> list[str]:
    root = given.values.get("singleuser.uid") == 0
    granted = "GRANT_SUDO" in given.values.mapping("singleuser.extraEnv")
    found = [p for p, yes in (("singleuser.uid", root), ("singleuser.extraEnv.GRANT_SUDO", granted)) if yes]
    return [] if given.values.enabled("singleuser.allowPrivilegeEscalation") else found


def _egress(given: Given) -> list[str]:
    owners = ("hub", "proxy.chp", "proxy.traefik", "singleuser")
    return [p for o in owners if given.sets(p := f"{o}.networkPolicy.egress")]


def _named_servers(given: Given) -> list[str]:
    return ["hub.allowNamedServers"] if given.values.enabled("hub.allowNamedServers") else []


_DATABASE = (
    "JupyterHub moves to a new major version with another database schema, which only SQLite is upgraded to by itself",
    "Back the database up, and set hub.db.upgrade to true for this one upgrade; without it the hub does not start.",
)

CHANGES = (
    *(
        Breaking(
            m.first,
            f"{m.path} is not accepted any more",
            f"Use {m.instead}.",
            _there(m.path),
            _ERROR,
            m.source,
            refused=True,
        )
        for m in MOVED
        # nobody can go to a release that is to come
        if not m.since.is_prerelease
    ),
    # --- 0.10
    Breaking(
        "0.10.0",
        "proxy.https does nothing unless proxy.https.enabled is true",
        "Set proxy.https.enabled to true, or the hub is served without TLS.",
        _https,
        _ERROR,
        _LOG,
    ),
    Breaking(
        "0.10.0",
        "the claims of named servers get other names, so their files seem lost",
        "Old claims are kept: move the files by hand.",
        _named_servers,
        _WARNING,
        _LOG,
    ),
    Breaking(
        "0.10.0",
        "what the hub reads from hub.existingSecret is laid out differently (hub-config and hub-secret are one)",
        "Make the Secret anew for this release.",
        _set("hub.existingSecret"),
        _WARNING,
        _LOG,
    ),
    # --- 0.11
    Breaking(
        "0.11.0",
        "the hub and the proxy have no PodDisruptionBudget any more",
        "Nothing, or hub.pdb.enabled.",
        None,
        _INFO,
        _LOG,
    ),
    # --- 1.0
    Breaking(
        "1.0.0",
        "Helm 3.5 or later is needed, and values that the chart does not know are errors",
        "Use Helm 3.",
        None,
        _INFO,
        _LOG,
    ),
    Breaking(
        "1.0.0",
        "core pods have no default resource requests any more",
        "Set hub.resources, proxy.chp.resources and scheduling.userScheduler.resources where nodes are shared.",
        None,
        _INFO,
        _LOG,
    ),
    Breaking(
        "1.0.0",
        "deleting a user in the hub deletes the user's volume",
        "Set hub.config.KubeSpawner.delete_pvc to false to keep volumes.",
        None,
        _WARNING,
        _LOG,
        unless="hub.config.KubeSpawner.delete_pvc",
    ),
    Breaking(
        "1.0.0",
        "hub.existingSecret works differently: it is laid over the chart's own Secret",
        "Read the reference of hub.existingSecret, and make the Secret anew.",
        _set("hub.existingSecret"),
        _WARNING,
        _LOG,
    ),
    # --- 2.0
    Breaking("2.0.0", *_DATABASE, _external_database, _ERROR, f"{_GUIDE}upgrade-1-to-2.html"),
    Breaking(
        "2.0.0",
        "networkPolicy.egress no longer holds all that may go out: egressAllowRules allow more, by default",
        "Turn off the egressAllowRules that your rules were meant to forbid, or the upgrade opens what was closed.",
        _egress,
        _WARNING,
        f"{_GUIDE}upgrade-1-to-2.html",
    ),
    Breaking(
        "2.0.0",
        "users' pods may not reach private addresses any more (databases, Dask, services in the cluster)",
        "Allow what they need by singleuser.networkPolicy.egressAllowRules.privateIPs or .egress.",
        None,
        _WARNING,
        f"{_GUIDE}upgrade-1-to-2.html",
    ),
    Breaking(
        "2.0.0",
        "plugins of the user-scheduler are read as kubescheduler.config.k8s.io/v1beta3, from Kubernetes 1.21 on",
        "Compare scheduling.userScheduler.plugins, and pluginConfig beside it, with that version.",
        _set("scheduling.userScheduler.plugins"),
        _WARNING,
        f"{_GUIDE}upgrade-1-to-2.html",
        until="3.0.0",
    ),
    Breaking(
        "2.0.0",
        "processes in users' pods cannot gain rights any more, so sudo does not work",
        "Set singleuser.allowPrivilegeEscalation to true if users need it.",
        _sudo,
        _WARNING,
        f"{_GUIDE}upgrade-1-to-2.html",
    ),
    Breaking(
        "2.0.0",
        "hub.extraConfig and files in jupyterhub_config.d win over hub.config",
        "Look for settings that are in both.",
        _set("hub.extraConfig", "hub.extraFiles"),
        _INFO,
        f"{_GUIDE}upgrade-1-to-2.html",
    ),
    Breaking(
        "2.0.0",
        "JupyterHub goes from 1 to 3: users' servers should be restarted, and images need jupyterhub 2 or later",
        "Announce it, and rebuild custom images.",
        None,
        _WARNING,
        f"{_GUIDE}upgrade-1-to-2.html",
    ),
    # --- 3.0
    Breaking("3.0.0", *_DATABASE, _external_database, _ERROR, f"{_GUIDE}upgrade-2-to-3.html"),
    Breaking(
        "3.0.0",
        "OAuthenticator 16 lets in nobody who is not allowed by name, group or allow_all",
        "Say who may log in: hub.config.OAuthenticator.allow_all, or one of the allowed_ lists.",
        _oauth_allows_nobody,
        _ERROR,
        f"{_GUIDE}upgrade-2-to-3.html",
    ),
    Breaking(
        "3.0.0",
        "braces in the environment of users' servers are expanded",
        "Write { and } as {{ and }} in singleuser.extraEnv and KubeSpawner.environment.",
        _set("singleuser.extraEnv"),
        _INFO,
        f"{_GUIDE}upgrade-2-to-3.html",
    ),
    Breaking(
        "3.0.0",
        "plugins of the user-scheduler are read as kubescheduler.config.k8s.io/v1, from Kubernetes 1.24 on",
        "Compare scheduling.userScheduler.plugins, and pluginConfig beside it, with that version.",
        _set("scheduling.userScheduler.plugins"),
        _WARNING,
        "templates/scheduling/user-scheduler/configmap.yaml of chart 3.0.0",
    ),
    Breaking(
        "3.0.0",
        "TmpAuthenticator 1.0 has breaking changes",
        "Read its changelog.",
        _class("tmpauthenticator", "tmp"),
        _WARNING,
        _LOG,
    ),
    Breaking(
        "3.0.0",
        "the chart's images come from registry.k8s.io; k8s.gcr.io is frozen",
        "Take these names out of the values.",
        _images("k8s.gcr.io/", "gcr.io/google_containers/"),
        _WARNING,
        _LOG,
    ),
    # --- 3.2
    Breaking(
        "3.2.0",
        "the chart's images come from quay.io instead of Docker Hub",
        "Take these names out of the values, or write quay.io/ before them.",
        _images("jupyterhub/", "docker.io/jupyterhub/"),
        _WARNING,
        _LOG,
    ),
    Breaking("3.2.0", "images come from quay.io: firewalls and mirrors must know it", "Check them.", None, _INFO, _LOG),
    # --- 4.0
    Breaking("4.0.0", *_DATABASE, _external_database, _ERROR, f"{_GUIDE}upgrade-3-to-4.html"),
    Breaking(
        "4.0.0",
        "JupyterHub 5 lets in nobody who is not allowed, with any authenticator",
        "Set hub.config.Authenticator.allow_all to true, or name who may log in.",
        _allows_nobody,
        _ERROR,
        f"{_GUIDE}upgrade-3-to-4.html",
    ),
    Breaking(
        "4.0.0",
        "{username} and {servername} in templates give other names for some users, whose files then seem lost",
        "Use {user_server}, or set hub.config.KubeSpawner.slug_scheme to escape to keep the former names.",
        _templates,
        _WARNING,
        f"{_GUIDE}upgrade-3-to-4.html",
    ),
    Breaking(
        "4.0.0",
        "the default subPath of static storage gives other folders for some users, whose files then seem lost",
        'Set singleuser.storage.static.subPath to "{escaped_username}".',
        _static_without_path,
        _WARNING,
        f"{_GUIDE}upgrade-3-to-4.html",
    ),
    Breaking(
        "4.0.0",
        "named servers may get another volume than before (zero-to-jupyterhub-k8s#3574)",
        "Try it with one named server first.",
        _named_servers,
        _WARNING,
        f"{_GUIDE}upgrade-3-to-4.html",
    ),
    Breaking(
        "4.0.0", "LDAPAuthenticator 2 has breaking changes", "Read its changelog.", _class("ldap"), _WARNING, _LOG
    ),
    Breaking(
        "4.0.0",
        "traefik goes from 2 to 3",
        "Rewrite the static and dynamic configuration of your own.",
        _set("proxy.traefik.extraStaticConfig", "proxy.traefik.extraDynamicConfig"),
        _WARNING,
        _LOG,
    ),
    Breaking(
        "4.0.0",
        "a service that the hub cannot reach at start stops it",
        "Check that the hub's NetworkPolicy lets it reach each service that has a url.",
        _set("hub.services"),
        _INFO,
        _LOG,
    ),
    # --- 4.3
    Breaking(
        "4.3.0",
        "sections of hub.config must be names of classes, and begin with a capital",
        "Move them: hub.loadRoles, hub.services and others have keys of their own.",
        _lower_case,
        _ERROR,
        "values.schema.yaml of chart 4.3.0",
        refused=True,
    ),
)
"""In the order of releases."""
