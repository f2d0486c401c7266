"""What findings of all areas have in common: groups by cause, and words for numbers and lists."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


def grouped(items: Iterable[T], key: Callable[[T], K]) -> Iterator[tuple[K, list[T]]]:
    """Items by a key, in the order in which the keys first come; items of a group stay in their order.

    For one finding a cause: `for cause, members in grouped(found, cause_of)`.
    """
    groups: dict[K, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    yield from groups.items()


def count(number: int, what: str = "server") -> str:
    """`1 server`, `3 servers`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def closest(word: str, names: Iterable[str], most: int = 1, least: float = 0.6) -> list[str]:
    """The names that are spelled most like a word, best first; `least` is how alike, from 0 to 1."""
    import difflib  # a tenth of what `explain` takes, and only a slip of the keyboard needs it

    return difflib.get_close_matches(word, list(names), most, least)


def times(number: int) -> str:
    """`once`, `3 times`."""
    return "once" if number == 1 else f"{number} times"


def some(names: Iterable[str], most: int = 3) -> str:
    """`a, b, c and 4 more`."""
    every = list(names)
    return ", ".join(every[:most]) + more(len(every) - most)


def more(left: int) -> str:
    """` and 4 more`, to put behind what is shown; nothing where nothing is left."""
    return f" and {left} more" if left > 0 else ""
