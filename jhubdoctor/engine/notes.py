"""A check's note: the Markdown file beside it, its sections, and the examples in them."""

from __future__ import annotations

import importlib.util
import re
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # `explain` shows a note without what a check needs to run
    from jhubdoctor.engine.declare import Check

GROUP = "jhubdoctor.checks"
"""The entry points by which packs are found."""
EXAMPLES = ("Fires on", "Quiet on")
HEADINGS = ("What it means", "Common causes", "Look closer", "Fix", *EXAMPLES)
_FENCE = re.compile(r"^```yaml[^\n]*\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)
# The first line of an example that ends another: that of this number under `Fires on`, the first where none is given.
_OVER = re.compile(r"# over(?: (?P<number>\d+))? *\n")


class Note(NamedTuple):
    """A note.

    Attributes:
        title: its first heading: the check's id.
        intro: the text before the first section.
        sections: heading to text, in order.
    """

    title: str
    intro: str
    sections: dict[str, str]

    @property
    def fires_on(self) -> list[str]:
        """The YAML examples that give at least one finding."""
        return _FENCE.findall(self.sections.get("Fires on", ""))

    @property
    def quiet_on(self) -> list[str]:
        """The YAML examples that give none."""
        return _FENCE.findall(self.sections.get("Quiet on", ""))

    @property
    def over(self) -> list[tuple[str, str]]:
        """Of the examples under `Quiet on` those that begin with `# over`: the fault that they end, and both.

        Raises:
            ValueError: where one names an example that there is not.
        """
        found, faults = [], self.fires_on
        for end in self.quiet_on:
            if m := _OVER.match(end):
                number = int(m["number"] or 1)
                if not 1 <= number <= len(faults):
                    raise ValueError(f"{self.title} has no example {number} that could be over")
                found.append((faults[number - 1], f"{faults[number - 1]}---\n{end}"))
        return found


def parse(text: str) -> Note:
    """A note from its Markdown."""
    title, _, rest = text.partition("\n")
    parts = re.split(r"^## +(.+?) *$", rest, flags=re.MULTILINE)
    sections = {parts[i].strip(): parts[i + 1].strip() for i in range(1, len(parts), 2)}
    return Note(title.removeprefix("# ").strip(), parts[0].strip(), sections)


def split(text: str) -> tuple[str, str]:
    """The Markdown of a note in two: what people read, and the sections with its examples, which run as tests."""
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    aside = [p.startswith(tuple(f"## {h}" for h in EXAMPLES)) for p in parts]
    prose, examples = ("".join(p for p, a in zip(parts, aside, strict=True) if a is wanted) for wanted in (False, True))
    return prose.rstrip() + "\n", examples


def files() -> dict[str, tuple[Path, str]]:
    """Id to note and pack of every installed check, from the files alone: `explain` need not import a single check."""
    found: dict[str, tuple[Path, str]] = {}
    for entry in metadata.entry_points(group=GROUP):
        spec = importlib.util.find_spec(entry.value)
        for place in (spec.submodule_search_locations or []) if spec else []:
            for path in Path(place).rglob("*.md"):
                if path.with_suffix(".py").exists():
                    found[path.stem.replace("_", "-")] = (path, entry.value)
    return dict(sorted(found.items()))


def text_of(check: Check) -> str:
    """The Markdown of a check's note.

    Raises:
        FileNotFoundError: where the pack ships none.
    """
    package, _, stem = check.module.rpartition(".")
    return resources.files(package).joinpath(f"{stem}.md").read_text(encoding="utf-8")


def of(check: Check) -> Note:
    """A check's note."""
    return parse(text_of(check))
