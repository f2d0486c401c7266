"""The chart's values, reduced to what checks use.

The hub's Secret holds all values together with credentials, so this is an allow-list: a path that is not listed here is
never kept, whatever it holds.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jhubdoctor.model.values import Values
from jhubdoctor.model.yaml import load_yaml
from jhubdoctor.privacy.command import command
from jhubdoctor.privacy.text import brief

HIDDEN = "[removed]"

# One pattern a line; `*` is one key (or any list item), `**` all below. Names are those of the chart's values.yaml,
# also former ones, so that a check can say that a value has moved.
_ALLOWED = """
Chart.*
Release.*
fullnameOverride
nameOverride
debug.enabled
rbac.*
cull.enabled
cull.timeout
cull.every
cull.concurrency
cull.maxAge
cull.users
cull.adminUsers
cull.removeNamedServers
imagePullSecret.create
imagePullSecret.enabled
imagePullSecret.automaticReferenceInjection
imagePullSecrets.**
hub.activeServerLimit
hub.allowNamedServers
hub.authenticatePrometheus
hub.baseUrl
hub.concurrentSpawnLimit
hub.consecutiveFailureLimit
hub.containerSecurityContext.**
hub.db.type
hub.db.upgrade
hub.db.pvc.accessModes.**
hub.db.pvc.storage
hub.db.pvc.storageClassName
hub.db.pvc.subPath
hub.deploymentStrategy.**
hub.existingSecret
hub.fsGid
hub.imagePullSecret.enabled
hub.uid
hub.image.**
hub.livenessProbe.enabled
hub.livenessProbe.failureThreshold
hub.livenessProbe.initialDelaySeconds
hub.livenessProbe.periodSeconds
hub.livenessProbe.timeoutSeconds
hub.readinessProbe.enabled
hub.readinessProbe.failureThreshold
hub.readinessProbe.initialDelaySeconds
hub.readinessProbe.periodSeconds
hub.readinessProbe.timeoutSeconds
hub.namedServerLimitPerUser
hub.networkPolicy.**
hub.nodeSelector.*
hub.pdb.**
hub.podSecurityContext.**
hub.resources.**
hub.serviceAccount.create
hub.serviceAccount.name
hub.tolerations.**
hub.redirectToServer
hub.shutdownOnLogout
httpRoute.enabled
httpRoute.gateway.**
httpRoute.hostnames.**
httpRoute.parentRefs.**
ingress.enabled
ingress.hosts.**
ingress.ingressClassName
ingress.pathSuffix
ingress.pathType
ingress.tls.**
prePuller.annotations.*
prePuller.continuous.enabled
prePuller.extraImages.**
prePuller.extraTolerations.**
prePuller.hook.enabled
prePuller.hook.image.**
prePuller.hook.nodeSelector.*
prePuller.hook.podSchedulingWaitDuration
prePuller.hook.pullOnlyOnChanges
prePuller.hook.resources.**
prePuller.hook.tolerations.**
prePuller.pause.image.**
prePuller.pullProfileListImages
prePuller.resources.**
proxy.chp.extraPodSpec.securityContext.sysctls.**
proxy.chp.image.**
proxy.chp.networkPolicy.**
proxy.chp.nodeSelector.*
proxy.chp.pdb.**
proxy.chp.resources.**
proxy.chp.tolerations.**
proxy.containerSecurityContext.**
proxy.deploymentStrategy.**
proxy.https.enabled
proxy.https.hosts.**
proxy.https.type
proxy.https.letsencrypt.acmeServer
proxy.https.secret.*
proxy.networkPolicy.**
proxy.nodeSelector.*
proxy.pdb.**
proxy.resources.**
proxy.service.disableHttpPort
proxy.service.externalIPs.**
proxy.service.ipFamilyPolicy
proxy.service.loadBalancerIP
proxy.service.loadBalancerSourceRanges.**
proxy.service.type
proxy.traefik.image.**
proxy.traefik.networkPolicy.**
proxy.traefik.pdb.**
proxy.traefik.resources.**
scheduling.corePods.**
scheduling.podPriority.**
scheduling.userPlaceholder.enabled
scheduling.userPlaceholder.replicas
scheduling.userPlaceholder.image.**
scheduling.userPlaceholder.resources.**
scheduling.userPods.**
scheduling.userScheduler.enabled
scheduling.userScheduler.replicas
scheduling.userScheduler.image.**
scheduling.userScheduler.logLevel
scheduling.userScheduler.annotations.*
scheduling.userScheduler.nodeSelector.*
scheduling.userScheduler.pdb.**
scheduling.userScheduler.resources.**
scheduling.userScheduler.tolerations.**
singleuser.allowPrivilegeEscalation
singleuser.cloudMetadata.**
singleuser.cmd.**
singleuser.cpu.*
singleuser.memory.*
singleuser.defaultUrl
singleuser.events
singleuser.extraLabels.*
singleuser.extraNodeAffinity.**
singleuser.extraResource.**
singleuser.extraTolerations.**
singleuser.fsGid
singleuser.image.**
singleuser.imagePullSecret.enabled
singleuser.networkPolicy.**
singleuser.networkTools.image.**
singleuser.networkTools.resources.**
singleuser.nodeSelector.*
singleuser.podNameTemplate
singleuser.schedulerStrategy
singleuser.serviceAccountName
singleuser.startTimeout
singleuser.storage.capacity
singleuser.storage.dynamic.**
singleuser.storage.extraVolumes.*.persistentVolumeClaim.claimName
singleuser.storage.static.**
singleuser.storage.homeMountPath
singleuser.storage.type
singleuser.uid
singleuser.profileList.*.default
singleuser.profileList.*.display_name
singleuser.profileList.*.slug
singleuser.profileList.*.kubespawner_override.KS
singleuser.profileList.*.profile_options.*.display_name
singleuser.profileList.*.profile_options.*.choices.*.display_name
singleuser.profileList.*.profile_options.*.choices.*.kubespawner_override.KS
"""
# Traits of KubeSpawner that hub.config or an override of a profile may set and that checks use.
_SPAWNER_TRAITS = (
    "cmd cpu_guarantee cpu_limit default_url extra_resource_guarantees extra_resource_limits http_timeout image "
    "image_pull_policy image_pull_secrets mem_guarantee mem_limit node_affinity_preferred node_affinity_required "
    "node_selector priority_class_name scheduler_name start_timeout storage_capacity storage_class tolerations"
).split()
# Of what else it sets only the names stay: that it is set is what counts.
_OVERRIDE = frozenset(_SPAWNER_TRAITS)
_SPAWNERS = frozenset({"KubeSpawner", "Spawner"})
# Of others that hub.config sets the keys stay, booleans stay, numbers that measure something stay (a password can be a
# number), text is hidden but for these, lists keep their length.
_MEASURES = re.compile(
    r"(?:\w+_)?(?:timeout|limit|interval|seconds|days|age|delay|ratio|factor|threads?|retries|attempts|size|port|uid|gid"
    r"|level|count|max|min|guarantee|every|concurrency|per_user)(?:_\w+)?"
)
_PLAIN_TRAITS = frozenset(
    "authenticator_class spawner_class proxy_class slug_scheme pod_name_template pvc_name_template"
    " user_namespace_template".split()
)
_URL_TRAITS = frozenset({"oauth_callback_url", "base_url", "bind_url"})
# Only that they are there, by name: their values are code, environment, users or credentials.
_NAMES_ONLY = (
    "hub.extraEnv", "hub.services", "hub.loadRoles", "singleuser.extraEnv", "hub.extraFiles", "custom",
    "hub.extraConfigMap", "proxy.traefik.extraDynamicConfig",
)  # fmt: skip
# Only how many items they have: an init container may hold anything, and so may a flag.
_NUMBERS = ("hub.initContainers", "singleuser.initContainers", "proxy.chp.extraCommandLineFlags")
# Only whether they are set.
_HIDDEN = ("hub.cookieSecret", "hub.db.password", "proxy.secretToken")
_TRAIT_SET = re.compile(r"^\s*c\.(\w+)\.(\w+)\s*(?:=|\.(?:append|extend|update|insert)\()", re.MULTILINE)


@cache
def _tree() -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for line in _ALLOWED.split():
        lines = [line]
        if line.endswith(".KS"):
            lines = [f"{line[:-2]}{trait}.**" for trait in _SPAWNER_TRAITS]
        for path in lines:
            at = tree
            for part in path.split("."):
                at = at.setdefault(part, {})
    return tree


def _keep(value: Any, tree: Mapping[str, Any]) -> Any:
    if "**" in tree:
        return _plain(value)
    if isinstance(value, Mapping):
        kept = {}
        for key, below in value.items():
            sub = tree.get(str(key), tree.get("*"))
            if sub is not None:
                kept[str(key)] = command(below) if key == "cmd" else _keep(below, sub)
            elif tree.keys() >= _OVERRIDE:
                kept[str(key)[:100]] = _names(below)
        return kept
    if isinstance(value, list):
        return [_keep(v, tree["*"]) for v in value] if "*" in tree else []
    return leaf(value)


def _names(value: Any) -> Any:
    """That it is set, and the names of what is in it."""
    return {str(k)[:100]: HIDDEN for k in value} if isinstance(value, Mapping) else HIDDEN


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return leaf(value)


def _number(value: float) -> float | None:
    """A number that can be counted with; None for infinities, what is no number, and what no setting can mean."""
    return value if -(2**53) <= value <= 2**53 else None


def leaf(value: Any) -> Any:
    """A scalar as it may be kept: a number that can be counted with, a text without secrets and tricks."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return _number(value)
    return brief(str(value))


def database_url(value: str) -> str:
    """A database's URL: its kind, and for SQLite its file; the rest holds credentials."""
    kind, _, rest = value.partition(":")
    if not re.fullmatch(r"[\w+]{1,40}", kind):
        return HIDDEN
    return f"{kind}:{leaf(rest.partition('?')[0])}" if kind.startswith("sqlite") else f"{kind}://{HIDDEN}"


def _trait(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return _number(value) if _MEASURES.fullmatch(name) else HIDDEN
    if isinstance(value, str):
        if name == "db_url":
            return database_url(value)
        if name in _PLAIN_TRAITS:
            return leaf(value)
        if name in _URL_TRAITS:
            return leaf(value.split("?", 1)[0])
        return HIDDEN if value else ""
    if isinstance(value, list):
        return [HIDDEN] * len(value)
    return {HIDDEN: HIDDEN} if value else {}


def _of_class(cls: str, name: str, value: Any) -> Any:
    """What hub.config sets: of spawners as much as of profiles."""
    if cls not in _SPAWNERS or name not in _OVERRIDE:
        return _trait(name, value)
    return command(value) if name == "cmd" else _plain(value)


def allowed(data: Any) -> dict[str, Any]:
    """Of all values those that checks use, without credentials."""
    if not isinstance(data, Mapping):
        return {}
    kept: dict[str, Any] = _keep(data, _tree())
    hub = data.get("hub")
    if isinstance(hub, Mapping):
        config = hub.get("config")
        if isinstance(config, Mapping):
            kept.setdefault("hub", {})["config"] = {
                str(cls): {str(k): _of_class(str(cls), str(k), v) for k, v in traits.items()}
                if isinstance(traits, Mapping)
                else {}
                for cls, traits in config.items()
            }
        database = hub.get("db")
        if isinstance(database, Mapping) and isinstance(database.get("url"), str):
            kept.setdefault("hub", {}).setdefault("db", {})["url"] = database_url(database["url"])
        extra = hub.get("extraConfig")
        if isinstance(extra, Mapping) and set(extra) == {"traits", "snippets"} and isinstance(extra["traits"], list):
            kept.setdefault("hub", {})["extraConfig"] = {
                "traits": [str(t) for t in extra["traits"] if re.fullmatch(r"\w+\.\w+", str(t))],
                "snippets": extra["snippets"] if isinstance(extra["snippets"], int) else 0,
            }
        elif extra:
            texts = extra.values() if isinstance(extra, Mapping) else [extra]
            found = sorted({f"{m[1]}.{m[2]}" for t in texts for m in _TRAIT_SET.finditer(str(t))})
            kept.setdefault("hub", {})["extraConfig"] = {"traits": found, "snippets": len(list(texts))}
    if isinstance(data.get("auth"), Mapping) and data["auth"]:
        # the whole section left the chart in 0.11; that it is there is what matters
        kind = data["auth"].get("type")
        kept["auth"] = {"type": leaf(kind) if isinstance(kind, str) else None}
    _outline(data, kept)
    return kept


def _outline(data: Mapping[str, Any], kept: dict[str, Any]) -> None:
    """Keep that something is set, or its names, or how many there are."""
    for path in (*_NAMES_ONLY, *_NUMBERS, *_HIDDEN):
        at: Any = data
        *parents, last = path.split(".")
        for part in parents:
            at = at.get(part) if isinstance(at, Mapping) else None
        section = at.get(last) if isinstance(at, Mapping) else None
        outline: Any = None
        if path in _HIDDEN:
            outline = HIDDEN if section else None
        elif path in _NUMBERS:
            outline = [HIDDEN] * len(section) if isinstance(section, list) else None
        elif isinstance(section, Mapping):
            outline = _names(section)
        if outline:
            target = kept
            for part in parents:
                target = target.setdefault(part, {})
            target[last] = outline


def list_at(values: Values, place: tuple[str, ...]) -> list[Any] | None:
    """The list that is set at a place today, empty where none is; None where it was not kept whole."""
    if not _seen(place):
        return None
    at: Any = values.data
    for key in place:
        if not isinstance(at, Mapping) or HIDDEN in at:
            return None
        if at.get(key) is None:
            return []
        at = at[key]
    return at if isinstance(at, list) and HIDDEN not in json.dumps(at) else None


def _seen(place: tuple[str, ...]) -> bool:
    """Whether what is set there would show, though maybe not as what."""
    path = ".".join(place)
    if path.startswith("hub.config.") or any(path.startswith(p) for p in (*_NAMES_ONLY, *_NUMBERS)):
        return True
    at = _tree()
    for key in place:
        if "**" in at:
            return True
        at = at.get(key, at.get("*", {}))
    return "**" in at


def reduced_values(encoded: str) -> str:
    """A Secret's `values.yaml` (base64) reduced to the allow-list, in base64 as JSON; empty where it is no YAML."""
    try:
        data = load_yaml(base64.b64decode(encoded).decode())
    except ValueError:
        # BadValues, no base64, no UTF-8
        return ""
    return base64.b64encode(json.dumps(allowed(data), sort_keys=True).encode()).decode()
