"""Every job of the project, one session each. `nox` runs what needs nothing but Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "typing", "tests", "lowest", "docs", "build", "cluster"]


def _works(version: str) -> bool:
    """Whether this Python runs: version managers put names on PATH for versions that are not installed."""
    program = shutil.which(f"python{version}")
    if program is None:
        return False
    return subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0


PYTHONS = [v for v in ("3.11", "3.12", "3.13", "3.14") if _works(v)] or [
    f"{sys.version_info.major}.{sys.version_info.minor}"
]
TEST = [
    "pytest>=8",
    "pytest-mock>=3.12",
    "pytest-xdist>=3.5",
    "jsonschema>=4.21",
    "hypothesis>=6.100",
    "cryptography>=42",
]


def _wheel(session: nox.Session) -> str:
    """Build the wheel and say where it is: tests run against what users get, not against the work tree."""
    folder = session.create_tmp()
    session.run("python", "-m", "pip", "--version", silent=True, success_codes=[0, 1])
    session.install("build", "hatchling")
    for old in Path(folder).glob("*.whl"):
        old.unlink()
    session.run("python", "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, silent=True)
    return str(next(Path(folder).glob("*.whl")))


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests on each Python that is installed, against the wheel."""
    session.install(_wheel(session), *TEST)
    session.run("pytest", "--ignore=tests/cluster", "--numprocesses=auto", *session.posargs)


@nox.session(python=PYTHONS[0])
def lowest(session: nox.Session) -> None:
    """Run the tests with the lowest allowed version of every dependency."""
    if not shutil.which("uv"):
        session.install("uv")
    session.run("uv", "pip", "install", "--resolution", "lowest-direct", ".", *TEST, external=True)
    # the contract of the checks is no matter of dependencies; `tests` runs it
    less = ["--ignore=tests/cluster", "--ignore=tests/test_contract.py", "--numprocesses=auto"]
    session.run("python", "-m", "pytest", *less, "-q", "-W", "default", *session.posargs)


@nox.session(python=PYTHONS[0])
def lint(session: nox.Session) -> None:
    """Ruff (lint and format), the import contracts, and zizmor and actionlint for the workflows."""
    session.install("ruff==0.17.*", "import-linter==2.*", "zizmor>=1.32", ".")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")
    session.run("zizmor", "--offline", "--no-progress", "--persona=auditor", ".")
    if shutil.which("go"):
        # on PyPI there is but a downloader of it; Go's database of checksums holds the module to this very code
        session.run("go", "run", "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12", external=True)
    else:
        session.warn("no Go here, so actionlint was left out: install Go to have it, or see what CI says")


@nox.session(python=PYTHONS[0])
def typing(session: nox.Session) -> None:
    """Mypy, strict."""
    session.install("mypy==2.4.*", "types-PyYAML", "types-jsonschema", "nox", *TEST, "-e", ".")
    session.run("mypy")


@nox.session(python=PYTHONS[0])
def docs(session: nox.Session) -> None:
    """Write the pages of the checks and build the site, strictly; `-- --check` only says whether they are current."""
    session.install("-e", ".", "mkdocs-material", "jsonschema")
    session.run("python", "docs/generate.py", *session.posargs)
    session.run("python", "deploy/generate.py", *session.posargs)
    if "--check" not in session.posargs:
        session.run("mkdocs", "build", "--strict", "--site-dir", str(Path(session.create_tmp()) / "site"))


@nox.session(python=PYTHONS[0])
def build(session: nox.Session) -> None:
    """Build sdist and wheel, check their files, and run the wheel in an empty environment."""
    folder = (Path(session.create_tmp()) / "dist").absolute()
    shutil.rmtree(folder, ignore_errors=True)
    session.install("build", "hatchling")
    session.run("python", "-m", "build", "--no-isolation", "--outdir", str(folder))
    session.run("python", "tests/packaging/files.py", str(folder), "--repository", ".")
    session.run("python", "-m", "venv", "--clear", str(folder / "empty"))
    python = folder / "empty" / ("Scripts" if os.name == "nt" else "bin") / "python"
    wheel = next(folder.glob("*.whl"))
    session.run(str(python), "-m", "pip", "install", "--quiet", str(wheel), external=True)
    session.chdir("/")
    session.run(str(python), "-I", "-m", "jhubdoctor", "--version", external=True)
    session.run(str(python), "-I", "-m", "jhubdoctor", "demo", "--no-color", external=True, success_codes=[1])
    session.run(str(python), "-I", "-m", "jhubdoctor", "explain", "taint-not-tolerated", external=True, silent=True)


@nox.session(python=PYTHONS[0])
def bench(session: nox.Session) -> None:
    """Measure a run on a hub of any size: `nox -s bench -- --pods 20000 --nodes 2000`."""
    session.install("-e", ".", *TEST)
    session.run("python", "-m", "tests.benchmarks.bench", *session.posargs)


@nox.session(python=PYTHONS[0])
def accuracy(session: nox.Session) -> None:
    """Print, for every scenario, the expected cause, the first finding and the false alarms."""
    session.install("-e", ".")
    session.run("python", "tests/accuracy.py")


@nox.session(python=PYTHONS[0])
def cluster(session: nox.Session) -> None:
    """Run the tests against a real control plane, built from Go modules where it is not there yet."""
    if not shutil.which("go") and not os.environ.get("KUBEBUILDER_ASSETS"):
        session.skip(
            "no Go here: install Go 1.21 or later, or set KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver"
        )
    session.install("-e", ".", *TEST, "pyyaml")
    # without Go what is there is used, and the tests of the rest are skipped
    codes = [0] if shutil.which("go") else [0, 1]
    session.run("python", "tests/cluster/binaries.py", env={"PYTHONUNBUFFERED": "1"}, success_codes=codes)
    session.run("pytest", "tests/cluster", *session.posargs, success_codes=[0, 1])
    # real servers wait for each other, and on a busy machine sometimes too long: what failed has one more try, alone,
    # and is named, for a test that passes the second time is a fault as well
    failed = Path(".pytest_cache/v/cache/lastfailed")
    names = json.loads(failed.read_text(encoding="utf-8")) if failed.exists() else {}
    if mine := sorted(n for n in names if n.startswith("tests/cluster")):
        session.warn(f"second try, alone: {', '.join(mine)}")
        session.run("pytest", *mine)
