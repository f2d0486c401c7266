"""Helm's releases, reduced to what checks use: metadata, which objects there are, values, and an outline of them."""

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
from jhubdoctor.model.values import merged, nested
from jhubdoctor.privacy.logs import masked
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
        config = release.get("config") or {}
        whole = merged(chart.get("values") or {}, config)
        root = _root(str(meta.get("name", "")), whole)
        kept = {
            "name": _text(release.get("name")),
            "version": int(release.get("version") or 0),
            "info": {k: masked(_text(info.get(k))) for k in ("status", "description", "last_deployed")},
            "chart": {k: _text(meta.get(k)) for k in ("name", "version", "kubeVersion")},
            "objects": list(manifest_objects(str(release.get("manifest") or ""))),
            "hooks": [
                o
                for h in release.get("hooks") or []
                if isinstance(h, dict)
                for o in manifest_objects(str(h.get("manifest") or ""))
            ],
            "root": root,
            "beside": beside(whole, root),
            "values": _release_values(root, whole),
            "supplied": _release_values(root, config),
            "outline": outline(hub_part(config, root)),
            "above": outline(hub_part(chart.get("values"), root)) if root else None,
            "above_values": _release_values(root, chart.get("values") or {}) if root else {},
        }
    except (OSError, EOFError, zlib.error, ValueError, OverflowError, AttributeError, TypeError, RecursionError):
        return ""
    return base64.b64encode(json.dumps(kept, sort_keys=True).encode()).decode()


# Below these keys lie names that people choose, code and credentials: those names are kept, and of what they hold only
# the type; of the three that the chart looks into also the names in there.
_OPAQUE = frozenset(
    "custom global config extraEnv extraConfig extraFiles services loadRoles templateVars annotations labels "
    "extraLabels extraAnnotations nodeSelector extraStaticConfig extraDynamicConfig extraPodConfig extraPodSpec "
    "matchLabels".split()
)
_LOOKED_INTO = frozenset({"config", "extraFiles", "services"})
# The words of these keys are the chart's own, and it takes no others.
_CHOICES = frozenset("type pullPolicy pathType interNamespaceAccessLabels matchNodePurpose".split())
_WORD = re.compile(r"[A-Za-z-]{1,24}")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,60}")
_NAME = re.compile(r"[A-Za-z0-9][\w./-]{0,80}", re.ASCII)
TEXT = "*"
"""What stands for a text in an outline."""
OUTLINE_LIMIT = 20_000
_OUTLINE_DEPTH = 12


class _TooLarge(ValueError):  # noqa: N818  - it never leaves this module
    pass


def outline(data: Any) -> dict[str, Any] | None:
    """Values without what they say: the same keys, and for each value one that a schema judges alike.

    A text becomes TEXT unless it is a word that the chart gives a choice of, a number keeps its sign and whether it is
    whole. None where there are more keys than in any real file: a part would be judged wrongly.
    """
    try:
        found = _outlined(data, "", 0, 0, [0])
    except _TooLarge:
        return None
    return found if isinstance(found, dict) else {}


def _outlined(value: Any, key: str, depth: int, hidden: int, count: list[int]) -> Any:
    """`hidden` is how many names are kept from here on, less one, below what is opaque; 0 outside of that."""
    count[0] += 1
    if count[0] > OUTLINE_LIMIT:
        raise _TooLarge
    if isinstance(value, Mapping):
        if hidden == 1 or depth >= _OUTLINE_DEPTH:
            return {}
        below = hidden - 1 if hidden else (3 if key in _LOOKED_INTO else 2) if key in _OPAQUE else 0
        found: dict[str, Any] = {}
        for name, inner in value.items():
            text = str(name).lower() if isinstance(name, bool) else str(name)
            # another name than a real one: that there is such a key matters, and not how it is called
            kept = text if (_NAME if hidden or below else _KEY).fullmatch(text) else f"({len(found) + 1})"
            found[kept] = _outlined(inner, text, depth + 1, max(below - 1, 1) if below else 0, count)
        return found
    if isinstance(value, list):
        return [] if hidden == 1 else [_outlined(v, "", depth + 1, 2, count) for v in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        whole = isinstance(value, int) or value.is_integer()
        return (value > 0) - (value < 0) if whole else -0.5 if value < 0 else 0.5
    text = str(value)
    return text if not text or (key in _CHOICES and not hidden and _WORD.fullmatch(text)) else TEXT


def _outline_again(kept: Any) -> dict[str, Any] | None:
    """An outline that comes from a bundle: foreign input. An outline of an outline is the same."""
    return outline(kept) if isinstance(kept, Mapping) else None


_HUB = ("hub", "proxy", "singleuser")
_ROOT_DEPTH = 4


def roots_of(values: Any, *, whole: bool = True) -> list[str]:
    """Under which dotted keys of values the hub's lie: empty for the values themselves, several for several hubs.

    A chart that depends on the hub's has its values under the dependency's name or alias, and so has a chart that
    depends on that one. `whole` values hold the defaults too, so that all three parts are there; others any of them.
    """
    found: list[str] = []

    def walk(data: Mapping[Any, Any], path: str, depth: int) -> None:
        # a chart may be given the alias `hub`: nothing of the hub's own has such a part again
        parts = [isinstance(m := data.get(k), Mapping) and not any(p in m for p in _HUB) for k in _HUB]
        if all(parts) or (not whole and (any(parts) or path.rpartition(".")[2] == "jupyterhub")):
            deeper = data.get("jupyterhub")
            if not isinstance(deeper, Mapping) or all(parts):
                found.append(path)
                return
        for key, value in data.items():
            if isinstance(value, Mapping) and depth < _ROOT_DEPTH and key not in _OPAQUE and _KEY.fullmatch(str(key)):
                walk(value, f"{path}.{key}" if path else str(key), depth + 1)

    if isinstance(values, Mapping):
        walk(values, "", 0)
    return found


def beside(values: Any, root: str) -> list[str]:
    """The names of what lies beside the hub's values, and above: charts that the same chart depends on, mostly."""
    found: list[str] = []
    keys = root.split(".") if root else []
    for depth, key in enumerate(keys):
        above = part(values, ".".join(keys[:depth]))
        others = above.items() if isinstance(above, Mapping) else ()
        found += [
            k for k, v in others if isinstance(v, Mapping) and k not in {key, "global"} and _KEY.fullmatch(str(k))
        ]
    return sorted(found)[:20]


def part(values: Any, root: str) -> Any:
    """What lies under a dotted key; None where nothing does."""
    at = values
    for key in root.split(".") if root else ():
        at = at.get(key) if isinstance(at, Mapping) else None
    return at


def hub_part(values: Any, root: str) -> Any:
    """The hub's part of values as Helm passes it down: with the globals of all charts above it."""
    mine = part(values, root)
    if not root or (mine is not None and not isinstance(mine, Mapping)):
        return mine
    shared: dict[str, Any] = {}
    keys = root.split(".")
    for depth in range(len(keys)):
        above = part(values, ".".join(keys[:depth]))
        common = above.get("global") if isinstance(above, Mapping) else None
        if isinstance(common, Mapping):
            # the chart on top wins
            shared = merged(common, shared)
    own = dict(mine or {})
    if shared and isinstance(own.get("global", {}), Mapping):
        own["global"] = merged(own.get("global", {}), shared)
    return own


def _release_values(root: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The hub's part of a release's values: all of it, or what a parent chart passes down."""
    return nested(root, allowed(part(values, root))) if root else allowed(values)


def _root(chart: str, values: Mapping[str, Any]) -> str:
    """Where the hub's values lie in those of a release. A chart that is called otherwise may still be the hub's own."""
    found = roots_of(values) or roots_of(values, whole=chart in {"jupyterhub", ""})
    if found:
        # of several hubs in one release each is one of its own: nobody says here whose this is
        return next((r for r in found if r.rpartition(".")[2] == "jupyterhub"), found[0])
    return "" if chart in {"jupyterhub", ""} else "jupyterhub"


def _release_again(kept: dict[str, Any]) -> str:
    """A release that was reduced before (it comes from a bundle), reduced once more: a bundle is foreign input."""
    info, chart = kept.get("info") or {}, kept.get("chart") or {}
    root = kept.get("root")
    if not isinstance(root, str) or not all(_KEY.fullmatch(k) for k in root.split(".") if root):
        root = _root(str(chart.get("name", "")), kept.get("values") or {})
    again = {
        "name": _text(kept.get("name")),
        "version": int(kept.get("version") or 0),
        "info": {k: masked(_text(info.get(k))) for k in ("status", "description", "last_deployed")},
        "chart": {k: _text(chart.get(k)) for k in ("name", "version", "kubeVersion")},
        "root": root,
        "beside": [k for k in kept.get("beside") or [] if isinstance(k, str) and _KEY.fullmatch(k)][:20],
        "values": _release_values(root, kept.get("values") or {}),
        "supplied": _release_values(root, kept.get("supplied") or {}),
        "outline": _outline_again(kept.get("outline")),
        "above": _outline_again(kept.get("above")),
        "above_values": _release_values(root, kept.get("above_values") or {}),
    }
    for part in ("objects", "hooks"):
        again[part] = [
            {k: _text(o.get(k)) for k in ("apiVersion", "kind", "name", "namespace") if k != "namespace" or o.get(k)}
            for o in kept.get(part) or []
        ]
    return base64.b64encode(json.dumps(again, sort_keys=True).encode()).decode()


def _text(value: Any) -> str:
    return str(leaf(value)) if isinstance(value, str) else ""
