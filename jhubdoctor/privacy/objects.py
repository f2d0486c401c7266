"""Where what a cluster holds is reduced to what may be kept, and where cluster text is made harmless.

Allow-lists, not block-lists: of annotations, ConfigMaps and Secrets only what facts use is kept. Log lines, which
cannot be allow-listed, pass `log_text` before anything else sees them; what leaks there was seen in real hub logs (the
pod dump `Failed for {...}`, the culler's `api_token='...'`, database URLs in tracebacks, OAuth tokens).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from jhubdoctor.model import kube
from jhubdoctor.privacy.values import reduced_release, reduced_values

REMOVED = "[removed]"

# --- text ------------------------------------------------------------------------------------------------------------

# C0 and C1 controls, and what reorders or hides text: bidirectional marks, zero width characters, line separators.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
# A whole escape sequence goes, not its first byte alone: CSI, OSC with either end, and two-character sequences.
_ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]"
)


def clean(text: str, limit: int = 2000) -> str:
    """Text of a cluster on one line of at most `limit`, without control characters, escapes, bidi overrides."""
    if len(text) > limit * 8:
        text = text[: limit * 8]
    text = _ESCAPE.sub("", text)
    text = re.sub(r"\s+", " ", text.replace("\r", " ")).strip() if re.search(r"[\s]", text) else text
    text = _UNSAFE.sub("\ufffd", text)
    return text if len(text) <= limit else text[: limit - 1] + "\u2026"


_QUOTED_PART = re.compile(r"'[^']*'")
# What commands of checks are joined to: programs that read alone, kubectl for what was made in the command itself, and
# a file of this folder.
_JOINED = re.compile(
    r"\| (?:grep|jq|base64|head|tail) "
    r"|(?P<made>(?:^echo| --dry-run=client) .*?)\| kubectl (?=(?:--namespace \S+ )?apply )"
    r"|[<>] \w[\w.-]*(?= |$)",
    re.ASCII,
)
# Globs, braces and `!` mean something to one shell or another; `~` and `=` do at the start of a word.
_SHELL = re.compile(r"[^\x20-\x7e]|[$`;&|<>()'\"\\!#*?\[\]{}^]|(?:^| )[~=]")
# A name must not become an option that leads to another server, runs a program, or takes in all there are.
_LEADS_AWAY = re.compile(
    r" (?:--(?:server|kube\w*|kube-[\w-]+|context|cluster|user|token|username|password|insecure-skip-tls-verify"
    r"|tls-server-name|certificate-authority|client-(?:certificate|key)|post-renderer|all)(?:[= ]|$)|-s(?!\w* ))"
)
_CHANGES = re.compile(
    r"^(?:kubectl|oc) .*\b(?:delete|drain|patch|scale|label|annotate|taint|set|rollout|replace|apply)\b"
)
_TAKES_ALL = re.compile(r" (?:-A|--all-namespaces|-l\S|-l?=|--(?:field-)?selector=)")


def pasteable(command: str) -> bool:
    """Whether a command does what it shows: outside single quotes nothing that a shell would run or fill in besides.

    Names are made identifiers before; this is for what comes from values, logs and messages, and for checks that forget
    to quote.
    """
    bare = _JOINED.sub(lambda m: f"{m['made'] or ''} ", _QUOTED_PART.sub("", command))
    if _SHELL.search(bare):
        return False
    if bare.startswith(("kubectl ", "oc ", "helm ")) and _LEADS_AWAY.search(bare):
        return False
    return not (_CHANGES.match(bare) and _TAKES_ALL.search(bare))


# --- logs ------------------------------------------------------------------------------------------------------------

LOG_LINES = 5000
"""As many lines of a container's log are looked at."""
LINE_LIMIT = 16_384
# A key can be long, and a log may hold the start of one alone.
_KEY_LINES = 200

# The names of gRPC's status codes: `rpc error: code = ResourceExhausted desc = ...` is no OAuth code.
_GRPC = (
    "Canceled|Unknown|InvalidArgument|DeadlineExceeded|NotFound|AlreadyExists|PermissionDenied|ResourceExhausted"
    "|FailedPrecondition|Aborted|OutOfRange|Unimplemented|Internal|Unavailable|DataLoss|Unauthenticated"
)
_KEYWORD = (
    r"(?:(?:token|secret|passw(?:or)?d|passphrase|pwd|(?:api|access|account|private|signing)[_-]?key"
    r"|credential|cookie|session|authorization)[\w-]{0,64})"
)
_SEPARATOR = r"(?:\\{0,3}['\"])?\s{0,8}(?:[:=]|=>)\s{0,8}"
_NOTHING = r"(?:None|null|true|false|yes|no)\b"
_QUOTED = r"[bru]{0,2}(?P<q>\\{0,3}['\"])(?P<value>(?:(?!(?P=q)).)*)(?:(?P=q)|$)"

# Each of these starts and ends on one line. Bounded repetitions: a log can hold a line of megabytes.
_LOG_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # a private key whose line breaks are written as \n
    (re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)"), REMOVED),
    # services/auth.py and OAuthenticator print the state of OAuth and the cookie that holds it
    (re.compile(r"(?i)\b(oauth state (?:mismatch|argument):?).*"), rf"\1 {REMOVED}"),
    # OAuthenticator prints what the provider said: tokens, and everything that is known of a user
    (re.compile(r"\b(Bad response|An id token was not returned|found in):? ?\{.*"), rf"\1 {REMOVED}"),
    # traitlets quotes the value that a trait did not take, which may be a password
    (re.compile(r"(\btrait of an? \S{1,80} instance .{0,200}?, not (?:the|an?) \w{1,40}) .*"), rf"\1 {REMOVED}"),
    # KubeSpawner dumps the pod it could not create: 'name': ..., 'value': ...
    (re.compile(r"(['\"]value['\"]:\s{0,8})" + _QUOTED), rf"\1'{REMOVED}'"),
    # user:password@ of any URL, also with an @ in the password; a port and a path are no password
    (re.compile(r"(://[^/\s:@'\"]{0,200}:)(?!\d{1,5}(?:[/?#\s'\"]|$))[^\s'\"]{0,500}@"), rf"\1{REMOVED}@"),
    (re.compile(r"(https?://)[^/\s:@'\"]{8,500}@"), rf"\1{REMOVED}@"),
    # user:password@ of an image's registry, which is no URL
    (
        re.compile(r"(?:(?<=[\s'\"=(,])|^)[\w.+-]{1,100}:[^\s'\"/]{1,300}@(?=[\w.-]{1,253}(?::\d{1,5})?/)"),
        f"{REMOVED}@",
    ),
    (re.compile(r"\beyJ[\w-]{16,}(?:\.[\w-]*){0,4}"), REMOVED),
    (
        re.compile(
            r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}|GOCSPX-[\w-]{16,}"
            r"|ya29\.[\w.-]{16,}|AIza[\w-]{30,}|hf_\w{20,}|npm_\w{30,}|pypi-[\w-]{30,}|sk-[\w-]{20,}"
            r"|(?:AKIA|ASIA)[A-Z0-9]{16}|v1\.public\.[\w-]{20,})"
        ),
        REMOVED,
    ),
    (
        re.compile(r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)((?:\\{0,3}['\"])?:\s{0,8})(?!['\"\\])(?=\S).*"),
        rf"\1\2{REMOVED}",
    ),
    (re.compile(r"(?i)\b(bearer)\s{1,8}[\w+/=.~-]{8,}"), rf"\1 {REMOVED}"),
    (re.compile(r"(?i)\b(basic|token)\s{1,8}(?=[\w+/=.~-]{0,80}[\d=])[\w+/=.~-]{12,}"), rf"\1 {REMOVED}"),
    # "auth" of a registry's credentials
    (re.compile(r"(\\{0,3}\"auth\\{0,3}\"\s{0,8}:\s{0,8})" + _QUOTED), rf'\1"{REMOVED}"'),
    # api_token='...', "client_secret": "...", also where the quotes are escaped
    (
        re.compile(rf"(?i)(?P<key>{_KEYWORD}{_SEPARATOR})(?!{_NOTHING}){_QUOTED}"),
        rf"\g<key>\g<q>{REMOVED}\g<q>",
    ),
    # PASSWORD=..., --token=..., ?access_token=...
    (re.compile(rf"(?i)({_KEYWORD}(?:=|=>|:=))(?!{_NOTHING})[^\s'\"&]{{1,4096}}"), rf"\1{REMOVED}"),
    # --password hunter2, ["--password", "hunter2"]
    (
        re.compile(rf"(?i)((?<![\w-])--?[\w-]{{0,64}}{_KEYWORD}['\"]?,?\s{{1,8}}['\"]?)(?!-)[^\s'\"]{{1,4096}}"),
        rf"\1{REMOVED}",
    ),
    # password: ..., but not `failed to fetch anonymous token: unexpected status`, which is prose
    (
        re.compile(
            rf"(?i)({_KEYWORD}\s{{0,8}}(?::|=|=>)\s{{0,8}})(?!{_NOTHING})(?!(?-i:[a-z]{{1,15}})[,.:;]?\s)"
            r"[^\s'\"&]{3,4096}"
        ),
        rf"\1{REMOVED}",
    ),
    # parameters of URLs
    (
        re.compile(
            rf"(?i)(?<![\w-])(code|state|sig|signature)=(?!(?:active|inactive|ready|{_GRPC})\b)[^\s'\"&]{{6,4096}}"
        ),
        rf"\1={REMOVED}",
    ),
    (
        re.compile(r"(?i)(['\"](?:code|state|sig|signature)['\"]:\s{0,8}['\"])[^\s'\"]{16,4096}"),
        rf"\1{REMOVED}",
    ),
    # tokens of the hub, of services, cookie secrets
    (re.compile(r"(?<!sha256:)(?<![0-9a-fA-F])[0-9a-fA-F]{32,}"), REMOVED),
)
# Without one of these, in lower case, no rule applies to a line.
_HINTS = (
    "token", "secret", "passw", "passphrase", "pwd", "credential", "cookie", "session", "authorization", "bearer",
    "basic", "oauth state", "key", "code=", "state=", "sig=", "signature=", "code'", "state'", "sig'", "signature'",
    'code"', 'state"', 'sig"', 'signature"', "'value'", '"value"', 'auth"', 'auth\\"', "eyj", "ghp_", "gho_", "ghu_",
    "ghs_", "ghr_", "github_pat", "glpat", "xox", "gocspx", "ya29", "aiza", "hf_", "npm_", "pypi-", "sk-", "akia",
    "asia", "v1.public", "found in", "bad response", "trait of",
)  # fmt: skip
_HEX = re.compile(r"[0-9a-fA-F]{32}")
_STAMP = r"(?:\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:\d\d) )?"
# `Failed for {...}` and, before KubeSpawner 7, `Pods: {...}`: whole pods, with the environment of their users
_DUMP = re.compile(r"^(.{0,200}?(?:Failed (?:for|to create)|\bPods:|\bEvents:) ?)\{(?!\})")
# Its lines are indented by one more than those of the entry's traceback, which says why and is kept.
_IN_DUMP = re.compile(rf"^{_STAMP}(?:[ \t]{{5}}|    ['\"{{\[(]|$)")
# The rest of a dump whose start is no longer there.
_DUMPED = re.compile(rf"^{_STAMP}[ \t]{{4,}}(?!\[removed\])[bru]{{0,2}}['\"{{\[(]")
# A value over several lines goes on as strings on lines of their own.
_OPEN_VALUE = re.compile(r"['\"]value['\"]:\s{0,8}[bru]{0,2}(['\"]).*\1\s*$")
_STRING = re.compile(rf"^{_STAMP}\s*[bru]{{0,2}}(['\"]).*\1[\s,}}\])]*$")
# Only with one of these a secret can take up several lines.
_SPREAD = ("Failed for", "Failed to create", "Pods:", "Events:", "'value'", '"value"', "PRIVATE KEY", "    '", "    {")
_KEY_BEGIN = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?!.*-----END)")
_KEY_BODY = re.compile(rf"^{_STAMP}[\s'\"bru]*(?:[A-Za-z0-9+/=]+|[\w-]+: ?[\w,-]+|)(?:\\n)?['\"]?[\s,}}\])]*$")


def log_text(text: str) -> str:
    """Log text without tokens, passwords, keys and environment values.

    Dumps of whole pods go as a whole, with their continuation lines up to the traceback: nothing in them is of use.
    Private keys go with all their lines. The rest is looked through line by line; a line without any sign of a secret
    is passed through, and no line is longer than `LINE_LIMIT`. Redacting twice changes nothing.
    """
    if not any(sign in text for sign in _SPREAD):
        return "\n".join(map(_line, text.split("\n")))
    kept: list[str] = []
    leading = "\n" in text
    dump = value = False
    key = 0
    for line in text.split("\n"):
        if leading and _DUMPED.match(line):
            continue
        if dump and line and _IN_DUMP.match(line):
            continue
        if key:
            if _KEY_BODY.match(line[:LINE_LIMIT]):
                key -= 1
                continue
            key = 0
            if "-----END" in line[:LINE_LIMIT]:
                continue
        if value and _STRING.match(line[:LINE_LIMIT]):
            value = line.rstrip()[-1:] in "'\""
            continue
        leading = leading and not line.strip()
        dump = _DUMP.match(line) is not None
        value = _OPEN_VALUE.search(line[:LINE_LIMIT]) is not None if "value" in line[:LINE_LIMIT] else False
        key = _KEY_LINES if "PRIVATE KEY" in line[:LINE_LIMIT] and _KEY_BEGIN.search(line[:LINE_LIMIT]) else 0
        kept.append(_line(line))
    return "\n".join(kept)


def path_text(read: str, text: str) -> str:
    """The answer of a path, redacted: what fails of a health endpoint may be told in its own words."""
    return log_text(text) if read in {"livez", "readyz", "healthz"} else text


def log_end(text: str, lines: int = LOG_LINES) -> str:
    """The last lines of a log, redacted: as many as are asked of a live cluster, for a dump may hold all."""
    parts = text.rsplit("\n", lines + 1)
    return log_text("\n".join(parts[1:]) if len(parts) > lines + 1 else text)


# In `MountVolume.SetUp failed for volume "secret" : secret "hub" not found` the name of a volume is no key of a secret.
_VOLUME = re.compile(r'(?:Mount|Attach|Map)Volume\.\w+ failed for volume "[\w.-]{1,253}" : ')


def _line(line: str) -> str:
    if len(line) < 5:
        return line
    if len(line) > LINE_LIMIT:
        line = line[: LINE_LIMIT - 1] + "\u2026"
    if head := _VOLUME.match(line):
        return head[0] + _line(line[head.end() :])
    if dump := _DUMP.match(line):
        line = f"{dump[1]}{{{REMOVED}}}"
    low = line.lower()
    if not any(h in low for h in _HINTS) and not ("@" in line and ":" in line) and not _HEX.search(line):
        return line
    for pattern, replacement in _LOG_RULES:
        line = pattern.sub(replacement, line)
    return line


# --- objects ---------------------------------------------------------------------------------------------------------

_ANNOTATIONS = re.compile(
    r"hub\.jupyter\.org/(?:username|servername|jupyterhub-version|kubespawner-version)"
    r"|meta\.helm\.sh/release-(?:name|namespace)"
    r"|helm\.sh/hook(?:-weight|-delete-policy)?"
    r"|storageclass(?:\.beta)?\.kubernetes\.io/is-default-class"
    r"|volume(?:\.beta)?\.kubernetes\.io/(?:storage-class|storage-provisioner|selected-node)"
    r"|pv\.kubernetes\.io/provisioned-by"
    r"|deployment\.kubernetes\.io/revision"
    r"|checksum/[\w-]+"
    r"|argocd\.argoproj\.io/(?:tracking-id|instance|sync-wave)"
    r"|sidecar\.istio\.io/inject"
    r"|cluster-autoscaler\.kubernetes\.io/safe-to-evict"
    r"|control-plane\.alpha\.kubernetes\.io/leader"
    r"|ingressclass\.kubernetes\.io/is-default-class"
    r"|kubernetes\.io/ingress\.class"
    r"|cert-manager\.io/(?:certificate-name|(?:cluster-)?issuer)"
    # whether a load balancer is of the private network
    r"|service\.beta\.kubernetes\.io/(?:aws-load-balancer-(?:internal|scheme)|azure-load-balancer-internal)"
    r"|(?:networking\.gke\.io|cloud\.google\.com)/load-balancer-type"
)
# Of these it matters that they are there; what they say (names, URLs, addresses) is nobody's business.
_PRESENCE = re.compile(
    r"nginx\.ingress\.kubernetes\.io/(?:auth-url|auth-type|auth-tls-secret|whitelist-source-range)"
    r"|external-dns\.alpha\.kubernetes\.io/hostname"
)
SET = "(set)"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
LAST_APPLIED_VERSION = "jhubdoctor/last-applied-api-version"
_VERSION = re.compile(r"[\w./-]{1,80}")
_CHECKSUM = re.compile(r"[0-9a-f]{8,64}")


def allowed_annotations(found: dict[str, str]) -> dict[str, str]:
    """The annotations that facts use. Of kubectl's last-applied annotation the apiVersion alone is kept."""
    kept = {
        k: v if k.startswith("checksum/") else clean(log_text(v), 500)
        for k, v in found.items()
        if _ANNOTATIONS.fullmatch(k) and (_CHECKSUM.fullmatch(v) or not k.startswith("checksum/"))
    }
    kept |= {k: SET for k, v in found.items() if v and _PRESENCE.fullmatch(k)}
    if _VERSION.fullmatch(found.get(LAST_APPLIED_VERSION, "")):
        # reduced before: it comes from a bundle
        kept[LAST_APPLIED_VERSION] = found[LAST_APPLIED_VERSION]
    if LAST_APPLIED in found and (version := re.search(r'"apiVersion"\s*:\s*"([\w./-]{1,80})"', found[LAST_APPLIED])):
        kept[LAST_APPLIED_VERSION] = version[1]
    return kept


# The hub's ConfigMap names the objects of the release, and the checksum of the hook puller.
# Source: jupyterhub.name-templates in the chart's templates/_helpers-names.tpl.
_NAMES = re.compile(
    r"(?:fullname|hub|proxy|autohttps|user-scheduler|user-placeholder|image-pull|image-puller|hook-image|continuous-image"
    r"|singleuser|ingress|httproute|priority)(?:-[a-z-]+)?|checksum_[\w-]+"
)
_PLAIN = re.compile(r"[a-z0-9]?[a-z0-9.-]{0,252}|[0-9a-f]{64}")
_API_VERSION = re.compile(r"^\s*(apiVersion|resourceLock|kind):\s*([\w./-]{1,80})\s*$", re.MULTILINE)


def config_map(data: dict[str, str]) -> dict[str, str]:
    """Of a ConfigMap: the names of the chart's objects, and of a scheduler configuration its versions and its lock.

    `values.yaml` (charts 0.9 and before keep it there) and a Helm `release` are reduced by `jhubdoctor.privacy.values`.
    """
    kept: dict[str, str] = {}
    for key, value in ((_identifier(k), v) for k, v in data.items()):
        if key == "values.yaml":
            encoded = base64.b64encode(value.encode(errors="replace")).decode()
            kept[key] = base64.b64decode(reduced_values(encoded)).decode()
        elif key == "release":
            kept[key] = reduced_release(value, twice=False)
        elif _NAMES.fullmatch(key) and _PLAIN.fullmatch(value):
            kept[key] = value
        elif key.endswith((".yaml", ".yml", ".cfg", ".json")):
            kept[key] = "\n".join(f"{k}: {v}" for k, v in _API_VERSION.findall(value))
        else:
            kept[key] = ""
    return kept


_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


def secret(kind: str, data: dict[str, str]) -> dict[str, str]:
    """Of a Secret: `values.yaml`, a Helm `release`, public certificates.

    Values and releases are reduced to an allow-list by `jhubdoctor.privacy.values`. Every other key loses its value.
    """
    kept: dict[str, str] = {}
    for key, value in ((_identifier(k), v) for k, v in data.items()):
        kept[key] = ""
        if key == "values.yaml":
            kept[key] = reduced_values(value)
        elif key == "release" and kind == "helm.sh/release.v1":
            kept[key] = reduced_release(value)
        elif key.endswith((".crt", ".pem", ".cer", "acme.json")):
            try:
                found = _certificates(base64.b64decode(value, validate=False))
            except (binascii.Error, ValueError):
                continue
            kept[key] = base64.b64encode(b"\n".join(found)).decode()
    return kept


def _certificates(raw: bytes) -> list[bytes]:
    """The public certificates in PEM text, or in Traefik's acme.json, which holds them beside their keys."""
    if raw.lstrip()[:1] != b"{":
        return _CERTIFICATE.findall(raw)
    encoded = re.findall(rb'"certificate"\s*:\s*"([A-Za-z0-9+/=]+)"', raw)
    return [c for e in encoded for c in _CERTIFICATE.findall(base64.b64decode(e, validate=False))]


# All but what names, labels, images, paths and quantities consist of; a shell takes none of that for more than text.
# And what a word begins with: no name is an option.
_NO_IDENTIFIER = re.compile(r"[^\w.:@%+~/=,*-]|\A[-~=]", re.ASCII)
_NO_FIELD_PATH = re.compile(r"[^\w.:@%+~/=,*{}\[\]-]|\A[-~=]", re.ASCII)
# Fields that hold text, or what is reduced in a way of its own.
_TEXTS = frozenset({"message", "text", "annotations", "command", "args", "mount_options", "data"})


LONGEST_NAME = 1024


def identify(item: Any) -> None:
    """Make every name in an object one, in place: what an API server never lets into a name becomes a U+FFFD.

    Names end up in commands that people paste; those of a bundle may come from anybody.
    """
    for name, search, text in _fields(item.__class__):
        value = getattr(item, name)
        if not value:
            continue
        kind = value.__class__
        if kind is str:
            if len(value) > LONGEST_NAME or "@" in value or search(value):
                setattr(item, name, _without_user(text.sub("\ufffd", value[:LONGEST_NAME])))
        elif kind is list:
            if isinstance(value[0], msgspec.Struct):
                for one in value:
                    identify(one)
            elif any(map(_unsafe, value)):
                setattr(item, name, [_identifier(v) for v in value])
        elif kind is dict:
            if any(map(_unsafe, value)) or any(map(_unsafe, value.values())):
                setattr(item, name, {_identifier(k): _identifier(v) for k, v in value.items()})
        elif isinstance(value, msgspec.Struct):
            identify(value)


def _unsafe(value: Any) -> bool:
    return isinstance(value, str) and (
        len(value) > LONGEST_NAME or "@" in value or _NO_IDENTIFIER.search(value) is not None
    )


def _identifier(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return _without_user(_NO_IDENTIFIER.sub("\ufffd", value[:LONGEST_NAME]))


# What stands before a registry: nobody may write a password there, and people do. A digest has no slash behind its `@`.
_USER = re.compile(r"\A((?:[a-z-]{1,30}://)?).*@(?=[^@]*/)")


def _without_user(value: str) -> str:
    return _USER.sub(r"\1removed@", value)[:LONGEST_NAME] if "@" in value else value


@cache
def _fields(kind: Any) -> tuple[tuple[str, Callable[[str], Any], re.Pattern[str]], ...]:
    """The fields of a struct that hold names, or structs with names in them."""
    found = []
    for field in msgspec.structs.fields(kind):
        if field.name not in _TEXTS and field.type not in {int, bool, float, datetime, datetime | None, int | None}:
            text = _NO_FIELD_PATH if field.name == "field_path" else _NO_IDENTIFIER
            found.append((field.name, text.search, text))
    return tuple(found)


def sanitize(item: Any) -> None:
    """Reduce a decoded object, in place, to what may be kept. Doing it twice changes nothing."""
    identify(item)
    meta = item.metadata
    if meta.annotations:
        meta.annotations = allowed_annotations(meta.annotations)
    reduce = _REDUCERS.get(type(item))
    if reduce is not None:
        reduce(item)


def _secret(item: kube.Secret) -> None:
    item.data = secret(item.type, item.data)


def _config_map(item: kube.ConfigMap) -> None:
    item.data = config_map(item.data)


def _pod(item: kube.Pod) -> None:
    _pod_spec(item.spec)
    _conditions(item.status)
    item.status.message = log_text(item.status.message)
    for status in item.statuses():
        for state in (status.state, status.last_state):
            if state.waiting:
                state.waiting.message = log_text(state.waiting.message)
            if state.terminated:
                state.terminated.message = log_text(state.terminated.message)


def _workload(item: Any) -> None:
    template = item.spec.template
    template.metadata.annotations = allowed_annotations(template.metadata.annotations)
    _pod_spec(template.spec)
    _conditions(item.status)


def _event(item: kube.Event) -> None:
    item.message = log_text(item.message)


def _volume(item: kube.PersistentVolume) -> None:
    # options of SMB and CIFS mounts can hold a password
    item.spec.mount_options = [log_text(o) for o in item.spec.mount_options]
    item.status.message = log_text(item.status.message)


def _storage_class(item: kube.StorageClass) -> None:
    item.mount_options = [log_text(o) for o in item.mount_options]


def _attachment(item: kube.VolumeAttachment) -> None:
    for error in (item.status.attach_error, item.status.detach_error):
        if error:
            error.message = log_text(error.message)


def _route(item: kube.HTTPRoute) -> None:
    for parent in item.status.parents:
        _conditions(parent)


def _status(item: Any) -> None:
    _conditions(item.status)


def _conditions(status: Any) -> None:
    for condition in getattr(status, "conditions", ()):
        if condition.message:
            condition.message = log_text(condition.message)


def _pod_spec(spec: kube.PodSpec) -> None:
    for container in (*spec.containers, *spec.init_containers):
        if container.command:
            container.command = arguments(container.command)
        if container.args:
            container.args = arguments(container.args)


_OPTION = re.compile(r"--?[a-zA-Z][\w.-]{0,60}")
_PATH = re.compile(r"/[\w./-]{0,200}")
# Arguments and values of options that facts use. A script, a password and a token look like any other word.
_KEY = ["acme.json"]
_ARGUMENTS = frozenset(
    {"jupyterhub", "jupyterhub-singleuser", "configurable-http-proxy", "watch-save", "load", *_KEY, REMOVED}
)
_VALUE = re.compile(r"/[\w./-]{0,200}|\d{1,9}|true|false")


def arguments(found: list[str]) -> list[str]:
    """Of a command line: the options by name, paths, and the few words that facts use.

    The chart's `acme-secret-sync` names a Secret before the key in it; that name is kept.
    """
    kept = []
    for i, word in enumerate(found):
        option, equals, value = word.partition("=")
        if _OPTION.fullmatch(option):
            kept.append(f"{option}={value if _VALUE.fullmatch(value) else REMOVED}" if equals else option)
        elif word in _ARGUMENTS or _PATH.fullmatch(word) or (_PLAIN.fullmatch(word) and found[i + 1 : i + 2] == _KEY):
            kept.append(word)
        else:
            kept.append(REMOVED)
    return kept


_REDUCERS: dict[type[kube.Object], Callable[[Any], None]] = {
    kube.Secret: _secret,
    kube.ConfigMap: _config_map,
    kube.Pod: _pod,
    kube.Deployment: _workload,
    kube.StatefulSet: _workload,
    kube.DaemonSet: _workload,
    kube.Job: _workload,
    kube.ReplicaSet: _workload,
    kube.Event: _event,
    kube.PersistentVolume: _volume,
    kube.StorageClass: _storage_class,
    kube.VolumeAttachment: _attachment,
    kube.HTTPRoute: _route,
    kube.Node: _status,
    kube.PersistentVolumeClaim: _status,
    kube.APIService: _status,
}
