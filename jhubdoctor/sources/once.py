"""What is asked for once, however many ask for it, and at whatever time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from jhubdoctor.sources.reads import Query

T = TypeVar("T")


class Once(Generic[T]):
    """What came of each query; who asks while another does waits for it.

    Attributes:
        known: what came of those that were asked.
    """

    def __init__(self) -> None:
        self.known: dict[Query, T] = {}
        self._lock = threading.Lock()
        self._under_way: dict[Query, threading.Lock] = {}

    def __call__(self, query: Query, ask: Callable[[Query], T]) -> T:
        """What comes of a query, asked for if nobody has."""
        with self._lock:
            one = self._under_way.setdefault(query, threading.Lock())
        with one:
            if query not in self.known:
                self.known[query] = ask(query)
            return self.known[query]
