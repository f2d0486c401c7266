"""What changed between two reports: findings that are new, gone, or still there, told as text or JSON.

A finding is gone where its check looked again and does not find it. Where the check could not look, on either side,
nobody knows: that is told as unclear, never as gone or new. What is new is not known of checks that could not look in
the later report.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jhubdoctor.engine.result import CheckStatus
from jhubdoctor.model.errors import DoctorError
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.hub import Search
from jhubdoctor.model.jsontext import load_json
from jhubdoctor.model.words import some
from jhubdoctor.privacy.text import clean
from jhubdoctor.report import json_v1
from jhubdoctor.report.lines import COLOR, SIGN
from jhubdoctor.report.page import painted
from jhubdoctor.visits.memory import Sight, sight

SCHEMA = "jhubdoctor-diff-v1"
LOOKED = frozenset(s.value for s in CheckStatus if s.looked)
MOST_OBJECTS = 3
_FAMILY = re.compile(r"jhubdoctor-report-v\d+")


@dataclass(frozen=True)
class Side:
    """One of the two reports, as data."""

    place: str
    report: Mapping[str, Any]

    @property
    def findings(self) -> dict[str, dict[str, Any]]:
        """Findings by fingerprint."""
        return {f["fingerprint"]: f for f in self.report["findings"]}

    @cached_property
    def sight(self) -> Sight:
        """Where its checks could look."""
        results = (((c["id"], c["hub"] or ""), c["status"] in LOOKED, str(c["reason"])) for c in self.report["checks"])
        found = (f"{h['namespace']}/{h['release'] or '-'}" for h in self.report["hubs"])
        searched = self.report["run"].get("searched")
        return sight(results, found, Search(searched["namespace"], searched["release"]) if searched else None)

    def looked(self, finding: Mapping[str, Any]) -> bool:
        """Whether the check of a finding could look here; also where its hub is gone and the others were looked at."""
        return self.sight.covers((finding["check"], finding["hub"] or ""))

    def why_not(self, finding: Mapping[str, Any]) -> str:
        """Why it could not."""
        blind, check = self.sight.blind, finding["check"]
        return blind.get((check, finding["hub"] or ""), blind.get((check, ""), "it was not run"))

    @property
    def blind(self) -> list[dict[str, Any]]:
        """The checks that could not look."""
        return [
            {"check": c["id"], "hub": c["hub"], "reason": c["reason"]}
            for c in self.report["checks"]
            if c["status"] not in LOOKED
        ]

    @property
    def head(self) -> dict[str, Any]:
        """What identifies the report."""
        run = self.report["run"]
        return {
            "place": self.place,
            "started_at": run["started_at"],
            "source": run["source"],
            "context": run["context"],
            "server_version": run["server_version"],
            "tool_version": self.report["tool"]["version"],
            "verdict": self.report["verdict"],
            "notices": list(run["notices"]),
        }


@dataclass(frozen=True)
class Difference:
    """What changed from `a` to `b`; each finding as in the JSON report."""

    a: Side
    b: Side
    new: list[dict[str, Any]]
    gone: list[dict[str, Any]]
    unchanged: list[dict[str, Any]]
    unclear: list[dict[str, Any]]

    def exit_code(self, fail_on: str, *, accept_unknown: bool) -> int:
        """1 where something new is at or above `fail_on`, 3 where something is unclear or may be new unseen, else 0."""
        if fail_on != "never" and any(Severity(f["severity"]).rank <= Severity(fail_on).rank for f in self.new):
            return 1
        return 3 if (self.unclear or self.b.blind) and not accept_unknown else 0


def compare(a: Side, b: Side) -> Difference:
    """Compare by fingerprint. In `unchanged`, `severity_before` says where the severity is another."""
    before, after = a.findings, b.findings
    found = Difference(a, b, [], [], [], [])
    for print_, f in after.items():
        if print_ in before:
            found.unchanged.append({**f, "severity_before": before[print_]["severity"]})
        elif a.looked(f):
            found.new.append(f)
        else:
            found.unclear.append({**f, "could_not_look": "a", "reason": a.why_not(f)})
    for print_, f in before.items():
        if print_ not in after:
            if b.looked(f):
                found.gone.append(f)
            else:
                found.unclear.append({**f, "could_not_look": "b", "reason": b.why_not(f)})
    return found


def side(place: str, text: str) -> Side:
    """A side from a JSON report.

    Raises:
        DoctorError: where it is none, or one of a newer release.
    """
    try:
        found = _cleaned(load_json(text))
        schema = found["schema"]
        if schema == json_v1.SCHEMA:
            _shaped(found)
            return Side(place, found)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as e:
        raise DoctorError(f"{place} is no JSON report of jhubdoctor.", "Write one with -o json=PATH.") from e
    if isinstance(schema, str) and _FAMILY.fullmatch(schema):
        raise DoctorError(
            f"{place} is of a newer format ({schema}); this jhubdoctor reads {json_v1.SCHEMA}.",
            "Update jhubdoctor: pip install --upgrade jhubdoctor.",
        )
    raise DoctorError(f"{place} is no JSON report of jhubdoctor.", "Write one with -o json=PATH.")


def _shaped(report: Mapping[str, Any]) -> None:
    """See that all is there that is used; a KeyError, TypeError, ValueError or AttributeError where not."""
    for f in report["findings"]:
        Severity(f["severity"])
        for key in ("check", "hub", "message", "objects", "fingerprint"):
            f[key]
        for o in f["objects"]:
            (o["kind"], o["namespace"], o["name"])
    for c in report["checks"]:
        (c["id"], c["hub"], c["status"], c["reason"])
    for h in report["hubs"]:
        (h["namespace"], h["release"])
    run = report["run"]
    (run["started_at"], run["source"], run["context"], run["server_version"])
    if searched := run.get("searched"):
        (searched["namespace"], searched["release"])
    if any(not isinstance(n, str) for n in run.setdefault("notices", [])):
        raise TypeError
    (report["tool"]["version"], report["verdict"])


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value, 4000)
    if isinstance(value, list):
        return [_cleaned(v) for v in value]
    if isinstance(value, dict):
        return {clean(str(k), 300): _cleaned(v) for k, v in value.items()}
    return value


# --- formats ---------------------------------------------------------------------------------------------------------


def render_json(found: Difference) -> str:
    """One JSON document."""
    document = {
        "schema": SCHEMA,
        "a": found.a.head,
        "b": found.b.head,
        "summary": {k: len(getattr(found, k)) for k in ("new", "gone", "unchanged", "unclear")},
        "new": found.new,
        "gone": found.gone,
        "unchanged": found.unchanged,
        "unclear": found.unclear,
        "blind": found.b.blind,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def render_text(found: Difference, *, color: bool = False) -> str:
    """For people: what is new first."""
    lines = [*_head("A", found.a), *_head("B", found.b), ""]
    for title, findings in (("New", found.new), ("Gone", found.gone), ("Unchanged", found.unchanged)):
        if findings:
            lines.append(f"{title} ({len(findings)})")
            lines += [_line(f, gone=title == "Gone", color=color) for f in findings]
            lines.append("")
    if found.unclear:
        lines.append(f"Unclear ({len(found.unclear)})")
        for f in found.unclear:
            lines.append(_line(f, color=color))
            lines.append(f"    its check could not look in {f['could_not_look'].upper()}: {f['reason'][:300]}")
        lines.append("")
    if blind := list(dict.fromkeys(c["check"] for c in found.b.blind)):
        lines += [f"? Of these nobody knows what is new, for they could not look in B: {some(blind)}", ""]
    counts = [f"{len(getattr(found, k))} {k}" for k in ("new", "gone", "unchanged", "unclear")]
    return "\n".join([*lines, ", ".join(counts)]) + "\n"


def _head(letter: str, s: Side) -> list[str]:
    head = s.head
    parts = [
        s.place,
        head["started_at"],
        head["context"],
        f"Kubernetes {head['server_version'] or '?'}",
        head["verdict"],
    ]
    return [f"{letter}  " + " \u00b7 ".join(str(p) for p in parts if p), *(f"   note: {n}" for n in head["notices"])]


def _line(f: Mapping[str, Any], *, gone: bool = False, color: bool = False) -> str:
    look = "ok" if gone else f["severity"]
    word = f"{SIGN[look]} {f['severity'].upper()}"
    was = f.get("severity_before", f["severity"])
    changed = f" (was {was})" if was != f["severity"] else ""
    shown = painted(word, COLOR[look]) if color else word
    where = f" {f['hub']}" if f["hub"] else ""
    return f"  {shown}{changed} {f['check']}{where}: {f['message']} [{_objects(f['objects'])}]"


def _objects(objects: Iterable[Mapping[str, Any]]) -> str:
    return some(dict.fromkeys(f"{o['kind']} {o['name']}" for o in objects), MOST_OBJECTS)
