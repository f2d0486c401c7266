"""What a release needs: a tag, a version and a changelog that agree, and workflows that publish what the rest names."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from jhubdoctor import __version__

ROOT = Path(__file__).parent.parent.parent
WORKFLOWS = ROOT / ".github" / "workflows"
CHART = ROOT / "deploy" / "helm" / "jhubdoctor"
CHANGELOG = """# Changelog

## [Unreleased]

## [1.2.0] - 2026-03-01

### Added

- A check.

## [1.1.0] - 2026-01-01

- Before.
"""

needs_workflows = pytest.mark.skipif(not WORKFLOWS.is_dir(), reason="the workflows are not here")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "a"\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / "jhubdoctor").mkdir()
    (tmp_path / "jhubdoctor" / "__init__.py").write_text('__version__ = "1.2.0"\n')
    (tmp_path / "checks" / "jhubdoctor_checks" / "hub").mkdir(parents=True)
    (tmp_path / "checks" / "jhubdoctor_checks" / "hub" / "hub_gone.md").write_text("# hub-gone\n")
    (tmp_path / "tests" / "golden").mkdir(parents=True)
    (tmp_path / "tests" / "golden" / "check_ids.txt").write_text("hub-gone\nhub-old retired\n")
    return tmp_path


def release(project: Path, tag: str) -> subprocess.CompletedProcess[str]:
    script = str(Path(__file__).parent / "release.py")
    command = [sys.executable, script, tag, "--repository", str(project)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_the_notes_of_a_release_are_its_section(project: Path) -> None:
    done = release(project, "v1.2.0")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "### Added\n\n- A check.\n"


@pytest.mark.parametrize(
    ("tag", "changelog", "says"),
    [
        ("v1.3.0", CHANGELOG, "is not of version 1.2.0"),
        ("1.2.0", CHANGELOG, "release v1.2.0 instead"),
        ("v1.2.0rc1", CHANGELOG, "is not of version 1.2.0"),
        ("v1.2.0", CHANGELOG.replace("1.2.0", "1.2.00"), "says nothing under"),
        ("v1.2.0", CHANGELOG.replace(" - 2026-03-01", ""), "says nothing under"),
        ("v1.2.0", CHANGELOG.replace("### Added\n\n- A check.\n", ""), "says nothing under"),
        ("v1.2.0", CHANGELOG.replace("[Unreleased]", "[Unreleased]\n\n- Another."), "still has entries"),
    ],
)
def test_what_does_not_agree_is_no_release(project: Path, tag: str, changelog: str, says: str) -> None:
    (project / "CHANGELOG.md").write_text(changelog)
    done = release(project, tag)

    assert done.returncode == 1
    assert done.stdout == ""
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_package_that_says_another_version_is_no_release(project: Path) -> None:
    (project / "jhubdoctor" / "__init__.py").write_text('__version__ = "1.1.0"\n')
    done = release(project, "v1.2.0")

    assert (done.returncode, done.stdout) == (1, "")
    assert "says another version than 1.2.0" in done.stderr


def test_ids_that_are_listed_nowhere_are_no_release(project: Path) -> None:
    """They would be published, and nothing would keep them from being renamed."""
    (project / "checks" / "jhubdoctor_checks" / "hub" / "hub_new.md").write_text("# hub-new\n")
    done = release(project, "v1.2.0")

    assert (done.returncode, done.stdout) == (1, "")
    assert "lacks hub-new: `pytest tests/test_project.py --update-golden`" in done.stderr


def test_the_package_says_the_version_that_it_is_published_as() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__


def workflow(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((WORKFLOWS / name).read_text())
    return found


def steps(name: str, job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workflow(name)["jobs"][job]["steps"]
    return found


@needs_workflows
def test_the_chart_runs_the_image_that_a_release_publishes() -> None:
    published = workflow("release.yml")
    [push] = [s for s in steps("release.yml", "image") if s.get("id") == "push"]
    [version] = [s for s in steps("release.yml", "build") if s.get("id") == "version"]
    image = yaml.safe_load((CHART / "values.yaml").read_text())["image"]

    assert image["repository"] == published["env"]["IMAGE"]
    assert push["with"]["push"] is True
    assert push["with"]["tags"] == "${{ env.IMAGE }}:${{ needs.build.outputs.version }}"
    # the version is the tag without its v, release.py has it equal to that of pyproject.toml, and so is the chart's
    assert 'echo "version=${GITHUB_REF_NAME#v}" >> "$GITHUB_OUTPUT"' in version["run"]
    assert 'python tests/packaging/release.py "$GITHUB_REF_NAME"' in version["run"]
    assert image["tag"] == image["digest"] == ""
    assert (
        yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
        == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    )


@needs_workflows
def test_the_readme_of_the_chart_names_what_a_release_publishes() -> None:
    named = set(re.findall(r"oci://([\w./-]+)", (CHART / "README.md").read_text()))
    published = workflow("release.yml")["env"]

    assert named == {published["IMAGE"], f"{published['CHARTS']}/jhubdoctor"}


@needs_workflows
def test_every_supported_python_is_tested() -> None:
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    supported = [c.rpartition(" ")[2] for c in classifiers if re.search(r":: Python :: 3\.\d+$", c)]

    assert workflow("ci.yml")["jobs"]["tests"]["strategy"]["matrix"]["python"] == supported


@needs_workflows
def test_only_what_publishes_may_write_and_a_fork_publishes_nothing() -> None:
    """A job may write only in release.yml, and there only where this repository's jobs come before it."""
    for path in WORKFLOWS.glob("*.yml"):
        text = path.read_text()
        jobs = workflow(path.name)["jobs"]
        assert "secrets." not in text, "a fork has none"
        for name, job in jobs.items():
            if "write" in job["permissions"].values():
                assert path.name == "release.yml"
                assert _stops_in_a_fork(jobs, name), name


def _stops_in_a_fork(jobs: dict[str, Any], name: str) -> bool:
    """Whether a job, or one that it needs, runs in this repository alone. A job whose need was skipped is skipped."""
    job = jobs[name]
    if "if" in job:
        return bool(job["if"] == "github.repository == 'jhubdoctor/jhubdoctor'")
    needs = job.get("needs", [])
    return any(_stops_in_a_fork(jobs, n) for n in ([needs] if isinstance(needs, str) else needs))


@needs_workflows
def test_the_gate_waits_for_every_job() -> None:
    jobs = workflow("ci.yml")["jobs"]
    gate = jobs["passed"]

    assert {*gate["needs"]} == {*jobs} - {"passed"}
    assert gate["steps"][0]["run"].count("success") == len(gate["needs"])


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md", "RELEASING.md", "CODE_OF_CONDUCT.md"])
def test_what_the_project_says_of_its_files_is_there(name: str) -> None:
    page = ROOT / name
    if not page.is_file() or not WORKFLOWS.is_dir():
        pytest.skip("not all files of the project are here")
    named = re.findall(r"[`(]([\w.-]*[\w/-]*\w\.(?:py|md|toml|txt|ya?ml))\b", page.read_text())

    assert [n for n in named if not (ROOT / n).exists()] == []


FORMS = ROOT / ".github" / "ISSUE_TEMPLATE"


@pytest.mark.skipif(not FORMS.is_dir(), reason="the forms are not here")
@pytest.mark.parametrize("form", ["wrong-finding.yml", "missed-fault.yml"])
def test_what_a_form_asks_to_run_can_be_run(form: str) -> None:
    from jhubdoctor.commands.group import cli

    lines = re.findall(r"^ *jhubdoctor (.+)$", (FORMS / form).read_text(), re.MULTILINE)

    assert [w for w in (line.split() for line in lines) if w[0] == "collect" and "--redact-users" in w]
    for words in map(str.split, lines):
        command = cli.get_command(None, words[0])  # type: ignore[arg-type]
        assert command is not None
        command.make_context(words[0], words[1:])


@pytest.mark.skipif(not (ROOT / ".pre-commit-config.yaml").is_file(), reason="its configuration is not here")
def test_the_hooks_run_what_the_sessions_run() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    sessions = (ROOT / "noxfile.py").read_text() + (ROOT / "pyproject.toml").read_text()

    for hook in hooks:
        for wanted in hook["additional_dependencies"]:
            assert f'"{wanted}"' in sessions
