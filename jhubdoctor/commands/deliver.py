"""Where a report goes: standard output, or files that appear whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jhubdoctor.engine.result import Report
from jhubdoctor.model.errors import DoctorError, UsageError
from jhubdoctor.model.finding import Severity
from jhubdoctor.output import inert
from jhubdoctor.report import formatter
from jhubdoctor.visits.fleet import Fleet


def write_file(path: str, text: str) -> None:
    """Write a text as `write_bytes` does."""
    write_bytes(path, text.encode())


def write_bytes(path: str, body: bytes) -> None:
    """Write a file atomically: a temporary file in the same folder, then a rename.

    A link stays one, and its target is written. What is no regular file (a device, a pipe) is written to, not replaced.

    Raises:
        DoctorError: where the folder does not exist or cannot be written.
    """
    try:
        target = Path(path).resolve()
        there = target.stat() if target.exists() else None
        if there and not stat.S_ISREG(there.st_mode):
            with target.open("wb", buffering=0) as f:
                f.write(body)
            return
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as f:
                f.write(body)
                f.flush()
                os.fsync(f.fileno())
            # mkstemp makes files that only we can read; a collector must be able to read this one
            umask = os.umask(0)
            os.umask(umask)
            Path(temporary).chmod(stat.S_IMODE(there.st_mode) if there else 0o666 & ~umask)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as e:
        raise DoctorError(f"{path} cannot be written: {e.strerror or type(e).__name__}.", "Choose another path.") from e


def color_wanted(color: bool | None) -> bool:
    """Whether to colour what goes to standard output: as asked, else on a terminal unless NO_COLOR is set."""
    if color is not None:
        return color
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


@dataclass(frozen=True)
class Style:
    """How reports are shown.

    Attributes:
        color: whether to colour what goes to standard output; None to do so on a terminal.
        verbose: whether to show what is fine and what was read.
        least: the least severity to show, in any format; None for all, where a text has infos in one line each.
    """

    color: bool | None = None
    verbose: bool = False
    least: Severity | None = None


def deliver(report: Report, outputs: list[tuple[str, str | None]], style: Style) -> None:
    """Write a report in all formats that were asked for."""
    report = report.least(style.least)
    for name, path in outputs:
        to_screen = _to_screen(path)
        if name == "text":
            from jhubdoctor.report.text import render

            text = render(
                report,
                width=_width(to_screen=to_screen),
                color=color_wanted(style.color) if to_screen else False,
                verbose=style.verbose,
                advice=style.least is Severity.INFO,
            )
        else:
            text = formatter(name)(report)
        shown = name in {"text", "markdown"}
        _put(text, None if path is None else path.replace(PLACE, file_name(report.context)), document=not shown)


FLEET_FORMATS = frozenset({"text", "json", "ndjson"})
"""The formats that can hold several clusters in one document; of the others there is a file for each."""

PLACE = "{context}"
"""What stands for the context in the path of a file."""


def deliver_fleet(fleet: Fleet, outputs: list[tuple[str, str | None]], style: Style) -> None:
    """Write the reports of several clusters: one document, or where the path says `{context}` a file for each.

    Raises:
        UsageError: where two contexts would be written to one file.
    """
    from jhubdoctor.report import fleet as formats

    for name, path in outputs:
        if path is not None and PLACE in path:
            names = [file_name(r.context) for r in fleet.reports]
            if len(set(names)) < len(names):
                raise UsageError(f"Two contexts would be written to one file {path}.", "Look at them one by one.")
            for r in fleet.reports:
                deliver(r, [(name, path)], style)
        elif name == "text":
            to_screen = _to_screen(path)
            shown = color_wanted(style.color) if to_screen else False
            width = _width(to_screen=to_screen)
            _put(formats.as_text(fleet, width=width, color=shown, verbose=style.verbose), path)
        else:
            _put({"json": formats.as_json, "ndjson": formats.as_ndjson}[name](fleet), path, document=True)


def file_name(context: str) -> str:
    """A context as a part of a file's name: some are paths and addresses."""
    return re.sub(r"[^\w.@-]+", "_", context).strip(".") or "cluster"


def exit_code(report: Report, outputs: list[tuple[str, str | None]]) -> int:
    """The report's; that of a monitoring plugin where its line goes to standard output."""
    if ("nagios", None) in outputs or ("nagios", "-") in outputs:
        from jhubdoctor.report import nagios

        return nagios.exit_code(report)
    return report.exit_code


@contextmanager
def plugin_line(outputs: list[tuple[str, str | None]]) -> Iterator[None]:
    """Where standard output is for a monitoring plugin, it gets a line of state UNKNOWN for an error as well."""
    try:
        yield
    except DoctorError as e:
        if ("nagios", None) not in outputs and ("nagios", "-") not in outputs:
            raise
        from jhubdoctor.report import nagios

        sys.stdout.write(nagios.line(3, e.what))
        sys.stdout.flush()
        sys.exit(3)


def _to_screen(path: str | None) -> bool:
    return path in {None, "-"}


def _width(*, to_screen: bool) -> int:
    # that of the terminal, or what COLUMNS says, in a pipe as well
    return min(shutil.get_terminal_size((80, 24)).columns, 140) if to_screen else 80


def _put(text: str, path: str | None, *, document: bool = False) -> None:
    """Write to standard output or a file. A document is UTF-8 wherever it goes: most formats demand it."""
    text = text if document else inert(text)
    if not _to_screen(path):
        write_file(str(path), text)
    elif document and sys.stdout.encoding.lower().replace("-", "") != "utf8":
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()
    else:
        sys.stdout.write(text)
        sys.stdout.flush()
