"""What the formats for people have in common: sentences, lists of objects, wrapped lines, YAML and commands."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from jhubdoctor.engine.result import Gap
from jhubdoctor.model.finding import Ref
from jhubdoctor.model.hub import PATCH_FILE, Hub
from jhubdoctor.model.words import count
from jhubdoctor.privacy.text import clean

SIGN = {"error": "\u2716", "warning": "\u25b2", "info": "\u25cf", "unknown": "?", "ok": "\u2714", "": "\u00b7"}
COLOR = {"error": "red", "warning": "yellow", "info": "cyan", "unknown": "magenta", "ok": "green", "": "dim"}
"""The sign and the colour of a severity or a verdict on a terminal; empty where nothing was looked at."""
_HELD = "\0"
"""What stands for a blank at which no line may end; text of a cluster has lost it (`privacy.harmless`)."""


def wrapped(text: str, width: int) -> list[str]:
    """Text in lines of a width, without breaking words, nor what stands between backticks."""
    whole = re.sub(r"`[^`]+`", lambda m: m[0].replace(" ", _HELD), text)
    lines = textwrap.wrap(whole, max(width, 20), break_long_words=False, break_on_hyphens=False)
    return [line.replace(_HELD, " ") for line in lines]


def sentence(text: str) -> str:
    """With a full stop, as the end of a sentence."""
    return text if text.endswith((".", "!", "?", "\u2026")) else f"{text}."


def capitalized(text: str) -> str:
    """With a capital, unless it begins with a name or a number."""
    return text[:1].upper() + text[1:] if not re.match(r"\S*[/.\d]", text) else text


def objects(refs: Iterable[Ref], most: int = 3) -> str:
    """Objects in a line: all of a few, of many of one kind their number and an example."""
    kinds: dict[str, list[Ref]] = {}
    for r in dict.fromkeys(refs):
        kinds.setdefault(r.kind, []).append(r)
    parts = []
    for kind, members in kinds.items():
        names = [f"{r.namespace}/{r.name}" if r.namespace else r.name for r in members]
        inside = sorted({r.container for r in members if r.container})
        container = f" (container {', '.join(inside)})" if inside else ""
        if len(dict.fromkeys(names)) > most:
            names = list(dict.fromkeys(names))
            parts.append(f"{len(names)} {plural(kind)}, e.g. {names[0]}{container}")
        else:
            parts.append(f"{kind} {', '.join(dict.fromkeys(names))}{container}")
    return "; ".join(parts)


def plural(kind: str) -> str:
    """A kind in the plural, as people write it."""
    if kind.endswith(("ss", "x", "ch")):
        return f"{kind}es"
    return f"{kind[:-1]}ies" if kind.endswith("y") and kind[-2:-1] not in "aeiou" else f"{kind}s"


def values_yaml(values: Mapping[str, Any]) -> str:
    """A patch of values.yaml."""
    import yaml

    return str(yaml.dump(plain(dict(values)), Dumper=dumper(), sort_keys=False, default_flow_style=False, width=10**6))


def patch_place(hub: Hub | None) -> str:
    """Where the lines of a patch belong: into a file for Helm, or to who holds the values in its place."""
    if hub is not None and not hub.by_helm:
        return "In the values"
    return f"In {hub.patch_file if hub is not None else PATCH_FILE}"


def plain(value: Any) -> Any:
    """A value as JSON and YAML have it: mappings, lists, texts, numbers, booleans and nothing."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def dumper() -> Any:
    """The safe dumper of libyaml where it is there: the one in Python takes ten times as long."""
    import yaml

    return getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def folded_command(command: str, width: int) -> list[str]:
    """A command on lines that fit, continued with a backslash before an option, so that it can still be pasted."""
    if len(command) <= width:
        return [command]
    pieces = re.split(r" (?=--?[a-zA-Z]|-- |\| |> |&& )", command)
    if any(q in command for q in "'\"") and any(p.count("'") % 2 or p.count('"') % 2 for p in pieces):
        return [command]
    if not any(q in command for q in "'\""):
        pieces = [part for p in pieces for part in ([p] if len(p) + 4 <= width else p.split(" "))]
    lines = [pieces[0]]
    for piece in pieces[1:]:
        if len(lines[-1]) + len(piece) + 3 <= width:
            lines[-1] += f" {piece}"
        else:
            lines.append(f"  {piece}")
    return [f"{line} \\" for line in lines[:-1]] + [lines[-1]]


def ago(at: datetime, now: datetime) -> str:
    """How long ago something was, in the largest unit that fits."""
    seconds = (now - at).total_seconds()
    if seconds < 0:
        return at.strftime("%Y-%m-%d %H:%M UTC")
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            n = int(seconds // size)
            return f"{count(n, unit)} ago"
    return "just now"


def grant(gap: Gap) -> str:
    """The rule that would allow a read, in words."""
    rule = gap.rule or {}
    if "nonResourceURLs" in rule:
        return f"a ClusterRole rule: get on {', '.join(rule['nonResourceURLs'])}"
    group = rule["apiGroups"][0]
    where = f"in namespace {gap.query.namespace}" if gap.query.namespace else "in the whole cluster"
    return f"{', '.join(rule['verbs'])} on {rule['resources'][0]}{f' of {group}' if group else ''} {where}"


def cannot_read(gap: Gap) -> str:
    """That a read failed, and why."""
    detail = f" ({clean(gap.detail, 200)})" if gap.detail else ""
    return f"cannot read {clean(str(gap.query), 200)}: {gap.state.value}{detail}"
