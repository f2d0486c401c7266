"""Answers from objects in memory: the examples of notes, the scenarios of tests, the demo, dumps of kubectl.

It serves lists with label and field selectors as an API server does, so that facts cannot tell the difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from jhubdoctor.model.kube.meta import Object, PartialObject
from jhubdoctor.privacy.logs import log_end
from jhubdoctor.privacy.text import clean
from jhubdoctor.sources.decode import NotJSON, convert
from jhubdoctor.sources.reader import Reader
from jhubdoctor.sources.reads import PLURALS, READS, Answer, Query, ReadState
from jhubdoctor.sources.shapes import path_answer


class MemoryReader(Reader):
    """Objects (plain dicts as from YAML), logs and paths.

    Args:
        objects: Kubernetes objects with `kind`.
        logs: `namespace/pod/container` or `namespace/pod/container/previous` to text.
        paths: path (`/readyz?verbose`) to text.
        now: the moment of the look.
        missing: read name to (state, detail): what could not be read.
        held: for dumps, the plural names of the kinds that were read whole, each with the namespaces in which it was
            (None for all). Everything is, where it is not given: an absent kind means that there are none.
    """

    source = "demo"

    def __init__(
        self,
        objects: Iterable[Mapping[str, Any]],
        *,
        logs: Mapping[str, str] | None = None,
        paths: Mapping[str, str] | None = None,
        now: datetime | None = None,
        missing: Mapping[str, tuple[ReadState, str]] | None = None,
        held: Mapping[str, frozenset[str] | None] | None = None,
    ) -> None:
        self._objects: dict[str, list[dict[str, Any]]] = {}
        for o in objects:
            resource = PLURALS.get(str(o.get("kind")))
            if resource:
                self._objects.setdefault(resource, []).append(o if isinstance(o, dict) else dict(o))
        self._logs = dict(logs or {})
        self._paths = dict(paths or {})
        self._now = now or datetime.now(UTC)
        self._missing = dict(missing or {})
        self._held = held

    def now(self) -> datetime:
        """The moment of the look."""
        return self._now

    def answer(self, query: Query) -> Answer:
        """What the objects, paths and logs say."""
        if refused := self._missing.get(query.read):
            return Answer(refused[0], [], detail=refused[1])
        return {"list": self._list, "object": self._object, "path": self._path, "log": self._log}[query.asks](query)

    def _list(self, query: Query) -> Answer:
        """Objects of the kind, filtered as the API server would."""
        read = READS[query.read]
        found = self._objects.get(read.resource, [])
        gap = self._gap(read.resource, query.namespace)
        items, left_out = [], 0
        for o in found:
            meta = o.get("metadata")
            meta = meta if isinstance(meta, dict) else {}
            if query.namespace and meta.get("namespace") != query.namespace:
                continue
            labels = meta.get("labels")
            if query.labels and not labels_match(query.labels, labels if isinstance(labels, dict) else {}):
                continue
            if query.fields and not fields_match(query.fields, o):
                continue
            try:
                items.append(self._decoded(PartialObject if query.metadata_only else read.type, o))
            except NotJSON:
                left_out += 1
        if gap:
            return Answer(
                ReadState.TRUNCATED if items else ReadState.ABSENT, items, detail=gap, left_out=left_out, asked=False
            )
        state = ReadState.MALFORMED if left_out else ReadState.OK
        detail = f"{left_out} object(s) could not be understood and were left out" if left_out else ""
        return Answer(state, items, detail=detail, left_out=left_out)

    def _decoded(self, kind: type[Object], o: Mapping[str, Any]) -> Any:
        """An object as a struct of its own."""
        return convert(kind, o)

    def _gap(self, resource: str, namespace: str | None) -> str:
        """Why a dump does not hold all of a kind; empty where it does."""
        if self._held is None:
            return ""
        if resource not in self._held:
            return "this dump need not hold all of them" if resource in self._objects else "not in this dump"
        whole = self._held[resource]
        if whole is None or (namespace in whole if namespace else False):
            return ""
        return clean("this dump holds those of " + ", ".join(sorted(whole)) + " alone")

    def _object(self, query: Query) -> Answer:
        """One object by name."""
        answer = self._list(Query(query.read, query.namespace))
        found = [i for i in answer.items if i.name == query.name][:1]
        if found or answer.state in {ReadState.OK, ReadState.MALFORMED}:
            return Answer(ReadState.OK, found)
        return Answer(ReadState.ABSENT, [], detail=answer.detail, asked=False) if self._held is not None else answer

    def _path(self, query: Query) -> Answer:
        """The text of a path."""
        text = self._paths.get(query.name)
        if text is None and self._held is not None:
            return Answer(ReadState.ABSENT, [], detail="not in this dump", asked=False)
        if text is None:
            return Answer(ReadState.ABSENT, [], detail="HTTP 404")
        return path_answer(query, text)

    def _log(self, query: Query) -> Answer:
        """A container's log, redacted."""
        key = f"{query.namespace}/{query.name}"
        text = self._logs.get(key)
        if text is None and self._held is not None:
            detail = clean(f"the log of {query.name} is not in this dump")
            if key.removesuffix("/previous") in self._logs:
                # what the container logs now is of use without what it logged before it was restarted
                return Answer(ReadState.TRUNCATED, [], "\n", detail, asked=False)
            return Answer(ReadState.ABSENT, [], detail=detail, asked=False)
        return Answer(ReadState.OK, [], log_end(text or "", query.lines))


def _split(selector: str) -> list[str]:
    return [t.strip() for t in re.split(r",(?![^(]*\))", selector) if t.strip()]


def labels_match(selector: str, labels: Mapping[str, str]) -> bool:
    """A label selector in its text form (`a=b,c!=d,e in (f,g),!h`)."""
    for term in _split(selector):
        if m := re.match(r"^(\S+)\s+(in|notin)\s+\(([^)]*)\)$", term):
            inside = labels.get(m[1]) in {v.strip() for v in m[3].split(",")}
            if inside == (m[2] == "notin"):
                return False
        elif "!=" in term:
            key, value = term.split("!=", 1)
            if labels.get(key.strip()) == value.strip():
                return False
        elif "=" in term:
            key, value = re.split(r"==?", term, maxsplit=1)
            if labels.get(key.strip()) != value.strip():
                return False
        elif term.startswith("!"):
            if term[1:] in labels:
                return False
        elif term not in labels:
            return False
    return True


def fields_match(selector: str, obj: Mapping[str, Any]) -> bool:
    """A field selector in its text form (`status.phase!=Running,type=Warning`)."""
    for term in _split(selector):
        key, want = re.split(r"!=|==?", term, maxsplit=1)
        value: Any = obj
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if ((value or "") == want) == ("!=" in term):
            return False
    return True
