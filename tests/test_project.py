"""The project itself: generated pages are current, ids are deliberate, the README's commands are those of CI."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from jhubdoctor import DOC_BASE, __version__
from jhubdoctor.testing import registry

ROOT = Path(__file__).parent.parent
IDS = ROOT / "tests" / "golden" / "check_ids.txt"

needs_tree = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the documentation is not here")


@needs_tree
def test_generated_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"], check=False, capture_output=True, text=True
    )

    assert done.stdout == ""
    assert done.returncode == 0, done.stderr


def test_ids_change_only_on_purpose() -> None:
    """A retired id is never used again and an id never changes its meaning: this list makes a change visible."""
    assert list(registry().checks) == IDS.read_text().split()


@needs_tree
def test_every_id_that_the_documentation_names_exists() -> None:
    known = set(registry().checks)
    texts = [p for p in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")] if p.name != "writing-checks.md"]
    named = {
        m for p in texts for m in re.findall(r"(?:explain|--select|--ignore) ([a-z]+(?:-[a-z0-9]+)+)", p.read_text())
    }

    assert named <= known


@needs_tree
def test_ci_runs_the_test_command_of_the_readme() -> None:
    commands = re.findall(r"^python3 -m venv .*$", (ROOT / "README.md").read_text(), re.MULTILINE)

    assert len(commands) == 2
    assert commands[1] in (ROOT / ".ci" / "run").read_text().splitlines()


def test_what_lies_beside_the_project_is_reached_from_one_place() -> None:
    """What beside.py does not know of cannot be hidden, and such a test would need the folder without saying so."""
    texts = {p: p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("*.py")}
    named = {p.name for p, text in texts.items() if re.search(r"""/ ["']shared["']|["']shared/|\.\./shared""", text)}

    assert named == {"beside.py"}


def test_pages_are_published_under_the_version() -> None:
    assert f"/v{__version__}/" in DOC_BASE


def test_at_least_sixty_checks_in_every_area() -> None:
    assert len(registry().checks) >= 60
    assert set(registry().areas) >= {
        "api", "helm", "hub", "image", "network", "node", "policy", "schedule", "spawn", "storage", "values",
    }  # fmt: skip
