"""Every job of the project, one session each. `nox` runs what needs nothing but Python.

What they install are the groups of pyproject.toml, in the versions of constraints.txt, which `nox -s lock` writes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
LOCKED, LOWEST = ROOT / "constraints.txt", ROOT / "constraints-lowest.txt"
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
DIST = ROOT / ".nox" / "dist"


def _works(version: str) -> bool:
    """Whether this Python runs: version managers put names on PATH for versions that are not installed."""
    program = shutil.which(f"python{version}")
    if program is None:
        return False
    return subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0


SUPPORTED = nox.project.python_versions(PROJECT)
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHONS = [v for v in SUPPORTED if v == OWN or _works(v)] or [OWN]
PYTHON = OWN if OWN in PYTHONS else PYTHONS[0]

nox.options.default_venv_backend = "uv|virtualenv"
# the tests on one Python; `nox -s tests` runs them on each that is installed
nox.options.sessions = ["lint", "typing", "docs", "build", f"tests-{PYTHON}", "lowest", "fuzz", "cluster"]


def _group(*names: str) -> list[str]:
    return list(nox.project.dependency_groups(PROJECT, *names))


def _install(session: nox.Session, *what: str, lock: Path | None = LOCKED) -> None:
    """Install in the versions of a lock file; what builds a package is always held to the first of them."""
    held = {"PIP_BUILD_CONSTRAINT": str(LOCKED), "UV_BUILD_CONSTRAINT": str(LOCKED)}
    session.install(*(["--constraint", str(lock)] if lock else []), *what, env=held)
    # hundreds of tests start a Python: none shall compile everything once more, whatever this machine is set to
    session.env["PYTHONDONTWRITEBYTECODE"] = ""


def _wheel() -> str:
    """What users get, built by the session `wheel`: tests run against it, not against the work tree."""
    return str(next(DIST.glob("*.whl")))


def _pytest(session: nox.Session, *arguments: str, but: str = "helm") -> None:
    """Run the tests as on a machine that has nothing beside the project, and those that need it once more with it."""
    command = ["pytest", "--ignore=tests/cluster", "--numprocesses=auto", "--dist=worksteal", *arguments]
    session.run(*command, "-m", f"not ({but})", env={"JHUBDOCTOR_SHARED": ""})
    if (ROOT.parent / "shared").is_dir():
        # 5: none of what was asked for is of that kind
        session.run(*command, "-m", f"beside and not ({but})", success_codes=[0, 5])


@nox.session(python=PYTHON)
def wheel(session: nox.Session) -> None:
    """Build sdist and wheel, once for all sessions that use them."""
    _install(session, *_group("build"))
    shutil.rmtree(DIST, ignore_errors=True)
    session.run("python", "-m", "build", "--no-isolation", "--outdir", str(DIST), silent=True)


@nox.session(python=PYTHONS, requires=["wheel"])
def tests(session: nox.Session) -> None:
    """Run the tests, but for those that need Helm or a control plane, against the wheel."""
    _install(session, _wheel(), *_group("test"))
    _pytest(session, *session.posargs)


@nox.session(python=PYTHON, requires=["wheel"])
def newest(session: nox.Session) -> None:
    """Run the tests with what is newest today of every dependency and tool: what breaks here will break a user soon."""
    _install(session, "--upgrade", _wheel(), *_group("test"), lock=None)
    _pytest(session, *session.posargs)


@nox.session(python=SUPPORTED[0] if _works(SUPPORTED[0]) else PYTHON, requires=["wheel"])
def lowest(session: nox.Session) -> None:
    """Run the tests of what touches a dependency with the lowest allowed version of each."""
    if session.python != SUPPORTED[0]:
        session.skip(f"no Python {SUPPORTED[0]} here, and the lowest versions know no later one")
    _install(session, _wheel(), *_group("test"), lock=LOWEST)
    _pytest(session, "-q", "-W", "default", *session.posargs, but="helm or engine")


@nox.session(python=PYTHON)
def lint(session: nox.Session) -> None:
    """Ruff (lint and format), the import contracts, and zizmor and actionlint for the workflows."""
    _install(session, "-e", ".", *_group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")
    session.run("zizmor", "--offline", "--no-progress", "--persona=auditor", ".")
    if shutil.which("go"):
        # on PyPI there is but a downloader of it; Go's database of checksums holds the module to this very code
        session.run("go", "run", "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12", external=True)
    else:
        session.warn("no Go here, so actionlint was left out: install Go to have it, or see what CI says")


@nox.session(python=PYTHON)
def typing(session: nox.Session) -> None:
    """Mypy, strict."""
    _install(session, "-e", ".", *_group("typing"))
    session.run("mypy")


@nox.session(python=PYTHON)
def docs(session: nox.Session) -> None:
    """Write what the chart may read, build the site into site/, strictly, and hold every link against it."""
    _install(session, "-e", ".", *_group("docs"))
    session.run("python", "deploy/generate.py")
    session.run("python", "docs/generate.py")
    session.run("python", "-m", "zensical", "build", "--strict", "--clean")
    session.run("pytest", "--numprocesses=auto", "tests/docs", *session.posargs)


@nox.session(python=PYTHON, requires=["wheel"])
def build(session: nox.Session) -> None:
    """Check the files of sdist and wheel, and run the wheel in an environment that has nothing else."""
    session.run("python", "tests/packaging/files.py", str(DIST), "--repository", ".")
    _install(session, _wheel())
    session.chdir("/")
    session.run("python", "-I", "-m", "jhubdoctor", "--version")
    session.run("python", "-I", "-m", "jhubdoctor", "demo", "--no-color", success_codes=[1])
    session.run("python", "-I", "-m", "jhubdoctor", "explain", "taint-not-tolerated", silent=True)


@nox.session(python=PYTHON)
def bench(session: nox.Session) -> None:
    """Measure a run on a hub of any size: `nox -s bench -- --pods 20000 --nodes 2000`."""
    _install(session, "-e", ".", *_group("test"))
    session.run("python", "-m", "tests.benchmarks.bench", *session.posargs)


@nox.session(python=PYTHON)
def fuzz(session: nox.Session) -> None:
    """Feed the readers of what others made with what nobody makes, for a minute: `nox -s fuzz -- --seconds 1200`."""
    _install(session, "-e", ".", *_group("test"))
    session.run("python", "-m", "tests.fuzz", *session.posargs)


@nox.session(python=PYTHON)
def accuracy(session: nox.Session) -> None:
    """Print, for every scenario, the expected cause, the first finding and the false alarms; or `-- --vitals`."""
    _install(session, "-e", ".")
    session.run("python", "tests/accuracy.py", *session.posargs)


@nox.session(python=PYTHON)
def cluster(session: nox.Session) -> None:
    """Run the tests that need Helm or a real control plane, built from Go modules where they are not there yet."""
    go, helm, assets = shutil.which("go"), shutil.which("helm"), os.environ.get("KUBEBUILDER_ASSETS")
    _install(session, "-e", ".", *_group("test"))
    if go or assets:
        # without Go what is there is used, and the tests of the rest are skipped
        codes = [0] if go else [0, 1]
        session.run("python", "tests/cluster/binaries.py", env={"PYTHONUNBUFFERED": "1"}, success_codes=codes)
    if go or helm:
        session.run("pytest", "tests/deploy", "-m", "helm")
    if not go and not assets:
        session.skip(
            "no Go here: install Go 1.21 or later, or set KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver"
        )
    _cluster_tests(session, "not old")


OLD = ("1.24", "newest", "helm", "kubectl", "mapkubeapis")


@nox.session(python=PYTHON)
def cluster_old(session: nox.Session) -> None:
    """Run the tests that begin on a cluster of Kubernetes 1.24, which takes a control plane more to build."""
    if not shutil.which("go"):
        session.skip("no Go here: install Go 1.21 or later")
    _install(session, "-e", ".", *_group("test"))
    session.run("python", "tests/cluster/binaries.py", *OLD, env={"PYTHONUNBUFFERED": "1"})
    _cluster_tests(session, "old")


def _cluster_tests(session: nox.Session, which: str) -> None:
    session.run("pytest", "tests/cluster", "-m", which, *session.posargs, success_codes=[0, 1])
    # real servers wait for each other, and on a busy machine sometimes too long: what failed has one more try, alone,
    # and is named, for a test that passes the second time is a fault as well
    failed = Path(".pytest_cache/v/cache/lastfailed")
    names = json.loads(failed.read_text(encoding="utf-8")) if failed.exists() else {}
    if mine := sorted(n for n in names if n.startswith("tests/cluster")):
        session.warn(f"second try, alone: {', '.join(mine)}")
        session.run("pytest", *mine)


@nox.session(python=PYTHON)
def lock(session: nox.Session) -> None:
    """Write the lock files: only what pyproject.toml asks for changes, and with `-- --upgrade` everything."""
    session.install("uv")
    every = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", SUPPORTED[0], *session.posargs]
    every += ["--custom-compile-command", "nox -s lock"]
    project = ["pyproject.toml", "--group"]
    session.run(*every, *project, "dev", "--output-file", LOCKED.name)
    session.run(*every, *project, "test", "--resolution", "lowest-direct", "--output-file", LOWEST.name)
    for hub in Path("tests/cluster/pairs").glob("*.in"):
        session.run(*every, str(hub), "--output-file", str(hub.with_suffix(".txt")))
