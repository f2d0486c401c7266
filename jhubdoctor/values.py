"""The chart's values: loaded safely and within bounds, reduced to what checks use, and read by dotted paths.

The hub's Secret holds all values together with credentials, so this is an allow-list: a path that is not listed here is
never kept, whatever it holds.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

TEXT_LIMIT = 4 * 2**20
NODE_LIMIT = 200_000
DEPTH_LIMIT = 60
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
# Traits of KubeSpawner that an override of a profile may set and that checks use.
_SPAWNER_TRAITS = (
    "cmd cpu_guarantee cpu_limit default_url extra_resource_guarantees extra_resource_limits http_timeout image "
    "image_pull_policy image_pull_secrets mem_guarantee mem_limit node_affinity_preferred node_affinity_required "
    "node_selector priority_class_name scheduler_name start_timeout storage_class tolerations"
).split()
# Of hub.config.<Class> the keys stay, booleans stay, numbers that measure something stay (a password can be a number),
# text is hidden but for these, lists keep their length.
_MEASURES = re.compile(
    r"(?:\w+_)?(?:timeout|limit|interval|seconds|days|age|delay|ratio|factor|threads?|retries|attempts|size|port|uid|gid"
    r"|level|count|max|min|guarantee|every|concurrency|per_user)(?:_\w+)?"
)
_PLAIN_TRAITS = frozenset(
    "authenticator_class spawner_class proxy_class slug_scheme pod_name_template pvc_name_template".split()
)
_URL_TRAITS = frozenset({"oauth_callback_url", "base_url", "bind_url"})
# Only that they are there, by name: their values are code, environment, users or credentials.
_NAMES_ONLY = (
    "hub.extraEnv", "hub.services", "hub.loadRoles", "singleuser.extraEnv", "hub.extraFiles", "custom",
    "hub.extraConfigMap", "proxy.traefik.extraDynamicConfig",
)  # fmt: skip
# Only whether they are set.
_HIDDEN = ("hub.cookieSecret", "hub.db.password", "proxy.secretToken")
_TRAIT_SET = re.compile(r"^\s*c\.(\w+)\.(\w+)\s*(?:=|\.(?:append|extend|update|insert)\()", re.MULTILINE)


class BadValues(ValueError):  # noqa: N818  - the text is for people
    """The text is no values file: not YAML, not a mapping, or larger than any real one."""


def load_yaml(text: str, *, limit: int = TEXT_LIMIT, nodes: int = NODE_LIMIT) -> Any:
    """Safe YAML within bounds: size, depth, and the number of nodes after aliases are expanded.

    Raises:
        BadValues: where it is no YAML, or over a bound.
    """
    import yaml

    if len(text) > limit:
        raise BadValues(f"the text is over {limit // 2**20} MiB")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    too_deep = f"it is nested more than {DEPTH_LIMIT} deep"
    try:
        depth = 0
        for event in yaml.parse(text, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEPTH_LIMIT:
                raise BadValues(too_deep)
        node = yaml.compose(text, Loader=loader)
        if node is not None and _size(node, {}, set(), nodes) > nodes:
            raise BadValues("it expands to more than any real values file")
        return yaml.load(text, Loader=loader)  # noqa: S506  - the loader is the safe one
    except yaml.YAMLError as e:
        # libyaml has a bound of its own since 0.2.6, and reads ahead: it may notice before any event says so
        if "nesting" in str(getattr(e, "problem", "")):
            raise BadValues(too_deep) from e
        mark = getattr(e, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise BadValues(f"it is not YAML{where}") from e
    except (ValueError, RecursionError, OverflowError, TypeError) as e:
        raise e if isinstance(e, BadValues) else BadValues("it is not YAML that can be read") from e


def _size(node: Any, known: dict[int, int], open_: set[int], most: int) -> int:
    """How many nodes there are once aliases are expanded; without expanding them."""
    if id(node) in known:
        return known[id(node)]
    if id(node) in open_:
        raise BadValues("it contains itself")
    open_.add(id(node))
    total = 1
    if isinstance(node.value, list):
        for child in node.value:
            for part in child if isinstance(child, tuple) else (child,):
                total = min(total + _size(part, known, open_, most), most + 1)
    open_.discard(id(node))
    known[id(node)] = total
    return total


# --- the allow-list --------------------------------------------------------------------------------------------------


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
                kept[str(key)] = _keep(below, sub)
        return kept
    if isinstance(value, list):
        return [_keep(v, tree["*"]) for v in value] if "*" in tree else []
    return _leaf(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return _leaf(value)


def _number(value: float) -> float | None:
    """A number that can be counted with; None for infinities, what is no number, and what no setting can mean."""
    return value if -(2**53) <= value <= 2**53 else None


def _leaf(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return _number(value)
    from jhubdoctor.redact import clean, log_text

    return clean(log_text(str(value)), 300)


def database_url(value: str) -> str:
    """A database's URL: its kind, and for SQLite its file; the rest holds credentials."""
    kind, _, rest = value.partition(":")
    if not re.fullmatch(r"[\w+]{1,40}", kind):
        return HIDDEN
    return f"{kind}:{_leaf(rest.partition('?')[0])}" if kind.startswith("sqlite") else f"{kind}://{HIDDEN}"


def _trait(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return _number(value) if _MEASURES.fullmatch(name) else HIDDEN
    if isinstance(value, str):
        if name == "db_url":
            return database_url(value)
        if name in _PLAIN_TRAITS:
            return _leaf(value)
        if name in _URL_TRAITS:
            return _leaf(value.split("?", 1)[0])
        return HIDDEN if value else ""
    if isinstance(value, list):
        return [HIDDEN] * len(value)
    return {HIDDEN: HIDDEN} if value else {}


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
                str(cls): {str(k): _trait(str(k), v) for k, v in traits.items()} if isinstance(traits, Mapping) else {}
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
        kept["auth"] = {"type": _leaf(kind) if isinstance(kind, str) else None}
    for path in (*_NAMES_ONLY, *_HIDDEN):
        at: Any = data
        *parents, last = path.split(".")
        for part in parents:
            at = at.get(part) if isinstance(at, Mapping) else None
        section = at.get(last) if isinstance(at, Mapping) else None
        if section and (path in _HIDDEN or isinstance(section, Mapping)):
            target = kept
            for part in parents:
                target = target.setdefault(part, {})
            target[last] = HIDDEN if path in _HIDDEN else {str(k)[:100]: HIDDEN for k in section}
    return kept


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Values as Helm and the hub merge them: mappings key by key, everything else replaced."""
    result = dict(base)
    for key, value in over.items():
        mine = result.get(key)
        result[key] = merged(mine, value) if isinstance(mine, Mapping) and isinstance(value, Mapping) else value
    return result


def nested(path: str, value: Any) -> dict[str, Any]:
    """A patch of values.yaml that sets one dotted path; empty where there is no path."""
    patch: Any = value
    for key in reversed(path.split(".")) if path else ():
        patch = {key: patch}
    return patch if path else {}


def reduced_values(encoded: str) -> str:
    """A Secret's `values.yaml` (base64) reduced to the allow-list, in base64 as JSON; empty where it is no YAML."""
    try:
        data = load_yaml(base64.b64decode(encoded).decode())
    except ValueError:
        # BadValues, no base64, no UTF-8
        return ""
    return base64.b64encode(json.dumps(allowed(data), sort_keys=True).encode()).decode()


# --- Helm ------------------------------------------------------------------------------------------------------------

RELEASE_LIMIT = 32 * 2**20
_DOCUMENT = re.compile(r"^---[^\n]*\n?", re.MULTILINE)
_FIELD = {f: re.compile(rf"^{f}:\s*[\"']?([^\s\"'#]{{1,253}})", re.MULTILINE) for f in ("apiVersion", "kind")}
_NAME = re.compile(
    r"^metadata:\n(?:[ ]+.*\n|\s*\n)*?[ ]{2,4}name:\s*[\"']?(\w[\w.:-]{0,252})(?=[\s\"'#])", re.MULTILINE | re.ASCII
)


def manifest_objects(manifest: str) -> Iterator[dict[str, str]]:
    """The apiVersion, kind and name of each document of a rendered manifest."""
    # a template of the chart has line ends of Windows
    for document in _DOCUMENT.split(manifest.replace("\r\n", "\n")):
        version, kind = _FIELD["apiVersion"].search(document), _FIELD["kind"].search(document)
        if version and kind:
            name = _NAME.search(document + "\n")
            yield {"apiVersion": version[1], "kind": kind[1], "name": name[1] if name else ""}


def reduced_release(encoded: str, *, twice: bool = True) -> str:
    """A Helm release (base64 of base64 of gzip of JSON) reduced to what checks use, again in base64.

    Kept are name, version, status, description, times, the chart's metadata, which objects its manifest and hooks hold,
    and the allow-listed values. Empty where it cannot be decoded. A ConfigMap holds it encoded once.

    Source: helm.sh/helm/v3/pkg/storage/driver (util.go).
    """
    try:
        raw = base64.b64decode(encoded)
        if raw[:1] == b"{":
            return _release_again(json.loads(raw))
        if twice:
            raw = base64.b64decode(raw)
        if raw[:3] == b"\x1f\x8b\x08":
            raw = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(RELEASE_LIMIT + 1)
        if len(raw) > RELEASE_LIMIT:
            return ""
        release = json.loads(raw)
        info, chart = release.get("info") or {}, release.get("chart") or {}
        meta = chart.get("metadata") or {}
        kept = {
            "name": _text(release.get("name")),
            "version": int(release.get("version") or 0),
            "info": {k: _text(info.get(k)) for k in ("status", "description", "last_deployed")},
            "chart": {
                **{k: _text(meta.get(k)) for k in ("name", "version", "kubeVersion")},
                "dependencies": [
                    _text(d.get("alias") or d.get("name"))
                    for d in meta.get("dependencies") or []
                    if isinstance(d, dict)
                ],
            },
            "objects": list(manifest_objects(str(release.get("manifest") or ""))),
            "hooks": [
                o
                for h in release.get("hooks") or []
                if isinstance(h, dict)
                for o in manifest_objects(str(h.get("manifest") or ""))
            ],
            "values": _release_values(
                str(meta.get("name", "")), merged(chart.get("values") or {}, release.get("config") or {})
            ),
            "supplied": _release_values(str(meta.get("name", "")), release.get("config") or {}),
            "shape": shape(_mine(str(meta.get("name", "")), release.get("config") or {})),
        }
    except (OSError, EOFError, zlib.error, ValueError, OverflowError, AttributeError, TypeError, RecursionError):
        return ""
    return base64.b64encode(json.dumps(kept, sort_keys=True).encode()).decode()


# Below these keys lie names that people choose, code and credentials: that they are there is kept, and nothing of what
# is in them.
_OPAQUE = frozenset(
    "custom global config extraEnv extraConfig extraFiles services loadRoles templateVars annotations labels "
    "extraLabels extraAnnotations nodeSelector extraStaticConfig extraDynamicConfig extraPodConfig extraPodSpec "
    "matchLabels".split()
)
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,60}")
SHAPE_LIMIT = 2000
_TYPES = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}


def shape(data: Any) -> dict[str, str]:
    """Which keys somebody set, as dotted paths, and of which type each is; never a value."""
    found: dict[str, str] = {}

    def walk(mapping: Mapping[Any, Any], path: str) -> None:
        for key, value in mapping.items():
            if not _KEY.fullmatch(str(key)) or len(found) >= SHAPE_LIMIT:
                continue
            here = f"{path}.{key}" if path else str(key)
            found[here] = _TYPES.get(type(value), "string")
            if isinstance(value, Mapping) and key not in _OPAQUE and here.count(".") < 8:
                walk(value, here)

    if isinstance(data, Mapping):
        walk(data, "")
    return found


def _shape_again(kept: Any) -> dict[str, str]:
    """A shape that comes from a bundle: foreign input."""
    if not isinstance(kept, Mapping):
        return {}
    paths = [p for p in kept if isinstance(p, str) and all(_KEY.fullmatch(part) for part in p.split("."))]
    return {p: str(kept[p]) for p in paths[:SHAPE_LIMIT] if kept[p] in _TYPES.values()}


def _release_values(chart: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The hub's part of a release's values: all of it, or what a parent chart passes down."""
    return allowed(values) if chart == "jupyterhub" else {"jupyterhub": allowed(values.get("jupyterhub"))}


def _mine(chart: str, values: Mapping[str, Any]) -> Any:
    return values if chart == "jupyterhub" else values.get("jupyterhub")


def _release_again(kept: dict[str, Any]) -> str:
    """A release that was reduced before (it comes from a bundle), reduced once more: a bundle is foreign input."""
    info, chart = kept.get("info") or {}, kept.get("chart") or {}
    name = str(chart.get("name", ""))
    again = {
        "name": _text(kept.get("name")),
        "version": int(kept.get("version") or 0),
        "info": {k: _text(info.get(k)) for k in ("status", "description", "last_deployed")},
        "chart": {
            **{k: _text(chart.get(k)) for k in ("name", "version", "kubeVersion")},
            "dependencies": [_text(d) for d in chart.get("dependencies") or []],
        },
        "values": _release_values(name, kept.get("values") or {}),
        "supplied": _release_values(name, kept.get("supplied") or {}),
        "shape": _shape_again(kept.get("shape")),
    }
    for part in ("objects", "hooks"):
        again[part] = [{k: _text(o.get(k)) for k in ("apiVersion", "kind", "name")} for o in kept.get(part) or []]
    return base64.b64encode(json.dumps(again, sort_keys=True).encode()).decode()


def _text(value: Any) -> str:
    return str(_leaf(value)) if isinstance(value, str) else ""


# --- reading ---------------------------------------------------------------------------------------------------------

_MISSING = object()


@dataclass(frozen=True)
class Values:
    """The effective values of a hub, reduced to the allow-list.

    Attributes:
        data: nested, as in values.yaml.
        source: where they were read, as `Secret jhub/hub`.
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""

    def get(self, path: str, default: Any = None) -> Any:
        """The value at a dotted path; the default where it is absent or null."""
        at = self._at(path)
        return default if at is _MISSING or at is None else at

    def has(self, path: str) -> bool:
        """Whether the path is there, even with null."""
        return self._at(path) is not _MISSING

    def mapping(self, path: str) -> dict[str, Any]:
        """A mapping, empty where there is none."""
        found = self.get(path)
        return dict(found) if isinstance(found, Mapping) else {}

    def items(self, path: str) -> list[Any]:
        """A list, empty where there is none."""
        found = self.get(path)
        return list(found) if isinstance(found, list) else []

    def enabled(self, path: str, default: bool = False) -> bool:
        """A boolean."""
        found = self.get(path)
        return found if isinstance(found, bool) else default

    def integer(self, path: str) -> int | None:
        """A whole number."""
        found = self.get(path)
        return int(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else None

    def _at(self, path: str) -> Any:
        at: Any = self.data
        for part in path.split("."):
            if not isinstance(at, Mapping) or part not in at:
                return _MISSING
            at = at[part]
        return at

    @property
    def traits_in_code(self) -> frozenset[str]:
        """`Class.trait` names that hub.extraConfig sets: what the values say of these is not what runs."""
        return frozenset(str(t) for t in self.items("hub.extraConfig.traits"))
