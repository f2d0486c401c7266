"""Faults of our own: where they happened, and the text to report them with. Nothing of the cluster is in it."""

from __future__ import annotations

import platform
import re
import traceback
from collections.abc import Iterable
from importlib import metadata

from jhubdoctor import __version__
from jhubdoctor.engine.guard import OURS, FaultError, pack_of

ISSUES = "https://github.com/jhubdoctor/jhubdoctor/issues/new"
MOST_PLACES = 12
_ENGINE = tuple(f"jhubdoctor{s}engine{s}{name}.py" for s in "/\\" for name in ("run", "outcomes", "guard"))
PACKAGES = ("kubernetes", "msgspec", "rich", "click", "urllib3")


def short(filename: str) -> str:
    """A file without the folders that it is installed in: they may name somebody."""
    plain = filename.replace("\\", "/")
    # the last folder of that name: a clone is called as the package is
    ours = re.search(r"^(?:.*/)?((?:jhubdoctor(?:_checks)?|tests)/[^/].*)$", plain.rpartition("/site-packages/")[2])
    return ours[1] if ours else plain.rpartition("/site-packages/")[2].lstrip("/").rpartition("/")[2]


def where(error: BaseException) -> str:
    """The kind of an error and the last place of ours that it came through. Its text may quote the cluster."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.endswith(_ENGINE)]
    if not frames:
        return type(error).__name__
    # a pack of somebody else has its own place: what the engine called
    own = next((f for f in reversed(frames) if "jhubdoctor" in f.filename), frames[0])
    return f"{type(error).__name__} at {short(own.filename)}:{own.lineno}"


def broken(error: BaseException, module: str) -> str:
    """Why a check or a fact is broken, with its pack where that is not ours."""
    why = str(error) if isinstance(error, FaultError) else where(error)
    pack = pack_of(module)
    return why if pack in OURS else f"{why} (of the pack {pack})"


def trace(error: BaseException) -> list[str]:
    """The places that an error came through, the last ones first seen last, without any text or value."""
    places = [f"{short(f.filename)}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
    return [*places[-MOST_PLACES:], type(error).__name__]


def prepared(what: Iterable[str]) -> str:
    """The text of a report of a fault: what happened, and with which versions."""
    return "\n".join([*what, "", f"jhubdoctor {__version__}", *versions()])


def versions() -> list[str]:
    """What it runs on, a line each."""
    python = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    return [python, *(f"{name} {_version(name)}" for name in PACKAGES)]


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "?"
