"""What each release of the chart takes as values: its schema, its defaults, what it needs of them (`schemas.json`).

`python tests/upgrade/extract.py` writes the data, from the tags of the chart's repository. A release is kept as what
differs from the one before: mappings are merged, GONE takes a key away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from packaging.version import Version

FIRST = Version("1.0.0")
"""Helm judges values since this release; those before it take any, and ignore what they do not know."""
GONE = "-"


@cache
def _table() -> dict[Version, dict[str, Any]]:
    """What differs, by release, oldest first."""
    text = resources.files(__package__ or "").joinpath("schemas.json").read_text(encoding="utf-8")
    return {Version(v): change for v, change in json.loads(text).items()}


def patched(old: Any, change: Any) -> Any:
    """What was, with what differs; nothing of it is changed in place."""
    if not isinstance(change, Mapping) or not isinstance(old, Mapping):
        return change
    found = {k: v for k, v in old.items() if change.get(k) != GONE}
    return found | {k: patched(old.get(k), v) for k, v in change.items() if v != GONE}


@cache
def _release(version: Version) -> Mapping[str, Any]:
    found: Any = {}
    for release, change in _table().items():
        if release <= version:
            found = patched(found, change)
    return found if isinstance(found, dict) else {}


def schema(version: Version) -> Mapping[str, Any]:
    """The schema of the newest release up to this one, without its texts."""
    found: Mapping[str, Any] = _release(version).get("schema", {})
    return found


def defaults(version: Version) -> Mapping[str, Any]:
    """An outline of the values that a release has by itself."""
    found: Mapping[str, Any] = _release(version).get("defaults", {})
    return found


def needed(version: Version) -> Mapping[str, str]:
    """The sections and lists at whose null templates of a release stop: `always`, or `at times`, as switches are."""
    found: Mapping[str, str] = _release(version).get("needed", {})
    return found


def below(rule: Any, key: str) -> Any:
    """The rule for a key of a mapping; None where it may be anything, False where it may not be there."""
    if not isinstance(rule, Mapping):
        return None
    if key in rule.get("properties", {}):
        return rule["properties"][key]
    for pattern, inner in rule.get("patternProperties", {}).items():
        if re.search(pattern, key):
            return inner
    other = rule.get("additionalProperties", True)
    return None if other is True else other


def takes(version: Version, path: str) -> bool:
    """Whether a release takes a key."""
    rule: Any = schema(version)
    for key in path.split("."):
        rule = below(rule, key)
        if rule is None:
            return True
        if rule is False:
            return False
    return True


def since(version: Version, path: str) -> Version | None:
    """The first release after this one that takes a key."""
    return next((v for v in _table() if v > version and takes(v, path)), None)


def keys(version: Version) -> Iterator[str]:
    """The dotted paths of all keys that a release knows by name."""

    def walk(rule: Any, path: str) -> Iterator[str]:
        for key, inner in rule.get("properties", {}).items() if isinstance(rule, Mapping) else ():
            yield f"{path}{key}"
            yield from walk(inner, f"{path}{key}.")

    yield from walk(schema(version), "")
