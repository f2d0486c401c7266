"""What other tools wrote down of a cluster, read as far as its content goes.

Known are the folders of `kubectl cluster-info dump --output-directory`, support bundles of troubleshoot.sh, and files
of `kubectl get ... -o json|yaml`. None of them holds all that checks ask for: what is missing is not read, so the
checks that need it are unknown. Of the first two it is known which lists are whole; a file of `kubectl get` may have
been made with any selector, so nothing passes on the strength of it.

Sources: staging/src/k8s.io/kubectl/pkg/cmd/clusterinfo/clusterinfo_dump.go in kubernetes/kubernetes;
pkg/collect/cluster_resources.go and pkg/constants/constants.go in replicatedhq/troubleshoot.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import msgspec

from jhubdoctor.model.errors import UsageError
from jhubdoctor.model.yaml import BadValues, load_yaml
from jhubdoctor.privacy.text import clean
from jhubdoctor.sources import archive
from jhubdoctor.sources.memory import MemoryReader
from jhubdoctor.sources.reads import PLURALS

MOST_OBJECTS = 300_000
YAML_LIMIT = 32 * 2**20
YAML_NODES = 5_000_000
# Folders and files of troubleshoot.sh, where they are not called as the kind.
_KINDS = {
    "ingress": "Ingress",
    "network-policy": "NetworkPolicy",
    "resource-quota": "ResourceQuota",
    "storage-classes": "StorageClass",
    "limitranges": "LimitRange",
    "pvs": "PersistentVolume",
    "pvcs": "PersistentVolumeClaim",
    "pod-disruption-budgets": "PodDisruptionBudget",
}
_OBJECTS = re.compile(r"\.(?:json|ya?ml)$")
_LOG = re.compile(r"(?:^|/)cluster-resources/pods/logs/([^/]+)/([^/]+)/([^/]+?)(-previous)?\.log$")
_LOGS = re.compile(r"(?:^|/)([^/]+)/([^/]+)/logs\.txt$")
_RESOURCES = re.compile(r"(?:^|/)cluster-resources/([^/]+)(?:/([^/]+))?\.json$")
_VERSION = re.compile(r"(?:^|/)cluster-info/cluster_version\.json$")
_DUMPED = re.compile(r"(?:^|/)(?:([^/]+)/)?([a-z-]+)\.(?:json|ya?ml)$")
_SECTION = re.compile(
    r"^==== START logs for container (\S+) of pod ([^/\s]+)/(\S+) ====\n(.*?)^==== END logs for container",
    re.MULTILINE | re.DOTALL,
)
# Times that lie in the past when they are written.
_PAST = frozenset(
    "lastTimestamp eventTime firstTimestamp lastObservedTime renewTime lastHeartbeatTime lastTransitionTime "
    "creationTimestamp startTime startedAt finishedAt".split()
)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_WHAT_IT_READS = (
    "It reads its own bundles, `kubectl cluster-info dump --output-directory`, `kubectl get -o json` and support "
    "bundles of troubleshoot.sh."
)


class NoObjects(Exception):  # noqa: N818  - what is wrong with a text, for whoever knows which file it is of
    """A text that is no list of objects; its own text goes on after the name of the file."""


@dataclass
class Dump:
    """What was found so far.

    Attributes:
        objects: plain objects, with their kind.
        logs: as `MemoryReader` wants them.
        paths: as `MemoryReader` wants them.
        held: which lists are whole.
        latest: the newest time in any object, as it is written.
    """

    objects: list[dict[str, Any]] = field(default_factory=list)
    logs: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    held: dict[str, frozenset[str] | None] = field(default_factory=dict)
    latest: str = ""

    def reader(self, name: str, modified: datetime | None) -> MemoryReader:
        """A reader of it.

        Raises:
            UsageError: where there is nothing in it that we know.
        """
        if not self.objects and not self.held:
            raise UsageError(f"{name} holds nothing that jhubdoctor knows.", _WHAT_IT_READS)
        now = _moment(self.latest) or modified or datetime.now(UTC)
        reader = MemoryReader(self.objects, logs=self.logs, paths=self.paths, now=now, held=self.held)
        reader.source = "bundle"
        reader.context = name
        hubs = sorted({_namespace(o) for o in self.objects if _is_hub(o)})
        others = sorted({_namespace(o) for o in self.objects if o.get("kind") == "Deployment"})
        reader.namespace = next(iter(hubs or others), "default")
        reader.notices = (
            clean(f"{name} is no bundle of jhubdoctor: what it does not hold is unknown. Its time is taken as "
                  f"{now:%Y-%m-%d %H:%M:%S} UTC, the newest that it names."),
        )  # fmt: skip
        if len(hubs) > 1:
            reader.notices += (clean(f"It holds hubs in {', '.join(hubs)}; the others are looked at with -n."),)
        return reader

    def add(self, name: str, body: bytes) -> None:
        """Take in one file, by its place in the dump."""
        if m := _LOG.search(name):
            key = f"{m[1]}/{m[2]}/{m[3]}" + ("/previous" if m[4] else "")
            self.logs[key] = body.decode(errors="replace")
        elif m := _LOGS.search(name):
            # the file is of one pod: what else it claims to hold, that pod has logged
            self._sections(body.decode(errors="replace"), (m[1], m[2]))
        elif _VERSION.search(name):
            self._version(body)
        elif m := _RESOURCES.search(name):
            self._resources(m[1], m[2], body)
        elif _OBJECTS.search(name) and (m := _DUMPED.search(name)):
            self._dumped(m[1], m[2], body)

    def add_whole(self, body: bytes) -> None:
        """Take in a file of objects: JSON or YAML, one or many, a list or a stream.

        Raises:
            NoObjects: where it is neither.
        """
        text = body.decode(errors="replace")
        self._sections(text)
        for document in _documents(_SECTION.sub("", text) if "==== START logs" in text else text):
            self._keep(document, "")

    def _sections(self, text: str, pod: tuple[str, str] | None = None) -> None:
        for m in _SECTION.finditer(text):
            if pod in {None, (m[2], m[3])}:
                self.logs[f"{m[2]}/{m[3]}/{m[1]}"] = m[4]

    def _version(self, body: bytes) -> None:
        found = _json(body)
        info = found.get("info") if isinstance(found, dict) else None
        if isinstance(info, dict):
            self.paths["/version"] = json.dumps(info)

    def _resources(self, folder: str, namespace: str | None, body: bytes) -> None:
        """A file of cluster-resources: all objects of a kind in a namespace, or in the cluster."""
        kind = _KINDS.get(folder) or next((k for k, plural in PLURALS.items() if plural == folder), "")
        found = _json(body)
        if kind and isinstance(found, (list, dict)):
            self._keep(found, kind)
            if _ends(found):
                self._whole(PLURALS[kind], namespace)

    def _dumped(self, namespace: str | None, stem: str, body: bytes) -> None:
        """A file of cluster-info dump."""
        try:
            documents = list(_documents(body.decode(errors="replace")))
        except NoObjects:
            return
        kind = next((k for k, plural in PLURALS.items() if plural == stem), "")
        for document in documents:
            self._keep(document, kind)
        whole = len(documents) == 1 and isinstance(documents[0], dict) and isinstance(documents[0].get("items"), list)
        if kind and whole and _ends(documents[0]):
            self._whole(stem, namespace if stem != "nodes" else None)

    def _whole(self, resource: str, namespace: str | None) -> None:
        known = self.held.get(resource, frozenset())
        self.held[resource] = None if namespace is None or known is None else known | {namespace}

    def _keep(self, document: Any, kind: str) -> None:
        """Keep the objects of a document: one, a list of a kind, or a list of any."""
        items = document if isinstance(document, list) else [document]
        if isinstance(document, dict) and isinstance(document.get("items"), list):
            items = document["items"]
            kind = str(document.get("kind", "")).removesuffix("List") or kind
        for item in items:
            if not isinstance(item, dict):
                continue
            found = item if item.get("kind") else {**item, "kind": kind}
            if len(self.objects) >= MOST_OBJECTS:
                raise archive.RefusedError(f"it holds more than {MOST_OBJECTS} objects")
            if isinstance(found.get("items"), list) and found is not document:
                self._keep(found, kind)
            elif isinstance(found.get("kind"), str) and found["kind"] in PLURALS:
                self.objects.append(found)
                self.latest = max(self.latest, _latest(found))


def _ends(document: Any) -> bool:
    """Whether no further page of a list follows: a page that was dumped by itself says so."""
    metadata = document.get("metadata") if isinstance(document, dict) else None
    return not (isinstance(metadata, dict) and metadata.get("continue"))


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _documents(text: str) -> Iterator[Any]:
    """The documents of JSON (one after the other) or of a YAML stream.

    Raises:
        NoObjects: where it is neither.
    """
    start = text.lstrip("\ufeff \t\r\n")
    if start[:1] in {"{", "["}:
        decoder = json.JSONDecoder()
        at = 0
        while at < len(start):
            try:
                found, at = decoder.raw_decode(start, at)
            except RecursionError as e:
                raise NoObjects("is nested deeper than any object is") from e
            except ValueError as e:
                raise NoObjects("is not JSON that can be read to its end") from e
            yield found
            at = _blank(start, at)
        return
    try:
        for part in re.split(r"^---[^\n]*$", text, flags=re.MULTILINE):
            if part.strip():
                yield load_yaml(part, limit=YAML_LIMIT, nodes=YAML_NODES)
    except BadValues as e:
        raise NoObjects(f"is neither JSON nor YAML ({e})") from e


def _blank(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _latest(value: Any, depth: int = 0) -> str:
    """The newest time of an object that must have passed when the object was written."""
    newest = ""
    if depth > 12:
        return newest
    if isinstance(value, Mapping):
        for key, below in value.items():
            if isinstance(below, str):
                if key in _PAST and _TIME.match(below):
                    newest = max(newest, below)
            elif isinstance(below, datetime):
                newest = max(newest, below.strftime("%Y-%m-%dT%H:%M:%SZ")) if key in _PAST else newest
            else:
                newest = max(newest, _latest(below, depth + 1))
    elif isinstance(value, list):
        for below in value:
            newest = max(newest, _latest(below, depth + 1))
    return newest


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _namespace(o: Mapping[str, Any]) -> str:
    meta = o.get("metadata")
    return str(meta.get("namespace") or "default") if isinstance(meta, dict) else "default"


def _is_hub(o: Mapping[str, Any]) -> bool:
    meta = o.get("metadata")
    labels = meta.get("labels") if isinstance(meta, dict) else None
    if o.get("kind") != "Deployment" or not isinstance(labels, dict):
        return False
    return "hub" in (labels.get("component"), labels.get("app.kubernetes.io/component"))


# --- places ----------------------------------------------------------------------------------------------------------


def of_file(body: bytes, name: str, modified: datetime | None) -> MemoryReader:
    """A reader of a file of objects.

    Raises:
        UsageError: where it is none.
    """
    found = Dump()
    try:
        found.add_whole(body)
    except NoObjects as e:
        raise UsageError(f"{name} {e}.", _WHAT_IT_READS) from e
    return found.reader(name, modified)


def of_archive(stream: IO[bytes], name: str, modified: datetime | None) -> MemoryReader:
    """A reader of a dump in a tar archive."""
    found = Dump()
    for member in archive.members(stream):
        if _wanted(member.name):
            found.add(member.name, member.read())
    return found.reader(name, modified)


def of_folder(place: Path, name: str) -> MemoryReader:
    """A reader of a dump in a folder. Links in it are not followed."""
    found = Dump()
    limits = archive.LIMITS
    entries = total = 0
    newest = 0.0
    for folder, folders, files in os.walk(place, followlinks=False):
        folders.sort()
        for file in sorted(files):
            path = Path(folder) / file
            inside = path.relative_to(place).as_posix()
            entries += 1
            if entries > limits.entries:
                raise archive.RefusedError(f"it has more than {limits.entries} entries")
            if path.is_symlink() or not path.is_file() or not _wanted(inside):
                continue
            state = path.stat()
            total += state.st_size
            if state.st_size > limits.entry or total > limits.total:
                raise archive.RefusedError(f"it is larger than {limits.total // 2**20} MiB")
            newest = max(newest, state.st_mtime)
            found.add(inside, path.read_bytes())
    return found.reader(name, datetime.fromtimestamp(newest, UTC) if newest else None)


def _wanted(name: str) -> bool:
    return name.endswith((".log", "/logs.txt")) or _OBJECTS.search(name) is not None
