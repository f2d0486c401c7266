"""Exceptions with which logins fail."""

from __future__ import annotations

from dataclasses import replace

from jhubdoctor.api import Fix, Hub, HubLog
from jhubdoctor_checks.facts.traffic import Request
from jhubdoctor_checks.origin import origin
from jhubdoctor_checks.texts import Known, known
from jhubdoctor_checks.texts.login import LOGIN_ERRORS
from jhubdoctor_checks.vitals._said import mend, nobody


def reason_of(request: Request) -> str:
    """What the hub says of it: the exception, else its own words."""
    if request.raised is not None:
        return nobody(request.raised.text)
    return nobody(request.reason) or "no reason is logged"


def cause_of(request: Request) -> str:
    """A stable word: that of a kind that is known, else the exception's class."""
    if (row := _row(request)) is not None:
        return row.word
    return request.raised.kind if request.raised is not None else "http"


def remedy(hub: Hub, request: Request, hub_log: HubLog) -> tuple[Fix, str]:
    """What to do, and what it means by the row that knows it; empty where none does."""
    row = _row(request)
    if row is None:
        return mend(hub, request.raised, hub_log, f"exception {request.method} .*{request.route}"), ""
    m = row.search(reason_of(request))
    names = m.groupdict("") if m else {}
    found = origin(request.raised, hub_log)
    text = row.fix.text.format_map(names) + (
        f" It is raised in {found.says}." if found is not None and found.own else ""
    )
    fix = hub.values_fix(text, row.fix.values) if row.fix.values and hub.z2jh else Fix(text)
    return replace(fix, commands=(*fix.commands, hub.kubectl(f"describe deployment {hub.ref.name}"))), row.means(names)


def _row(request: Request) -> Known[None] | None:
    return known(LOGIN_ERRORS, reason_of(request))
