"""What a watch prints: a line a change, for people or as JSON."""

from __future__ import annotations

import json
from datetime import datetime

from jhubdoctor.model.words import some
from jhubdoctor.privacy.text import clean
from jhubdoctor.report.json_v1 import finding
from jhubdoctor.report.lines import COLOR, SIGN, capitalized
from jhubdoctor.report.page import painted
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
MOST_NAMED = 3


def line(change: Change, at: datetime, *, color: bool = False) -> str:
    """One line for people."""
    look = "ok" if change.kind in {"gone", "sees", "back"} else change.severity or "unknown"
    word = _WORDS[change.kind] + (f" {change.severity.value}" if change.severity else "")
    head = f"{SIGN[look]} {word}"
    shown = painted(head, COLOR[look]) if color else head
    parts = [shown, some(change.checks, MOST_NAMED), f"({change.hub})" if change.hub else ""]
    return f"{at:%H:%M:%S}Z {' '.join(filter(None, parts))}: {clean(capitalized(change.text), 1000)}\n"


def event(change: Change, at: datetime, context: str) -> str:
    """One line of JSON."""
    row = {
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
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"
