"""Where what a cluster holds is reduced to what may be kept, and where cluster text is made harmless.

Allow-lists, not block-lists: of annotations, ConfigMaps and Secrets only what facts use is kept. Log lines, which
cannot be allow-listed, pass `log_text` before anything else sees them; what leaks there was seen in real hub logs (the
pod dump `Failed for {...}`, the culler's `api_token='...'`, database URLs in tracebacks, OAuth tokens).
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from jhubdoctor import kube
from jhubdoctor.values import reduced_release, reduced_values

REMOVED = "[removed]"

# --- text ------------------------------------------------------------------------------------------------------------

# C0 and C1 controls, and what reorders or hides text: bidirectional marks, zero width characters, line separators.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
# A whole escape sequence goes, not its first byte alone: CSI, OSC with either end, and two-character sequences.
_ESCAPE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]|\x9b[0-?]*[@-~]"
)


def clean(text: str, limit: int = 2000) -> str:
    """Text of a cluster on one line of at most `limit`, without control characters, escapes, bidi overrides."""
    if len(text) > limit * 8:
        text = text[: limit * 8]
    text = _ESCAPE.sub("", text)
    text = re.sub(r"\s+", " ", text.replace("\r", " ")).strip() if re.search(r"[\s]", text) else text
    text = _UNSAFE.sub("\ufffd", text)
    return text if len(text) <= limit else text[: limit - 1] + "\u2026"


# --- logs ------------------------------------------------------------------------------------------------------------

# The names of gRPC's status codes: `rpc error: code = ResourceExhausted desc = ...` is no OAuth code.
_GRPC = (
    "Canceled|Unknown|InvalidArgument|DeadlineExceeded|NotFound|AlreadyExists|PermissionDenied|ResourceExhausted"
    "|FailedPrecondition|Aborted|OutOfRange|Unimplemented|Internal|Unavailable|DataLoss|Unauthenticated"
)
_LOG_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # a whole private key, also where a line break is written as \n
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), REMOVED),
    # tornado's PeriodicCallback prints the culler's partial
    (re.compile(r"api_token=(['\"]).*?\1"), f"api_token='{REMOVED}'"),
    # KubeSpawner dumps the pod it could not create: 'name': ..., 'value': ...
    (re.compile(r"(['\"]value['\"]:\s*)(['\"])(?:\\.|(?!\2).)*\2"), rf"\1'{REMOVED}'"),
    (re.compile(r"(://[^/\s:@'\"]*:)[^@\s'\"]+@"), rf"\1{REMOVED}@"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"), REMOVED),
    (re.compile(r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,})"), REMOVED),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), REMOVED),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w+/=.~-]{8,}"), rf"\1 {REMOVED}"),
    (
        re.compile(
            r"(?i)(\b|_)(authorization|[\w-]*(?:token|secret|password|passwd|passphrase|api[_-]?key|private[_-]?key"
            r"|credential|cookie|session)[\w-]*|(?<![\w-])(?!code = (?:" + _GRPC + r")\b)(?:code|state|sig|signature))"
            r"((?:\\?['\"])?\s*(?:[:=]|=>)\s*(?:\\?['\"])?)(bearer |token |basic )?([^\s'\"&,;}\]\\]{6,})"
        ),
        rf"\1\2\3{REMOVED}",
    ),
    (re.compile(r"(?<!sha256:)(?<![0-9a-fA-F-])[0-9a-fA-F]{32,}(?![0-9a-fA-F-])"), REMOVED),
)
_HINT = re.compile(
    r"(?i)token|secret|passw|passphrase|api.?key|private.?key|credential|cookie|session|authorization|bearer|basic"
    r"|code|state|sig|://|'value'|\"value\"|eyJ|gh[pousr]_|github_pat|glpat|xox|AKIA|ASIA|[0-9a-f]{32}"
)


def log_text(text: str) -> str:
    """Log text without tokens, passwords, keys and environment values.

    Entries of a pod dump may span lines, so whole private keys are removed first; the rest goes line by line, and lines
    without any sign of a secret are passed through.
    """
    if "PRIVATE KEY" in text:
        text = _LOG_RULES[0][0].sub(REMOVED, text)
    return "\n".join(_line(line) if _HINT.search(line) else line for line in text.split("\n"))


# In `MountVolume.SetUp failed for volume "secret" : secret "hub" not found` the name of a volume is no key of a secret.
_VOLUME = re.compile(r'(?:Mount|Attach|Map)Volume\.\w+ failed for volume "[\w.-]{1,253}" : ')


def _line(line: str) -> str:
    if head := _VOLUME.match(line):
        return head[0] + _line(line[head.end() :])
    for pattern, replacement in _LOG_RULES[1:]:
        line = pattern.sub(replacement, line)
    return line


# --- objects ---------------------------------------------------------------------------------------------------------

_ANNOTATIONS = re.compile(
    r"hub\.jupyter\.org/[\w-]+"
    r"|meta\.helm\.sh/release-(?:name|namespace)"
    r"|helm\.sh/hook(?:-weight|-delete-policy)?"
    r"|storageclass(?:\.beta)?\.kubernetes\.io/is-default-class"
    r"|volume(?:\.beta)?\.kubernetes\.io/(?:storage-class|storage-provisioner|selected-node)"
    r"|pv\.kubernetes\.io/provisioned-by"
    r"|deployment\.kubernetes\.io/revision"
    r"|checksum/[\w-]+"
    r"|argocd\.argoproj\.io/(?:tracking-id|instance|sync-wave)"
    r"|sidecar\.istio\.io/(?:inject|status)"
    r"|cluster-autoscaler\.kubernetes\.io/safe-to-evict"
    r"|control-plane\.alpha\.kubernetes\.io/leader"
    r"|ingressclass\.kubernetes\.io/is-default-class"
    r"|kubernetes\.io/ingress\.class"
    r"|cert-manager\.io/(?:certificate-name|(?:cluster-)?issuer)"
)
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
LAST_APPLIED_VERSION = "jhubdoctor/last-applied-api-version"


def allowed_annotations(found: dict[str, str]) -> dict[str, str]:
    """The annotations that facts use. Of kubectl's last-applied annotation the apiVersion alone is kept."""
    kept = {k: clean(v, 500) for k, v in found.items() if _ANNOTATIONS.fullmatch(k)}
    if LAST_APPLIED in found and (version := re.search(r'"apiVersion"\s*:\s*"([\w./-]{1,80})"', found[LAST_APPLIED])):
        kept[LAST_APPLIED_VERSION] = version[1]
    return kept


# Values of the hub's ConfigMap that name objects: DNS names, and the checksum of the hook puller.
_PLAIN = re.compile(r"[a-z0-9]?[a-z0-9.-]{0,252}|[0-9a-f]{64}")
_API_VERSION = re.compile(r"^\s*(apiVersion|resourceLock|kind):\s*([\w./-]{1,80})\s*$", re.MULTILINE)


def config_map(data: dict[str, str]) -> dict[str, str]:
    """Of a ConfigMap: short plain values (object names), and of a scheduler configuration its versions and its lock.

    `values.yaml` (charts 0.9 and before keep it there) and a Helm `release` are reduced by `jhubdoctor.values`.
    """
    kept: dict[str, str] = {}
    for key, value in data.items():
        if key == "values.yaml":
            kept[key] = base64.b64decode(reduced_values(base64.b64encode(value.encode()).decode())).decode()
        elif key == "release":
            kept[key] = reduced_release(value, twice=False)
        elif _PLAIN.fullmatch(value):
            kept[key] = value
        elif key.endswith((".yaml", ".yml", ".cfg", ".json")):
            kept[key] = "\n".join(f"{k}: {v}" for k, v in _API_VERSION.findall(value))
        else:
            kept[key] = ""
    return kept


_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def secret(kind: str, data: dict[str, str]) -> dict[str, str]:
    """Of a Secret: `values.yaml`, a Helm `release`, public certificates.

    Values and releases are reduced to an allow-list by `jhubdoctor.values`. Every other key loses its value.
    """
    kept: dict[str, str] = {}
    for key, value in data.items():
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


def sanitize(item: Any) -> None:
    """Reduce a decoded object, in place, to what may be kept."""
    meta = item.metadata
    if meta.annotations:
        meta.annotations = allowed_annotations(meta.annotations)
    match item:
        case kube.Secret():
            item.data = secret(item.type, item.data)
        case kube.ConfigMap():
            item.data = config_map(item.data)
        case kube.Pod():
            _pod_spec(item.spec)
            item.status.message = log_text(item.status.message)
            for status in item.statuses():
                for state in (status.state, status.last_state):
                    if state.waiting:
                        state.waiting.message = log_text(state.waiting.message)
                    if state.terminated:
                        state.terminated.message = log_text(state.terminated.message)
        case kube.Deployment() | kube.StatefulSet() | kube.DaemonSet() | kube.Job() | kube.ReplicaSet():
            template = item.spec.template
            template.metadata.annotations = allowed_annotations(template.metadata.annotations)
            _pod_spec(template.spec)
        case kube.Event():
            item.message = log_text(item.message)


def _pod_spec(spec: kube.PodSpec) -> None:
    for container in (*spec.containers, *spec.init_containers):
        if container.command:
            container.command = [log_text(c)[:500] for c in container.command]
        if container.args:
            container.args = [log_text(a)[:500] for a in container.args]
