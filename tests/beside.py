"""What lies beside the project and not in it: recordings of real API servers and logs of real hubs, in ../shared.

Few have that folder, so nothing depends on it: tests that read from it take their cases from `each` or carry `needs`,
are skipped where it is not there, and everything else about the project is tested without it. JHUBDOCTOR_SHARED names
another folder, and if it is empty, none; `nox -s tests` hides the folder from all tests but these, and runs these once
more with it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

VARIABLE = "JHUBDOCTOR_SHARED"


def folder() -> Path | None:
    """The folder, or nothing where it is not there or not to be seen."""
    named = os.environ.get(VARIABLE)
    found = Path(__file__).parents[2] / "shared" if named is None else Path(named)
    return found if named != "" and found.is_dir() else None


def files(pattern: str) -> list[Path]:
    """The files in it that match a pattern, sorted."""
    found = folder()
    return sorted(found.glob(pattern)) if found else []


def needs(*patterns: str) -> list[pytest.MarkDecorator]:
    """Marks of a test that reads such files: it is one of `beside`, and is skipped where one of them is not there."""
    lacking = [p for p in patterns if not files(p)]
    return [pytest.mark.beside, pytest.mark.skipif(bool(lacking), reason=f"no ../shared/{' nor '.join(lacking)}")]


def each(pattern: str) -> list[Any]:
    """The parameters of a test that is run for each such file; where there is none, one that is skipped."""
    marks = needs(pattern)
    found = [pytest.param(p, id=p.name.partition(".")[0], marks=marks) for p in files(pattern)]
    return found or [pytest.param(None, id="none", marks=marks)]
