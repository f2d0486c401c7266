"""What is in the sdist, as pyproject.toml says it."""

import shutil
from pathlib import Path

import pytest

from tests.packaging.files import LEFT_OUT, sdist_files, tracked

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.skipif(not (ROOT / ".git").exists() or not shutil.which("git"), reason="no git repository here")
def test_what_is_committed_is_in_the_sdist_or_left_out_for_a_reason() -> None:
    committed = {name.partition("/")[0] for name in tracked(ROOT, ".")}
    named = [*sdist_files(ROOT), *LEFT_OUT]

    assert set(named) == committed, "name it in pyproject.toml, or in LEFT_OUT of files.py with the reason"
    assert len(named) == len(set(named)), "in it, or left out: not both"
