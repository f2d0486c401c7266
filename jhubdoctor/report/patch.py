"""One patch of the values for all root causes of a hub: `--patch FILE`, and the end of the text report."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from jhubdoctor.engine.result import Report, Reported
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.hub import PATCH_FILE, Hub
from jhubdoctor.model.values import joined
from jhubdoctor.report.lines import sentence, values_yaml
from jhubdoctor.report.parts import roots

EMPTY = "# No root cause has a fix by values.\n{}\n"


@dataclass(frozen=True)
class Patch:
    """What the fixes of a hub set together: what every format calls its patch.

    Attributes:
        hub: whose.
        of: the findings that it is for, the worst first: the root causes that are more than advice, and wait for none.
        waits: those whose fixes wait for another: their values are not in it.
    """

    hub: Hub
    of: tuple[Reported, ...]
    waits: tuple[Reported, ...]

    @property
    def values(self) -> dict[str, Any]:
        """Of all of them; none contradicts another, for then it would wait."""
        return reduce(joined, (f.fix.values for f in self.of), {})

    @property
    def commands(self) -> tuple[str, ...]:
        """What sets them; nothing where no helm does."""
        return self.hub.setting(self.values) if self.of else ()

    @property
    def apart(self) -> bool:
        """Whether it is told by itself: what one fix alone sets stands there, with its command."""
        return len(self.of) > 1

    def around(self, f: Reported) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The commands of a finding: those before this patch is applied, and those after it; it is applied once."""
        commands = f.fix.commands
        if self.apart and f in self.of:
            return parted(commands, self.hub.setting(f.fix.values))
        return commands, ()


def parted(commands: tuple[str, ...], setting: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What stands before and after these commands; all before where they are not among them."""
    for i in range(len(commands)) if setting else ():
        if commands[i : i + len(setting)] == setting:
            return commands[:i], commands[i + len(setting) :]
    return commands, ()


def patch_of(report: Report, hub: Hub) -> Patch:
    """The one patch of a hub, of what a report shows."""
    setting = [f for f in roots(report, hub) if f.fix.values and report.weight(f) is not Severity.INFO]
    return Patch(hub, tuple(f for f in setting if f.waits is None), tuple(f for f in setting if f.waits))


def files(report: Report, path: str) -> dict[str, str]:
    """What `--patch` writes: the file, or where there are several hubs one beside it for each that has something."""
    if len(report.hubs) <= 1:
        return {path: render(report, report.hubs[0]) if report.hubs else EMPTY}
    file, own = Path(path), {h: render(report, h) for h in report.hubs}
    named = {h: h.patch_file.removeprefix(Path(PATCH_FILE).stem).removesuffix(Path(PATCH_FILE).suffix) for h in own}
    return {str(file.with_stem(f"{file.stem}{named[h]}")): text for h, text in own.items() if text != EMPTY}


def render(report: Report, hub: Hub) -> str:
    """The patch of a hub as YAML, with what each line is for above it."""
    patch = patch_of(report, hub)
    if not patch.of:
        return EMPTY
    lines = [f"# For {hub.label}:", *(f"# - {f.check.id}: {sentence(f.finding.says)}" for f in patch.of)]
    lines += [f"# Not in it: {f.check.id}. {f.waits.says}" for f in patch.waits if f.waits]
    lines += [f"# {command}" for command in patch.commands or (hub.set_elsewhere,) if command]
    return "\n".join([*lines, values_yaml(patch.values)])
