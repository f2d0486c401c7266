"""Command lines, reduced: a script, a password and a token look like any other word."""

from __future__ import annotations

import re
from typing import Any

from jhubdoctor.privacy.text import REMOVED

_PLAIN = re.compile(r"[a-z0-9]?[a-z0-9.-]{0,252}|[0-9a-f]{64}")
_OPTION = re.compile(r"--?[a-zA-Z][\w.-]{0,60}")
_PATH = re.compile(r"/[\w./-]{0,200}")
# Arguments and values of options that facts use. A script, a password and a token look like any other word.
_KEY = ["acme.json"]
_ARGUMENTS = frozenset(
    {"jupyterhub", "jupyterhub-singleuser", "configurable-http-proxy", "watch-save", "load", *_KEY, REMOVED}
)
_VALUE = re.compile(r"/[\w./-]{0,200}|\d{1,9}|true|false")


def arguments(words: list[str]) -> list[str]:
    """Of a command line: the options by name, paths, and the few words that facts use.

    The chart's `acme-secret-sync` names a Secret before the key in it; that name is kept.
    """
    kept = []
    for i, word in enumerate(words):
        option, equals, value = word.partition("=")
        if _OPTION.fullmatch(option):
            kept.append(f"{option}={value if _VALUE.fullmatch(value) else REMOVED}" if equals else option)
        elif word in _ARGUMENTS or _PATH.fullmatch(word) or (_PLAIN.fullmatch(word) and words[i + 1 : i + 2] == _KEY):
            kept.append(word)
        else:
            kept.append(REMOVED)
    return kept


def command(value: Any) -> Any:
    """A command of the chart's values, a list or one text, reduced as `arguments` does; None for anything else."""
    if isinstance(value, str):
        return arguments([value])[0]
    return arguments([str(v) for v in value]) if isinstance(value, list) else None
