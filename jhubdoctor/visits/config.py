"""The configuration file: `jhubdoctor.toml`, or the table `[tool.jhubdoctor]` of a pyproject.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from jhubdoctor.engine.suppress import Suppression, parse
from jhubdoctor.model.errors import UsageError
from jhubdoctor.model.words import closest

NAME = "jhubdoctor.toml"
KEYS = ("suppress",)
LIMIT = 2**20


def load(path: str | None = None, folder: Path = Path()) -> tuple[Suppression, ...]:
    """The suppressions of the given file, else of `jhubdoctor.toml` or `pyproject.toml` in the folder, else none.

    Raises:
        UsageError: where a file cannot be read or says what it cannot say.
    """
    if path is not None:
        return _parsed(Path(path), path)
    if (folder / NAME).is_file():
        return _parsed(folder / NAME, NAME)
    if (folder / "pyproject.toml").is_file():
        return _parsed(folder / "pyproject.toml", "pyproject.toml", optional=True)
    return ()


def _text(file: Path) -> str:
    with file.open(encoding="utf-8") as stream:
        text = stream.read(LIMIT + 1)
    if len(text) > LIMIT:
        raise ValueError(f"it is larger than {LIMIT // 2**20} MiB")
    return text


def _parsed(file: Path, place: str, *, optional: bool = False) -> tuple[Suppression, ...]:
    """The table of a file. An unreadable pyproject.toml that merely lies there is none of our business."""
    try:
        table: dict[str, Any] = tomllib.loads(_text(file))
    except (OSError, ValueError, RecursionError) as e:
        if optional:
            return ()
        why = e.strerror if isinstance(e, OSError) else "it is nested too deep" if isinstance(e, RecursionError) else e
        raise UsageError(f"The configuration {place} cannot be read: {why}.", "Give another with --config.") from e
    if file.name == "pyproject.toml":
        table = table.get("tool", {}).get("jhubdoctor", {})
        if not table:
            return ()
    if extra := sorted(set(table) - set(KEYS)):
        close = closest(extra[0], KEYS)
        hint = f"Did you mean {close[0]!r}?" if close else f"There is {', '.join(KEYS)}."
        raise UsageError(f"{place} has a key {extra[0]!r} that does not exist.", hint)
    return parse(table.get("suppress", []), place)
