"""Calls of checks and facts, which may be anybody's: each has its time, its own copies, and no way to end the run.

They are pure, so seconds are a bug. What runs on is left to a daemon; what they print goes to standard error, for
standard output is a document.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any

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


def within_time(function: Callable[[], Any]) -> Any:
    """The result of a function.

    Raises:
        FaultError: where it takes too long.
    """
    worker = getattr(_own, "worker", None)
    if worker is None:
        worker = _own.worker = _Worker()
    box: _Box = SimpleQueue()
    worker.tasks.put((function, box))
    try:
        value, error = box.get(timeout=SECONDS)
    except BaseException as e:
        _own.worker = None
        if isinstance(e, Empty):
            raise FaultError(f"it did not end within {SECONDS:g} s") from None
        raise
    if error is not None:
        raise error
    return value


@contextmanager
def own_copies(arguments: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The arguments with lists, dicts and sets copied, so that nobody else sees what is done to them.

    Raises:
        FaultError: at the end, where something was.
    """
    copies = {k: v.copy() if type(v) in {list, dict, set} else v for k, v in arguments.items()}
    given = dict(copies)
    yield copies
    if changed := next((k for k, v in given.items() if v is not arguments[k] and v != arguments[k]), None):
        raise FaultError(f"it changes {changed}, which others are given too")


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
