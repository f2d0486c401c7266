"""What a run takes of a server at most, so that its memory does not depend on what the server sends.

One answer has a size, and a number of values that it may hold; what is kept of all of them is weighed. What an honest
server of the largest hubs sends is far below each bound.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec

T = TypeVar("T")
BODY = 8 * 2**20
"""Bytes of an answer, unpacked: a page of 500 large objects is half of that, and of larger ones fewer are asked for."""
BESIDE = 2**20
"""Of larger answers one is in memory at a time."""
METRICS = 32 * 2**20
"""The metrics of an API server, unpacked: only a few of their lines are kept."""
TEXT = 4 * 2**20
"""Bytes of an answer that is one object or document: etcd takes objects of 1.5 MiB."""
REFUSAL = 2**18
RUN = 512 * 2**20
"""Bytes of all answers of a run, unpacked."""
KEPT = 80 * 2**20
"""Bytes of what is kept of them, as they are in memory; of 20,000 servers and 2,000 nodes it is half of that."""
# A value takes up to 550 bytes where the JSON takes three; 500 pods hold 100,000 objects, those of managedFields too.
_UNCOUNTED = 2**18
_OBJECTS = 150_000
_VALUES = 500_000
# Small ones, on average; the larger are texts, and no longer than encoded.
_BLOCK = 64
_FULL = f"the run has kept {KEPT // 2**20} MiB"


class TooMuch(Exception):  # noqa: N818  - it becomes an Answer
    """An answer is larger than any that an API server gives, or all together are."""


def plausible(body: bytes | bytearray) -> None:
    """Let pass what can be decoded in bounded memory.

    Raises:
        TooMuch: where it holds more values than an honest answer of its size.
    """
    if len(body) > _UNCOUNTED and (body.count(b"{") + body.count(b"[") > _OBJECTS or body.count(b",") > _VALUES):
        raise TooMuch("the answer holds more than any that an API server gives")


class Allowance:
    """What one run may still read and keep."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._decoding = threading.Lock()
        self._large = threading.Semaphore(1)
        self._read = 0
        self._kept = 0

    @property
    def spent(self) -> bool:
        """Whether there is nothing left."""
        return self._read > RUN or self._kept > KEPT

    def count(self, size: int) -> None:
        """Count what was read.

        Raises:
            TooMuch: where the run has read enough.
        """
        with self._lock:
            self._read += size
            if self._read > RUN:
                raise TooMuch(f"the run has read {RUN // 2**20} MiB")

    @contextmanager
    def alone(self, until: float) -> Iterator[Callable[[], None]]:
        """Gives what is called as soon as an answer is large: then no other is, until the block ends."""
        mine = False

        def acquire() -> None:
            nonlocal mine
            if not mine:
                mine = self._large.acquire(timeout=max(until - time.monotonic(), 0))
                if not mine:
                    raise TimeoutError

        try:
            yield acquire
        finally:
            if mine:
                self._large.release()

    def kept(self, decode: Callable[[], T]) -> T:
        """What is decoded, which is kept from now on; one at a time, so that it can be weighed.

        Raises:
            TooMuch: where it, or all together, is more than a run keeps.
        """
        with self._decoding:
            if self._kept > KEPT:
                raise TooMuch(_FULL)
            before = sys.getallocatedblocks()
            found = decode()
            blocks = sys.getallocatedblocks() - before
            self._kept += max(blocks, 0) * _BLOCK + len(msgspec.msgpack.encode(found))
            if self._kept > KEPT:
                raise TooMuch(_FULL)
        return found
