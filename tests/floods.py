"""Answers that no API server gives, to be served by a `FakeAPI` in the place of real ones: too many, large, endless.

Each is a status line, headers and a body as they go over the wire, in parts, for as long as somebody reads.
"""

from __future__ import annotations

import itertools
import time
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from urllib.parse import parse_qs, urlsplit

Flood = Callable[[str], Iterator[bytes]]
"""What a request for a path is answered with."""
PART = 2**16
MILLION = 1_000_000
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"


def _plain(parts: Iterator[bytes]) -> Iterator[bytes]:
    yield _HEAD + b"\r\n"
    yield from parts


def _list(item: bytes, count: float, more: bytes = b"") -> Iterator[bytes]:
    """A list of so many times the same, with a token of the next page where one is given."""
    yield b'{"kind":"List","metadata":{"continue":"' + more + b'"},"items":['
    per = max(PART // len(item), 1)
    block = (item + b",") * per
    sent = 0
    while sent + per < count:
        yield block
        sent += per
    yield b",".join([item] * int(count - sent)) + b"]}"


def _next(path: str) -> bytes:
    token = parse_qs(urlsplit(path).query).get("continue", ["0"])[0]
    return str(int(token) + 1).encode()


ITEM = b'{"metadata":{"name":"a","namespace":"jhub"}}'


def _many(item: bytes, count: float) -> Flood:
    return lambda _: _plain(_list(item, count))


def _pages(item: bytes, count: int) -> Flood:
    return lambda path: _plain(_list(item, count, _next(path)))


def _one(start: bytes, unit: bytes, count: int, end: bytes) -> Flood:
    """One object with an enormous list in it, alone and in a list."""

    def parts(path: str) -> Iterator[bytes]:
        yield b'{"items":[' if path.count("/") < 6 else b""
        yield start
        for _ in range(count * len(unit) // PART):
            yield unit * (PART // len(unit))
        yield unit[:-1] + end
        yield b"]}" if path.count("/") < 6 else b""

    return lambda path: _plain(parts(path))


@cache
def _packed(unit: bytes, megabytes: int, start: bytes, end: bytes) -> bytes:
    packer = zlib.compressobj(1, wbits=31)
    block = unit * (2**20 // len(unit))
    parts = [start, *[block] * megabytes, end]
    return b"".join(map(packer.compress, parts)) + packer.flush()


def _bomb(unit: bytes, megabytes: int, start: bytes = b"", end: bytes = b"") -> Flood:
    def parts(_: str) -> Iterator[bytes]:
        yield _HEAD + b"Content-Encoding: gzip\r\n\r\n"
        yield _packed(unit, megabytes, start, end)

    return parts


def _drip(unit: bytes, pause: float, start: bytes = _HEAD + b"\r\n") -> Flood:
    def parts(_: str) -> Iterator[bytes]:
        yield start
        while True:
            time.sleep(pause)
            yield unit

    return parts


def _endless(start: bytes, unit: bytes) -> Flood:
    def parts(_: str) -> Iterator[bytes]:
        yield start
        yield from itertools.repeat(unit * (PART // len(unit) + 1))

    return parts


def _table(_: str) -> Iterator[bytes]:
    yield _HEAD + b'\r\n{"kind":"Table","columnDefinitions":[{"name":"Name"},{"name":"Status"}],"rows":['
    row = b'{"cells":["a","Lost"]},'
    for _block in range(4 * MILLION * len(row) // PART):
        yield row * (PART // len(row))
    yield row[:-1] + b"]}"


def _survey(path: str) -> Iterator[bytes]:
    """A first page of many, and then a Table without end."""
    if "includeObject" in path:
        return _table(path)
    return _plain(_list(ITEM, 250, b"1"))


def _failing(path: str) -> Iterator[bytes]:
    yield b"HTTP/1.1 500 Oh\r\nConnection: close\r\n\r\n" + b'{"kind":"Status","details":['
    yield from _list(b"{}", 20 * MILLION)


_CONTAINERS = b'{"metadata":{"name":"a","namespace":"jhub"},"spec":{"containers":['
_BIG_LABEL = b'{"metadata":{"name":"a","namespace":"jhub","labels":{"x":"' + b"y" * 2**20 + b'"}}}'

FLOODS: dict[str, Flood] = {
    "2,000,000 items in one answer": _many(ITEM, 2 * MILLION),
    "20,000,000 empty items": _many(b"{}", 20 * MILLION),
    "20,000,000 numbers for items": _many(b"1", 20 * MILLION),
    "pages of 500 that do not end": _pages(ITEM, 500),
    "pages of 100,000 that do not end": _pages(ITEM, 100_000),
    "pages of 30 MB labels that do not end": _pages(_BIG_LABEL, 30),
    "a list without end": _endless(_HEAD + b'\r\n{"items":[', ITEM + b","),
    "an object with 10,000,000 containers": _one(_CONTAINERS, b"{},", 10 * MILLION, b"]}}"),
    "an object with 10,000,000 labels": _one(
        b'{"metadata":{"name":"a","namespace":"jhub","finalizers":[', b'"ab",', 10 * MILLION, b"]}}"
    ),
    "256 MiB of blanks in gzip": _bomb(b" ", 256),
    "256 MiB of items in gzip": _bomb(ITEM + b",", 256, b'{"items":[', ITEM + b"]}"),
    "256 MiB of line breaks in gzip": _bomb(b"\n", 256),
    "256 MiB of wide letters in gzip": _bomb("\N{GRINNING FACE} x\n".encode(), 256),
    "a Table of 4,000,000 rows": _survey,
    "a refusal of 60 MB": _failing,
    "a byte now and then": _drip(b" ", 0.05),
    "a header without end": _endless(b"HTTP/1.1 200 OK\r\nX: ", b"y"),
    "headers without end": _endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "100 Continue without end": _endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a chunk whose length does not end": _endless(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "a trailer that does not end": _endless(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"y"),
    "chunks of a byte": _endless(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
}
