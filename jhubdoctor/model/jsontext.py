"""JSON that may come from anybody, loaded within bounds."""

from __future__ import annotations

import json
from typing import Any

DEPTH_LIMIT = 100
"""No real document is nested half as deep; what walks through one goes a call deeper with each level."""


class BadJSON(ValueError):  # noqa: N818  - the text is for people
    """The text is no JSON, or nested deeper than any real document."""


def load_json(text: str | bytes) -> Any:
    """JSON of a bounded depth.

    Raises:
        BadJSON: where it is none, or too deep.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise BadJSON("it is not JSON that can be read") from e
    level = [found]
    for _ in range(DEPTH_LIMIT):
        level = (
            [
                child
                for value in level
                for child in (value.values() if isinstance(value, dict) else value)
                if isinstance(child, (dict, list))
            ]
            if isinstance(found, (dict, list))
            else []
        )
        if not level:
            return found
    raise BadJSON(f"it is nested more than {DEPTH_LIMIT} deep")
