"""What stands before a message in a log: when, how bad, and who says it, in the formats that hubs and servers log in.

JupyterHub and Jupyter Server write one of their own (`[E 2026-01-05 11:20:18.123 JupyterHub app:1] ...`). Beside it in
the same log stand tornado's (idle culler), Python's own, and what an administrator sets (c.Application.log_format,
logging_config): JSON, logfmt, or words in any order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jhubdoctor.model.jsontext import load_json
from jhubdoctor.privacy.text import log_text

_WORDS = {
    "TRACE": "D", "DEBUG": "D", "INFO": "I", "NOTICE": "I", "WARN": "W", "WARNING": "W", "ERR": "E", "ERROR": "E",
    "CRITICAL": "C", "FATAL": "C", "PANIC": "C",
}  # fmt: skip
_NAMES = "TRACE|DEBUG|INFO|NOTICE|WARNING|WARN|ERROR|CRITICAL|FATAL|PANIC"
# in small letters it is a word of a sentence, unless something separates it from what follows
_WORD = rf"(?P<word>(?:{_NAMES})|(?i:{_NAMES})(?=[\]:|\t]))"
_AT = r"(?P<at>(?:\d{4}-\d\d-\d\d[T ]|\d{6} )\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)?)"
# traitlets' and tornado's: the level is a letter; tornado's has no name, Jupyter Server's no module
_BRACKETS = re.compile(
    rf"\[(?P<level>[DIWEC]) {_AT}(?: (?P<app>[\w.-]+))?(?: (?P<module>[\w.]+):\d+)?\]\s?(?P<message>.*)$"
)
_KLOG = re.compile(r"(?P<level>[IWEF])\d{4} \d\d:\d\d:\d\d\.\d{1,9}\s+\d+ (?P<module>[\w.-]+):\d+\] (?P<message>.*)$")
# logging.BASIC_FORMAT
_BASIC = re.compile(rf"{_WORD}:(?P<app>[A-Za-z_][\w.-]*):(?P<message>.*)$")
# bounded, as all that a hostile line could make a search of
_GAP = r"[\s|:-]{1,8}"
# a time, and the level as a word near it: before it, or behind it with a logger, a process or a thread between
_TIME_FIRST = re.compile(
    rf"\[?{_AT}\]?{_GAP}(?:\[?(?P<app>[A-Za-z_][\w.-]{{0,80}})\]?{_GAP})?(?:\[?[\w.]{{1,80}}(?::\d{{1,6}})?\]?{_GAP})?"
    rf"\[?{_WORD}\]?(?![\w/])[\s|:-]{{0,8}}(?P<message>.*)$"
)
_LEVEL_FIRST = re.compile(
    rf"\[?{_WORD}\]?{_GAP}\[?{_AT}\]?{_GAP}(?:\[?(?P<app>[A-Za-z_][\w.]{{0,80}})\]?\s?(?:[|:-]|(?<=\]))\s)?(?P<message>.*)$"
)
# JSON from which something secret was removed, and maybe a quotation mark with it
_MEMBER = re.compile(r'"(?P<key>[\w.@]{1,60})":\s?"(?P<value>(?:[^"\\]|\\.)*)"')
# Go programs that name where they log, and no level (oauth2-proxy)
_GO = re.compile(r"\[(?P<at>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)\] \[(?P<module>\w+\.go):\d+\] (?P<message>.*)$")
_PAIR = re.compile(r'(?<![\w.@])(?P<key>[\w.@]{1,60})=(?P<value>"(?:[^"\\]|\\.)*"|\S*)')

_LEVEL_KEYS = ("level", "levelname", "severity", "lvl", "log.level")
_TIME_KEYS = ("time", "ts", "t", "timestamp", "asctime", "@timestamp", "datetime")
_MESSAGE_KEYS = ("message", "msg", "event")
_APP_KEYS = ("logger", "name", "logger_name")
_MODULE_KEYS = ("module", "filename")
_MORE_KEYS = ("exc_info", "exception", "exc_text", "traceback", "stack_info", "err", "error")


@dataclass(frozen=True)
class Head:
    """What a line begins with.

    Attributes:
        level: D, I, W, E, C.
        at: when, by its own clock taken as UTC; None where it has no date.
        app: the logger, empty where it names none.
        module: the module that logged.
        message: the rest of the line.
        more: what a structured line holds beside its message: a traceback.
        indents: whether lines that go on with it are indented by four spaces.
    """

    level: str
    at: datetime | None
    app: str
    module: str
    message: str
    more: tuple[str, ...] = ()
    indents: bool = False


def moment(stamp: str) -> datetime | None:
    """A time as logs write it; without an offset it is taken as UTC."""
    text = stamp.strip().replace(",", ".").replace("/", "-").replace("Z", "+00:00")
    text = re.sub(r"^(\d\d)(\d\d)(\d\d) ", r"20\1-\2-\3 ", text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def head_of(line: str) -> Head | None:
    """What a line begins with, None where it is in no format that is known."""
    if m := _BRACKETS.match(line):
        return Head(m["level"], moment(m["at"]), m["app"] or "", m["module"] or "", m["message"], indents=True)
    if line.startswith("{"):
        return _of_json(line)
    if m := _KLOG.match(line):
        return Head("C" if m["level"] == "F" else m["level"], None, "", m["module"], m["message"])
    if m := _BASIC.match(line):
        return Head(_WORDS[m["word"].upper()], None, m["app"], "", m["message"])
    if m := _TIME_FIRST.match(line) or _LEVEL_FIRST.match(line):
        return Head(_WORDS[m["word"].upper()], moment(m["at"]), m["app"] or "", "", m["message"])
    if m := _GO.match(line):
        return Head("I", moment(m["at"]), "", m["module"], m["message"])
    return _of_pairs(line)


def _of_json(line: str) -> Head | None:
    try:
        found = load_json(line)
    except ValueError:
        # what was removed for being secret may have taken a quotation mark with it
        found = {m["key"]: m["value"].replace("\\n", "\n").replace('\\"', '"') for m in _MEMBER.finditer(line)}
    return _structured(found) if isinstance(found, dict) else None


def _of_pairs(line: str) -> Head | None:
    """logfmt, as Go programs write it."""
    if "level=" not in line:
        return None
    pairs = {m["key"]: m["value"].strip('"').replace('\\"', '"') for m in _PAIR.finditer(line)}
    return _structured(pairs)


def _structured(found: Mapping[str, Any]) -> Head | None:
    def text(keys: tuple[str, ...]) -> str:
        return next((v for k in keys if isinstance(v := found.get(k), str) and v), "")

    level = _WORDS.get(text(_LEVEL_KEYS).upper(), "")
    message = text(_MESSAGE_KEYS)
    if not level or not message:
        return None
    first, *rest = message.splitlines()
    # what structured logs quote is one line with the ends of lines in it
    below = [line for k in _MORE_KEYS if isinstance(v := found.get(k), str) for line in v.splitlines()]
    module = text(_MODULE_KEYS).removesuffix(".py")
    more = tuple(log_text("\n".join((*rest, *below))).splitlines())
    return Head(level, moment(text(_TIME_KEYS)), text(_APP_KEYS), module, first, more)
