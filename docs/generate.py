"""Write what is generated of the documentation: the pages of the checks, their index, and the picture of the report.

python docs/generate.py            writes
python docs/generate.py --check    exits 1 and names what is not current
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from jhubdoctor.commands.run import demo_reader
from jhubdoctor.engine import notes
from jhubdoctor.engine.declare import Check
from jhubdoctor.engine.registry import Registry, load
from jhubdoctor.engine.run import run
from jhubdoctor.model.hub import Scope
from jhubdoctor.report import schemas
from jhubdoctor.report.text import picture

DOCS = Path(__file__).parent
AREAS = {
    "api": "API server, removed APIs, versions",
    "helm": "Helm releases",
    "hub": "Hub and proxy",
    "image": "Images and pullers",
    "network": "Network, ingress, TLS",
    "node": "Nodes",
    "policy": "Quotas and policies",
    "schedule": "Scheduling",
    "spawn": "Spawning",
    "storage": "Storage",
    "suppression": "Suppressions",
    "values": "Values",
}


def page(check: Check, registry: Registry) -> str:
    """The page of a check: its note, with what the declaration says."""
    title, _, rest = notes.text_of(check).partition("\n")
    reads = ", ".join(f"`{r}`" for r in registry.reads([check])) or "nothing"
    facts = "| severity | area | reads | folding |\n|---|---|---|---|\n"
    facts += f"| {check.severity} | {check.area} | {reads} | {folding(check, registry)} |"
    return f"{title}\n\n{check.title}\n\n{facts}\n{rest.rstrip()}\n"


def folding(check: Check, registry: Registry) -> str:
    """What decides under what its findings are folded, and what under them."""
    words = []
    if check.at is not None:
        words.append(f"fails at {check.at.name.lower()}")
    if check.stops is not None:
        words.append(f"what it affects stops at {check.stops.name.lower()}")
    if check.symptom:
        words.append("a symptom")
    named = [f"[{i}]({i}.md)" for i in check.explains if i in registry.checks]
    if named:
        words.append(f"explains {', '.join(named)}")
    return "; ".join(words) or "stands alone"


def index(registry: Registry) -> str:
    """The index of all checks."""
    lines = ["# Checks", "", f"{len(registry.checks)} checks. `jhubdoctor explain ID` shows the same text offline.", ""]
    for area in registry.areas:
        lines += [f"## {AREAS.get(area, area.title())}", "", "| check | severity | what it finds |", "|---|---|---|"]
        lines += [
            f"| [{c.id}]({c.id}.md) | {c.severity} | {c.title} |" for c in registry.checks.values() if c.area == area
        ]
        lines.append("")
    return "\n".join(lines)


def demo_picture(registry: Registry) -> str:
    """The report on the example hub, as SVG."""
    reader = demo_reader()
    report = run(registry, registry.select(), reader, Scope(default_namespace=reader.namespace), concurrency=1)
    report.duration = 0.0
    return picture(report)


def generated() -> dict[Path, str]:
    """Every generated file with its content."""
    registry = load()
    files = {DOCS / "checks" / f"{c.id}.md": page(c, registry) for c in registry.checks.values()}
    files[DOCS / "checks" / "index.md"] = index(registry)
    files |= {DOCS / "schemas" / f"jhubdoctor-{name}-v1.json": schemas.schema(name) for name in schemas.NAMES}
    files[DOCS / "demo.svg"] = demo_picture(registry)
    return files


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say what is not current")
    arguments = parser.parse_args()
    files = generated()
    stale = [p for p, text in files.items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    gone = [p for p in (DOCS / "checks").glob("*.md") if p not in files]
    if arguments.check:
        for path in [*stale, *gone]:
            sys.stdout.write(f"not current: {path.relative_to(DOCS.parent)} (run `nox -s docs`)\n")
        return bool(stale or gone)
    for path in gone:
        path.unlink()
    for path in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_text(files[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
