"""Standard output as it is found: of any encoding, full, or closed."""

from __future__ import annotations

import codecs
import errno
import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

NO_VERDICT = 3
_LOST = frozenset({errno.ENOSPC, errno.EBADF, errno.EIO, errno.EDQUOT, errno.EFBIG})
_SIGNS = {
    "…": "...",
    "→": "->",
    "\u2013": "-",
    "—": "-",
    "\u2019": "'",
    "“": '"',
    "”": '"',
    "·": "-",
    "•": "*",
    "\u25cf": "*",
    "\u25b2": "!",
    "\u2139": "i",
    "\u25cb": "o",
    "\u2716": "x",
    "\u26a0": "!",
    "\u00b5": "u",
    "✓": "+",
    "✔": "+",
    "✗": "x",
    "✘": "x",
    "└": "`",
    "├": "|",
    "│": "|",
    "─": "-",
    "≤": "<=",
    "≥": ">=",
}


def lost(error: OSError) -> bool:
    """Whether what was written has nowhere to go: our own files are opened by name, and say so themselves."""
    return error.errno in _LOST and error.filename is None


def _fall_back(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_SIGNS.get(c, "?") for c in error.object[error.start : error.end]), error.end


# GitHub Actions obeys `::` at the start of a line, also behind blanks, and the older `##[` wherever it stands; Azure's
# agents and TeamCity obey `##vso[` and `##teamcity[`. What ends a line to them is a carriage return as well.
_COMMAND = re.compile(r"(?m)(?:^|(?<=\r))([^\S\r\n]*):(?=:)")
_OLD_COMMAND = re.compile(r"##(?=\w*\[)")


def inert(text: str) -> str:
    """A text in which nothing is a command to the CI that shows it."""
    return _OLD_COMMAND.sub("# #", _COMMAND.sub(r"\1: ", text))


class _Screen(io.TextIOWrapper):
    """Standard output and standard error, whoever writes to them: what a pack prints as well."""

    def write(self, text: str, /) -> int:
        super().write(inert(text))
        return len(text)


def _screen(stream: io.TextIOWrapper) -> _Screen:
    encoding, buffered = stream.encoding, stream.line_buffering
    return _Screen(stream.detach(), encoding, "jhubdoctor", line_buffering=buffered)


@contextmanager
def standard_output() -> Iterator[None]:
    """Within, what an encoding has not is written in its place, and an output that is lost is one sentence."""
    codecs.register_error("jhubdoctor", _fall_back)
    if sys.stdout is None:
        # closed by whoever started us; writing to this fails as writing to that would
        unwritable = io.FileIO(os.open(os.devnull, os.O_RDONLY), "w")
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(unwritable), encoding="utf-8")
    for name in ("stdout", "stderr"):
        if isinstance(stream := getattr(sys, name), io.TextIOWrapper):
            setattr(sys, name, _screen(stream))
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as e:
        if not lost(e):
            raise
        # what is still in the buffer must go somewhere when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if sys.stderr is not None:
            sys.stderr.write(f"jhubdoctor: Standard output cannot be written: {e.strerror}.\n  Give -o FORMAT=PATH.\n")
        sys.exit(NO_VERDICT)
