"""Formats: each is a function of a report that gives a text, and knows nothing else."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jhubdoctor.engine.result import Report

FORMATS: dict[str, str] = {
    "text": "jhubdoctor.report.text:render",
    "json": "jhubdoctor.report.json_v1:render",
    "ndjson": "jhubdoctor.report.ndjson:render",
    "junit": "jhubdoctor.report.junit:render",
    "sarif": "jhubdoctor.report.sarif:render",
    "nagios": "jhubdoctor.report.nagios:render",
    "prometheus": "jhubdoctor.report.prometheus:render",
    "markdown": "jhubdoctor.report.markdown:render",
    "html": "jhubdoctor.report.html:render",
    "openreports": "jhubdoctor.report.openreports:render",
}
"""Name to `module:function`; imported when it is asked for."""


def formatter(name: str) -> Callable[[Report], str]:
    """The function behind a format's name.

    Raises:
        KeyError: where there is no such format.
    """
    module, _, function = FORMATS[name].partition(":")
    render: Callable[[Report], str] = getattr(importlib.import_module(module), function)
    return render
