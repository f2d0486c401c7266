"""Whether a tag may be released, and what is new in it: on standard output, the section of the changelog.

python tests/packaging/release.py v1.2.3 > notes.md
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from pathlib import Path


def refusal(tag: str, version: str, changelog: str) -> str:
    """Why this tag is no release, in one sentence; empty where it is one."""
    if tag != f"v{version}":
        return f"The tag {tag} is not of version {version}, which pyproject.toml says: release v{version} instead."
    if not notes(version, changelog):
        return (
            f"CHANGELOG.md says nothing under `## [{version}] - YYYY-MM-DD`: move there what is under [Unreleased], "
            "with the day of the release."
        )
    if notes("Unreleased", changelog):
        return f"CHANGELOG.md still has entries under [Unreleased]: move them to [{version}], for the tag has them."
    return ""


def notes(version: str, changelog: str) -> str:
    """What the changelog says of a version; empty where it does not name it, or a release without its day."""
    day = "" if version == "Unreleased" else r" - \d{4}-\d{2}-\d{2}"
    found = re.search(rf"^## \[{re.escape(version)}\]{day}\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def unlisted(repository: Path) -> list[str]:
    """The ids of checks that the list of released ids lacks: what it does not hold may be renamed without a word."""
    ids = {p.stem.replace("_", "-") for p in (repository / "checks" / "jhubdoctor_checks").glob("*/*.md")}
    lines = (repository / "tests" / "golden" / "check_ids.txt").read_text(encoding="utf-8").splitlines()
    return sorted(ids - {line.split()[0] for line in lines})


def main() -> int:
    """Print the notes, or say why not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tag")
    parser.add_argument("--repository", type=Path, default=Path())
    arguments = parser.parse_args()
    project = tomllib.loads((arguments.repository / "pyproject.toml").read_text(encoding="utf-8"))
    version: str = project["project"]["version"]
    changelog = (arguments.repository / "CHANGELOG.md").read_text(encoding="utf-8")
    said = (arguments.repository / "jhubdoctor" / "__init__.py").read_text(encoding="utf-8")
    if f'__version__ = "{version}"\n' not in said:
        sys.stderr.write(f"jhubdoctor/__init__.py says another version than {version}, which pyproject.toml says.\n")
        return 1
    if why := refusal(arguments.tag, version, changelog):
        sys.stderr.write(f"{why}\n")
        return 1
    if new := unlisted(arguments.repository):
        sys.stderr.write(
            f"tests/golden/check_ids.txt lacks {', '.join(new)}: "
            "`pytest tests/test_project.py --update-golden` adds them.\n"
        )
        return 1
    sys.stdout.write(f"{notes(version, changelog)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
