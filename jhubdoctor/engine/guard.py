"""Calls of checks and facts, which may be anybody's: each has its time, its own copies, and no way to end the run.

They are pure, so seconds are a bug. What runs on is left to a daemon; what they print goes to standard error, for
standard output is a document.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any

import msgspec

OURS = frozenset({"jhubdoctor", "jhubdoctor_checks"})


def pack_of(module: str) -> str:
    """The package that a module belongs to."""
    return module.partition(".")[0]


SECONDS = 20.0
"""What a check or a fact may take, beyond what it reads; on a large hub the slowest takes a tenth of a second."""


class FaultError(Exception):
    """What a check or a fact of a pack did that none may do."""


_Box = SimpleQueue[tuple[Any, BaseException | None]]


class _Worker:
    """A thread that is used again until it does not come back, or until nobody knows it any more."""

    def __init__(self) -> None:
        self.tasks: SimpleQueue[tuple[Callable[[], Any], _Box] | None] = SimpleQueue()
        threading.Thread(target=_work, args=(self.tasks,), name="guarded", daemon=True).start()

    def __del__(self) -> None:
        self.tasks.put(None)


def _work(tasks: SimpleQueue[tuple[Callable[[], Any], _Box] | None]) -> None:
    while task := tasks.get():
        function, box = task
        try:
            box.put((function(), None))
        except BaseException as e:  # noqa: BLE001  - it is raised again where the call was made
            box.put((None, e))
        # a result must not live until the next task comes
        del task, function, box


_own = threading.local()


def within_time(function: Callable[[], Any], spared: Callable[[], float] = lambda: 0.0) -> Any:
    """The result of a function.

    Args:
        spared: the seconds of it that count for nothing: what a fact reads has the time of the run.

    Raises:
        FaultError: where it takes too long.
    """
    worker = getattr(_own, "worker", None)
    if worker is None:
        worker = _own.worker = _Worker()
    box: _Box = SimpleQueue()
    worker.tasks.put((function, box))
    start = time.monotonic()
    try:
        value, error = _taken(box, lambda: SECONDS + spared() - (time.monotonic() - start))
    except BaseException:
        # it runs on, and is left alone
        _own.worker = None
        raise
    if isinstance(error, KeyboardInterrupt):
        # what a user presses reaches the main thread alone
        raise FaultError("it raises KeyboardInterrupt")
    if error is not None:
        raise error
    return value


def _taken(box: _Box, left: Callable[[], float]) -> tuple[Any, BaseException | None]:
    while (seconds := left()) > 0:
        try:
            return box.get(timeout=seconds)
        except Empty:
            continue
    raise FaultError(f"it did not end within {SECONDS:g} s")


@contextmanager
def own_copies(arguments: Mapping[str, Any], module: str) -> Iterator[dict[str, Any]]:
    """The arguments with lists, dicts and sets copied, so that nobody else sees what is done to them.

    What is deeper in them is shared: copying it would take longer than all checks of a large cluster. Of a pack it is
    found out where something is done to that; tests see to it that ours do nothing.

    Raises:
        FaultError: at the end, where something was.
    """
    copies = {k: v.copy() if type(v) in {list, dict, set} else v for k, v in arguments.items()}
    given = dict(copies)
    foreign = pack_of(module) not in OURS
    before = {k: _written(v) for k, v in arguments.items()} if foreign else {}
    yield copies
    changed = [k for k, v in given.items() if v is not arguments[k] and v != arguments[k]]
    changed += [k for k, v in before.items() if _written(arguments[k]) != v]
    if changed:
        raise FaultError(f"it changes {changed[0]}, which others are given too")


def _written(value: Any) -> int:
    """What tells a value from the same one changed; of what cannot be written it is what Python shows of it."""
    return hash(msgspec.msgpack.encode(value, enc_hook=repr))


_lock = threading.Lock()
_inside = 0
_screen: Any = None


@contextmanager
def nothing_printed() -> Iterator[None]:
    """Within, what is printed goes to standard error; several clusters may be looked at at once."""
    global _inside, _screen  # noqa: PLW0603  - there is one standard output
    with _lock:
        if not _inside:
            _screen, sys.stdout = sys.stdout, sys.stderr
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                sys.stdout, _screen = _screen, None
