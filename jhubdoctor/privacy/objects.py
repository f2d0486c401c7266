"""Where what a cluster holds is reduced to what may be kept.

Allow-lists, not block-lists: of annotations, ConfigMaps and Secrets only what facts use is kept.
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

from jhubdoctor.model.kube.cluster import APIService
from jhubdoctor.model.kube.config import ConfigMap, Secret
from jhubdoctor.model.kube.events import Event
from jhubdoctor.model.kube.meta import Object
from jhubdoctor.model.kube.network import Gateway, HTTPRoute
from jhubdoctor.model.kube.nodes import Node
from jhubdoctor.model.kube.pods import Pod, PodSpec
from jhubdoctor.model.kube.storage import PersistentVolume, PersistentVolumeClaim, StorageClass, VolumeAttachment
from jhubdoctor.model.kube.workloads import DaemonSet, Deployment, Job, ReplicaSet, StatefulSet
from jhubdoctor.privacy.autoscaler import STATUS, reduced_status
from jhubdoctor.privacy.command import arguments
from jhubdoctor.privacy.logs import masked
from jhubdoctor.privacy.releases import reduced_release
from jhubdoctor.privacy.text import brief
from jhubdoctor.privacy.values import reduced_values

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
        k: v if k.startswith("checksum/") else brief(v, 500)
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

    `values.yaml` (charts 0.9 and before keep it there) and a Helm `release` are reduced beside this.
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
                certificates = _certificates(base64.b64decode(value, validate=False))
            except (binascii.Error, ValueError):
                continue
            kept[key] = base64.b64encode(b"\n".join(certificates)).decode()
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
    rows = []
    for field in msgspec.structs.fields(kind):
        if field.name not in _TEXTS and field.type not in {int, bool, float, datetime, datetime | None, int | None}:
            text = _NO_FIELD_PATH if field.name == "field_path" else _NO_IDENTIFIER
            rows.append((field.name, text.search, text))
    return tuple(rows)


def sanitize(item: Any) -> None:
    """Reduce a decoded object, in place, to what may be kept. Doing it twice changes nothing."""
    identify(item)
    meta = item.metadata
    if meta.annotations:
        meta.annotations = allowed_annotations(meta.annotations)
    reduce = _REDUCERS.get(type(item))
    if reduce is not None:
        reduce(item)


def _secret(item: Secret) -> None:
    item.data = secret(item.type, item.data)


def _config_map(item: ConfigMap) -> None:
    if item.metadata.name == STATUS:
        item.data = {"status": reduced_status(item.data.get("status", ""))}
        return
    item.data = config_map(item.data)


def _pod(item: Pod) -> None:
    _pod_spec(item.spec)
    _conditions(item.status)
    item.status.message = masked(item.status.message)
    for status in item.statuses():
        for state in (status.state, status.last_state):
            if state.waiting:
                state.waiting.message = masked(state.waiting.message)
            if state.terminated:
                state.terminated.message = masked(state.terminated.message)


def _template(item: Any) -> None:
    template = item.spec.template
    template.metadata.annotations = allowed_annotations(template.metadata.annotations)
    _pod_spec(template.spec)


def _workload(item: Any) -> None:
    _template(item)
    _conditions(item.status)


def _event(item: Event) -> None:
    item.message = masked(item.message)


def _volume(item: PersistentVolume) -> None:
    # options of SMB and CIFS mounts can hold a password
    item.spec.mount_options = [masked(o) for o in item.spec.mount_options]
    item.status.message = masked(item.status.message)


def _storage_class(item: StorageClass) -> None:
    item.mount_options = [masked(o) for o in item.mount_options]


def _attachment(item: VolumeAttachment) -> None:
    for error in (item.status.attach_error, item.status.detach_error):
        if error:
            error.message = masked(error.message)


def _route(item: HTTPRoute) -> None:
    for parent in item.status.parents:
        _conditions(parent)


def _status(item: Any) -> None:
    _conditions(item.status)


def _conditions(status: Any) -> None:
    for condition in getattr(status, "conditions", ()):
        if condition.message:
            condition.message = masked(condition.message)


def _pod_spec(spec: PodSpec) -> None:
    for container in (*spec.containers, *spec.init_containers):
        if container.command:
            container.command = arguments(container.command)
        if container.args:
            container.args = arguments(container.args)


_REDUCERS: dict[type[Object], Callable[[Any], None]] = {
    Secret: _secret,
    ConfigMap: _config_map,
    Pod: _pod,
    Deployment: _workload,
    StatefulSet: _workload,
    DaemonSet: _workload,
    Job: _status,
    ReplicaSet: _template,
    Event: _event,
    PersistentVolume: _volume,
    StorageClass: _storage_class,
    VolumeAttachment: _attachment,
    HTTPRoute: _route,
    Gateway: _status,
    Node: _status,
    PersistentVolumeClaim: _status,
    APIService: _status,
}
