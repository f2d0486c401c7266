"""Write what is generated of the documentation, beside the pages that are written by hand.

`python docs/generate.py` writes the pages of the checks and their table, the page of messages, how fixes are proved,
the schemas, and the picture of the report. None of them is committed: the `docs` session and Read the Docs make them
before they build.
"""

from __future__ import annotations

import json
import re
import runpy
import shutil
from collections import Counter
from dataclasses import replace
from html import escape
from pathlib import Path

from jhubdoctor.commands.messages import Message, messages
from jhubdoctor.commands.run import demo_reader
from jhubdoctor.engine import notes
from jhubdoctor.engine.declare import Check
from jhubdoctor.engine.registry import Registry, load
from jhubdoctor.model.finding import Fix
from jhubdoctor.report import schemas
from jhubdoctor.report.text import picture
from jhubdoctor.testing import diagnose
from jhubdoctor.visits.visit import Visit

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
    "vitals": "Vital signs",
}
# How search engines and the site's own search show a page.
FRONT = "---\ndescription: {}\n---\n"


def area(name: str) -> str:
    """An area in words."""
    return AREAS.get(name, name.title())


def page(check: Check, registry: Registry) -> str:
    """The page of a check: its note, with what the declaration says; the examples, which are tests, are folded away."""
    title, _, rest = notes.text_of(check).partition("\n")
    rest, examples = notes.split(rest)
    reads = ", ".join(f"`{r}`" for r in registry.reads([check])) or "nothing"
    facts = (
        f"**{check.severity}** · [{area(check.area)}](index.md) · folding: {folding(check, registry)} · reads: {reads}"
    )
    front = FRONT.format(json.dumps(check.title))
    text = f"{front}\n{title}\n\n{check.title}\n\n{facts}\n{{ .facts }}\n{rest.rstrip()}\n"
    if examples:
        examples = re.sub(r"^## (.+)$", r"**\1**", examples, flags=re.MULTILINE)
        summary = "Examples: on what it fires and on what it is quiet (they run as tests)"
        text += f'\n<details markdown="1">\n<summary>{summary}</summary>\n\n{examples}\n</details>\n'
    return text


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
    """The table of all checks."""
    checks = sorted(registry.checks.values(), key=lambda c: (c.area, c.id))
    rows = [f"| [{c.id}]({c.id}.md) | {area(c.area)} (`{c.area}`) | {c.severity} | {c.title} |" for c in checks]
    return "\n".join([
        "# Checks by area",
        "",
        f"{len(checks)} checks. `jhubdoctor explain ID` shows a note offline; `--select` takes ids and areas.",
        "",
        '<div class="filtered" data-choices="area severity" markdown="1">',
        "",
        "| check | area | severity | what it finds |",
        "|---|---|---|---|",
        *rows,
        "",
        "</div>",
        "",
    ])  # fmt: skip


def message_page(found: list[Message]) -> str:
    """The table of messages. Plain HTML: what clusters say is full of what Markdown takes for its own."""
    rows = []
    for m in found:
        texts = "<br>".join(f"<code>{escape(t)}</code>" for t in m.texts)
        checks = "<br>".join(f'<a href="checks/{c}.md">{c}</a>' for c in m.checks)
        says = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(m.says))
        rows.append(f"<tr><td>{texts}</td><td>{says}</td><td>{checks}</td></tr>")
    return "\n".join([
        "# Message to check",
        "",
        "What pods, events, logs and Helm say, and the check that knows it. Paste a message, or a part of it.",
        "Names and numbers may differ; `…` stands for anything.",
        "",
        '<div class="filtered">',
        "<table>",
        "<thead><tr><th>message</th><th>what it means</th><th>check</th></tr></thead>",
        "<tbody>",
        *rows,
        "</tbody>",
        "</table>",
        "</div>",
        "",
    ])  # fmt: skip


# What a proof would need that the tests do not have, by area.
NEEDS = {
    "api": "an API server that fails, or another release of it",
    "helm": "another state of Helm's storage",
    "hub": "a hub and its proxy that run",
    "image": "a kubelet that pulls images",
    "network": "a network, a name server, or a cloud's load balancer",
    "node": "a kubelet, or a cloud that gives nodes",
    "policy": "a policy engine",
    "schedule": "an autoscaler, or a cloud that gives nodes",
    "spawn": "a hub that starts servers on a kubelet",
    "storage": "a CSI driver, or a kubelet that mounts",
    "suppression": "nothing: it is the reader's own file",
    "values": "nothing: a person decides",
    "vitals": "nothing: it says where to look",
}
LOOKS = re.compile(r"^kubectl .*\b(?:get|describe|logs|auth can-i|top|events)\b|^helm (?:get|status|history|list)")
CARRIED_OUT, BY_HAND = "carried out", "carried out by hand"
SCHEMA, RULES, READ = "schema and rules", "rules", "read by people"
WAYS = {"done": CARRIED_OUT, "hand": BY_HAND, "schema": SCHEMA, "rules": RULES, "read": READ}
PROOFS = """# How fixes are proved

{number} fixes, as the examples of the checks get them. On other clusters they are the same with other names.

- **carried out** ({done}): the tests break a hub on a real control plane and run the commands of the report as they
  stand, with kubectl, and with Helm 3 and 4 in turn. Then they look again: the finding is gone, and no new error or
  warning is there. A small chart of our own makes the objects of the hub's chart. Kubelets, clouds and what a hub logs
  are played. Where a patch leaves a name or a password to its reader, the tests put one there.
- **carried out by hand** ({hand}): the same, but what is right only a person knows (which of two profiles is renamed,
  what code was for): the tests write into the values what the words say.
- **schema and rules** ({schema}): its values are valid for every release of the chart since 1.0, and it keeps the rules
  below.
- **rules** ({rules}): its commands keep the rules.
- **read by people** ({read}): it changes nothing by itself; it says what to see, and what to do then.

These rules hold for every fix of every scenario and example:

- Lists keep their items.
- What a pod mounts is not deleted, and of what holds data the fix says so.
- No container asks for root where that is refused.
- No chart is named that the cluster cannot run.
- Nothing is ended while nothing comes back, and no two fixes of a report contradict each other.
- Of two ways a fix says which one is shown, and what the other costs.
- What deletes, drains, forces or interrupts says what of it is lost, and who is let in.
- Policies that are added select only pods that others close already, and open what was kept back.

"""


def fixes_page(registry: Registry) -> str:
    """The table of fixes: those of all examples, each with how it is known to work."""
    proofs = runpy.run_path(str(DOCS.parent / "tests" / "cluster" / "proofs.py"))
    done = {**dict.fromkeys(proofs["PLAYED"].values(), ""), **proofs["EXAMPLES"]}
    rows: dict[tuple[str, str], str] = {}
    for check in sorted(registry.checks.values(), key=lambda c: c.id):
        for i, text in enumerate(notes.of(check).fires_on):
            for f in diagnose(text, check.id).findings:
                row = check.id, re.split(r"(?<=[a-z`)]{2})[.:](?: |$)", f.finding.fix.text)[0]
                by = done.get(f"{check.id}-{i}")
                how = proof(f.finding.fix) if by is None else BY_HAND if "by hand" in by else CARRIED_OUT
                if rows.get(row) != CARRIED_OUT:
                    rows[row] = how if by is not None else rows.get(row, how)
    table = [
        f"| [{c}](checks/{c}.md) | {escape(fix).replace('|', '&#124;')} | {how} |"
        + (f" {NEEDS.get(registry.checks[c].area, '')} |" if how in {SCHEMA, RULES} else " |")
        for (c, fix), how in rows.items()
    ]
    counts = Counter(rows.values())
    return PROOFS.format(number=len(rows), **{k: counts[v] for k, v in WAYS.items()}) + "\n".join([
        '<div class="filtered" data-choices="proved" markdown="1">',
        "",
        "| check | fix | proved | what a proof would need |",
        "|---|---|---|---|",
        *table,
        "",
        "</div>",
        "",
    ])  # fmt: skip


def proof(fix: Fix) -> str:
    """How a fix is known to work that is not carried out."""
    if fix.values:
        return SCHEMA
    return RULES if any(not LOOKS.search(c) for c in fix.commands) else READ


def demo_picture(registry: Registry) -> str:
    """The report on the example hub, as SVG that loads nothing from elsewhere."""
    report = Visit(registry, registry.select(), demo_reader, concurrency=1)()
    return re.sub(r"@font-face \{.*?\}", "", picture(replace(report, duration=0.0)), flags=re.DOTALL)


def generated() -> dict[Path, str]:
    """Every generated file with its content."""
    installed = load()
    ours = [c for c in installed.checks.values() if c.module.startswith("jhubdoctor_checks.")]
    registry = Registry(ours, installed.facts.values(), installed.knows)
    files = {DOCS / "checks" / f"{c.id}.md": page(c, registry) for c in registry.checks.values()}
    files[DOCS / "checks" / "index.md"] = index(registry)
    files[DOCS / "messages.md"] = message_page(messages(registry))
    files |= {DOCS / "schemas" / f"jhubdoctor-{name}-v1.json": schemas.schema(name) for name in schemas.NAMES}
    files[DOCS / "fixes.md"] = fixes_page(registry)
    files[DOCS / "demo.svg"] = demo_picture(registry)
    return files


def main() -> None:
    """Write."""
    for folder in ("checks", "schemas"):
        shutil.rmtree(DOCS / folder, ignore_errors=True)
    for path, text in generated().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
