"""One finding a line, for log pipelines: the finding of the JSON report, with when and where it was seen.

What could not look has no line: the exit code and the other formats tell that.
"""

from __future__ import annotations

import json
from typing import Any

from jhubdoctor import __version__
from jhubdoctor.engine.result import Report
from jhubdoctor.privacy.text import clean
from jhubdoctor.report.json_v1 import finding
from jhubdoctor.report.parts import stamp

SCHEMA = "jhubdoctor-finding-v1"


def render(report: Report) -> str:
    """The findings, root causes first; no line where there is none."""
    head: dict[str, Any] = {
        "schema": SCHEMA,
        "version": __version__,
        "time": stamp(report),
        "source": report.source,
        "context": clean(report.context),
    }
    if report.notices:
        head["notices"] = [clean(n) for n in report.notices]
    return "".join(
        json.dumps({**head, **finding(f)}, ensure_ascii=False, separators=(",", ":")) + "\n" for f in report.findings
    )
