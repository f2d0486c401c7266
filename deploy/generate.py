"""Write what of deploy/ follows from the checks and the version: the chart's roles, links and version, krew's manifest.

`python deploy/generate.py` writes; with `--check` it exits 1 and names what is not current.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import re
import sys
import zipfile
from pathlib import Path

import yaml

from jhubdoctor import __version__
from jhubdoctor.commands.rbac import manifests
from jhubdoctor.engine.registry import load

HERE = Path(__file__).parent
CHART = HERE / "helm" / "jhubdoctor"
KREW = HERE / "krew"
SCRIPT = "kubectl-jhubdoctor"
VERSIONED = {
    CHART / "Chart.yaml": r"(?<=ersion: )\d\S*",
    CHART / "files" / "alerts.yaml": r"(?<=/en/v)[^/]+",
    CHART / "files" / "dashboard.json": r"(?<=/en/v)[^/]+",
    HERE.parent / "tests" / "deploy" / "alerts_test.yaml": r"(?<=/en/v)[^/]+",
}
"""Files that are written by hand but for the version, and where it stands in them."""


def rules(namespace: str | None) -> str:
    """The rules that `jhubdoctor rbac` prints for all checks."""
    registry = load()
    checks = registry.select()
    [role, _], _ = manifests(registry, checks, namespace=namespace, subjects=[])
    command = "jhubdoctor rbac" + (" --namespace" if namespace else "")
    return f"# What `{command}` prints. Written by deploy/generate.py.\n" + yaml.safe_dump(
        role["rules"], sort_keys=False, default_flow_style=False
    )


def archive() -> bytes:
    """The archive that krew installs: the script and the licence. The same bytes from the same files, everywhere."""
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_STORED) as z:
        for name, path, mode in ((SCRIPT, KREW / SCRIPT, 0o755), ("LICENSE", HERE.parent / "LICENSE", 0o644)):
            member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            member.create_system = 3
            member.external_attr = (0o100000 | mode) << 16
            z.writestr(member, path.read_bytes())
    return box.getvalue()


def plugin() -> str:
    """The manifest for krew."""
    text = (KREW / "jhubdoctor.yaml.in").read_text(encoding="utf-8")
    return text.replace("@VERSION@", __version__).replace("@SHA256@", hashlib.sha256(archive()).hexdigest())


def versioned(path: Path) -> str:
    """A file with the version of now."""
    return re.sub(VERSIONED[path], __version__, path.read_text(encoding="utf-8"))


def generated() -> dict[Path, str]:
    """Every generated file with its content."""
    return {
        CHART / "files" / "rules-cluster.yaml": rules(None),
        CHART / "files" / "rules-namespace.yaml": rules("jhub"),
        KREW / "jhubdoctor.yaml": plugin(),
        **{path: versioned(path) for path in VERSIONED},
    }


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say what is not current")
    parser.add_argument("--archive", type=Path, metavar="PATH", help="write the archive for krew alone, to be released")
    arguments = parser.parse_args()
    if arguments.archive:
        arguments.archive.write_bytes(archive())
        return 0
    stale = 0
    for path, text in generated().items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if arguments.check:
            sys.stdout.write(f"{path} is not current: run `python deploy/generate.py`\n")
            stale = 1
        else:
            path.write_text(text, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main())
