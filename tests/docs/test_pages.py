"""What the pages teach is done as they teach it: their files are written, and their commands run."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from jhubdoctor import SITE, __version__

ROOT = Path(__file__).parent.parent.parent
FILE = re.compile(
    r"^`(?P<name>[\w/.-]+\.\w+)`[^\n]*:\n\n(?P<fence>`{3,})\w+\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL
)


def files(page: str) -> dict[str, str]:
    """Name to text of the files that a page shows whole."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return {m["name"]: m["text"] for m in FILE.finditer(text)}


def call(*words: str, path: Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": str(path)}
    return subprocess.run([sys.executable, *words], check=False, capture_output=True, text=True, cwd=cwd, env=env)


def doctor(*words: str, path: Path) -> subprocess.CompletedProcess[str]:
    return call("-m", "jhubdoctor", *words, path=path)


def test_what_a_contributor_is_told_to_install_and_to_run_is_there() -> None:
    """Pip only warns of an extra that a project does not have, and installs nothing for it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for page in (ROOT / "CONTRIBUTING.md", ROOT / "docs" / "writing-checks.md"):
        text = page.read_text(encoding="utf-8")
        groups = re.findall(r"--group (\S+)", text)
        assert groups
        assert set(groups) <= set(project["dependency-groups"])
        assert all((ROOT / path).exists() for path in re.findall(r"\btests/[\w/.]*\w", text))
        assert set(re.findall(r"\.\[(\w+)\]", text)) <= set(project["project"].get("optional-dependencies", {}))


# --- a check ---------------------------------------------------------------------------------------------------------


@pytest.mark.engine
def test_the_check_of_the_page_passes_the_loop_that_it_teaches(tmp_path: Path) -> None:
    """Two files more, and no other is touched."""
    shutil.copytree(ROOT / "checks", tmp_path, dirs_exist_ok=True)
    shown = files("writing-checks.md")
    for name, text in shown.items():
        assert not (tmp_path / "jhubdoctor_checks" / name).exists()
        (tmp_path / "jhubdoctor_checks" / name).write_text(text, encoding="utf-8")
    stem = next(Path(n).stem for n in shown if n.endswith(".py"))

    [command] = re.findall(rf"pytest (-q tests/checks -k {stem})", (ROOT / "docs" / "writing-checks.md").read_text())
    done = call("-m", "pytest", "-p", "no:cacheprovider", *command.split(), path=tmp_path)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^[1-9]\d* passed", done.stdout, re.MULTILINE)

    rest = [
        "tests/test_project.py",
        "tests/commands/test_cli.py::test_list_names_every_check",
        "tests/commands/test_cli.py::test_every_note_has_something_left_without_its_examples",
        "tests/deploy/test_deploy.py::test_generated_files_are_current",
    ]
    done = call("-m", "pytest", "-q", "-p", "no:cacheprovider", *rest, path=tmp_path)
    assert done.returncode == 0, done.stdout
    assert stem.replace("_", "-") in doctor("list", path=tmp_path).stdout


# --- a pack ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The distribution of the page: its sources, and where its wheel is installed."""
    pytest.importorskip("hatchling", reason="no hatchling here: nox -s docs")
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    for name, text in files("writing-packs.md").items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, encoding="utf-8")
    done = call("-m", "hatchling", "build", "-t", "wheel", "-d", "dist", path=target, cwd=source)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next((source / "dist").glob("*.whl"))) as wheel:
        wheel.extractall(target)
    return source, target


@pytest.fixture
def installed(pack: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    shutil.copytree(pack[1], tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_a_pack_is_found_by_its_entry_point(installed: Path) -> None:
    listed = doctor("list", path=installed)
    assert "\nacme\n  cost-centre-missing" in "\n" + listed.stdout, listed.stderr

    report = doctor("demo", "--select", "acme", "--no-color", path=installed)
    assert "users' servers do not have the label" in report.stdout.lower()
    assert "https://docs.acme.example/hub/cost-centre-missing/" in report.stdout
    explained = doctor("explain", "cost-centre", path=installed).stdout
    assert "Accounting charges" in explained
    assert explained.endswith("https://docs.acme.example/hub/cost-centre-missing/\n")


def test_its_own_tests_pass(pack: tuple[Path, Path]) -> None:
    source, target = pack
    done = call("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_acme.py", path=target, cwd=source)

    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_without_a_site_of_its_own_a_finding_leads_to_what_says_so(installed: Path) -> None:
    (installed / "jhubdoctor_acme" / "__init__.py").write_text('"""Checks."""\n')

    shown = doctor("demo", "--select", "acme", "-o", "json", path=installed).stdout
    assert f'"doc_url": "{SITE}writing-packs/#a-check-without-a-page"' in shown
    assert doctor("explain", "cost-centre", path=installed).stdout.endswith("#a-check-without-a-page\n")


def test_a_check_without_a_note_runs_and_says_so(installed: Path) -> None:
    (installed / "jhubdoctor_acme" / "acme" / "cost_centre_missing.md").unlink()

    assert "cost-centre-missing" in doctor("demo", "--select", "acme", path=installed).stdout
    explained = doctor("explain", "cost-centre-missing", path=installed)
    assert "nobody can be charged for them" in explained.stdout
    assert "Its pack ships no note." in explained.stdout
    assert doctor("explain", "cost-centre-missing", "-o", "json", path=installed).returncode == 0


def broken(report: str) -> dict[str, str]:
    return {c["id"]: c["reason"] for c in json.loads(report)["checks"] if c["status"] == "broken"}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("import numpyyy", "cannot be imported: No module named 'numpyyy'"),
        ("raise RuntimeError", "cannot be imported: RuntimeError in "),
        ("raise SystemExit(0)", "cannot be imported: SystemExit in "),
        ("raise KeyboardInterrupt", "cannot be imported: it raises KeyboardInterrupt"),
        ("class Own(BaseException): pass\nraise Own", "cannot be imported: Own in "),
        ("this is no Python", "cannot be imported: SyntaxError in "),
        ("print('hello')\nimport numpyyy", "cannot be imported: No module named 'numpyyy'"),
    ],
)
def test_a_pack_that_cannot_be_imported_is_broken_and_the_others_go_on(installed: Path, line: str, says: str) -> None:
    with (installed / "jhubdoctor_acme" / "acme" / "cost_centre_missing.py").open("a") as f:
        f.write(f"\n{line}\n")

    done = doctor("demo", "--select", "spawn-timeout", "-o", "json", path=installed)
    [(name, why)] = broken(done.stdout).items()
    assert name == "pack-acme"
    assert why.startswith(says)
    assert why.endswith("(of the pack jhubdoctor_acme)")
    assert str(installed) not in why
    assert done.returncode == 1
    assert "spawn-timeout" in done.stdout


def test_every_command_goes_on_without_a_pack_that_cannot_be_imported_and_names_it(installed: Path) -> None:
    (installed / "jhubdoctor_acme" / "acme" / "cost_centre_missing.py").write_text("raise RuntimeError\n")
    says = "The pack acme (jhubdoctor_acme) cannot be imported: RuntimeError in "

    listed = doctor("list", path=installed)
    assert (listed.returncode, listed.stdout.count("pack-acme")) == (0, 1)
    assert says in listed.stdout
    assert says in doctor("run", "--select", "cost-centre-missing", path=installed).stderr
    assert doctor("explain", "spawn-timeout", path=installed).returncode == 0
    versions = doctor("version", path=installed)
    assert versions.stdout.startswith(f"jhubdoctor {__version__}\n")
    assert says in versions.stderr


def test_a_pack_whose_import_does_not_end_is_broken(installed: Path) -> None:
    with (installed / "jhubdoctor_acme" / "acme" / "cost_centre_missing.py").open("a") as f:
        f.write("\nwhile True: pass\n")
    (installed / "sitecustomize.py").write_text("from jhubdoctor.engine import guard\nguard.SECONDS = 0.5\n")

    listed = doctor("list", path=installed)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "cannot be imported: it did not end within 0.5 s" in listed.stdout


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("@fact()\ndef pods() -> int: ...", "Two facts are called 'pods'"),
        ("@check(severity='info')\ndef spawn_timeout(now): ...", "Two checks are called 'spawn-timeout'"),
        ("@check(severity='info')\ndef asks(podz): ...", "The check asks asks for a fact 'podz' that does not exist"),
    ],
)
def test_the_checks_of_a_pack_that_does_not_go_with_ours_are_broken(installed: Path, line: str, says: str) -> None:
    with (installed / "jhubdoctor_acme" / "acme" / "cost_centre_missing.py").open("a") as f:
        f.write(f"\nfrom jhubdoctor.api import check, fact\n{line}\n")

    done = doctor("demo", "-o", "json", path=installed)
    found = broken(done.stdout)
    assert "cost-centre-missing" in found
    assert set(found) <= {"cost-centre-missing", "asks"}
    assert all(f"cannot be used: {says}" in why for why in found.values())
    assert done.returncode == 1


def test_a_folder_of_a_pack_that_python_would_pass_over_is_named(installed: Path) -> None:
    (installed / "jhubdoctor_acme" / "acme" / "__init__.py").unlink()

    assert "The folder acme of the package jhubdoctor_acme has no __init__.py" in doctor("list", path=installed).stdout
