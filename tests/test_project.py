"""The project itself: ids are deliberate, the README's commands are those of CI."""

import re
from pathlib import Path

import pytest

from jhubdoctor import DOC_BASE, __version__
from jhubdoctor.testing import registry

ROOT = Path(__file__).parent.parent
IDS = ROOT / "tests" / "golden" / "check_ids.txt"

needs_tree = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the documentation is not here")


def test_an_id_that_was_released_stays_or_is_retired(request: pytest.FixtureRequest) -> None:
    """A retired id is never used again: others may have it in their configuration.

    The list is that of the last release. `--update-golden` adds what is new since; `retired` beside an id retires it.
    """
    lines = [line.split() for line in IDS.read_text().splitlines()]
    retired = {words[0] for words in lines if words[1:] == ["retired"]}
    released = {words[0] for words in lines} - retired
    ids = set(registry().checks)
    if request.config.getoption("--update-golden"):
        IDS.write_text(
            "".join(f"{i} retired\n" if i in retired else f"{i}\n" for i in sorted(ids | released | retired))
        )

    assert released - ids == set(), "removed or renamed: that is a new id, and the old one is retired"
    assert ids & retired == set(), "used before, for something else"


@needs_tree
def test_every_id_that_the_documentation_names_exists() -> None:
    known = set(registry().checks)
    texts = [p for p in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")] if not p.name.startswith("writing-")]
    named = {
        m for p in texts for m in re.findall(r"(?:explain|--select|--ignore) ([a-z]+(?:-[a-z0-9]+)+)", p.read_text())
    }

    assert named <= known


@needs_tree
def test_ci_runs_the_test_command_of_the_readme() -> None:
    commands = re.findall(r"^python3 -m venv .*$", (ROOT / "README.md").read_text(), re.MULTILINE)

    assert len(commands) == 2
    assert commands[1] in (ROOT / ".ci" / "run").read_text().splitlines()


def test_pages_are_published_under_the_version() -> None:
    assert f"/v{__version__}/" in DOC_BASE


def test_at_least_sixty_checks_in_every_area() -> None:
    assert len(registry().checks) >= 60
    assert set(registry().areas) >= {
        "api", "helm", "hub", "image", "network", "node", "policy", "schedule", "spawn", "storage", "values",
    }  # fmt: skip
