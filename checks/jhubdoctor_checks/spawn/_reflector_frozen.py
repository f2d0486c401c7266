"""Whether a hub that says that it halts does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from jhubdoctor.api import Entry

# It ends itself at once; what is under way may still be answered.
_SOON = timedelta(minutes=1)


def halts(entries: Sequence[Entry], i: int) -> bool:
    """Whether nothing was logged in the same run any more, but for the moment in which it ends."""
    said = entries[i].at if i >= 0 else None
    return said is not None and not any(e.at and e.at - said > _SOON for e in entries[i:])
