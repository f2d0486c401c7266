"""For tests of checks, also of other packs: examples in YAML, and the contract that every check keeps.

An example is a YAML stream of Kubernetes objects, merged over a small healthy hub (`example/base.yaml`) by kind,
namespace and name; what is new is added. It names only what differs. `$delete: true` in an object removes it; a list
replaces a list; `null` removes a key. Besides Kubernetes kinds there are:

- `kind: Values` (`values:` merged into the hub's values),
- `kind: Log` (`pod`, `container`, `previous`, `text`; `more` is what was logged after the text that is there already),
- `kind: Path` (`path`, `text`), `kind: Version` (`gitVersion`), `kind: Release` (a revision in Helm's storage),
- `kind: Missing` (`read`, `state`, `detail`: what cannot be read), `kind: Now` (`at`), `kind: Empty` (no base at all),
- `kind: Suppression` (`check`, `area`, `object`, `hub`, `reason`, `until` as in the configuration).

`metadata.namespace` is `jhub` and the labels `app: jupyterhub` and `release: jhub` are set unless they are given. Times
may be written as `-5m`, `-2h`, `-3d`: so long before the look. In log texts `{-5m}` stands for such a time.
"""

from __future__ import annotations

import base64
import copy
import json
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import msgspec

from jhubdoctor.engine import notes, suppress
from jhubdoctor.engine.declare import Check
from jhubdoctor.engine.registry import Registry, load
from jhubdoctor.engine.result import CheckStatus, Report, Reported
from jhubdoctor.model.hub import Scope
from jhubdoctor.model.kube.config import Secret
from jhubdoctor.model.kube.meta import Object
from jhubdoctor.model.values import merged
from jhubdoctor.model.yaml import load_yaml
from jhubdoctor.sources.memory import MemoryReader
from jhubdoctor.sources.reader import Reader
from jhubdoctor.sources.reads import ReadState
from jhubdoctor.visits.visit import Visit

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
"""The moment of every example."""

_CLUSTER_WIDE = {
    "Node", "Namespace", "PersistentVolume", "StorageClass", "CSIDriver", "CSINode", "VolumeAttachment",
    "PriorityClass", "IngressClass", "APIService", "ClusterRole", "ClusterRoleBinding", "ComponentStatus",
    "MutatingWebhookConfiguration", "RuntimeClass", "ValidatingWebhookConfiguration", "NodePool", "NodeClaim",
}  # fmt: skip
_NO_OBJECTS = {"Empty", "Log", "Missing", "Now", "Path", "Release", "Suppression", "Values", "Version"}
_UNLABELLED = _CLUSTER_WIDE | {"Event", "PersistentVolumeClaim", "Lease", "Secret", "ConfigMap", "EndpointSlice"}
_AGO = re.compile(r"-(\d+(?:\.\d+)?)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_IN_TEXT = re.compile(r"\{(-\d+(?:\.\d+)?[smhd])\}")


def documents(text: str) -> list[dict[str, Any]]:
    """The documents of a YAML stream. They are shared with whoever asks for those of the same text: change none."""
    return list(_parsed(text))


@lru_cache(maxsize=1024)  # one text is asked about by many tests, and to parse it takes as long as to judge it
def _parsed(text: str) -> tuple[dict[str, Any], ...]:
    parts = [load_yaml(part) for part in re.split(r"^---[^\n]*$", text, flags=re.MULTILINE)]
    return tuple(d for d in parts if isinstance(d, dict))


@cache
def _base_documents() -> tuple[dict[str, Any], ...]:
    return _parsed(resources.files("jhubdoctor.example").joinpath("base.yaml").read_text(encoding="utf-8"))


@cache
def _base_objects() -> dict[int, dict[str, Any]]:
    """The objects of the healthy hub as a reader takes them, by the identity of their documents.

    They are in almost every example, and nobody changes a document: what is made of them is made once.
    """
    objects = (d for d in _base_documents() if d.get("kind") not in _NO_OBJECTS)
    return {id(d): _complete(_times(d, NOW), NOW) for d in objects}


@cache
def _base_ids() -> frozenset[int]:
    return frozenset(map(id, _base_objects().values()))


def _ago(text: str, now: datetime) -> datetime | None:
    ago = _AGO.fullmatch(text)
    return now - timedelta(seconds=float(ago[1]) * _SECONDS[ago[2]]) if ago else None


def _times(value: Any, now: datetime, key: str = "") -> Any:
    if isinstance(value, dict):
        return {k: _times(v, now, str(k)) for k, v in value.items()}
    if isinstance(value, list):
        return [_times(v, now, key) for v in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, str) and value[:1] == "-" and key not in {"effect", "operator"} and (at := _ago(value, now)):
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def _overlaid(base: Any, over: Any) -> Any:
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        result = dict(base)
        for key, value in over.items():
            if value is None:
                result.pop(key, None)
            else:
                result[key] = _overlaid(result.get(key), value)
        return result
    return over


def _identity(document: Mapping[str, Any]) -> tuple[str, ...]:
    kind = str(document.get("kind"))
    meta = document.get("metadata") or {}
    match kind:
        case "Path":
            return (kind, str(document.get("path")))
        case "Log":
            parts = (document.get("namespace", "jhub"), document.get("pod"), document.get("container"))
            return (kind, *map(str, parts), str(bool(document.get("previous"))))
        case "Release":
            return (kind, str(document.get("name")), str(document.get("version")))
        case "Missing":
            return (kind, str(document.get("read")))
        case "Values":
            return (kind, str(document.get("namespace", "jhub")))
        case "Suppression":
            return (kind, *(str(document.get(k)) for k in suppress.KEYS))
        case "Version" | "Now" | "Empty":
            return (kind,)
        case "Event" if not meta.get("name"):
            # nobody names events by hand: each is one of its own
            return (kind, json.dumps(document, sort_keys=True, default=str))
    return (kind, str(meta.get("namespace", "" if kind in _CLUSTER_WIDE else "jhub")), str(meta.get("name")))


class Example:
    """A cluster in YAML, ready to be read. Its documents are shared with other examples: change none in place."""

    def __init__(self, text: str | Iterable[Mapping[str, Any]]) -> None:
        given = documents(text) if isinstance(text, str) else [d if isinstance(d, dict) else dict(d) for d in text]
        empty = any(d.get("kind") == "Empty" for d in given)
        merged_: dict[tuple[str, ...], dict[str, Any]] = {}
        for d in [] if empty else _base_documents():
            merged_[_identity(d)] = d
        for d in given:
            key = _identity(d)
            if d.get("$delete"):
                merged_.pop(key, None)
            elif d.get("kind") == "Log" and "more" in d:
                known = merged_.get(key, {})
                rest = {k: v for k, v in d.items() if k != "more"}
                merged_[key] = {**known, **rest, "text": f"{known.get('text', '').rstrip()}\n{d['more']}"}
            elif d.get("kind") == "Values" and key in merged_:
                merged_[key] = {**merged_[key], "values": merged(merged_[key]["values"], d["values"])}
            else:
                merged_[key] = _overlaid(merged_.get(key), d)
        self.documents = list(merged_.values())

    def suppressions(self) -> tuple[suppress.Suppression, ...]:
        """The rules of this example."""
        rules = [{k: v for k, v in d.items() if k != "kind"} for d in self.documents if d.get("kind") == "Suppression"]
        return suppress.parse(rules, "example")

    def reader(self, *, shuffle: random.Random | None = None) -> MemoryReader:
        """A reader of this cluster."""
        now = next((_moment(d["at"]) for d in self.documents if d.get("kind") == "Now"), NOW)
        objects: list[dict[str, Any]] = []
        logs: dict[str, str] = {}
        paths: dict[str, str] = {}
        missing: dict[str, tuple[ReadState, str]] = {}
        for d in self.documents:
            match d.get("kind"):
                case "Log":
                    end = "/previous" if d.get("previous") else ""
                    key = f"{d.get('namespace', 'jhub')}/{d['pod']}/{d['container']}{end}"
                    logs[key] = _IN_TEXT.sub(lambda m: _stamp(m[1], now), str(d["text"]))
                case "Path":
                    paths[d["path"]] = d["text"]
                case "Version":
                    paths["/version"] = json.dumps({k: v for k, v in d.items() if k != "kind"})
                case "Missing":
                    missing[d["read"]] = (ReadState(d.get("state", "forbidden")), d.get("detail", "HTTP 403"))
                case "Values":
                    objects.append(_values_secret(d))
                case "Release":
                    objects.append(_release_secret(_times(d, now)))
                case "Now" | "Empty" | "Suppression":
                    pass
                case _:
                    base = _base_objects() if now == NOW else {}
                    objects.append(base[id(d)] if id(d) in base else _complete(_times(d, now), now))
        if shuffle is not None:
            shuffle.shuffle(objects)
        reader = _ExampleReader(objects, logs=logs, paths=paths, now=now, missing=missing)
        reader.namespace = "jhub"
        return reader


class _ExampleReader(MemoryReader):
    """Reduces the healthy hub's objects once: they are in almost every example. The most costly are its Secrets."""

    def _decoded(self, kind: type[Object], o: Mapping[str, Any]) -> Any:
        if kind is not Secret:
            if id(o) not in _base_ids():
                return super()._decoded(kind, o)
            if (kind, id(o)) not in _PACKED:
                _PACKED[kind, id(o)] = msgspec.msgpack.encode(super()._decoded(kind, o))
            return msgspec.msgpack.decode(_PACKED[kind, id(o)], type=kind)
        key = repr(o)
        secret = _SECRETS.get(key)
        if secret is None:
            secret = super()._decoded(kind, o)
            if len(_SECRETS) == MOST_SECRETS:
                _SECRETS.clear()
            _SECRETS[key] = secret
        return copy.deepcopy(secret)


MOST_SECRETS = 64
_SECRETS: dict[str, Any] = {}
_PACKED: dict[tuple[type[Object], int], bytes] = {}


def _moment(at: Any) -> datetime:
    return at.astimezone(UTC) if isinstance(at, datetime) else datetime.fromisoformat(str(at)).astimezone(UTC)


def _stamp(ago: str, now: datetime) -> str:
    at = _ago(ago, now)
    return at.strftime("%Y-%m-%d %H:%M:%S.000") if at else ago


def _complete(d: dict[str, Any], now: datetime) -> dict[str, Any]:
    kind, meta = d.get("kind"), d.setdefault("metadata", {})
    if not isinstance(meta, dict):
        return d
    if kind not in _CLUSTER_WIDE:
        meta.setdefault("namespace", "jhub")
    if kind == "Event":
        about = d.setdefault("involvedObject", {})
        meta.setdefault(
            "name", f"{about.get('name', 'x')}.{d.get('reason', 'x')}.{abs(hash(str(d.get('message')))) % 9999}"
        )
    meta.setdefault("creationTimestamp", (now - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ"))
    if kind not in _UNLABELLED and isinstance(meta.setdefault("labels", {}), dict):
        meta["labels"] = {"app": "jupyterhub", "release": "jhub", **meta["labels"]}
    return d


def _values_secret(d: Mapping[str, Any]) -> dict[str, Any]:
    text = base64.b64encode(json.dumps(d["values"]).encode()).decode()
    namespace = d.get("namespace", "jhub")
    return {"kind": "Secret", "metadata": {"name": "hub", "namespace": namespace}, "data": {"values.yaml": text}}


def _document(listed: Mapping[str, Any]) -> str:
    version, kind, name, namespace = (listed.get(k, "") for k in ("apiVersion", "kind", "name", "namespace"))
    where = f"  namespace: {namespace}\n" if namespace else ""
    return f"apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {name}\n{where}"


def _release_secret(d: Mapping[str, Any]) -> dict[str, Any]:
    chart = d.get("chart") or {}
    manifest = "".join(f"---\n{_document(o)}" for o in d.get("objects") or [])
    hooks = [{"manifest": _document(o)} for o in d.get("hooks") or []]
    content = {
        "name": d["name"],
        "version": d["version"],
        "info": {"status": d["status"], "description": d.get("description", "")},
        "chart": {"metadata": {k: v for k, v in chart.items() if k != "values"}, "values": chart.get("values") or {}},
        "config": d.get("config") or {},
        "manifest": manifest,
        "hooks": hooks,
    }
    encoded = base64.b64encode(base64.b64encode(json.dumps(content).encode())).decode()
    modified = d.get("modified")
    labels = {"owner": "helm", "name": d["name"], "status": d["status"], "version": str(d["version"])}
    if modified:
        labels["modifiedAt"] = str(int(datetime.fromisoformat(modified).timestamp()))
    namespace = d.get("namespace", "jhub")
    return {
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {
            "name": f"sh.helm.release.v1.{d['name']}.v{d['version']}",
            "namespace": namespace,
            "labels": labels,
            "creationTimestamp": d.get("created") or modified,
        },
        "data": {"release": encoded},
    }


# --- running ---------------------------------------------------------------------------------------------------------


@cache
def registry() -> Registry:
    """The installed checks, loaded once."""
    return load()


def diagnose(
    example: str | Example,
    *checks: str,
    scope: Scope | None = None,
    shuffle: random.Random | None = None,
) -> Report:
    """Run checks (all, where none is named) over an example."""
    example = Example(example) if isinstance(example, str) else example
    chosen = registry().select(checks)
    reader = example.reader(shuffle=shuffle)
    return judged(registry(), chosen, reader, scope, concurrency=1, suppressions=example.suppressions())


def judged(
    registry: Registry,
    checks: list[Check],
    reader: Reader,
    scope: Scope | None = None,
    *,
    concurrency: int = 8,
    suppressions: tuple[suppress.Suppression, ...] = (),
) -> Report:
    """The report of these checks over a reader, whether there is a hub or not."""
    visit = Visit(registry, checks, lambda: reader, scope or Scope(), concurrency, suppressions=suppressions)
    return visit.look()[0]


def findings_of(example: str | Example, check: str) -> list[Reported]:
    """The findings of one check over an example; an error where it is unknown or broken."""
    report = diagnose(example, check)
    for r in report.results:
        if r.status in {CheckStatus.UNKNOWN, CheckStatus.BROKEN}:
            raise AssertionError(f"{check} is {r.status.value}: {r.reason}")
    return list(report.findings)


# --- the contract ----------------------------------------------------------------------------------------------------


def assert_contract(check: Check) -> None:
    """What every check keeps: a note with its headings, examples that fire and stay quiet, a title of one sentence."""
    note = notes.of(check)
    assert note.title == check.id, f"the note is called {note.title!r}"  # noqa: S101
    assert tuple(note.sections) == notes.HEADINGS, f"the headings are {list(note.sections)}"  # noqa: S101
    assert re.fullmatch(r"[A-Z].*\.", check.title), f"the title is no sentence: {check.title!r}"  # noqa: S101
    assert check.module.rpartition(".")[2].replace("_", "-") == check.id, "file and check differ in name"  # noqa: S101
    assert note.fires_on, "no example fires"  # noqa: S101
    assert note.quiet_on, "no example stays quiet"  # noqa: S101
    assert not findings_of("", check.id), "it fires on a healthy hub"  # noqa: S101
    for text in note.fires_on:
        findings = findings_of(text, check.id)
        assert findings, f"quiet on an example that should fire:\n{text}"  # noqa: S101
        for f in findings:
            assert f.finding.on, "a finding names no object"  # noqa: S101
            assert f.finding.proof, "a finding has no evidence"  # noqa: S101
            assert f.finding.fix.text, "a finding has no fix"  # noqa: S101
            assert not f.finding.says.endswith("."), f"says ends with a full stop: {f.finding.says}"  # noqa: S101
        prints = [f.fingerprint for f in findings]
        assert len(set(prints)) == len(prints), "two findings share a fingerprint: give them a cause"  # noqa: S101
    for text in [*note.quiet_on, *(both for _, both in note.over)]:
        findings = findings_of(text, check.id)
        assert not findings, f"fires on an example that should be quiet: {findings[0].finding.says}\n{text}"  # noqa: S101


def without_one(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The value, each time with one key or list item taken away, at any depth."""
    if isinstance(value, dict):
        for key in value:
            yield (*path, key), {k: v for k, v in value.items() if k != key}
            for where, below in without_one(value[key], (*path, key)):
                yield where, {**value, key: below}
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield (*path, i), value[:i] + value[i + 1 :]
            for where, below in without_one(item, (*path, i)):
                yield where, [*value[:i], below, *value[i + 1 :]]
