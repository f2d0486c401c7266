"""Reads tar archives that strangers made: in one pass, within bounds, and never to disk.

Python's tarfile reads some headers whole, however long they say that they are. This reads what `tar`, Go and Python
write (ustar, pax and GNU names, gzip around it), gives regular files alone, and refuses the rest by a sentence. What it
holds in memory does not depend on what the archive claims.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from jhubdoctor.model.errors import DoctorError

BLOCK = 512
CHUNK = 2**16
_HEADER_LIMIT = 2**16
_REGULAR = {b"0", b"\0", b"7"}


class RefusedError(DoctorError):
    """The archive is damaged, or not one that anybody made in good faith."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The archive is refused: {why}.", "Make it anew, and copy it as binary.")


@dataclass(frozen=True)
class Limits:
    """What an archive may be at most.

    Attributes:
        entries: members of any kind.
        entry: bytes of one member.
        total: bytes of everything, unpacked.
        ratio: how many times its own size it may unpack to, beyond the first `ratio_from` bytes.
        ratio_from: bytes that may be unpacked whatever the ratio.
    """

    entries: int = 20_000
    entry: int = 128 * 2**20
    total: int = 2**30
    ratio: int = 250
    ratio_from: int = 32 * 2**20


LIMITS = Limits()


@dataclass(frozen=True)
class Member:
    """A regular file of an archive; `read` gives its bytes, once, before the next member is asked for."""

    name: str
    read: Callable[[], bytes]


class _Counted:
    """A stream that ends the reading where the limits are reached."""

    def __init__(self, raw: IO[bytes], limits: Limits) -> None:
        self._packed = raw
        start = raw.read(2)
        raw.seek(0)
        compressed = start == b"\x1f\x8b"
        self._stream: IO[bytes] = gzip.GzipFile(fileobj=raw) if compressed else raw  # type: ignore[assignment]
        self._limits = limits
        self._total = 0

    def read(self, size: int) -> bytes:
        """At most so many bytes; fewer at the end alone."""
        parts = []
        while size > 0:
            try:
                part = self._stream.read(min(size, CHUNK))
            except (OSError, EOFError, zlib.error) as e:
                raise RefusedError("it is cut off or damaged") from e
            if not part:
                break
            parts.append(part)
            size -= len(part)
            self._total += len(part)
            limits = self._limits
            if self._total > limits.total:
                raise RefusedError(f"it unpacks to more than {limits.total // 2**20} MiB")
            if self._total > limits.ratio_from and self._total > limits.ratio * max(self._packed.tell(), 1):
                raise RefusedError(f"it unpacks to more than {limits.ratio} times its size")
        return b"".join(parts)

    def drain(self) -> None:
        """Read to the end."""
        while self.read(CHUNK):
            pass

    def skip(self, size: int) -> None:
        """Pass over so many bytes."""
        while size > 0:
            part = self.read(min(size, CHUNK))
            if not part:
                raise RefusedError("it is cut off or damaged")
            size -= len(part)


def text_of(raw: IO[bytes], limits: Limits = LIMITS) -> bytes:
    """A whole file, unpacked where it is compressed.

    Raises:
        RefusedError: where it is larger than one member may be.
    """
    stream = _Counted(raw, limits)
    body = stream.read(limits.entry + 1)
    if len(body) > limits.entry:
        raise RefusedError(f"it is larger than {limits.entry // 2**20} MiB")
    return body


def is_tar(raw: IO[bytes]) -> bool:
    """Whether it is a tar archive, compressed or not."""
    raw.seek(0)
    try:
        block = _Counted(raw, LIMITS).read(BLOCK)
    except RefusedError:
        return False
    finally:
        raw.seek(0)
    return len(block) == BLOCK and _sound(block)


def members(raw: IO[bytes], limits: Limits = LIMITS) -> Iterator[Member]:
    """The regular files of a tar archive, in order. Links and devices are passed over, and never followed.

    Raises:
        RefusedError: where the archive is damaged, over a limit, or has a name that leads elsewhere.
    """
    stream = _Counted(raw, limits)
    entries = 0
    name_from: str | None = None
    size_from: int | None = None
    while True:
        header = stream.read(BLOCK)
        if not header or header == b"\0" * BLOCK:
            # what compressed it has a checksum at its end
            stream.drain()
            return
        if len(header) < BLOCK or not _sound(header):
            raise RefusedError("it is cut off or damaged")
        entries += 1
        if entries > limits.entries:
            raise RefusedError(f"it has more than {limits.entries} entries")
        size, kind = _number(header[124:136]), header[156:157]
        if kind in {b"x", b"g", b"L", b"K"}:
            if size > _HEADER_LIMIT:
                raise RefusedError("it has a header of absurd length")
            extra = stream.read(_padded(size))[:size]
            if kind == b"L":
                name_from = _text(extra)
            elif kind == b"x":
                pax = _pax(extra)
                name_from = pax.get("path", name_from)
                size_from = int(pax["size"]) if pax.get("size", "").isdigit() else size_from
            continue
        if size_from is not None:
            size = size_from
        prefix = _text(header[345:500]) if header[257:262] == b"ustar" and header[263:265] == b"00" else ""
        name = name_from if name_from is not None else "/".join(filter(None, (prefix, _text(header[:100]))))
        name_from = size_from = None
        if kind not in _REGULAR:
            # directories and links hold nothing; whatever else claims to is passed over
            stream.skip(_padded(size) if kind not in {b"1", b"2", b"5"} else 0)
            continue
        if size > limits.entry:
            raise RefusedError(f"it has an entry of more than {limits.entry // 2**20} MiB")
        body = _Body(stream, size)
        yield Member(plain_name(name), body.read)
        body.skip()


class _Body:
    """The bytes of one member, which are read at most once."""

    def __init__(self, stream: _Counted, size: int) -> None:
        self._stream = stream
        self._size = size
        self._left = _padded(size)

    def read(self) -> bytes:
        body = self._stream.read(self._left)
        if len(body) < self._size:
            raise RefusedError("it is cut off or damaged")
        self._left = 0
        return body[: self._size]

    def skip(self) -> None:
        self._stream.skip(self._left)
        self._left = 0


def plain_name(name: str) -> str:
    """The name of a member, relative and without detours.

    Raises:
        RefusedError: where it leads elsewhere.
    """
    parts = [p for p in name.split("/") if p not in {"", "."}]
    if name.startswith("/") or ".." in parts or "\\" in name or "\0" in name or len(name) > BLOCK * 2:
        raise RefusedError("one of its names leads to another place")
    return "/".join(parts)


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode(errors="replace")


def _number(field: bytes) -> int:
    """A number as tar writes it: octal, or base 256 where the first bit is set."""
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big")
    text = field.strip(b"\0 ")
    try:
        return int(text, 8) if text else 0
    except ValueError as e:
        raise RefusedError("it is cut off or damaged") from e


def _sound(header: bytes) -> bool:
    """Whether the checksum of a header is right."""
    try:
        declared = _number(header[148:156])
    except RefusedError:
        return False
    return declared == sum(header[:148]) + 8 * 0x20 + sum(header[156:])


def _pax(extra: bytes) -> dict[str, str]:
    """Records of a pax header: `LENGTH key=value` and a line break."""
    fields: dict[str, str] = {}
    stream = io.BytesIO(extra)
    while True:
        digits = b""
        while (c := stream.read(1)) and c != b" " and len(digits) < 8:
            digits += c
        if c != b" " or not digits.isdigit():
            return fields
        record = stream.read(max(int(digits) - len(digits) - 1, 0))
        key, equals, value = record.rstrip(b"\n").partition(b"=")
        if equals:
            fields[key.decode(errors="replace")] = value.decode(errors="replace")
