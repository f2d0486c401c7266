"""Helm's releases, reduced to what checks use: metadata, which objects there are, values, and the shape of values."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from jhubdoctor.model.jsontext import load_json
from jhubdoctor.model.values import merged
from jhubdoctor.privacy.values import allowed, leaf

RELEASE_LIMIT = 32 * 2**20
_DOCUMENT = re.compile(r"^---[^\n]*\n?", re.MULTILINE)
_FIELD = {f: re.compile(rf"^{f}:\s*[\"']?([^\s\"'#]{{1,253}})", re.MULTILINE) for f in ("apiVersion", "kind")}
# a key of the metadata itself: labels may have a name and a namespace too
_META = {
    key: re.compile(
        rf"^metadata:\n(?:[ ]*(?:#.*)?\n)*(?=([ ]+)[^\s#])(?:\1.*\n|(?!\1)[ ]*(?:#.*)?\n)*?\1{key}:"
        r"\s*[\"']?(\w[\w.:-]{0,252})(?=[\s\"'#])",
        re.MULTILINE | re.ASCII,
    )
    for key in ("name", "namespace")
}


def manifest_objects(manifest: str) -> Iterator[dict[str, str]]:
    """The apiVersion, kind, name and, where it says one, namespace of each document of a rendered manifest."""
    # a template of the chart has line ends of Windows
    for document in _DOCUMENT.split(manifest.replace("\r\n", "\n")):
        version, kind = _FIELD["apiVersion"].search(document), _FIELD["kind"].search(document)
        if version and kind:
            meta = {key: (m[2] if (m := wanted.search(document + "\n")) else "") for key, wanted in _META.items()}
            yield {"apiVersion": version[1], "kind": kind[1], **{k: v for k, v in meta.items() if v or k == "name"}}


def reduced_release(encoded: str, *, twice: bool = True) -> str:
    """A Helm release (base64 of base64 of gzip of JSON) reduced to what checks use, again in base64.

    Kept are name, version, status, description, times, the chart's metadata, which objects its manifest and hooks hold,
    and the allow-listed values. Empty where it cannot be decoded. A ConfigMap holds it encoded once.

    Source: helm.sh/helm/v3/pkg/storage/driver (util.go).
    """
    try:
        raw = base64.b64decode(encoded)
        if raw[:1] == b"{":
            return _release_again(load_json(raw))
        if twice:
            raw = base64.b64decode(raw)
        if raw[:3] == b"\x1f\x8b\x08":
            raw = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(RELEASE_LIMIT + 1)
        if len(raw) > RELEASE_LIMIT:
            return ""
        release = load_json(raw)
        info, chart = release.get("info") or {}, release.get("chart") or {}
        meta = chart.get("metadata") or {}
        kept = {
            "name": _text(release.get("name")),
            "version": int(release.get("version") or 0),
            "info": {k: _text(info.get(k)) for k in ("status", "description", "last_deployed")},
            "chart": {k: _text(meta.get(k)) for k in ("name", "version", "kubeVersion")},
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
        "chart": {k: _text(chart.get(k)) for k in ("name", "version", "kubeVersion")},
        "values": _release_values(name, kept.get("values") or {}),
        "supplied": _release_values(name, kept.get("supplied") or {}),
        "shape": _shape_again(kept.get("shape")),
    }
    for part in ("objects", "hooks"):
        again[part] = [
            {k: _text(o.get(k)) for k in ("apiVersion", "kind", "name", "namespace") if k != "namespace" or o.get(k)}
            for o in kept.get(part) or []
        ]
    return base64.b64encode(json.dumps(again, sort_keys=True).encode()).decode()


def _text(value: Any) -> str:
    return str(leaf(value)) if isinstance(value, str) else ""
