"""Where a report goes: standard output, or files that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from jhubdoctor.errors import DoctorError
from jhubdoctor.report import formatter
from jhubdoctor.run import Report


def write_file(path: str, text: str) -> None:
    """Write a file atomically: a temporary file in the same folder, then a rename.

    Raises:
        DoctorError: where the folder does not exist or cannot be written.
    """
    target = Path(path)
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as f:
                f.write(text)
                f.flush()
                os.fsync(f.fileno())
            # mkstemp makes files that only we can read; a collector must be able to read this one
            umask = os.umask(0)
            os.umask(umask)
            Path(temporary).chmod(0o666 & ~umask)
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


def deliver(report: Report, outputs: list[tuple[str, str | None]], *, color: bool | None, verbose: bool) -> None:
    """Write a report in all formats that were asked for."""
    for name, path in outputs:
        to_screen = path in {None, "-"}
        if name == "text":
            from jhubdoctor.report.text import render

            columns = shutil.get_terminal_size((80, 24)).columns if to_screen and sys.stdout.isatty() else 80
            text = render(
                report,
                width=min(columns, 140),
                color=color_wanted(color) if to_screen else False,
                verbose=verbose,
            )
        else:
            text = formatter(name)(report)
        if to_screen:
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            write_file(str(path), text)
