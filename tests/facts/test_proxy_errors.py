"""What configurable-http-proxy logs, as 4.5, 4.6 and 5.3 wrote it against targets that were not there."""

from datetime import UTC, datetime, timedelta

import pytest

from jhubdoctor.facts.logs import PodLog
from jhubdoctor.model.hub import Hub
from jhubdoctor.model.kube.meta import Meta
from jhubdoctor.model.kube.pods import Pod, PodStatus
from jhubdoctor_checks.facts.proxy_errors import ProxyErrors, proxy_errors

NOW = datetime(2026, 1, 5, 0, 20, tzinfo=UTC)
ADA = Pod(
    metadata=Meta(name="jupyter-ada", annotations={"hub.jupyter.org/username": "ada"}),
    status=PodStatus(phase="Running", pod_ip="10.244.1.9"),
)
CLOCK = """\
23:58:04.916 [ConfigProxy] info: Adding route /user/ada -> http://10.244.1.9:8888
23:59:06.135 [ConfigProxy] error: 503 GET /hub/login connect ECONNREFUSED 10.0.0.5:8081
23:59:06.141 [ConfigProxy] error: Failed to get custom error page: Error: connect ECONNREFUSED 10.0.0.5:8081
    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16) {
  errno: -111,
  code: 'ECONNREFUSED',
00:01:06.223 [ConfigProxy] error: 503 GET /user/ada/api/kernels socket hang up
00:02:06.223 [ConfigProxy] error: 503 GET /user/bob/lab connect EHOSTUNREACH 10.244.1.77:8888
00:03:06.275 [ConfigProxy] error: 503 GET /services/form/ Error: getaddrinfo ENOTFOUND form
00:04:06.275 [ConfigProxy] error: 503 GET /user/ada/lab Error: connect EADDRNOTAVAIL fd00:10::9:8888 - Local (:::0)
"""


def read(text: str, times: tuple[datetime | None, ...] = ()) -> ProxyErrors:
    log = PodLog(Pod(), "chp", tuple(text.splitlines()), times)
    found = proxy_errors.function(Hub("jhub", "jhub"), log, [], [], [ADA], NOW)
    assert isinstance(found, ProxyErrors)
    return found


def test_each_error_has_its_errno_its_target_and_a_date() -> None:
    assert [(e.at.strftime("%d %H:%M"), e.errno, e.target, e.address) for e in read(CLOCK).errors] == [
        ("04 23:59", "ECONNREFUSED", "hub", "10.0.0.5"),
        ("05 00:01", "hang up", "jupyter-ada", "10.244.1.9"),
        ("05 00:02", "EHOSTUNREACH", "gone", "10.244.1.77"),
        ("05 00:03", "ENOTFOUND", "other", "form"),
        ("05 00:04", "EADDRNOTAVAIL", "jupyter-ada", "fd00:10::9"),
    ]


@pytest.mark.parametrize("prefix", ["", "2026-01-05T00:10:00.000Z "])
def test_the_kubelets_stamp_counts_before_the_lines_own_time(prefix: str) -> None:
    text = f"{prefix}[ConfigProxy] error: 503 GET /hub/login connect ETIMEDOUT 10.0.0.5:8081"
    at = NOW - timedelta(minutes=3)

    assert [e.at for e in read(text, (at,)).errors] == [at]


def test_a_time_of_day_after_now_is_yesterdays() -> None:
    text = "12:00:00.000 [ConfigProxy] error: 503 GET /hub/login connect ETIMEDOUT 10.0.0.5:8081"

    assert read(text).errors == ()


def test_what_the_present_run_cannot_listen_on() -> None:
    begin = "00:{}:27.398 [ConfigProxy] info: Proxying http://:::8000 to http://hub:8081\n"
    failed = "00:{}:27.409 [ConfigProxy] error: Uncaught Exception: listen EAFNOSUPPORT: address family not supported"
    text = begin.format("10") + failed.format("10") + " :::8000\n"

    assert [(e, a) for e, a, _ in read(text).listening] == [("EAFNOSUPPORT", ":::8000")]
    assert read(text + begin.format("12")).listening == ()
