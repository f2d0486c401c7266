"""Errors of a log that are logged again and again: what they have in common, and whether they go on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from jhubdoctor.api import Entry
from jhubdoctor_checks.vitals._said import nobody

# What a program does by the clock it does every five or ten minutes.
_OFTEN, _LASTS, _LATELY = 5, timedelta(minutes=10), timedelta(minutes=12)
_VARIES = re.compile(r"'[^']*'|\"[^\"]*\"|<[^>]*>|\{.*|\S*[/@]\S*|\S*\d\S*|\S*\[removed\]\S*")


def kind_of(e: Entry) -> str:
    """What errors have in common: the words of the line that do not vary, and the exception's class."""
    words = " ".join(_VARIES.sub("", e.message).split())[:60].strip()
    return f"{words} {e.raised.kind}" if e.raised is not None else words


def goes_on(at: Sequence[datetime], now: datetime) -> bool:
    """Whether they are many, over a while, and the next one would have been logged by now if it were over."""
    if len(at) < _OFTEN or at[-1] - at[0] < _LASTS:
        return False
    return now - at[-1] <= max(_LATELY, 2 * (at[-1] - at[0]) / (len(at) - 1))


def told(e: Entry) -> str:
    """The exception, else the hub's own words."""
    return nobody(e.raised.text) if e.raised is not None else nobody(e.message)
