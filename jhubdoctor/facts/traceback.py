"""What a traceback in a log tells: which exception came last, and through whose code it went."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from jhubdoctor.facts.api_answers import api_answer

_BEGIN = re.compile(r"\s*(?:\+ Exception Group )?Traceback \(most recent call last\):\s*$")
_FRAME = re.compile(r'\s+File "(?P<file>[^"\n]{1,300})", line (?P<line>\d{1,7})(?:, in (?P<function>\S{1,200}))?')
_EXCEPTION = re.compile(r"(?P<name>[A-Za-z_][\w.]{0,200})(?:: ?(?P<message>.*))?$")


@dataclass(frozen=True)
class Frame:
    """One step of a traceback.

    Attributes:
        file: as Python names it: a path, `<string>` for code that was run with exec.
        line: its line there.
        function: in which function, empty where the traceback does not tell.
    """

    file: str
    line: int
    function: str = ""


@dataclass(frozen=True)
class Raised:
    """The exception that came last.

    Attributes:
        name: its class, with its module.
        message: the first line of its text, as redacted as the log is.
        frames: the innermost first; those of the exceptions that it came from after its own.
        answer: what the API server answered, where its text goes on with that.
    """

    name: str
    message: str = ""
    frames: tuple[Frame, ...] = ()
    answer: str = ""

    @property
    def kind(self) -> str:
        """The class without its module."""
        return self.name.rpartition(".")[2]

    @property
    def text(self) -> str:
        """Class and message, as Python prints them."""
        return f"{self.name}: {self.message}" if self.message else self.name


def raised(lines: Sequence[str]) -> Raised | None:
    """The exception that these lines of a log end in; None where they hold no whole traceback.

    An exception that came from another is printed after it, and what follows its first line is its text (SQLAlchemy
    prints the statement there), so the line that tells is the first that is not indented after the last frame.
    """
    begins = [i for i, line in enumerate(lines) if _BEGIN.match(line)]
    if not begins:
        return None
    after = range(begins[-1] + 1, len(lines))
    at = next((i for i in after if lines[i].strip() and not lines[i].startswith(" ")), len(lines))
    exception = _EXCEPTION.match(lines[at].rstrip()) if at < len(lines) else None
    if exception is None or exception["name"] == "NoneType":
        # logged as an exception where there was none: "NoneType: None"
        return None
    ends = [*begins[1:], len(lines)]
    frames = [
        Frame(m["file"], int(m["line"]), m["function"] or "")
        for begin, end in reversed(list(zip(begins, ends, strict=True)))
        for line in reversed(lines[begin:end])
        if (m := _FRAME.match(line))
    ]
    _, answer = api_answer(lines[at + 1 :])
    return Raised(exception["name"], exception["message"] or "", tuple(frames), answer)
