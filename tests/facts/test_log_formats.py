"""Logs in formats that administrators choose, and that programs beside the hub have: their errors are errors."""

import pytest

from jhubdoctor.engine.result import CheckStatus
from jhubdoctor.facts.logs import parse_log
from jhubdoctor.testing import Example, diagnose

TRACEBACK = """\
Traceback (most recent call last):
  File "/srv/hooks.py", line 7, in hook
    raise ValueError("no such course")
ValueError: no such course"""
INDENTED = "\n".join(f"    {line}" for line in TRACEBACK.splitlines())
QUOTED = TRACEBACK.replace('"', '\\"').replace("\n", "\\n")
MESSAGE = "Uncaught exception GET /hub/home (10.0.0.1)"
HEADS = {
    "JupyterHub": ("[E 2026-01-05 11:20:18.123 JupyterHub web:1871] {}", INDENTED),
    "Jupyter Server": ("[E 2026-01-05 11:20:18.123 ServerApp] {}", INDENTED),
    "tornado": ("[E 260105 11:20:18 web:1871] {}", INDENTED),
    "basicConfig": ("ERROR:tornado.application:{}", TRACEBACK),
    "time, logger, level": ("2026-01-05 11:20:18,123 - tornado.application - ERROR - {}", TRACEBACK),
    "time, level": ("2026-01-05 11:20:18,123 ERROR {}", TRACEBACK),
    "level, time": ("ERROR 2026-01-05 11:20:18,123 JupyterHub: {}", TRACEBACK),
    "time, place, level": ("2026-01-05 11:20:18 JupyterHub web:1871 ERROR {}", TRACEBACK),
    "gunicorn": ("[2026-01-05 11:20:18 +0000] [7] [ERROR] {}", TRACEBACK),
    "klog": ("E0105 11:20:18.123456       1 web.go:1871] {}", TRACEBACK),
    "JSON": (
        (
            '{{"asctime": "2026-01-05 11:20:18,123", "levelname": "ERROR", "name": "JupyterHub", "message": "{}", '
            f'"exc_info": "{QUOTED}"}}}}'
        ),
        "",
    ),
    "logfmt": ('time="2026-01-05T11:20:18Z" level=error msg="{}"', TRACEBACK),
}


@pytest.mark.parametrize("name", HEADS)
def test_an_error_with_its_traceback(name: str) -> None:
    head, below = HEADS[name]
    text = f"{head.format(MESSAGE)}\n{below}\nplain words\n"

    [error, after] = parse_log("\n".join(f"2026-01-05T11:20:19.5Z {line}" for line in text.splitlines()))

    assert error.level == "E"
    assert error.message == MESSAGE
    assert error.raised is not None
    assert error.raised.text == "ValueError: no such course"
    assert error.raised.frames[0].file == "/srv/hooks.py"
    assert str(error.at) == "2026-01-05 11:20:19.500000+00:00"
    assert after.message == "plain words"


@pytest.mark.parametrize("name", [n for n in HEADS if n not in {"basicConfig", "klog"}])
def test_without_the_kubelets_time_its_own_is_taken(name: str) -> None:
    [error] = parse_log(HEADS[name][0].format(MESSAGE))

    assert str(error.at).startswith("2026-01-05 11:20:18")


@pytest.mark.parametrize(
    "line",
    [
        "2026-01-05 11:20:18 the error is not one",
        "error: not a header",
        "{'a': 'level'}",
        '{"a": 1}',
        "11:20:18.123 [ConfigProxy] error: 503 GET /hub/home",
        "level=error",
    ],
)
def test_what_is_no_header(line: str) -> None:
    [entry] = parse_log(line)

    assert entry.level == ""


def test_where_go_programs_log_without_a_level() -> None:
    [entry] = parse_log("[2026/01/05 11:20:18] [oauthproxy.go:866] Error redeeming code during OAuth2 callback: x")

    assert (entry.level, entry.module, str(entry.at)) == ("I", "oauthproxy.go", "2026-01-05 11:20:18+00:00")


def test_exceptions_that_came_of_one_another_are_one_entry() -> None:
    between = "\nDuring handling of the above exception, another exception occurred:\n\n"
    text = f"ERROR:root:x\n{TRACEBACK}\n{between}{TRACEBACK.replace('ValueError', 'KeyError')}\nINFO:root:y"

    [error, after] = parse_log(text)

    assert error.raised is not None
    assert error.raised.kind == "KeyError"
    assert after.message == "y"


def test_a_full_log_in_a_format_of_its_own_is_no_log_without_errors() -> None:
    lines = "\n".join(f"<{i}> something happened" for i in range(80))

    report = diagnose(
        Example([{"kind": "Log", "pod": "hub-7d9c", "container": "hub", "text": lines}]), "requests-failing"
    )

    assert [(r.status, "format" in r.reason) for r in report.results] == [(CheckStatus.UNKNOWN, True)]


def test_what_users_meet_is_told_in_any_of_them() -> None:
    head = "2026-01-05 {},123 - JupyterHub - {} - {}"
    lines = [head.format("10:00:00", "INFO", "Running JupyterHub version 5.5.0")]
    for minute in (50, 52, 54, 56):
        lines.append(head.format(f"11:{minute}:00", "ERROR", MESSAGE))
        lines.append(TRACEBACK)
        lines.append(head.format(f"11:{minute}:00", "ERROR", "500 GET /hub/home (ada@10.0.0.1) 6.39ms"))
    text = "\n".join(lines)

    report = diagnose(
        Example([{"kind": "Log", "pod": "hub-7d9c", "container": "hub", "text": text}]), "requests-failing"
    )

    [found] = report.findings
    assert "4 of 4 requests" in found.finding.says
    assert "no such course" in found.finding.says


def test_a_traceback_under_brackets_that_is_not_indented() -> None:
    text = f"[E 2026-01-05 11:20:18.123 aiohttp.server] Error handling request\n{TRACEBACK}\nplain words"

    [error, after] = parse_log(text)

    assert error.raised is not None
    assert error.raised.text == "ValueError: no such course"
    assert after.message == "plain words"


def test_a_traceback_that_ends_the_hub_is_none_of_its_last_entry() -> None:
    entries = parse_log(f"[W 2026-01-05 11:20:18.123 JupyterHub app:1] a warning\n{TRACEBACK}")

    assert [e.level for e in entries] == ["W", "", "", "", ""]
