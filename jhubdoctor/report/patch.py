"""One patch of the values for all root causes of a hub: `--patch FILE`, and the end of the text report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jhubdoctor.engine.result import Report, Reported
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.hub import PATCH_FILE, Hub
from jhubdoctor.report.lines import sentence, values_yaml
from jhubdoctor.report.parts import roots

EMPTY = "# No root cause has a fix by values.\n{}\n"


@dataclass
class Patch:
    """What fixes set together.

    Attributes:
        values: of those that agree.
        of: the findings that it is for, the worst first.
        waits: findings whose fix sets a key that one before sets otherwise, with that key: theirs are not in it.
    """

    values: dict[str, Any] = field(default_factory=dict)
    of: list[Reported] = field(default_factory=list)
    waits: list[tuple[Reported, str]] = field(default_factory=list)


def patch_of(findings: Iterable[Reported]) -> Patch:
    """The values of these findings of one hub in one; the first of two that contradict each other is right.

    Those of a fix that waits for another are not among them.
    """
    patch = Patch()
    for f in findings:
        if not f.fix.values or f.waits:
            continue
        if path := _contradicted(patch.values, f.fix.values):
            patch.waits.append((f, path))
        else:
            patch.values = _together(patch.values, f.fix.values)
            patch.of.append(f)
    return patch


def worth(report: Report, hub: Hub) -> list[Reported]:
    """The root causes of a hub that are more than advice."""
    return [f for f in roots(report, hub) if report.weight(f) is not Severity.INFO]


def files(report: Report, path: str) -> dict[str, str]:
    """What `--patch` writes: the file, or where there are several hubs one beside it for each that has something."""
    if len(report.hubs) <= 1:
        return {path: render(report, report.hubs[0]) if report.hubs else EMPTY}
    file, own = Path(path), {h: render(report, h) for h in report.hubs}
    named = {h: h.patch_file.removeprefix(Path(PATCH_FILE).stem).removesuffix(Path(PATCH_FILE).suffix) for h in own}
    return {str(file.with_stem(f"{file.stem}{named[h]}")): text for h, text in own.items() if text != EMPTY}


def render(report: Report, hub: Hub) -> str:
    """The patch of a hub as YAML, with what each line is for above it."""
    patch = patch_of(worth(report, hub))
    if not patch.of:
        return EMPTY
    lines = [f"# For {hub.label}:", *(f"# - {f.check.id}: {sentence(f.finding.says)}" for f in patch.of)]
    lines += [f"# Not in it, for one above sets {path} otherwise: {f.check.id}" for f, path in patch.waits]
    lines += [f"# {command}" for command in hub.setting(patch.values)]
    return "\n".join([*lines, values_yaml(patch.values)])


def _contradicted(values: Mapping[str, Any], more: Mapping[str, Any], above: str = "") -> str:
    """The first key that both set, and not to the same; empty where there is none. Lists are joined."""
    for key in values.keys() & more.keys():
        one, other, path = values[key], more[key], f"{above}{key}"
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            if found := _contradicted(one, other, f"{path}."):
                return found
        elif one != other and not (isinstance(one, list) and isinstance(other, list)):
            return path
    return ""


def _together(values: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(values)
    for key, other in more.items():
        one = result.get(key)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            result[key] = _together(one, other)
        elif isinstance(one, list) and isinstance(other, list):
            result[key] = [*one, *(item for item in other if item not in one)]
        else:
            result[key] = other
    return result
