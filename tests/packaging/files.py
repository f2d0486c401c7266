"""What is in the wheel and the sdist: exactly the files that git tracks for them, nothing stray and nothing lost.

python tests/packaging/files.py DIST --repository .
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

ADDED = ("README.md", "LICENSE", "pyproject.toml", ".gitignore")
"""What hatchling puts into an sdist unasked."""
LEFT_OUT = {
    ".ci": "it is what the project's own machines run",
    ".github": "it is read by GitHub alone",
    ".pre-commit-config.yaml": "it is for commits, and an sdist has none",
}
"""What git tracks at the top and the sdist lacks, with the reason."""
METADATA = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}


def tracked(repository: Path, *paths: str) -> set[str]:
    """The files that git tracks under these paths."""
    listed = subprocess.run(
        ["git", "-C", str(repository), "ls-files", "--", *paths], check=True, capture_output=True, text=True
    )
    return {line for line in listed.stdout.splitlines() if (repository / line).exists()}


def sdist_files(repository: Path) -> tuple[str, ...]:
    """The files and folders at the top that an sdist has."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    return (*project["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"], *ADDED)


def compare(what: str, found: set[str], expected: set[str]) -> bool:
    """Say how two sets of files differ; True where they do not."""
    for name in sorted(found - expected):
        sys.stdout.write(f"{what}: stray {name}\n")
    for name in sorted(expected - found):
        sys.stdout.write(f"{what}: lost {name}\n")
    sys.stdout.write(f"{what}: {len(found)} files\n")
    return found == expected


def main() -> int:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dist", type=Path)
    parser.add_argument("--repository", type=Path, default=Path())
    arguments = parser.parse_args()
    repository: Path = arguments.repository
    wheel = next(arguments.dist.glob("*.whl"))
    sdist = next(arguments.dist.glob("*.tar.gz"))
    with zipfile.ZipFile(wheel) as z:
        names = set(z.namelist())
    info = next(n for n in names if n.endswith("/METADATA")).removesuffix("METADATA")
    packages = tracked(repository, "jhubdoctor", "checks/jhubdoctor_checks")
    in_wheel = {p.removeprefix("checks/") for p in packages} | {info + m for m in METADATA}
    with tarfile.open(sdist) as t:
        members = {m.name.split("/", 1)[1] for m in t.getmembers() if m.isfile()}
    in_sdist = tracked(repository, *sdist_files(repository)) | {"PKG-INFO"}
    return not (compare("wheel", names, in_wheel) & compare("sdist", members, in_sdist))


if __name__ == "__main__":
    sys.exit(main())
