"""What a watch prints: a line a change, for people or as JSON."""

from __future__ import annotations

import json
from datetime import datetime

from jhubdoctor.model.finding import Severity
from jhubdoctor.privacy.text import clean
from jhubdoctor.report.json_v1 import finding
from jhubdoctor.report.lines import capitalized
from jhubdoctor.visits.repeat import Change

SCHEMA = "jhubdoctor-change-v1"
_WORDS = {
    "new": "NEW",
    "worse": "WORSE",
    "better": "BETTER",
    "gone": "GONE",
    "blind": "CANNOT LOOK",
    "sees": "LOOKS AGAIN",
    "lost": "NOT REACHED",
    "back": "REACHED",
}
_SIGN = {Severity.ERROR: ("\u2716", "31"), Severity.WARNING: ("\u25b2", "33"), Severity.INFO: ("\u25cf", "36")}
MOST_NAMED = 3


def line(change: Change, at: datetime, *, color: bool = False) -> str:
    """One line for people."""
    sign, code = ("\u2714", "32") if change.kind in {"gone", "sees", "back"} else ("?", "35")
    if change.severity is not None and change.kind != "gone":
        sign, code = _SIGN[change.severity]
    word = _WORDS[change.kind] + (f" {change.severity.value}" if change.severity else "")
    head = f"{sign} {word}"
    shown = f"\x1b[{code}m{head}\x1b[0m" if color else head
    checks = ", ".join(change.checks[:MOST_NAMED])
    if len(change.checks) > MOST_NAMED:
        checks += f" and {len(change.checks) - MOST_NAMED} more"
    parts = [shown, checks, f"({change.hub})" if change.hub else ""]
    return f"{at:%H:%M:%S}Z {' '.join(filter(None, parts))}: {clean(capitalized(change.text), 1000)}\n"


def event(change: Change, at: datetime, context: str) -> str:
    """One line of JSON."""
    found = {
        "schema": SCHEMA,
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "context": clean(context),
        "change": change.kind,
        "checks": list(change.checks),
        "hub": change.hub or None,
        "severity": change.severity.value if change.severity else None,
        "message": clean(change.text, 1000),
        "finding": finding(change.finding) if change.finding else None,
    }
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")) + "\n"
