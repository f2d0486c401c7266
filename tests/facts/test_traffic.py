"""What real hubs logged of requests: releases differ in words, and what was asked and answered is read alike.

Each log is of a hub with an authenticator, a hook and a spawner that raise on purpose, and of the same requests to it.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from jhubdoctor.facts.logs import HubLog, parse_log, parse_spawns
from jhubdoctor.facts.traceback import Raised, raised
from jhubdoctor.privacy.text import log_text
from jhubdoctor_checks.facts.traffic import Traffic, parse_traffic
from jhubdoctor_checks.origin import origin

LOGS = Path(__file__).parent.parent / "fixtures" / "traffic"
RELEASES = ["1.5.1", "4.1.6", "5.5.4"]


def log(release: str) -> HubLog:
    return HubLog(tuple(parse_log(log_text((LOGS / f"{release}.log").read_text()))))


def traffic(release: str) -> Traffic:
    return parse_traffic(log(release).entries, ["prom"])


@pytest.mark.parametrize("release", RELEASES)
def test_logins_are_told_apart_by_how_they_ended(release: str) -> None:
    logins = [r for r in traffic(release).requests if r.is_login]
    kinds = [r.raised.kind for r in logins if r.failed and r.raised is not None]
    assert kinds[:4] == ["ValueError", "RuntimeError", "ValueError", "TimeoutError"]
    assert [r.reason for r in logins if r.failed and r.raised is None] == ["IdP broken"]
    assert [(r.why, r.about) for r in logins if r.refused and r.about] == [
        ("not-allowed", "stranger"),
        ("password", "ada"),
    ]
    assert {name for name, _ in traffic(release).logins} >= {"ada", "hooky"}


@pytest.mark.parametrize("release", RELEASES[1:])
def test_a_form_without_a_token_is_told_by_the_reason_that_the_hub_keeps_from_users(release: str) -> None:
    forms = [r for r in traffic(release).requests if r.is_login and r.why == "xsrf"]
    assert [r.status for r in forms] == [403]
    assert "'_xsrf' argument missing from POST" in forms[0].reason


@pytest.mark.parametrize("release", RELEASES)
def test_a_service_a_user_and_nobody_are_told_apart(release: str) -> None:
    refused = {(r.caller, r.route) for r in traffic(release).requests if r.status == 403}
    assert {
        ("service", "/hub/api/users"),
        ("service", "/hub/api/users/{name}"),
        ("anonymous", "/hub/metrics"),
        ("anonymous", "/hub/api/users/{name}/activity"),
        ("user", "/hub/admin"),
    } <= refused


@pytest.mark.parametrize("release", RELEASES)
def test_one_line_or_two_a_request_is_counted_once(release: str) -> None:
    text = (LOGS / f"{release}.log").read_text()
    answers = sum("ms" in line and " JupyterHub log:" in line for line in text.splitlines())
    assert len(traffic(release).requests) == answers


@pytest.mark.parametrize("release", RELEASES)
def test_an_exception_whose_answer_is_not_in_the_log_is_a_failure(release: str) -> None:
    lines = (LOGS / f"{release}.log").read_text().splitlines()
    last = next(i for i, line in enumerate(lines) if "Uncaught exception" in line)
    cut = parse_traffic(parse_log("\n".join(lines[: last + 8])))
    assert [(r.status, r.route) for r in cut.requests if r.failed] == [(500, "/hub/login")]


@pytest.mark.parametrize("release", RELEASES[1:])
def test_a_hook_of_ones_own_is_named_with_its_line(release: str) -> None:
    found = log(release)
    failed = next(s for s in parse_spawns(found.entries).failed if s.user == "hookkey")
    whose = origin(failed.raised, found)
    assert failed.error == "KeyError: 'gpu'"
    assert whose is not None
    assert whose.says.startswith("function my_hook of hub.extraConfig (line ")
    assert "00-hook" in whose.says


def test_logs_of_two_dates_begin_with_the_hubs_start() -> None:
    begins = traffic("5.5.4").begins
    assert begins == datetime(2026, 11, 28, 18, 6, 7, 919000, tzinfo=UTC)


PACKAGES = "/usr/local/lib/python3.13/site-packages/"


@pytest.mark.parametrize(
    ("file", "function", "says"),
    [
        ("<string>", "hook", "function hook of hub.extraConfig (line 7)"),
        ("<string>", "<module>", "hub.extraConfig (line 7)"),
        ("<string>", "<lambda>", "hub.extraConfig (line 7)"),
        ("hooks.py", "hook", "function hook of hooks.py in jupyterhub_config.d (line 7)"),
        ("/srv/mine/auth.py", "get", "function get of /srv/mine/auth.py (line 7)"),
        (PACKAGES + "ldapauthenticator/ldapauthenticator.py", "f", "ldapauthenticator (ldapauthenticator.py, line 7)"),
        (PACKAGES + "kubespawner/spawner.py", "f", "KubeSpawner (spawner.py, line 7)"),
        ("/usr/local/etc/jupyterhub/z2jh.py", "f", "the chart's own configuration (z2jh.py, line 7)"),
        (PACKAGES + "sqlalchemy/pool.py", "f", "JupyterHub itself (base.py, line 1)"),
        ("/usr/lib/python3.13/asyncio/tasks.py", "f", "JupyterHub itself (base.py, line 1)"),
        ("<string>", "__init__", "JupyterHub itself (base.py, line 1)"),
    ],
)
def test_whose_code_it_is(file: str, function: str, says: str) -> None:
    found = told(
        f'  File "{PACKAGES}jupyterhub/handlers/base.py", line 1, in get',
        "    await self.it()",
        f'  File "{file}", line 7, in {function}',
        "    raise X(",
        "ValueError: no",
    )
    whose = origin(found, HubLog())
    assert whose is not None
    assert whose.says == says


def told(*lines: str) -> Raised:
    found = raised(["Traceback (most recent call last):", *lines])
    assert found is not None
    return found


def test_of_a_chain_the_last_exception_is_told_and_the_first_is_not_forgotten() -> None:
    found = told(
        '  File "<string>", line 3, in connect',
        "    raise LookupError()",
        "LookupError",
        "",
        "During handling of the above exception, another exception occurred:",
        "",
        "Traceback (most recent call last):",
        f'  File "{PACKAGES}jupyterhub/user.py", line 9, in spawn',
        "    raise web.HTTPError(500)",
        "tornado.web.HTTPError: HTTP 500: Internal Server Error (no",
        "way)",
    )
    assert (found.kind, found.message) == ("HTTPError", "HTTP 500: Internal Server Error (no")
    whose = origin(found, HubLog())
    assert whose is not None
    assert whose.word == "extra-config"


@pytest.mark.parametrize(
    "lines",
    [
        ["NoneType: None"],
        ['  File "x.py", line 1, in f', "    raise ContentTypeError("],
        [],
    ],
)
def test_a_traceback_that_is_cut_or_empty_tells_of_no_exception(lines: list[str]) -> None:
    assert raised(["Traceback (most recent call last):", *lines]) is None
