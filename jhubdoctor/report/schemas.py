"""The JSON Schemas of all that is written as one JSON document, by name."""

from __future__ import annotations

import json
from importlib import resources

NAMES = ("report", "fleet", "diff", "upgrade")


def schema(name: str) -> str:
    """The schema of a document, whole: that of a report is inside of those that hold reports or findings."""
    text = _text(name)
    if name == "report":
        return text
    document = json.loads(text)
    document.setdefault("$defs", {})["report"] = json.loads(_text("report"))
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _text(name: str) -> str:
    return resources.files("jhubdoctor.report").joinpath(f"{name}-v1.schema.json").read_text(encoding="utf-8")
