"""What a source of answers is: a live cluster, a bundle, or objects in memory.

Facts never hold a reader: they get a `Look`, which lets them make the reads that they declared, and no others.
"""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from jhubdoctor.model.kube.meta import Object, PartialObject, prune
from jhubdoctor.model.kube.pods import Pod
from jhubdoctor.privacy.objects import sanitize
from jhubdoctor.privacy.text import clean
from jhubdoctor.sources.reads import READS, Answer, Query, State, Unreadable

T = TypeVar("T", bound=Object)


class Reader(ABC):
    """A source of answers. Every method answers; none raises for what a cluster can do.

    Attributes:
        source: `live`, `bundle` or `demo`, for the report.
        context: the kubeconfig context, or the name of the bundle.
        namespace: where the context points.
    """

    source: str = "live"
    context: str = ""
    namespace: str = "default"
    requests: int = 0
    bytes_read: int = 0
    notices: tuple[str, ...] = ()
    """What a report must say of where its answers come from."""

    def close(self) -> None:  # noqa: B027  - most readers hold nothing
        """Let go of what the reader holds. It is not used afterwards."""

    def cancel(self) -> None:  # noqa: B027  - most readers answer at once
        """Make what is still to be read end soon, as out of time. May be called from any thread."""

    @abstractmethod
    def now(self) -> datetime:
        """When the cluster was looked at, by its own clock."""

    @abstractmethod
    def list(self, query: Query) -> Answer:
        """All objects of a kind in a scope."""

    @abstractmethod
    def get(self, query: Query) -> Answer:
        """One object: one item, or none where it does not exist."""

    @abstractmethod
    def raw(self, query: Query) -> Answer:
        """The text behind a path."""

    @abstractmethod
    def log(self, query: Query) -> Answer:
        """The end of a container's log, redacted; no text where there is none."""


class _ListMeta(msgspec.Struct, rename="camel"):
    continue_: str = msgspec.field(default="", name="continue")


class _Page(msgspec.Struct, Generic[T]):
    items: list[T] | None = None
    metadata: _ListMeta | None = None


class _RawPage(msgspec.Struct):
    items: list[msgspec.Raw] | None = None
    metadata: _ListMeta | None = None


@dataclass(frozen=True, slots=True)
class _Decoders:
    page: msgspec.json.Decoder[Any]
    item: msgspec.json.Decoder[Any]


_RAW_PAGE = msgspec.json.Decoder(_RawPage)
_MADE: dict[type[Object], _Decoders] = {}
_MAKING = threading.Lock()


def _decoders(kind: type[Object]) -> _Decoders:
    """The decoders of a kind. Whichever thread comes first makes those of all kinds, and the others wait.

    msgspec ends the process (seen with 0.22) where one thread uses a type that another is just looking into for the
    first time, and all kinds share types.
    """
    with _MAKING:
        if kind not in _MADE:
            kinds: set[type[Object]] = {kind, PartialObject, *(read.type for read in READS.values())}
            for each in kinds - _MADE.keys():
                page = msgspec.json.Decoder(_Page[each])  # type: ignore[valid-type]
                _MADE[each] = _Decoders(page, msgspec.json.Decoder(each))
        return _MADE[kind]


class NotJSON(ValueError):  # noqa: N818  - it says what the bytes are
    """The bytes are not what an API server sends."""


def decode_page(kind: type[Object], body: bytes) -> tuple[list[Any], int, str]:
    """A list response as structs: the items, how many could not be understood, and the continue token.

    The whole page is decoded at once; only where that fails each item is looked at by itself, without its nulls, and
    what still makes no sense is left out and counted.

    Raises:
        NotJSON: when it is no list at all.
    """
    left_out = 0
    items: list[Any]
    try:
        page = _decoders(kind).page.decode(body)
        items = page.items or []
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            page = _RAW_PAGE.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
            raise NotJSON(describe(body)) from e
        items = []
        for raw in page.items or []:
            try:
                items.append(decode_item(kind, bytes(raw)))
            except NotJSON:
                left_out += 1
    if b'"items"' not in body:
        raise NotJSON(describe(body))
    whole = [i for i in items if i.metadata.name]
    left_out += len(items) - len(whole)
    for item in whole:
        sanitize(item)
    return whole, left_out, page.metadata.continue_ if page.metadata else ""


def decode_item(kind: type[Object], body: bytes) -> Any:
    """One object as a struct, tolerant of nulls. Not sanitized.

    Raises:
        NotJSON: when it cannot be understood.
    """
    try:
        return _decoders(kind).item.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            return msgspec.convert(prune(json.loads(body)), kind, strict=False)
        except (msgspec.ValidationError, ValueError, RecursionError) as e:
            raise NotJSON(describe(body)) from e


def describe(body: bytes) -> str:
    """In a few words, what came instead of the JSON of an API server. Never the content: it may be anything."""
    start = body[:200].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "an HTML page came instead of JSON (a proxy's login page?)"
    if not body:
        return "the answer was empty"
    return "the answer was not the JSON of a Kubernetes API"


def convert(kind: type[Object], obj: Any) -> Any:
    """A plain dict as a sanitized struct (objects of bundles and tests).

    Raises:
        NotJSON: when it cannot be understood.
    """
    _decoders(kind)
    try:
        item = msgspec.convert(prune(obj), kind, strict=False)
    except (msgspec.ValidationError, ValueError, RecursionError, TypeError) as e:
        raise NotJSON("an object could not be understood") from e
    if not item.metadata.name:
        raise NotJSON("an object has no name")
    sanitize(item)
    return item


class Coverage:
    """What was read in a run, and how it ended."""

    def __init__(self) -> None:
        self.rows: dict[Query, Answer] = {}
        self._lock = threading.Lock()
        self._under_way: dict[Query, threading.Lock] = {}

    def once(self, query: Query, method: Callable[[Query], Answer]) -> Answer:
        """The answer to a query: facts that ask for the same, also at the same time, share one read."""
        with self._lock:
            one = self._under_way.setdefault(query, threading.Lock())
        with one:
            if query not in self.rows:
                self.rows[query] = method(query)
            return self.rows[query]


class Look:
    """What a fact reads with. It allows the reads that the fact declared, and raises `Unreadable` where one fails.

    What could only partly be read is returned and noted in `partial`, so that no check passes on the strength of it.
    """

    def __init__(self, reader: Reader, allowed: Iterable[str], coverage: Coverage) -> None:
        self._reader = reader
        self._allowed = frozenset(allowed)
        self._coverage = coverage
        self.partial: list[Unreadable] = []
        self.sampled: list[str] = []
        self.queries: list[Query] = []

    @property
    def now(self) -> datetime:
        """When the cluster was looked at."""
        return self._reader.now()

    def list(
        self,
        read: str,
        namespace: str | None = None,
        *,
        labels: str = "",
        fields: str = "",
        metadata_only: bool = False,
        survey: bool = False,
    ) -> list[Any]:
        """All objects of a read in a namespace, or in all namespaces.

        With `survey` only those that are not well and a sample of the others, where there are very many; what was not
        read in full is said in `sampled`.
        """
        query = Query(read, namespace, "", labels, fields, metadata_only, survey)
        return self._judge(query, self._ask(query, self._reader.list)).items

    def get(self, read: str, name: str, namespace: str | None = None) -> Any:
        """One object, None where it does not exist."""
        query = Query(read, namespace, name)
        if not name:
            # no object has an empty name, and asking for it would ask for all of them
            return None
        items = self._judge(query, self._ask(query, self._reader.get)).items
        return items[0] if items else None

    def raw(self, read: str, path: str) -> str:
        """The text behind a path."""
        query = Query(read, name=path)
        return self._judge(query, self._ask(query, self._reader.raw)).text

    def log(self, pod: Pod, container: str, *, previous: bool = False) -> str:
        """The end of a container's log, redacted. Empty where the container has not started."""
        query = Query("pods/log", pod.namespace, f"{pod.name}/{container}" + ("/previous" if previous else ""))
        return self._judge(query, self._ask(query, self._reader.log)).text

    def _ask(self, query: Query, method: Any) -> Answer:
        if query.read not in self._allowed or query.read not in READS:
            raise UndeclaredReadError(query)
        self.queries.append(query)
        return self._coverage.once(query, method)

    def _judge(self, query: Query, answer: Answer) -> Answer:
        if answer.state in {State.OK, State.TRUNCATED, State.MALFORMED} and (
            answer.state is State.OK or answer.items or answer.text
        ):
            if answer.surveyed:
                self.sampled.append(f"{query}: {answer.detail}")
            if answer.state is not State.OK or answer.left_out:
                state = answer.state if answer.state is not State.OK else State.MALFORMED
                self.partial.append(Unreadable(query, state, clean(answer.detail), asked=answer.asked))
            return answer
        raise Unreadable(query, answer.state, clean(answer.detail), asked=answer.asked)


class UndeclaredReadError(AssertionError):
    """A fact read something that it did not declare: a bug, since `rbac` and `unknown` rest on the declaration."""

    def __init__(self, query: Query) -> None:
        super().__init__(f"the fact reads {query.read!r} without declaring it")
