"""A log that is read live has the kubelet's time before each line; examples leave it out, and the same is found."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from jhubdoctor.engine.result import Report
from jhubdoctor.model.finding import Evidence
from jhubdoctor.testing import NOW, Example, diagnose
from tests.fixes import Case, cases

_AGO = re.compile(r"\{-(\d+(?:\.\d+)?)([smhd])\}")
_WRITTEN = re.compile(r"\b20\d\d[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d\b")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# Written in formats of their own, which tests of their own hold.
_OTHERS = {"chp", "traefik", "kube-scheduler"}


def stamped(document: dict[str, Any]) -> dict[str, Any]:
    """The document as the API server gives it, if it is such a log."""
    if document.get("kind") != "Log" or document.get("container") in _OTHERS:
        return document
    return {**document, "text": "\n".join(lines(str(document["text"])))}


def lines(text: str) -> list[str]:
    """Each with a time before it: its own, or that of the line before."""
    at, found = NOW - timedelta(seconds=2), []
    for line in text.splitlines():
        at = own(line) or at
        found.append(f"{at:%Y-%m-%dT%H:%M:%S}.000000001Z {line}")
    return found


def own(line: str) -> datetime | None:
    """When a line says that it was written."""
    if ago := _AGO.search(line):
        return NOW - timedelta(seconds=float(ago[1]) * _UNITS[ago[2]])
    written = _WRITTEN.search(line)
    return datetime.fromisoformat(f"{written[0].replace('/', '-')}Z") if written else None


def logging() -> list[Case]:
    """The cases in which something is wrong, and a container logs something."""
    wrong = [c for c in cases() if not c.name.startswith("healthy")]
    return [c for c in wrong if any(d != stamped(d) for d in c.whole)]


@pytest.mark.parametrize("case", logging(), ids=lambda case: str(case.name))
def test_the_kubelets_times_hide_nothing(case: Case) -> None:
    live = diagnose(Example([stamped(d) for d in case.whole]), *case.ids)

    assert told(live) == told(case.report)


def told(report: Report) -> list[object]:
    """All that is said of a cluster, but when: a time of a line is more than the line told."""
    found = [f.finding for f in report.findings]
    return [
        (f.severity, f.says, f.cause, f.fix, [(e.source, e.detail) for e in f.evidence if isinstance(e, Evidence)])
        for f in found
    ]
