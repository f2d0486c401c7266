"""`explain`, `list`, `schema` and `version`: what there is to know without a cluster."""

from __future__ import annotations

import contextlib
import importlib
import json
import re
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jhubdoctor import __version__, note_url
from jhubdoctor.commands import complete, options
from jhubdoctor.engine import notes
from jhubdoctor.model.errors import UsageError
from jhubdoctor.model.words import closest

if TYPE_CHECKING:
    # `explain` and `--version` start fast: they import no check
    from jhubdoctor.engine.declare import Check


def find_note(name: str, files: Collection[str]) -> str:
    """The id that a name means: itself, or the only one that it is the start of.

    Raises:
        UsageError: where none or several fit, with the closest.
    """
    name = name.replace("_", "-")
    if name in files:
        return name
    fitting = [i for i in files if i.startswith(name)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UsageError(f"{name!r} is the start of several checks.", f"Choose one: {', '.join(fitting)}.")
    close = closest(name, files, 3, 0.5)
    raise UsageError(
        f"There is no check {name!r}.",
        f"Did you mean {' or '.join(close)}?" if close else "`jhubdoctor list` names all.",
    )


@click.command()
@click.argument("check", nargs=-1, required=True, metavar="CHECK|TEXT", shell_complete=complete.checks)
@click.option(
    "-o", "--output", "form", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True
)
@click.option("--examples", is_flag=True, help="Also show the examples on which it fires and is quiet: its tests.")
def explain(check: tuple[str, ...], form: str, examples: bool) -> None:
    """Show the note of a check, or the checks that know a text.

    CHECK is an id, or the start of one if only one begins so. TEXT is what a pod, an event, a log or Helm says: a
    reason such as ImagePullBackOff, a message, lines of a log; `-` reads it from standard input. JSON always holds the
    examples.
    """
    asked = sys.stdin.read() if check == ("-",) else " ".join(check)
    files = notes.files()
    if len(check) > 1 or check == ("-",) or not _may_be_id(asked, files):
        _look_up(asked, form)
        return
    found, text, pack = _note(asked, files)
    shown = text if examples else notes.split(text)[0]
    if form == "markdown":
        sys.stdout.write(shown)
    elif form == "json":
        sys.stdout.write(json.dumps(_as_dict(found, text), indent=2, ensure_ascii=False) + "\n")
    else:
        base = getattr(importlib.import_module(pack), "DOC_BASE", "")
        told = plain(shown, color=sys.stdout.isatty()).rstrip("\n")
        sys.stdout.write(f"{told}\n\n{note_url(base, found)}\n")


def _may_be_id(word: str, ids: Collection[str]) -> bool:
    """Whether a word is an id, the start of one, or close to one: `ImagePullBackOff` and `taints` are texts."""
    name = word.replace("_", "-")
    if any(i.startswith(name) for i in ids):
        return True
    return "-" in name and bool(re.fullmatch(r"[a-z0-9-]+", name))


def _look_up(text: str, form: str) -> None:
    """Print the checks that know a text, best first.

    Raises:
        UsageError: where none does.
    """
    from jhubdoctor.commands.lookup import Index
    from jhubdoctor.engine.registry import load
    from jhubdoctor.privacy.text import clean
    from jhubdoctor.report.parts import doc_url

    hits = Index(load()).find(text)
    if not hits:
        raise UsageError(
            f"No check knows {clean(' '.join(text.split()), 80)!r}.",
            "Give the words of an error as they were printed, or run `jhubdoctor run`, which looks at the cluster.",
        )
    rows = [
        {
            "id": h.check.id,
            "area": h.check.area,
            "severity": h.check.severity.value,
            "title": h.check.title,
            "text": h.text,
            "means": h.says,
            "doc_url": doc_url(h.check),
        }
        for h in hits
    ]
    if form == "json":
        sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
        return
    if form == "markdown":
        for r in rows:
            known = f" It knows: `{r['text']}`" if r["text"] else ""
            sys.stdout.write(f"- [{r['id']}]({r['doc_url']}) ({r['severity']}): {r['title']}{known}\n")
        return
    for r in rows:
        known = f"  It knows: `{r['text']}`\n" if r["text"] else ""
        sys.stdout.write(f"{r['id']} ({r['severity']})\n  {r['title']}\n{known}")
    which = f" `jhubdoctor run` says which of these {len(rows)} it is." if len(rows) > 1 else ""
    sys.stdout.write(f"\n`jhubdoctor explain {rows[0]['id']}` shows what to do.{which}\n")


def _note(name: str, files: Mapping[str, tuple[Path, str]]) -> tuple[str, str, str]:
    """The id that a name means, its note, and the package that ships it."""
    try:
        found = find_note(name, files)
    except UsageError:
        from jhubdoctor.engine.registry import PackError, load

        # a pack may ship a check without a note: that it is there only its module tells
        with contextlib.suppress(PackError):
            if check := load().checks.get(name.replace("_", "-")):
                text = f"# {check.id}\n\n{check.title}\n\nIts pack ships no note.\n"
                return check.id, text, check.module.partition(".")[0]
        raise
    path, pack = files[found]
    return found, path.read_text(encoding="utf-8"), pack


def _as_dict(check_id: str, text: str) -> dict[str, object]:
    from jhubdoctor.engine.registry import load
    from jhubdoctor.report.parts import doc_url

    check = load().find(check_id)
    note = notes.parse(text)
    return {
        "id": check.id,
        "area": check.area,
        "title": check.title,
        "severity": check.severity.value,
        **_folding(check),
        "doc_url": doc_url(check),
        "intro": note.intro,
        "sections": note.sections,
    }


def _folding(check: Check) -> dict[str, object]:
    """Under what a check's findings are folded, and what under them."""
    return {
        "at": check.at.name.lower() if check.at is not None else None,
        "stops": check.stops.name.lower() if check.stops is not None else None,
        "symptom": check.symptom,
        "explains": list(check.explains),
    }


def plain(text: str, *, color: bool) -> str:
    """Markdown as it reads well on a terminal: headings stand out, code is set apart, the rest is as it is."""
    bold, dim, cyan, reset = ("\x1b[1m", "\x1b[2m", "\x1b[36m", "\x1b[0m") if color else ("", "", "", "")
    lines, code = [], False
    for line in text.splitlines():
        if line.startswith("```"):
            code = not code
        elif code:
            lines.append(f"    {cyan}{line}{reset}" if line else "")
        elif heading := re.match(r"#+ +(.*)", line):
            lines.append(f"{bold}{heading[1].upper() if line.startswith('## ') else heading[1]}{reset}")
        else:
            shown = re.sub(r"`([^`]+)`", rf"{cyan}\1{reset}" if color else r"`\1`", line)
            lines.append(re.sub(r"\[([^\]]+)\]\(([^)]+)\)", rf"\1 {dim}(\2){reset}", shown))
    return "\n".join(lines)


@click.command("list")
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--facts", is_flag=True, help="List the facts that checks can ask for.")
def list_checks(form: str, facts: bool) -> None:
    """List the checks."""
    import inspect

    from jhubdoctor.engine.registry import load
    from jhubdoctor.report.parts import doc_url

    registry = load()
    if facts:
        rows = [
            {
                "name": f.name,
                "type": str(inspect.signature(f.function).return_annotation),
                "reads": list(f.reads),
                "title": (inspect.getdoc(f.function) or "").split("\n", 1)[0],
            }
            for f in sorted(registry.facts.values(), key=lambda f: f.name)
        ]
        if form == "json":
            sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        else:
            width = max(len(str(r["name"])) for r in rows)
            for r in rows:
                sys.stdout.write(f"{r['name']:<{width}}  {r['type']}: {r['title']}\n")
        return
    needs = {c.id: sorted(registry.reads([c])) for c in registry.checks.values()}
    if form == "json":
        found = [
            {
                "id": c.id,
                "area": c.area,
                "severity": c.severity.value,
                "title": c.title,
                "needs": needs[c.id],
                **_folding(c),
                "doc_url": doc_url(c),
            }
            for c in registry.checks.values()
        ]
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return
    width = max(len(i) for i in registry.checks)
    for area in registry.areas:
        sys.stdout.write(f"{area}\n")
        for c in registry.checks.values():
            if c.area == area:
                sys.stdout.write(f"  {c.id:<{width}}  {c.severity.value:<8} {c.title}\n")


@click.command()
@click.argument("name", type=click.Choice(["report", "fleet", "diff", "upgrade"]), default="report")
def schema(name: str) -> None:
    """Print the JSON Schema of a JSON document.

    `report` is what run writes, `fleet` what it writes of several contexts, `diff` and `upgrade` are of these commands.
    """
    from jhubdoctor.report import schemas

    sys.stdout.write(schemas.schema(name))


@click.command()
def version() -> None:
    """Print versions, and how far the data reaches."""
    from jhubdoctor.engine import bug
    from jhubdoctor.engine.registry import PackError, load

    sys.stdout.write(f"jhubdoctor {__version__}\n")
    # who looks for what is wrong with a pack asks for versions first: they are told whatever the pack does
    try:
        registry = load()
    except PackError as e:
        options.say(str(e))
    except Exception as e:  # noqa: BLE001  - a pack of somebody else may raise anything
        options.say(f"the checks cannot be loaded ({bug.where(e)}).")
    else:
        for pack in registry.unusable:
            options.say(pack.title)
        sys.stdout.write(f"{len(registry.checks)} checks\n")
        for name, reach in sorted(registry.knows.items()):
            sys.stdout.write(f"knows {name} to {reach}\n")
    sys.stdout.writelines(f"{line}\n" for line in bug.versions())
