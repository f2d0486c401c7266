"""Bytes of an API server as structs, reduced while they are decoded."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from jhubdoctor.model.kube.meta import Object, PartialObject, prune
from jhubdoctor.privacy.objects import sanitize
from jhubdoctor.sources.reads import READS

T = TypeVar("T", bound=Object)


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


def decode_page(kind: type[Object], body: bytes | bytearray) -> tuple[list[Any], int, str]:
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


def decode_item(kind: type[Object], body: bytes | bytearray) -> Any:
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


def describe(body: bytes | bytearray) -> str:
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
