"""Tables of known texts: what they have in common, what they mean, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """One kind of text.

    Attributes:
        word: its stable name, a part of fingerprints.
        pattern: what the texts have in common.
        says: what it means, as the end of a sentence.
        fix: what to do.
    """

    word: str
    pattern: re.Pattern[str]
    says: str
    fix: str


def table(*rows: tuple[str, str, str, str], flags: re.RegexFlag = re.NOFLAG) -> tuple[Known, ...]:
    """A table from rows of word, pattern, meaning and fix; the first that matches wins."""
    return tuple(Known(word, re.compile(pattern, flags), says, fix) for word, pattern, says, fix in rows)


def known(rows: Iterable[Known], text: str) -> Known | None:
    """The first row that the text matches, None where none does."""
    return next((r for r in rows if r.pattern.search(text)), None)
