"""What an answer of the API server means where it is told by another exception than that of a start."""

from __future__ import annotations

from jhubdoctor.api import Fix, Hub, excerpt
from jhubdoctor_checks.texts import known, last_words, names_of
from jhubdoctor_checks.texts.admission import ADMISSION


def meaning(answer: str) -> str:
    """The end of a sentence: what the answer means, or its own words where no row knows it."""
    row = known(ADMISSION, answer)
    if row is None:
        return f"the API server says: {excerpt(answer, limit=160)}"
    return f"by the API server's answer {row.means(_names(answer))}"


def remedy(answer: str, hub: Hub) -> Fix | None:
    """What to do where a row knows the answer."""
    row = known(ADMISSION, answer)
    return row.remedy({**names_of(hub), "change": "what the pod asks for", **_names(answer)}) if row else None


def _names(answer: str) -> dict[str, str]:
    row = known(ADMISSION, answer)
    m = row.search(answer) if row is not None else None
    return {"last": last_words(answer), **(m.groupdict("") if m else {})}
