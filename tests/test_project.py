"""The project itself: ids are deliberate, the README's commands are those of CI."""

import re
import tomllib
from importlib import resources
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


def test_the_doctor_itself_names_no_check() -> None:
    """Checks come from packs: what the engine knew of one, it would not know of another's."""
    word = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")
    package = Path(str(resources.files("jhubdoctor")))
    named = {(p.name, i) for p in package.rglob("*.py") for i in word.findall(p.read_text()) if i in registry().checks}

    assert named == set()


@needs_tree
def test_every_id_that_the_documentation_names_exists() -> None:
    known = set(registry().checks)
    texts = [p for p in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")] if not p.name.startswith("writing-")]
    named = {
        m for p in texts for m in re.findall(r"(?:explain|--select|--ignore) ([a-z]+(?:-[a-z0-9]+)+)", p.read_text())
    }

    assert named <= known


@pytest.mark.skipif(not (ROOT / ".ci").is_dir(), reason="what CI runs is not here")
def test_ci_runs_the_test_command_of_the_readme() -> None:
    commands = re.findall(r"^python3 -m venv .*$", (ROOT / "README.md").read_text(), re.MULTILINE)

    assert len(commands) == 2
    assert commands[1] in (ROOT / ".ci" / "run").read_text().splitlines()


def locked(name: str) -> dict[str, list[str]]:
    """The versions in a lock file; several of one package where they depend on the Python."""
    found: dict[str, list[str]] = {}
    for package, version in re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE):
        found.setdefault(canonicalize_name(package), []).append(version)
    return found


@pytest.mark.parametrize(
    ("name", "groups"),
    [("constraints.txt", ["test", "lint", "typing", "docs", "build"]), ("constraints-lowest.txt", ["test"])],
)
def test_lock_files_hold_what_the_project_asks_for(name: str, groups: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"]]
    wanted += [w for g in groups for w in project["dependency-groups"][g] if isinstance(w, str)]
    versions = locked(name)

    for requirement in map(Requirement, wanted):
        found = versions.get(canonicalize_name(requirement.name), [])
        assert found, f"nox -s lock: {name} lacks {requirement.name}"
        assert all(requirement.specifier.contains(v) for v in found), f"nox -s lock: {requirement}, but {found}"


def test_lock_files_name_no_index() -> None:
    """Whoever writes them may get packages from a mirror; others get them from where they get all."""
    files = [*ROOT.glob("constraints*.txt"), *(ROOT / "tests" / "cluster" / "pairs").glob("*.txt")]

    assert len(files) == 4
    assert [f.name for f in files if re.search(r"://|^-|@", f.read_text(), re.MULTILINE)] == []


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
